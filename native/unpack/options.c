/*
 * options.c - arguments become a struct options, or a refusal.
 *
 * Before: arguments come from the control plane; nothing else was read yet.
 * After:  every value is within its bounds; texts point into the arguments.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum { DEFAULT_MAX_ENTRIES = 1000000 };
static const uint64_t default_max_bytes = UINT64_C(64) << 30;

static bool read_number(const char *text, const char **end, uint64_t limit, uint64_t *number)
{
	if (!isdigit((unsigned char)*text))
		return false;
	char *stop;
	errno = 0;
	unsigned long long value = strtoull(text, &stop, 10);
	*end = stop;
	*number = value;
	return errno == 0 && value <= limit;
}

static bool read_whole_number(const char *text, uint64_t *number)
{
	const char *end;
	return read_number(text, &end, INT64_MAX, number) && *end == '\0';
}

static bool read_range(const char **text, struct id_range *range)
{
	uint32_t *members[] = { &range->inner, &range->outer, &range->count };
	for (size_t i = 0; i < 3; i++) {
		uint64_t number;
		if (i > 0 && *(*text)++ != ':')
			return false;
		if (!read_number(*text, text, UINT32_MAX, &number))
			return false;
		*members[i] = (uint32_t)number;
	}
	return range->count > 0;
}

static bool read_ranges(const char *text, struct id_range *ranges, size_t *count)
{
	for (*count = 0; *count < ID_MAP_MAX_RANGES;) {
		if (!read_range(&text, &ranges[(*count)++]))
			return false;
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
	return false;
}

static bool read_method(const char *text, enum id_map_method *method)
{
	static const char *const names[] = { "single", "subordinate", "direct" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0) {
			*method = (enum id_map_method)i;
			return true;
		}
	return false;
}

static bool set_flag(const char *name, struct options *options)
{
	if (strcmp(name, "--keep-setid") == 0)
		return options->keep_setid = true;
	if (strcmp(name, "--strip-devices") == 0)
		return options->strip_devices = true;
	return false;
}

static bool set_value(const char *name, const char *value, struct options *options)
{
	struct id_map *map = &options->map;
	if (strcmp(name, "--folder") == 0)
		return (options->folder = value)[0] == '/';
	if (strcmp(name, "--method") == 0)
		return read_method(value, &map->method);
	if (strcmp(name, "--uid") == 0)
		return read_ranges(value, options->uid, &map->uid_count);
	if (strcmp(name, "--gid") == 0)
		return read_ranges(value, options->gid, &map->gid_count);
	if (strcmp(name, "--newuidmap") == 0)
		return (map->newuidmap = value)[0] == '/';
	if (strcmp(name, "--newgidmap") == 0)
		return (map->newgidmap = value)[0] == '/';
	if (strcmp(name, "--offset") == 0)
		return read_whole_number(value, &options->offset);
	if (strcmp(name, "--length") == 0)
		return read_whole_number(value, &options->length);
	if (strcmp(name, "--max-bytes") == 0)
		return read_whole_number(value, &options->max_bytes);
	if (strcmp(name, "--max-entries") == 0)
		return read_whole_number(value, &options->max_entries);
	return false;
}

static const char *check_options(const struct options *options)
{
	const struct id_map *map = &options->map;
	if (options->folder == NULL)
		return "--folder is missing";
	if (map->uid_count == 0 || map->gid_count == 0)
		return "--uid or --gid is missing";
	if (map->method == ID_MAP_SUBORDINATE && (map->newuidmap == NULL || map->newgidmap == NULL))
		return "subordinate ids need --newuidmap and --newgidmap";
	return NULL;
}

const char *read_options(int count, char **arguments, struct options *options)
{
	memset(options, 0, sizeof *options);
	options->length = INT64_MAX;
	options->max_bytes = default_max_bytes;
	options->max_entries = DEFAULT_MAX_ENTRIES;
	options->map.uid = options->uid;
	options->map.gid = options->gid;
	if (count < 2)
		return "usage: unpack unpack|remove --folder DIR --method METHOD --uid RANGES --gid RANGES";
	if (strcmp(arguments[1], "remove") == 0)
		options->command = COMMAND_REMOVE;
	else if (strcmp(arguments[1], "unpack") != 0)
		return "the command is unpack or remove";
	for (int i = 2; i < count; i++) {
		if (set_flag(arguments[i], options))
			continue;
		if (i + 1 >= count || !set_value(arguments[i], arguments[i + 1], options))
			return "an option is unknown, has no value, or one out of bounds";
		i++;
	}
	return check_options(options);
}
