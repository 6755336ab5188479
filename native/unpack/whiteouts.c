/*
 * whiteouts.c - an archive's marks for what is gone become overlayfs' own.
 *
 * `.wh.NAME` hides NAME of the layers below, and becomes a character device
 * 0:0; `.wh..wh..opq` hides all that lower layers have in its folder, and
 * becomes the attribute user.overlay.opaque. Neither touches what this layer
 * itself has, wherever in the archive it stands.
 *
 * See image-spec layer.md, "Whiteouts"; overlayfs in the kernel's documentation.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer.h"

static const char prefix[] = ".wh.";
static const char opaque_name[] = ".wh..wh..opq";

bool is_whiteout_name(const char *name)
{
	return strncmp(name, prefix, sizeof prefix - 1) == 0;
}

bool is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

int make_opaque(struct layer *layer, int folder)
{
	if (fsetxattr(folder, "user.overlay.opaque", "y", 1, 0) < 0)
		return fail(layer->fault,
			    "mark a folder as opaque (the store needs a file system with user attributes)");
	return 0;
}

/* This layer has the name too: what it has stays, and only its folder has to hide a lower one. */
static int hide_below(struct layer *layer, int parent, const char *name, const struct stat *status)
{
	if (!S_ISDIR(status->st_mode))
		return 0;
	int folder = open_inside(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return fail(layer->fault, "open a folder");
	int result = make_opaque(layer, folder);
	close(folder);
	return result;
}

int make_whiteout(struct layer *layer, int parent, const char *name, struct archive_entry *entry)
{
	struct stat status;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL)
		return refuse(layer->fault, "a whiteout that is not a plain file");
	if (strcmp(name, opaque_name) == 0) {
		layer->counts.opaque_folders++;
		return make_opaque(layer, parent);
	}
	const char *hidden = name + sizeof prefix - 1;
	if (*hidden == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0 ||
	    is_whiteout_name(hidden))
		return refuse(layer->fault, "a whiteout that names nothing");
	layer->counts.whiteouts++;
	if (fstatat(parent, hidden, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return hide_below(layer, parent, hidden, &status);
	if (errno != ENOENT)
		return fail(layer->fault, "look for what a whiteout hides");
	if (mknodat(parent, hidden, S_IFCHR | 0600, makedev(0, 0)) < 0)
		return fail(layer->fault, "make a whiteout");
	return 0;
}
