/* place.h - making mounts and the places they go to, never outside the new root. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One parameter of a file system; value NULL: a flag. */
struct parameter {
	const char *name;
	const char *value;
};

/* A new, unattached mount of `type` with MOUNT_ATTR_* flags; a descriptor or -1. Parameters end with name
 * NULL. */
int new_mount(const char *type, const struct parameter *parameters, unsigned attributes);

enum { SIZE_TEXT = 32 };

/* Writes `bytes` as the size of a tmpfs, which takes 0 for no bound: none is a page then, the least there is.
 */
void spell_size(char text[SIZE_TEXT], uint64_t bytes);

/* An unattached copy of the mount at the descriptor `source`; `recursive`: with what is mounted below it. */
int copy_mount(int source, bool recursive);

/* Sets MOUNT_ATTR_* on the mount at `mount`; `recursive`: below it too. */
int restrict_mount(int mount, unsigned attributes, bool recursive);

/* Attaches `mount` at the place of the descriptor `target` and closes both. */
int attach_mount(int mount, int target);

/* Opens `path` as the workload would see it; flags as open(2); -1 with errno, ENOENT if it is not there. */
int open_inside(int root, const char *path, int flags);

/* The same for a folder or file that is made where it is missing, its parents with it. */
int open_or_make_folder(int root, const char *path, mode_t mode);

/* A folder to mount on: made where it is missing, ENOTDIR where the image has a link there. */
int open_mount_point(int root, const char *path);

int open_or_make_file(int root, const char *path);

#endif
