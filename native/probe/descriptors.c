/*
 * descriptors.c - what the process was given: folder, descriptors, environment.
 *
 * Nothing is tried, only read. environ(7), getcwd(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

extern char **environ;

static const char *const secrets[] = { "*TOKEN*",      "*SECRET*",    "*PASSWORD*",    "*PASSWD*",
				       "*API_KEY*",    "*APIKEY*",    "*PRIVATE_KEY*", "*CREDENTIAL*",
				       "*PASSPHRASE*", "*ACCESS_KEY*" };
static const char *const session[] = { "SSH_*",	  "DISPLAY",	   "WAYLAND_*",	     "DBUS_*",
				       "XDG_*",	  "XAUTHORITY",	   "SUDO_*",	     "TMUX*",
				       "STY",	  "GPG_*",	   "LOGNAME",	     "MAIL",
				       "GNOME_*", "INVOCATION_ID", "SESSION_MANAGER" };
static const char *const engines[] = { "container",  "DOCKER_*", "KUBERNETES_*", "CONTAINERD_*", "PODMAN_*",
				       "BUILDAH_*",  "CI",	 "CI_*",	 "GITHUB_*",	 "GITLAB_*",
				       "BUILDKITE*", "JENKINS*", "TRAVIS*" };
static const char *const proxies[] = {
	"*_proxy", "*_PROXY", "SSL_CERT_*", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"
};
static const char *const loader[] = { "LD_*",	    "GLIBC_TUNABLES", "GCONV_PATH",  "LOCPATH",
				      "PYTHONPATH", "PERL5LIB",	      "NODE_OPTIONS" };

struct names {
	const char *const *patterns;
	size_t count;
};
static const struct names lists[] = { { secrets, COUNT(secrets) },
				      { session, COUNT(session) },
				      { engines, COUNT(engines) },
				      { proxies, COUNT(proxies) },
				      { loader, COUNT(loader) } };
enum { SECRETS, SESSION, ENGINES, PROXIES, LOADER };

/* A star stands at the beginning, at the end, or at both. */
static int matches(const char *pattern, const char *name, size_t length)
{
	char middle[32];
	size_t size = strlen(pattern);
	int open_start = pattern[0] == '*', open_end = pattern[size - 1] == '*';
	size_t kept = size - (size_t)open_start - (size_t)open_end;
	snprintf(middle, sizeof middle, "%.*s", (int)kept, pattern + open_start);
	if (length < kept)
		return 0;
	if (open_start && open_end)
		return memmem(name, length, middle, kept) != NULL;
	if (open_start)
		return memcmp(name + length - kept, middle, kept) == 0;
	return memcmp(name, middle, kept) == 0 && (open_end || length == kept);
}

static void check_environment(const struct probe *probe, struct outcome *outcome)
{
	const struct names *names = &lists[probe->arguments[0]];
	char detail[64];
	for (char **entry = environ; *entry != NULL; entry++) {
		size_t length = strcspn(*entry, "=");
		for (size_t i = 0; i < names->count; i++)
			if (matches(names->patterns[i], *entry, length)) {
				snprintf(detail, sizeof detail, "%.*s", (int)(length < 60 ? length : 60),
					 *entry);
				judge_state(outcome, 0, detail);
				return;
			}
	}
	judge_state(outcome, 1, "");
}

static void check_folder(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX] = "";
	(void)probe;
	if (syscall(SYS_getcwd, path, sizeof path) == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		judge_state(outcome, path[0] == '/', path[0] == '/' ? "" : "outside the root");
}

static void check_inherited(const struct probe *probe, struct outcome *outcome)
{
	char detail[32];
	(void)probe;
	snprintf(detail, sizeof detail, "descriptor %d", inherited_descriptor());
	judge_state(outcome, inherited_descriptor() == -1, inherited_descriptor() == -1 ? "" : detail);
}

/* A folder among the standard streams would be a way out. */
static void check_streams(const struct probe *probe, struct outcome *outcome)
{
	struct stat status;
	int folder = 0;
	(void)probe;
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (fstat(stream, &status) == 0 && S_ISDIR(status.st_mode))
			folder = 1;
	judge_state(outcome, !folder, "");
}

static void check_umask(const struct probe *probe, struct outcome *outcome)
{
	(void)probe;
	judge_state(outcome, (umask(0) & (S_IWGRP | S_IWOTH)) == (S_IWGRP | S_IWOTH), "");
}

#define ENVIRONMENT(name, list, said)                                                                        \
	PROBE("desc.env." name, "state", said " in the environment", check_environment, ARGS(list))

static const struct probe probes[] = {
	PROBE("desc.cwd", "getcwd", "the working directory lies inside the root", check_folder),
	PROBE("desc.inherited", "state", "no descriptor beside the standard streams", check_inherited),
	PROBE("desc.streams", "state", "no folder among the standard streams", check_streams),
	PROBE("desc.umask", "umask", "what it creates is not for others to write", check_umask),
	ENVIRONMENT("secrets", SECRETS, "no name like a secret's"),
	ENVIRONMENT("session", SESSION, "no name of a login session's"),
	ENVIRONMENT("engines", ENGINES, "no name of a container engine's or a CI's"),
	ENVIRONMENT("proxies", PROXIES, "no name of a proxy's or a certificate's"),
	ENVIRONMENT("loader", LOADER, "no name that a loader or interpreter obeys"),
};

const struct category descriptor_probes = CATEGORY("descriptors", probes);
