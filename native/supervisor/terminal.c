/*
 * terminal.c - the caller's terminal while the workload has it.
 *
 * Before: the workload has a terminal of its own, whose master is launch->console.
 * After:  the caller's terminal passes every key on (raw mode), and is as it was after restore_terminal().
 *         Writing to it never makes the supervisor wait, also where the terminal is stopped.
 *
 * termios(3), ioctl_tty(2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "supervisor.h"

static struct termios before;
static bool is_raw;

int prepare_terminal(struct launch *launch)
{
	if (launch->console == -1)
		return 0;
	resize_terminal(launch);
	if (launch->plan->interactive == 0 || isatty(STDIN_FILENO) != 1)
		return 0;
	if (tcgetattr(STDIN_FILENO, &before) == -1)
		return -1;
	struct termios raw = before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == -1)
		return -1;
	is_raw = true;
	return 0;
}

void resize_terminal(const struct launch *launch)
{
	struct winsize size;
	if (launch->console == -1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1)
		return;
	/* A size that cannot be set is no reason to end a run. */
	(void)ioctl(launch->console, TIOCSWINSZ, &size);
}

void restore_terminal(void)
{
	if (is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	is_raw = false;
}

int open_unwaiting(int descriptor)
{
	char path[32];
	struct stat stream;
	if (fstat(descriptor, &stream) == -1 || !S_ISCHR(stream.st_mode))
		return descriptor;
	snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	int opened = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return opened == -1 ? descriptor : opened;
}
