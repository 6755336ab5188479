/* capability_sets.h - the calling thread's capabilities, bit N for capability N. */
#ifndef CAPABILITY_SETS_H
#define CAPABILITY_SETS_H

#include <stdint.h>

/* Sets the three sets at once. Returns 0, or -1 with errno. capset(2). */
int set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable);

/* Drops every capability that the kernel knows and `kept` lacks from the bounding set; needs CAP_SETPCAP. */
int drop_bounding_set(uint64_t kept);

/* Makes the ambient set exactly `wanted`, which must be permitted and inheritable. */
int set_ambient(uint64_t wanted);

#endif
