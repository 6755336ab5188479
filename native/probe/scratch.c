/*
 * scratch.c - a folder of the probe's own, and what it can learn about itself.
 *
 * Before: nothing is assumed; most folders may be read-only.
 * After: remove_scratch() leaves nothing behind. user_namespaces(7), proc(5).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

enum { FIRST_INHERITED = 3, HIGHEST_LOOKED_AT = 4096 };

static char folder[64];
static int inherited = -1;

int make_scratch(void)
{
	static const char *const places[] = { "/tmp", "/dev/shm", "/var/tmp", "/run" };
	for (size_t i = 0; i < COUNT(places); i++) {
		snprintf(folder, sizeof folder, "%s/probe-XXXXXX", places[i]);
		if (mkdtemp(folder) != NULL)
			return 0;
	}
	folder[0] = '\0';
	return -1;
}

void remove_scratch(void)
{
	DIR *open = folder[0] == '\0' ? NULL : opendir(folder);
	if (open == NULL)
		return;
	for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open))
		if (unlinkat(dirfd(open), entry->d_name, 0) == -1)
			(void)unlinkat(dirfd(open), entry->d_name, AT_REMOVEDIR);
	closedir(open);
	(void)rmdir(folder);
}

const char *scratch(void)
{
	return folder;
}

void own_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", folder, name);
}

int open_own_file(const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	own_path(path, sizeof path, name);
	return open(path, flags | O_CREAT | O_CLOEXEC, mode);
}

/* A second id of the map /proc/self/uid_map or gid_map: one that exists here and is not ours. */
long other_id(const char *map)
{
	unsigned long first, outer, count, own = strstr(map, "gid") != NULL ? getegid() : geteuid();
	FILE *file = fopen(map, "re");
	long found = -1;
	while (file != NULL && found == -1 && fscanf(file, "%lu %lu %lu", &first, &outer, &count) == 3) {
		if (first != own && first != 0)
			found = (long)first;
		else if (count > 1 && first + 1 != own)
			found = (long)first + 1;
		else if (count > 2)
			found = (long)first + 2;
	}
	if (file != NULL)
		fclose(file);
	return found;
}

long status_field(const char *field, int base, unsigned long long *value)
{
	char line[256];
	size_t length = strlen(field);
	FILE *file = fopen("/proc/self/status", "re");
	long found = -1;
	while (file != NULL && found == -1 && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, field, length) == 0 && line[length] == ':') {
			*value = strtoull(line + length + 1, NULL, base);
			found = 0;
		}
	if (file != NULL)
		fclose(file);
	return found;
}

long parameter(const char *name, long otherwise)
{
	const char *text = getenv(name);
	char *end = NULL;
	long value = text == NULL ? 0 : strtol(text, &end, 10);
	return end == NULL || *end != '\0' || value <= 0 ? otherwise : value;
}

void look_for_inherited_descriptors(void)
{
	for (int descriptor = FIRST_INHERITED; descriptor < HIGHEST_LOOKED_AT && inherited == -1;
	     descriptor++)
		if (fcntl(descriptor, F_GETFD) != -1)
			inherited = descriptor;
}

int inherited_descriptor(void)
{
	return inherited;
}
