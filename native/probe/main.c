/*
 * main.c - the probe: tries every attempt and says what each met.
 *
 *   probe                     all attempts, one JSON line each
 *   probe --only ID,...       these alone
 *   probe --list              what there is: id, category, call, what, who
 *   --lacking ID,...          calls that this kernel was found to lack outside: their ENOSYS is "unsupported"
 *
 * PROBE_ABSTRACT, PROBE_MAX_MB, PROBE_MAX_FDS, PROBE_MAX_FILES and
 * PROBE_MAX_PROCESSES come from the environment. Harmless for an unprivileged
 * user anywhere; as the host's root the probes of class "never-as-root" are
 * left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static const struct category *const categories[] = {
	&namespace_probes,     &mount_probes,	     &kernel_probes,
	&kernel_memory_probes, &credential_probes,   &credential_state_probes,
	&mode_bit_probes,      &procfs_write_probes, &procfs_read_probes,
	&device_probes,	       &filesystem_probes,   &write_probes,
	&execution_probes,     &mount_flag_probes,   &socket_family_probes,
	&socket_probes,	       &abi_probes,	     &terminal_probes,
	&process_probes,       &descriptor_probes,   &limit_probes,
	&seccomp_probes,
};
static const char *const verdict_names[] = { "denied", "allowed", "unsupported", "error" };

/* Whether `id` is an element of the comma-separated `list`. */
static int listed(const char *list, const char *id)
{
	size_t length = strlen(id);
	for (const char *at = list; at != NULL && *at != '\0'; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && strncmp(at, id, length) == 0)
			return 1;
	return 0;
}

/* Root on the host, not in a user namespace: all ids are mapped to themselves. */
static int is_host_root(void)
{
	unsigned long first = 1, outer = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");
	int whole = map != NULL && fscanf(map, "%lu %lu %lu", &first, &outer, &count) == 3 && first == 0 &&
		    outer == 0 && count == 4294967295UL;
	if (map != NULL)
		fclose(map);
	return geteuid() == 0 && (whole || map == NULL);
}

static void say(const struct probe *probe, const struct outcome *outcome, pid_t pid)
{
	const char *name = outcome->error == 0 ? "" : strerrorname_np(outcome->error);
	printf("{\"id\":\"%s\",\"verdict\":\"%s\",\"errno\":\"%s\",\"detail\":\"%s\",\"pid\":%d}\n",
	       probe->id, verdict_names[outcome->verdict], name == NULL ? "?" : name, outcome->detail,
	       (int)pid);
	fflush(stdout);
}

static void try_and_say(const struct probe *probe, const char *lacking, int host_root)
{
	struct outcome outcome = { .verdict = ERROR };
	if (host_root && probe->who == NEVER_AS_ROOT) {
		conclude(&outcome, ERROR, 0, "left out: never as the host's root");
		say(probe, &outcome, 0);
		return;
	}
	pid_t pid = attempt_probe(probe, &outcome);
	if (outcome.verdict == DENIED && outcome.error == ENOSYS && listed(lacking, probe->id))
		conclude(&outcome, UNSUPPORTED, ENOSYS, "the kernel lacks it");
	say(probe, &outcome, pid);
}

static void list_probe(const char *category, const struct probe *probe)
{
	printf("%s\t%s\t%s\t%s\t%s\n", probe->id, category, probe->call, probe->what,
	       probe->who == NEVER_AS_ROOT ? "never-as-root" : "anyone");
}

int main(int argc, char **argv)
{
	const char *only = NULL, *lacking = NULL;
	int list = 0, host_root = is_host_root();
	look_for_inherited_descriptors();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0)
			list = 1;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
		else if (strcmp(argv[i], "--lacking") == 0 && i + 1 < argc)
			lacking = argv[++i];
		else {
			fprintf(stderr, "usage: probe [--list] [--only ID,...] [--lacking ID,...]\n");
			return 2;
		}
	}
	if (!list && make_scratch() == -1)
		fprintf(stderr, "probe: no folder can be written: %s\n", strerror(errno));
	for (size_t i = 0; i < COUNT(categories); i++)
		for (size_t j = 0; j < categories[i]->count; j++) {
			const struct probe *probe = &categories[i]->probes[j];
			if (only != NULL && !listed(only, probe->id))
				continue;
			if (list)
				list_probe(categories[i]->name, probe);
			else
				try_and_say(probe, lacking, host_root);
		}
	if (!list)
		remove_scratch();
	return 0;
}
