/*
 * layer.h - the layer being unpacked: where to, under which rules, and what was met.
 *
 * Every path below the root is reached through open_inside(): one component at
 * a time, no link followed by the kernel, nothing above the root.
 */
#ifndef LAYER_H
#define LAYER_H

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fault.h"
#include "options.h"

enum { MAX_DEPTH = 256, MAX_LINK_HOPS = 40 };

/* What the report counts. */
struct counts {
	uint64_t entries;
	uint64_t bytes; /* of file contents; holes are none */
	uint64_t setid;
	uint64_t devices;
	uint64_t capabilities;
	uint64_t attributes;
	uint64_t outward_links;
	uint64_t whiteouts;
	uint64_t opaque_folders;
};

/* Names of device nodes that were left out, the first of them. */
enum { MAX_LEFT_OUT = 16 };
struct left_out {
	size_t count;
	char names[MAX_LEFT_OUT][256];
};

/* A folder whose time is set when nothing is written into it any more. */
struct folder_time {
	struct folder_time *next;
	struct timespec modified;
	char path[];
};

struct layer {
	int root;
	const struct options *options;
	struct fault *fault;
	struct counts counts;
	struct left_out left_out;
	struct folder_time *times; /* in the archive's order: the last of a name counts */
	struct folder_time **times_end;
	uint64_t times_bytes;
	int cached; /* descriptor of the folder named by cached_path, or -1 */
	char cached_path[PATH_MAX];
};

/* Before the first entry, and after the last; `root` is the caller's. */
void open_layer(struct layer *layer, int root, const struct options *options, struct fault *fault);
void close_layer(struct layer *layer);

/* names.c: `raw` without empty and "." components in `clean`; "" is the root. 0, or -1 refused. */
int clean_name(struct fault *fault, const char *raw, char clean[PATH_MAX]);

/* folders.c: opens the one component `name` of `folder`. A descriptor, or -1 with errno. */
int open_inside(int folder, const char *name, int flags, mode_t mode);

/*
 * The folder in which `path` (clean, not "") stands, made where it is missing,
 * and its last component in *name. The descriptor stays the layer's. -1 refused.
 */
int find_parent(struct layer *layer, const char *path, const char **name);

/* The same for what must exist already. */
int find_existing_parent(struct layer *layer, const char *path, const char **name);

/* To be called when a folder or a link was removed. Descriptors that were found stay open until the next
 * search. */
void forget_folder(struct layer *layer);

/* A new folder `name`, opaque where it replaces a whiteout. 0 or -1. */
int make_folder(struct layer *layer, int parent, const char *name);

/* entries.c: unpacks every entry, then sets the folders' times. 0 or -1. */
int unpack_entries(struct layer *layer, struct archive *archive);

/* files.c: contents, links and pipes; what stood there before is gone. 0 or -1. */
int make_file(struct layer *layer, int parent, const char *name, struct archive *archive,
	      struct archive_entry *entry);
int make_symbolic_link(struct layer *layer, int parent, const char *name, struct archive_entry *entry);
int make_hard_link(struct layer *layer, const char *path, struct archive_entry *entry);
int make_pipe(struct layer *layer, int parent, const char *name, struct archive_entry *entry);

/* Removes what stands at `name`, whatever it is; nothing there is fine. 0 or -1. */
int clear_place(struct layer *layer, int parent, const char *name);

/* attributes.c: owner, mode and time. 0 or -1. */
int set_attributes(struct layer *layer, int file, struct archive_entry *entry);
int set_place_attributes(struct layer *layer, int parent, const char *name, struct archive_entry *entry);
int set_folder_attributes(struct layer *layer, int folder, const char *path, struct archive_entry *entry);
int set_folder_times(struct layer *layer);
void count_attributes(struct layer *layer, struct archive_entry *entry);

/* whiteouts.c: overlayfs' own marks for what is gone. 0 or -1. */
bool is_whiteout_name(const char *name);
bool is_whiteout(const struct stat *status);
int make_whiteout(struct layer *layer, int parent, const char *name, struct archive_entry *entry);
int make_opaque(struct layer *layer, int folder);

/* remove.c: removes `name` in `parent` and all below it. 0, or -1 with errno. */
int remove_tree(int parent, const char *name);
int remove_contents(int folder);

#endif
