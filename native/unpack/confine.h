/* confine.h - the sandbox around the unpacker itself. */
#ifndef CONFINE_H
#define CONFINE_H

#include "fault.h"
#include "options.h"

/* Becomes id 0 of the namespace (a one-id map needs no change) and dies with the parent. 0 or -1. */
int take_identity(const struct options *options, int lifeline, struct fault *fault);

/* Makes the working directory (for unpacking: its new folder fs) the whole file system. 0 or -1. */
int enter_folder(const struct options *options, struct fault *fault);

/* Gives up what unpacking does not need: descriptors from `first` on, limits, capabilities, system calls. 0
 * or -1. */
int drop_privileges(int first, struct fault *fault);

/* filter.c: only the calls that reading, writing and libarchive need; any other kills. 0, or -1 with errno.
 */
int install_filter(void);

#endif
