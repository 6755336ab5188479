/*
 * folders.c - finding and making the folder an entry belongs in.
 *
 * Before: `path` is clean (names.c); the tree holds whatever earlier entries made.
 * After:  the descriptor is a folder of the tree, reached the way a process
 *         inside the image would reach it: links are followed below the root,
 *         absolute ones from the root. One that leads above the root or nowhere is refused.
 *
 * The kernel follows no link here: every component is opened by itself with
 * openat2(2) and RESOLVE_NO_SYMLINKS, and links are walked by hand, because
 * RESOLVE_IN_ROOT alone would silently turn "above the root" into "the root".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layer.h"

struct walk {
	struct layer *layer;
	int folder; /* where the walk stands; owned by it */
	size_t depth, used;
	char resolved[PATH_MAX]; /* the same place as a path without links; "" is the root */
	unsigned hops;
};

int open_inside(int folder, const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

void forget_folder(struct layer *layer)
{
	layer->cached_path[0] = '\0'; /* which no folder but the root has */
}

int make_folder(struct layer *layer, int parent, const char *name)
{
	struct stat status;
	bool replaces = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&status);
	if (replaces && unlinkat(parent, name, 0) < 0)
		return fail(layer->fault, "remove a whiteout");
	if (mkdirat(parent, name, 0755) < 0)
		return fail(layer->fault, "make a folder");
	if (!replaces)
		return 0;
	/* The whiteout hid a lower folder of this name; an opaque folder goes on hiding what was in it. */
	int folder = open_inside(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return fail(layer->fault, "open a new folder");
	int result = make_opaque(layer, folder);
	close(folder);
	return result;
}

static int enter(struct walk *walk, int from, const char *path)
{
	int folder = open_inside(from, path, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return fail(walk->layer->fault, "open a folder");
	close(walk->folder);
	walk->folder = folder;
	return 0;
}

static int climb(struct walk *walk)
{
	if (walk->used == 0)
		return refuse(walk->layer->fault, "it is reached through a link that leads out of the layer");
	char *slash = memrchr(walk->resolved, '/', walk->used);
	walk->used = slash == NULL ? 0 : (size_t)(slash - walk->resolved);
	walk->resolved[walk->used] = '\0';
	walk->depth--;
	return enter(walk, walk->layer->root, walk->used == 0 ? "." : walk->resolved);
}

static int descend(struct walk *walk, const char *name)
{
	if (++walk->depth > MAX_DEPTH)
		return exceed(walk->layer->fault, "it is deeper than %d folders", MAX_DEPTH);
	size_t size = strlen(name), separator = walk->used > 0;
	if (walk->used + separator + size >= PATH_MAX)
		return exceed(walk->layer->fault, "it is reached through links longer than %d bytes",
			      PATH_MAX - 1);
	if (enter(walk, walk->folder, name) < 0)
		return -1;
	if (separator)
		walk->resolved[walk->used++] = '/';
	memcpy(walk->resolved + walk->used, name, size + 1);
	walk->used += size;
	return 0;
}

static int follow(struct walk *walk, const char *path, bool make);

static int follow_link(struct walk *walk, const char *name)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(walk->folder, name, target, sizeof target - 1);
	if (size < 0)
		return fail(walk->layer->fault, "read a link");
	target[size] = '\0';
	if (++walk->hops > MAX_LINK_HOPS)
		return refuse(walk->layer->fault, "it is reached through more than %d links", MAX_LINK_HOPS);
	if (target[0] == '/') {
		walk->used = walk->depth = 0;
		walk->resolved[0] = '\0';
		if (enter(walk, walk->layer->root, ".") < 0)
			return -1;
	}
	return follow(walk, target, false);
}

static int step(struct walk *walk, const char *name, bool make)
{
	struct stat status;
	struct fault *fault = walk->layer->fault;
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return climb(walk);
	bool missing = fstatat(walk->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0;
	if (missing && errno != ENOENT)
		return fail(fault, "look at a folder");
	if (!missing && S_ISLNK(status.st_mode))
		return follow_link(walk, name);
	if (!missing && S_ISDIR(status.st_mode))
		return descend(walk, name);
	if (!missing && !is_whiteout(&status))
		return refuse(fault, "it is to stand in something that is not a folder");
	if (!make)
		return refuse(fault, "it is reached through something that does not exist in the layer");
	return make_folder(walk->layer, walk->folder, name) < 0 ? -1 : descend(walk, name);
}

/* Missing folders are made only where the entry's own name has them, not where a link does. */
static int follow(struct walk *walk, const char *path, bool make)
{
	char name[NAME_MAX + 1];
	for (const char *at = path; *at != '\0';) {
		size_t size = strcspn(at, "/");
		if (size > NAME_MAX)
			return refuse(walk->layer->fault,
				      "it is reached through a link with too long a name");
		memcpy(name, at, size);
		name[size] = '\0';
		if (size > 0 && step(walk, name, make) < 0)
			return -1;
		at += size + (at[size] == '/');
	}
	return 0;
}

static int walk_to(struct layer *layer, const char *path, bool make)
{
	struct walk walk = { .layer = layer };
	walk.folder = open_inside(layer->root, ".", O_RDONLY | O_DIRECTORY, 0);
	if (walk.folder < 0)
		return fail(layer->fault, "open the root");
	if (follow(&walk, path, make) == 0)
		return walk.folder;
	close(walk.folder);
	return -1;
}

static int find_folder_of(struct layer *layer, const char *path, const char **name, bool make)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	*name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return layer->root;
	size_t size = (size_t)(slash - path);
	memcpy(folder, path, size);
	folder[size] = '\0';
	if (strcmp(folder, layer->cached_path) == 0)
		return layer->cached;
	int found = walk_to(layer, folder, make);
	if (found < 0)
		return -1;
	if (layer->cached >= 0)
		close(layer->cached);
	layer->cached = found;
	memcpy(layer->cached_path, folder, size + 1);
	return found;
}

int find_parent(struct layer *layer, const char *path, const char **name)
{
	return find_folder_of(layer, path, name, true);
}

int find_existing_parent(struct layer *layer, const char *path, const char **name)
{
	return find_folder_of(layer, path, name, false);
}
