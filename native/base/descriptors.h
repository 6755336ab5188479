/* descriptors.h - closing what a process does not need, and knowing that it is closed. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor above 2 that is not in `kept` (which is sorted by this; numbers below 3 in it are
 * passed over), and asks the kernel whether they are closed. -1 with EBADFD where one is not. */
int close_all_but(int *kept, size_t count);

/* dup2(2) of `from` to `number`, and a look whether both are one file. -1 with EBADFD where they are not. */
int replace_descriptor(int from, int number);

#endif
