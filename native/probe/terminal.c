/*
 * terminal.c - to speak for the person at the terminal.
 *
 * On a pseudo-terminal of the probe's own, which it makes its controlling one
 * where it can; else on no descriptor, so that a filter is still met.
 * ioctl_tty(2), ioctl_console(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/tiocl.h>
#include <linux/vt.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "probe.h"

#define BIT_32 (1L << 32)

/* Made the controlling terminal of a session of its own; the other end stays open until the process ends. */
static int own_terminal(void)
{
	char name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (setsid() == -1 || master == -1 || grantpt(master) == -1 || unlockpt(master) == -1 ||
	    ptsname_r(master, name, sizeof name) != 0)
		return -1;
	int terminal = open(name, O_RDWR | O_CLOEXEC);
	(void)ioctl(terminal, TIOCSCTTY, 0);
	return terminal;
}

/* A session takes a child, for the probe leads its process group already. */
static void control_terminal(const struct probe *probe, struct outcome *outcome)
{
	struct outcome *shared =
		mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = shared == MAP_FAILED ? -1 : fork();
	if (child == 0) {
		long result = syscall(SYS_ioctl, own_terminal(), probe->arguments[0], NULL);
		if (result == -1 && errno == EIO)
			conclude(shared, DENIED, EIO, "switched off by the kernel");
		else
			judge(shared, probe, result);
		_exit(0);
	}
	if (child == -1 || waitpid(child, NULL, 0) == -1)
		conclude(outcome, ERROR, errno, "no process");
	else
		*outcome = *shared;
}

/* None of a terminal's own state: on no descriptor at all. */
static void control_nothing(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_ioctl, -1, probe->arguments[0], NULL));
}

/* A session that began outside the pid namespace has the number 0 here, and may have a terminal outside. */
static void check_session(const struct probe *probe, struct outcome *outcome)
{
	(void)probe;
	judge_state(outcome, getsid(0) != 0, "");
}

static void open_controlling(const struct probe *probe, struct outcome *outcome)
{
	int terminal = open(probe->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (terminal == -1 && errno == ENXIO)
		conclude(outcome, DENIED, ENXIO, "no controlling terminal");
	else
		judge_presence(outcome, terminal);
}

#define TERMINAL(name, request, said)                                                                        \
	PROBE("tty." name, "ioctl", said, control_terminal, ARGS(request),                                   \
	      THROUGH(EFAULT, ENOTTY, EBADF, EINVAL))
#define NO_TERMINAL(name, request, said)                                                                     \
	PROBE("tty." name, "ioctl", said " (a filter's to stop)", control_nothing, ARGS(request),            \
	      THROUGH(EBADF))

static const struct probe probes[] = {
	TERMINAL("tiocsti", TIOCSTI, "TIOCSTI of a null pointer"),
	TERMINAL("tiocsti-high", TIOCSTI | BIT_32, "TIOCSTI with bit 32 set"),
	TERMINAL("tiocsti-garbage", (long)(TIOCSTI | 0xdeadbeef00000000UL),
		 "TIOCSTI with garbage in the upper half"),
	TERMINAL("tioclinux", TIOCLINUX, "TIOCLINUX of a null pointer"),
	TERMINAL("tioclinux-high", TIOCLINUX | BIT_32, "TIOCLINUX with bit 32 set"),
	TERMINAL("tiocsetd", TIOCSETD, "TIOCSETD of a null pointer"),
	TERMINAL("tiocsetd-high", TIOCSETD | BIT_32, "TIOCSETD with bit 32 set"),
	NO_TERMINAL("tioccons", TIOCCONS, "TIOCCONS of no descriptor"),
	NO_TERMINAL("tiocsctty", TIOCSCTTY, "TIOCSCTTY of no descriptor"),
	NO_TERMINAL("kdsetmode", KDSETMODE, "KDSETMODE of no descriptor"),
	NO_TERMINAL("kdskbent", KDSKBENT, "KDSKBENT of no descriptor"),
	NO_TERMINAL("vt_activate", VT_ACTIVATE, "VT_ACTIVATE of no descriptor"),
	NO_TERMINAL("tiocgdev", TIOCGDEV, "TIOCGDEV of no descriptor"),
	NO_TERMINAL("unknown", 0x7fff0001, "an ioctl that does not exist"),
	PROBE("tty.controlling", "openat", "open /dev/tty", open_controlling, .path = "/dev/tty"),
	PROBE("tty.session", "getsid", "the session began inside", check_session),
	PROBE("tty.console", "openat", "open /dev/console", open_controlling, .path = "/dev/console",
	      .who = NEVER_AS_ROOT),
};

const struct category terminal_probes = CATEGORY("terminal", probes);
