/*
 * names.c - names of entries, as the archive spells them, become paths below the root.
 *
 * Before: `raw` is any text without a NUL.
 * After:  `clean` has no leading, doubled or trailing slash, no ".", no "..",
 *         and is within the limits of path, component and depth.
 *
 * A name that leads out is refused, never bent to one that does not: an image
 * that has one is not what it seems to be.
 */
#include <string.h>

#include "layer.h"

static int add_component(struct fault *fault, const char *start, size_t size, char clean[PATH_MAX],
			 size_t *used)
{
	if (size == 2 && memcmp(start, "..", 2) == 0)
		return refuse(fault, "the name leads out of the layer by \"..\"");
	if (size > NAME_MAX)
		return exceed(fault, "a part of the name is longer than %d bytes", NAME_MAX);
	size_t separator = *used > 0;
	if (*used + separator + size >= PATH_MAX)
		return exceed(fault, "the name is longer than %d bytes", PATH_MAX - 1);
	if (separator)
		clean[(*used)++] = '/';
	memcpy(clean + *used, start, size);
	*used += size;
	clean[*used] = '\0';
	return 0;
}

int clean_name(struct fault *fault, const char *raw, char clean[PATH_MAX])
{
	size_t used = 0, depth = 0;
	if (*raw == '\0')
		return refuse(fault, "the name is empty");
	if (*raw == '/')
		return refuse(fault, "the name is absolute");
	clean[0] = '\0';
	for (const char *at = raw; *at != '\0';) {
		size_t size = strcspn(at, "/");
		bool counts = size > 0 && !(size == 1 && *at == '.');
		if (counts && ++depth > MAX_DEPTH)
			return exceed(fault, "the name is deeper than %d folders", MAX_DEPTH);
		if (counts && add_component(fault, at, size, clean, &used) < 0)
			return -1;
		at += size + (at[size] == '/');
	}
	return 0;
}
