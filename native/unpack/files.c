/*
 * files.c - contents, links and pipes.
 *
 * Before: `parent` is a folder of the tree, found by folders.c.
 * After:  the entry stands there under `name`, and what was there before is
 *         gone: an archive may name a thing twice, and then the last one counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

/* What ext4 can hold; a hole costs nothing, so this is no limit of space. */
static const int64_t largest_file = INT64_C(1) << 44;

int clear_place(struct layer *layer, int parent, const char *name)
{
	struct stat status;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(layer->fault, "look at what stands in its place");
	if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode))
		forget_folder(layer);
	if (remove_tree(parent, name) < 0)
		return fail(layer->fault, "remove what stands in its place");
	return 0;
}

static int write_block(struct layer *layer, int file, const char *bytes, size_t size, int64_t offset)
{
	while (size > 0) {
		ssize_t written = pwrite(file, bytes, size, offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(layer->fault, "write a file");
		bytes += written;
		size -= (size_t)written;
		offset += written;
	}
	return 0;
}

/* Blocks come in order; what is between them is a hole, and stays one. */
static int copy_contents(struct layer *layer, int file, struct archive *archive, int64_t size)
{
	const void *bytes;
	size_t block;
	la_int64_t offset;
	int status;
	if (size < 0 || size > largest_file)
		return exceed(layer->fault, "a file of %lld bytes", (long long)size);
	while ((status = archive_read_data_block(archive, &bytes, &block, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || offset > size || (int64_t)block > size - offset)
			return corrupt(layer->fault, "contents reach beyond the size of the file", NULL);
		layer->counts.bytes += block;
		if (layer->counts.bytes > layer->options->max_bytes)
			return exceed(layer->fault, "the layer holds more than %llu bytes",
				      (unsigned long long)layer->options->max_bytes);
		if (write_block(layer, file, bytes, block, offset) < 0)
			return -1;
	}
	if (status != ARCHIVE_EOF)
		return corrupt(layer->fault, "the contents cannot be read", archive_error_string(archive));
	return ftruncate(file, size) < 0 ? fail(layer->fault, "set the size of a file") : 0;
}

int make_file(struct layer *layer, int parent, const char *name, struct archive *archive,
	      struct archive_entry *entry)
{
	if (clear_place(layer, parent, name) < 0)
		return -1;
	int file = open_inside(parent, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (file < 0)
		return fail(layer->fault, "make a file");
	int result = copy_contents(layer, file, archive, archive_entry_size(entry));
	if (result == 0)
		result = set_attributes(layer, file, entry);
	if (close(file) < 0 && result == 0)
		result = fail(layer->fault, "write a file");
	return result;
}

/* Whether following the target, word by word, would climb above the root. Only said, never refused: links are
 * data. */
static bool leads_out(const char *target, const char *path)
{
	size_t depth = 0;
	if (*target != '/')
		for (; *path != '\0'; path++)
			depth += *path == '/';
	while (*target != '\0') {
		size_t size = strcspn(target, "/");
		if (size == 2 && memcmp(target, "..", 2) == 0) {
			if (depth-- == 0)
				return true;
		} else if (size > 0 && !(size == 1 && *target == '.')) {
			depth++;
		}
		target += size + (target[size] == '/');
	}
	return false;
}

int make_symbolic_link(struct layer *layer, int parent, const char *name, struct archive_entry *entry)
{
	char path[PATH_MAX];
	const char *target = archive_entry_symlink(entry);
	if (target == NULL || *target == '\0')
		return refuse(layer->fault, "a link to nothing");
	if (strlen(target) >= PATH_MAX)
		return exceed(layer->fault, "the target of the link is longer than %d bytes", PATH_MAX - 1);
	if (clean_name(layer->fault, archive_entry_pathname(entry), path) < 0 ||
	    clear_place(layer, parent, name) < 0)
		return -1;
	layer->counts.outward_links += leads_out(target, path);
	if (symlinkat(target, parent, name) < 0)
		return fail(layer->fault, "make a link");
	return set_place_attributes(layer, parent, name, entry);
}

/* `from` and `source` are where the other name of the file stands. */
static int link_from(struct layer *layer, int from, const char *source, const char *path)
{
	struct stat status, present;
	const char *name;
	if (fstatat(from, source, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse(layer->fault, "a hard link to something that is not in the layer before it");
	if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode) && !S_ISFIFO(status.st_mode))
		return refuse(layer->fault, "a hard link to something that is not a file");
	int parent = find_parent(layer, path, &name);
	if (parent < 0)
		return -1;
	if (fstatat(parent, name, &present, AT_SYMLINK_NOFOLLOW) == 0 && present.st_ino == status.st_ino)
		return 0;
	if (clear_place(layer, parent, name) < 0)
		return -1;
	return linkat(from, source, parent, name, 0) < 0 ? fail(layer->fault, "make a hard link") : 0;
}

int make_hard_link(struct layer *layer, const char *path, struct archive_entry *entry)
{
	char target[PATH_MAX];
	const char *source;
	if (archive_entry_size(entry) > 0)
		return refuse(layer->fault, "a hard link with contents of its own");
	if (clean_name(layer->fault, archive_entry_hardlink(entry), target) < 0)
		return -1;
	if (target[0] == '\0')
		return refuse(layer->fault, "a hard link to the root");
	int found = find_existing_parent(layer, target, &source);
	if (found < 0)
		return -1;
	int from = fcntl(found, F_DUPFD_CLOEXEC, 0); /* the next search closes `found` */
	if (from < 0)
		return fail(layer->fault, "keep a folder open");
	int result = link_from(layer, from, source, path);
	close(from);
	return result;
}

int make_pipe(struct layer *layer, int parent, const char *name, struct archive_entry *entry)
{
	if (clear_place(layer, parent, name) < 0)
		return -1;
	if (mknodat(parent, name, S_IFIFO | (archive_entry_perm(entry) & 0777), 0) < 0)
		return fail(layer->fault, "make a pipe");
	return set_place_attributes(layer, parent, name, entry);
}
