/*
 * trail_files.c - reading back what was written.
 */
#include "test/support/trail_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/small_plan.h"

enum { FILE_MAX = 1 << 24 };

char *read_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, FILE_MAX);
	if (file == NULL || text == NULL || fread(text, 1, FILE_MAX - 1, file) == 0) {
		printf("FAILED %s cannot be read\n", path);
		exit(1);
	}
	fclose(file);
	return text;
}

size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

void in_fresh_folder(void (*body)(const char *state))
{
	const char *state = make_state_directory();
	body(state);
	remove_state_directory(state);
}
