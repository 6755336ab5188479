/*
 * options.h - what the control plane asks of one run of the unpacker.
 *
 *   unpack unpack --folder DIR --method METHOD --uid RANGES --gid RANGES [options]  < blob
 *   unpack remove --folder DIR --method METHOD --uid RANGES --gid RANGES [options]
 *
 *   DIR       a folder of the caller's that the namespace's id 0 may write;
 *             `unpack` makes DIR/fs, `remove` empties DIR
 *   METHOD    single, subordinate, direct
 *   RANGES    INNER:OUTER:COUNT, separated by commas
 *   --newuidmap PATH, --newgidmap PATH     for subordinate
 *   --offset N, --length N                 the part of standard input that is the blob
 *   --max-bytes N, --max-entries N         limits of what is unpacked
 *   --keep-setid                           leaves setuid and setgid bits on files
 *   --strip-devices                        leaves device nodes out wherever they stand, not only in /dev
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/idmap.h"

enum command { COMMAND_UNPACK, COMMAND_REMOVE };

struct options {
	enum command command;
	const char *folder;
	struct id_map map;
	struct id_range uid[ID_MAP_MAX_RANGES];
	struct id_range gid[ID_MAP_MAX_RANGES];
	uint64_t offset;
	uint64_t length;
	uint64_t max_bytes;
	uint64_t max_entries;
	bool keep_setid;
	bool strip_devices;
};

/* Fills *options. Returns NULL, or what is wrong, in words. */
const char *read_options(int count, char **arguments, struct options *options);

#endif
