/*
 * main.c - unpacks one layer, or removes what was unpacked, inside a sandbox of its own.
 *
 * Before: the caller made a private folder; the blob is on standard input.
 * After:  the folder holds `fs`, or nothing; the last line of standard output
 *         tells what happened (report.h). The status is 0, 1 for a told
 *         failure, 2 for wrong usage. What a failure leaves in the folder is
 *         the caller's to remove, by `unpack remove`.
 *
 * The parent writes the id map and waits; all work on hostile bytes is the child's.
 */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/sched.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "report.h"

enum { CLEAN = 0, TOLD = 1, USAGE = 2, LIFELINE = 3 };

static struct stream stream;
static struct layer layer;
static struct fault fault;

static int unpack_layer(const struct options *options, int root)
{
	stream.input = STDIN_FILENO;
	stream.input_left = options->length;
	stream.plain_limit = options->max_bytes + options->max_entries * 2048; /* headers and padding */
	stream.fault = &fault;
	stream.progress = report_progress;
	open_layer(&layer, root, options, &fault);
	if (open_stream(&stream) < 0 || unpack_entries(&layer, stream.inner) < 0 ||
	    finish_stream(&stream) < 0)
		return -1;
	if (syncfs(root) < 0)
		return fail(&fault, "write the layer to the disk");
	return report_layer(&layer, &stream);
}

static int remove_layer(int root)
{
	return remove_contents(root) < 0 ? fail(&fault, "remove files") : report_removed();
}

/* Loads what the C library and libarchive would otherwise open files for, once none can be opened. */
static void load_locale(void)
{
	setlocale(LC_CTYPE,
		  "C.UTF-8"); /* names are bytes; this keeps libarchive from rewriting those that are UTF-8 */
	iconv_t conversion = iconv_open("UTF-8", "UTF-8");
	if (conversion != (iconv_t)-1)
		iconv_close(conversion);
}

static int run_child(const struct options *options, int lifeline)
{
	char mapped;
	load_locale();
	if (read(lifeline, &mapped, 1) != 1)
		return fail(&fault, "wait for the id map");
	if (dup3(lifeline, LIFELINE, O_CLOEXEC) < 0 && errno != EINVAL)
		return fail(&fault, "keep the lifeline");
	if (take_identity(options, LIFELINE, &fault) < 0 || enter_folder(options, &fault) < 0)
		return -1;
	if (drop_privileges(LIFELINE + 1, &fault) < 0)
		return -1;
	int root = open_inside(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	if (root < 0)
		return fail(&fault, "open the root");
	return options->command == COMMAND_REMOVE ? remove_layer(root) : unpack_layer(options, root);
}

static pid_t start_child(void)
{
	struct clone_args arguments = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static int tell(void)
{
	report_fault(&fault);
	return TOLD;
}

/* A child that told its failure itself has ended with TOLD. */
static int await_child(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR) {
			fail(&fault, "wait for the child");
			return tell();
		}
	if (WIFEXITED(status) && (WEXITSTATUS(status) == CLEAN || WEXITSTATUS(status) == TOLD))
		return WEXITSTATUS(status);
	abandon(&fault, "the unpacker was ended", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : NULL);
	return tell();
}

static int run_parent(const struct options *options, pid_t child, int lifeline)
{
	const char *step;
	if (map_ids(child, &options->map, &step) < 0) {
		fail(&fault, step);
	} else if (write(lifeline, "", 1) != 1) {
		fail(&fault, "start the child");
	} else {
		return await_child(child);
	}
	kill(child, SIGKILL);
	return tell();
}

int main(int count, char **arguments)
{
	static struct options options;
	int lifeline[2];
	const char *wrong = read_options(count, arguments, &options);
	if (wrong != NULL) {
		fprintf(stderr, "unpack: %s\n", wrong);
		return USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || chdir(options.folder) < 0) {
		fail(&fault, "enter the folder");
		return tell();
	}
	if (options.offset > 0 && lseek(STDIN_FILENO, (off_t)options.offset, SEEK_SET) < 0) {
		fail(&fault, "find the blob in its file");
		return tell();
	}
	if (pipe2(lifeline, O_CLOEXEC) < 0) {
		fail(&fault, "make a pipe");
		return tell();
	}
	pid_t child = start_child();
	if (child < 0) {
		lack_namespaces(&fault);
		return tell();
	}
	if (child > 0)
		return run_parent(&options, child, lifeline[1]);
	close(lifeline[1]);
	exit(run_child(&options, lifeline[0]) < 0 ? tell() : CLEAN);
}
