/*
 * entries.c - one entry after the other.
 *
 * Before: the root is an empty folder, the umask 0.
 * After:  every entry of the archive is in the tree, or the first that breaks a
 *         rule is told; what is not understood is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

void open_layer(struct layer *layer, int root, const struct options *options, struct fault *fault)
{
	memset(layer, 0, sizeof *layer);
	layer->root = root;
	layer->options = options;
	layer->fault = fault;
	layer->cached = -1;
	layer->times_end = &layer->times;
}

void close_layer(struct layer *layer)
{
	if (layer->cached >= 0)
		close(layer->cached);
	layer->cached = -1;
}

static int open_and_set(struct layer *layer, int parent, const char *name, const char *path,
			struct archive_entry *entry)
{
	int folder = open_inside(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return fail(layer->fault, "open a folder");
	int result = set_folder_attributes(layer, folder, path, entry);
	close(folder);
	return result;
}

/* A folder over a folder keeps what is in it. Over a link is a trick: no tool packs that. */
static int unpack_folder(struct layer *layer, int parent, const char *name, const char *path,
			 struct archive_entry *entry)
{
	struct stat status;
	bool there = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return fail(layer->fault, "look at what stands in its place");
	if (there && S_ISLNK(status.st_mode))
		return refuse(layer->fault, "a folder in place of a link of the same name");
	if (there && !S_ISDIR(status.st_mode) && !is_whiteout(&status)) {
		if (clear_place(layer, parent, name) < 0)
			return -1;
		there = false;
	}
	if ((!there || !S_ISDIR(status.st_mode)) && make_folder(layer, parent, name) < 0)
		return -1;
	return open_and_set(layer, parent, name, path, entry);
}

/* Debian's tools pack the nodes of /dev. A sandbox has a /dev of its own in that place, so that nobody misses
 * them. */
static int unpack_device(struct layer *layer, const char *path)
{
	if (!layer->options->strip_devices && strncmp(path, "dev/", 4) != 0)
		return refuse(layer->fault, "a device node");
	struct left_out *left_out = &layer->left_out;
	if (left_out->count < MAX_LEFT_OUT && strlen(path) < sizeof left_out->names[0])
		memcpy(left_out->names[left_out->count++], path, strlen(path) + 1);
	layer->counts.devices++;
	return 0;
}

static int unpack_by_type(struct layer *layer, const char *path, struct archive *archive,
			  struct archive_entry *entry)
{
	const char *name;
	if (archive_entry_hardlink(entry) != NULL)
		return make_hard_link(layer, path, entry);
	int parent = find_parent(layer, path, &name);
	if (parent < 0)
		return -1;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(layer, parent, name, archive, entry);
	case AE_IFDIR:
		return unpack_folder(layer, parent, name, path, entry);
	case AE_IFLNK:
		return make_symbolic_link(layer, parent, name, entry);
	case AE_IFIFO:
		return make_pipe(layer, parent, name, entry);
	case AE_IFCHR:
	case AE_IFBLK:
		return unpack_device(layer, path);
	default:
		return refuse(layer->fault, "an entry of a type that a layer cannot hold");
	}
}

static bool is_inside_whiteout(const char *path)
{
	for (const char *at = path, *slash; (slash = strchr(at, '/')) != NULL; at = slash + 1)
		if (is_whiteout_name(at))
			return true;
	return false;
}

static int unpack_whiteout(struct layer *layer, const char *path, struct archive_entry *entry)
{
	const char *name;
	int parent = find_parent(layer, path, &name);
	return parent < 0 ? -1 : make_whiteout(layer, parent, name, entry);
}

static int unpack_root(struct layer *layer, struct archive_entry *entry)
{
	if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry) != NULL)
		return refuse(layer->fault, "a root that is not a folder");
	return open_and_set(layer, layer->root, ".", "", entry);
}

static int unpack_entry(struct layer *layer, struct archive *archive, struct archive_entry *entry)
{
	char path[PATH_MAX];
	const char *raw = archive_entry_pathname(entry);
	if (++layer->counts.entries > layer->options->max_entries)
		return exceed(layer->fault, "the layer has more than %llu entries",
			      (unsigned long long)layer->options->max_entries);
	if (raw == NULL)
		return refuse(layer->fault, "the name cannot be read");
	if (clean_name(layer->fault, raw, path) < 0)
		return -1;
	if (is_inside_whiteout(path))
		return refuse(layer->fault, "it stands below a whiteout");
	count_attributes(layer, entry);
	if (path[0] == '\0')
		return unpack_root(layer, entry);
	const char *slash = strrchr(path, '/');
	if (is_whiteout_name(slash == NULL ? path : slash + 1))
		return unpack_whiteout(layer, path, entry);
	return unpack_by_type(layer, path, archive, entry);
}

static int name_entry(struct layer *layer, struct archive_entry *entry)
{
	const char *raw = archive_entry_pathname(entry);
	if (raw != NULL)
		snprintf(layer->fault->entry, sizeof layer->fault->entry, "%s", raw);
	return -1;
}

int unpack_entries(struct layer *layer, struct archive *archive)
{
	struct archive_entry *entry;
	int status;
	while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
		if (unpack_entry(layer, archive, entry) < 0)
			return name_entry(layer, entry);
	/* A warning means that libarchive had to guess. */
	if (status != ARCHIVE_EOF)
		return corrupt(layer->fault, "the archive cannot be read", archive_error_string(archive));
	return set_folder_times(layer);
}
