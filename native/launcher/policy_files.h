/* policy_files.h - the kernel's files of AppArmor's policy, and what the keeper of a profile does with them.
 */
#ifndef POLICY_FILES_H
#define POLICY_FILES_H

#include <stddef.h>

#include "launch.h"

#define SECURITYFS "/sys/kernel/security/apparmor/"

/* The characters of a run's id, with which the name of its profile ends. */
enum { RUN_ID_SIZE = 26 };

/* Writes in one go, as the kernel's files want it. Returns 0, or -1 with errno. */
int write_whole(int file, const void *bytes, size_t size);
int write_file(const char *path, const void *bytes, size_t size);

/* A step of the keeper, within the policy namespace. */
int remove_left_profiles(struct launch *launch); /* left_profiles.c */

#endif
