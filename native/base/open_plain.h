/* open_plain.h - looking paths up without the magic links of /proc, which lead anywhere. */
#ifndef OPEN_PLAIN_H
#define OPEN_PLAIN_H

/*
 * Opens `path` as O_PATH with further `flags` (open(2)) and close-on-exec. A magic link on the way, such as
 * /proc/self/fd/4 or /proc/self/exe, is ELOOP. Returns a descriptor, or -1 with errno.
 */
int open_plain(const char *path, int flags);

#endif
