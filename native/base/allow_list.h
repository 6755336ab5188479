/* allow_list.h - a seccomp filter for our own processes: these calls, and death for any other. */
#ifndef ALLOW_LIST_H
#define ALLOW_LIST_H

#include <stddef.h>

/*
 * Confines the calling thread to `calls` (x86-64 numbers, at most 60); needs no_new_privs.
 * Returns 0, or -1 with errno. Checked by prctl(PR_GET_SECCOMP), which is allowed beside the list.
 */
int install_allow_list(const int *calls, size_t count);

#endif
