/*
 * report.c - failures in words: a stable code, what, and what to do.
 *
 * Before: a step failed, or a run is over.
 * After:  one to three lines on standard error, in the form that the rest of the product uses.
 *
 * Text that may come from image or command line is written as printable ASCII.
 */
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trail/line.h"

enum { TEXT_MOST = 1024, OBJECT_SIZE = 4096 };

static const struct {
	const char *step;
	const char *to_do;
} advice[] = {
	{ "plan", "this is a fault of sandbox itself, or the plan was altered; report it" },
	{ "program", "the installation changed while the command was being prepared; run it again" },
	{ "trail",
	  "make room, or mend the permissions of the state directory; sandbox doctor looks at both" },
	{ "cgroup", "sandbox doctor says which groups you may make" },
	{ "user-namespace",
	  "user namespaces are switched off or used up for this user; sandbox doctor says how to get them" },
	{ "id-map",
	  "look at /etc/subuid and /etc/subgid; sandbox doctor tries the map and says what is missing" },
	{ "open-sources", "the path must exist and be readable for you" },
	{ "root", "the kernel must mount overlay in a user namespace (5.11), and nothing may be mounted "
		  "below a layer; sandbox doctor tries it" },
	{ "mounts", "the image has something else at this path, or the host lacks the mount; sandbox doctor "
		    "tries each" },
	{ "resource-limits",
	  "a hard limit of your session is lower than the policy's; raise it or lower the policy's" },
	{ "working-directory", "choose one that the image has and its user may enter with --workdir" },
	{ "landlock", "sandbox doctor says what this kernel's Landlock can do" },
	{ "receipt", "the control named above is required and is not in force here; sandbox doctor says what "
		     "is missing" },
};

static const char *advice_for(const char *step)
{
	for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
		if (strcmp(advice[i].step, step) == 0)
			return advice[i].to_do;
	return NULL;
}

/* Beyond ASCII there are more characters that steer a terminal, and some that turn the direction of writing.
 */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static bool as_json;

void report_as_json(void)
{
	as_json = true;
}

static void write_object(struct line *line)
{
	put_json(line, "}}\n");
	if (!line->full)
		(void)!write(STDERR_FILENO, line->start, (size_t)(line->at - line->start));
}

static void report_object(const char *code, const char *what, const char *to_do)
{
	char buffer[OBJECT_SIZE];
	struct line line = start_line(buffer, sizeof buffer);
	put_json(&line, "{\"error\":{\"code\":");
	put_text(&line, code, TEXT_MOST);
	put_json(&line, ",\"message\":");
	put_text(&line, what, TEXT_MOST);
	if (to_do != NULL) {
		put_json(&line, ",\"hint\":");
		put_text(&line, to_do, TEXT_MOST);
	}
	write_object(&line);
}

void report_line(const char *code, const char *what, const char *to_do)
{
	char line[1024];
	if (as_json) {
		report_object(code, what, to_do);
		return;
	}
	int size = snprintf(line, sizeof line, "sandbox: %s: %s", code, what);
	if (size > (int)sizeof line - 2)
		size = (int)sizeof line - 2;
	make_printable(line);
	line[size] = '\n';
	/* Where standard error cannot be written there is nobody left to tell. */
	(void)!write(STDERR_FILENO, line, (size_t)size + 1);
	if (to_do == NULL)
		return;
	size = snprintf(line, sizeof line, "  to do: %s\n", to_do);
	(void)!write(STDERR_FILENO, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1);
}

static int report_command(const char *name, int error)
{
	char what[512];
	if (error == ENOENT || error == ENOTDIR) {
		snprintf(what, sizeof what, "%s: no such command in the image, or its interpreter is missing",
			 name);
		report_line("COMMAND_NOT_FOUND", what,
			    "name a program that the image has; --entrypoint replaces the image's own");
		return EXIT_NOT_FOUND;
	}
	snprintf(what, sizeof what, "%s: cannot be executed: %s", name, strerror(error));
	report_line("COMMAND_NOT_EXECUTABLE", what,
		    "it must be a program for this machine that the image's user may execute, where the "
		    "policy lets it");
	return EXIT_NOT_EXECUTABLE;
}

int report_failure(const struct launch *launch, const char *step, int error, const char *detail)
{
	char code[64], what[600];
	int why = launch->shared == NULL ? 0 : atomic_load(&launch->shared->exec_errno);
	if (why != 0)
		return report_command(launch->argv[0], why);
	size_t size = (size_t)snprintf(code, sizeof code, "LAUNCH_%s", step);
	for (size_t i = 0; i < size && i < sizeof code; i++)
		code[i] = code[i] == '-' ? '_' : (char)toupper((unsigned char)code[i]);
	if (error == ECANCELED)
		snprintf(what, sizeof what, "the control %s is required and not effective; nothing was run",
			 detail);
	else
		snprintf(what, sizeof what, "step %s failed%s%s: %s; nothing was run", step,
			 detail[0] == '\0' ? "" : " at ", detail, strerror(error));
	report_line(error == ECANCELED ? "CONTROL_NOT_EFFECTIVE" : code, what, advice_for(step));
	return EXIT_SANDBOX_FAILED;
}

void report_attempts(const struct launch *launch)
{
	char line[TRAIL_SUMMARY_SIZE + 64], summary[TRAIL_SUMMARY_SIZE];
	if (!summarise_attempts(launch->trail, summary, sizeof summary))
		return;
	if (as_json) {
		struct line object = start_line(line, sizeof line);
		put_json(&object, "{\"summary\":{\"message\":");
		put_text(&object, summary, sizeof summary);
		write_object(&object);
		return;
	}
	int size = snprintf(line, sizeof line, "sandbox: %s\n", summary);
	(void)!write(STDERR_FILENO, line, (size_t)size);
}
