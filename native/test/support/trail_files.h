/*
 * trail_files.h - what a trail's files hold, for tests that look for a few words in them.
 */
#ifndef TRAIL_FILES_H
#define TRAIL_FILES_H

#include <stddef.h>

/* The file's text, in memory that the caller frees; exits where it cannot be read or is empty. */
char *read_whole(const char *path);

/* How often `part` stands in `text`. */
size_t count_of(const char *text, const char *part);

/* Runs `body` with the name of a fresh state folder, which is removed afterwards. */
void in_fresh_folder(void (*body)(const char *state));

#endif
