/*
 * remove.c - removing trees, also those whose modes forbid it to their owner.
 *
 * Before: the caller may write in every folder of the tree (CAP_DAC_OVERRIDE).
 * After:  the name is gone with all below it; nothing outside was followed to.
 *
 * A tree is at most as deep as the unpacker made it, so that recursion is bounded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

static int remove_below(int parent, const char *name, unsigned depth);

static int empty_folder(DIR *listing, unsigned depth)
{
	struct dirent *entry;
	while (errno = 0, (entry = readdir(listing)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (remove_below(dirfd(listing), entry->d_name, depth) < 0)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

/* Takes `folder` over and closes it. */
static int empty_and_close(int folder, unsigned depth)
{
	DIR *listing = fdopendir(folder);
	if (listing == NULL) {
		int error = errno;
		close(folder);
		errno = error;
		return -1;
	}
	int result = empty_folder(listing, depth);
	int error = errno;
	closedir(listing);
	errno = error;
	return result;
}

static int remove_below(int parent, const char *name, unsigned depth)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -1;
	if (depth > MAX_DEPTH + 2) { /* the folder of the layer, and an entry in the deepest folder */
		errno = ELOOP;
		return -1;
	}
	int folder = open_inside(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0 || empty_and_close(folder, depth + 1) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR);
}

int remove_tree(int parent, const char *name)
{
	return remove_below(parent, name, 0);
}

int remove_contents(int folder)
{
	int again = open_inside(folder, ".", O_RDONLY | O_DIRECTORY, 0);
	return again < 0 ? -1 : empty_and_close(again, 0);
}
