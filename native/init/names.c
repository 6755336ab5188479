/*
 * names.c - /etc/hosts and /etc/hostname, where the image has none.
 *
 * Before: the root is mounted and not sealed yet.
 * After:  localhost and the sandbox's own name can be looked up without a network.
 *
 * hosts(5), hostname(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "steps.h"

/*
 * A plain folder of the host may be closed to our ids, and an image may have a link to nothing, or a file for
 * /etc: then it stays as it is.
 */
static bool is_closed_to_us(int error)
{
	return error == EACCES || error == EPERM || error == EOVERFLOW || error == EROFS || error == EEXIST ||
	       error == ENOTDIR || error == ELOOP;
}

static int write_if_missing(struct launch *launch, const char *path, const char *text)
{
	int there = open_inside(launch->root, path, O_PATH);
	if (there != -1)
		return close(there);
	if (errno != ENOENT)
		return is_closed_to_us(errno) ? 0 : -1;
	int made = open_or_make_file(launch->root, path);
	if (made == -1)
		return is_closed_to_us(errno) ? 0 : -1;
	if (close(made) == -1)
		return -1;
	int file = open_inside(launch->root, path, O_WRONLY);
	if (file == -1)
		return -1;
	size_t size = strlen(text);
	if (write(file, text, size) != (ssize_t)size)
		return -1;
	return close(file);
}

int write_names(struct launch *launch)
{
	char text[256];
	const char *name = launch->plan->hostname;
	snprintf(text, sizeof text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1\t%s\n",
		 name);
	if (write_if_missing(launch, "/etc/hosts", text) == -1)
		return -1;
	snprintf(text, sizeof text, "%s\n", name);
	return write_if_missing(launch, "/etc/hostname", text);
}
