/* descriptors.h - closing what is not needed. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor above 2 but those in `kept`, which is sorted by this; entries below 3 are passed
 * over. */
int close_all_but(int *kept, size_t count);

#endif
