/*
 * attributes.c - owner, mode and time of what was made.
 *
 * Before: the entry stands in the tree, made by us, owned by id 0 of the namespace.
 * After:  it belongs to the ids that the archive names, or with a one-id map to
 *         that id; a changed owner clears setuid bits, therefore the mode comes after it.
 *
 * Extended attributes are not taken over: file capabilities mean nothing under
 * no_new_privs, and overlayfs reads commands from user.overlay.*. They are counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

static const uint64_t times_limit = UINT64_C(64) << 20;

static bool is_mapped(const struct id_range *ranges, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= ranges[i].inner && id - ranges[i].inner < ranges[i].count)
			return true;
	return false;
}

/* The owner to set; (uid_t)-1 for "as it is". */
static int find_owner(struct layer *layer, struct archive_entry *entry, uid_t *uid, gid_t *gid)
{
	const struct id_map *map = &layer->options->map;
	int64_t user = archive_entry_uid(entry), group = archive_entry_gid(entry);
	*uid = (uid_t)-1;
	*gid = (gid_t)-1;
	if (map->method == ID_MAP_SINGLE)
		return 0;
	if (!is_mapped(map->uid, map->uid_count, user))
		return refuse(layer->fault, "it belongs to user %lld, for which there is no id on this host",
			      (long long)user);
	if (!is_mapped(map->gid, map->gid_count, group))
		return refuse(layer->fault, "it belongs to group %lld, for which there is no id on this host",
			      (long long)group);
	*uid = (uid_t)user;
	*gid = (gid_t)group;
	return 0;
}

/* Setgid on a folder hands its group down and gives no privilege: it stays. */
static mode_t permitted_mode(struct layer *layer, struct archive_entry *entry)
{
	mode_t mode = archive_entry_perm(entry) & 07777;
	if (archive_entry_filetype(entry) == AE_IFDIR || (mode & (S_ISUID | S_ISGID)) == 0)
		return mode;
	layer->counts.setid++;
	return layer->options->keep_setid ? mode : mode & ~(mode_t)(S_ISUID | S_ISGID);
}

static struct timespec modified_time(struct archive_entry *entry)
{
	return (struct timespec){ .tv_sec = archive_entry_mtime(entry),
				  .tv_nsec = archive_entry_mtime_nsec(entry) };
}

void count_attributes(struct layer *layer, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (name != NULL && strcmp(name, "security.capability") == 0)
			layer->counts.capabilities++;
		else
			layer->counts.attributes++;
	if (archive_entry_acl_types(entry) != 0)
		layer->counts.attributes++;
}

static int set_owner_and_mode(struct layer *layer, int file, struct archive_entry *entry)
{
	uid_t uid;
	gid_t gid;
	if (find_owner(layer, entry, &uid, &gid) < 0)
		return -1;
	if (fchown(file, uid, gid) < 0)
		return fail(layer->fault, "change the owner");
	if (fchmod(file, permitted_mode(layer, entry)) < 0)
		return fail(layer->fault, "change the mode");
	return 0;
}

int set_attributes(struct layer *layer, int file, struct archive_entry *entry)
{
	struct timespec modified = modified_time(entry);
	if (set_owner_and_mode(layer, file, entry) < 0)
		return -1;
	if (futimens(file, (struct timespec[]){ modified, modified }) < 0)
		return fail(layer->fault, "set the time");
	return 0;
}

/* For what cannot be opened: links and pipes, whose mode was given when they were made. */
int set_place_attributes(struct layer *layer, int parent, const char *name, struct archive_entry *entry)
{
	struct timespec modified = modified_time(entry);
	uid_t uid;
	gid_t gid;
	if (find_owner(layer, entry, &uid, &gid) < 0)
		return -1;
	if (fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(layer->fault, "change the owner");
	if (utimensat(parent, name, (struct timespec[]){ modified, modified }, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(layer->fault, "set the time");
	return 0;
}

int set_folder_attributes(struct layer *layer, int folder, const char *path, struct archive_entry *entry)
{
	if (set_owner_and_mode(layer, folder, entry) < 0)
		return -1;
	size_t size = sizeof(struct folder_time) + strlen(path) + 1;
	if (layer->times_bytes + size > times_limit)
		return exceed(layer->fault, "the names of its folders take more than %llu bytes",
			      (unsigned long long)times_limit);
	struct folder_time *time = malloc(size);
	if (time == NULL)
		return fail(layer->fault, "remember a folder's time");
	layer->times_bytes += size;
	time->next = NULL;
	time->modified = modified_time(entry);
	memcpy(time->path, path, strlen(path) + 1);
	*layer->times_end = time;
	layer->times_end = &time->next;
	return 0;
}

/* A folder that was replaced since has no time to set. */
static int set_folder_time(struct layer *layer, const struct folder_time *time)
{
	int folder =
		open_inside(layer->root, time->path[0] == '\0' ? "." : time->path, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : fail(layer->fault, "open a folder");
	int result = futimens(folder, (struct timespec[]){ time->modified, time->modified });
	close(folder);
	return result < 0 ? fail(layer->fault, "set the time of a folder") : 0;
}

int set_folder_times(struct layer *layer)
{
	int result = 0;
	while (layer->times != NULL) {
		struct folder_time *time = layer->times;
		layer->times = time->next;
		if (result == 0)
			result = set_folder_time(layer, time);
		free(time);
	}
	layer->times_end = &layer->times;
	return result;
}
