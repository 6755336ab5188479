/* notifications.h - the listener's protocol. */
#ifndef NOTIFICATIONS_H
#define NOTIFICATIONS_H

#include <linux/seccomp.h>

/* The next notification; -1 with errno, ENOENT if the caller died meanwhile. */
int receive_notification(int listener, struct seccomp_notif *notification);

/* Remembers whose canary call release_workload() will answer. */
void keep_canary(const struct seccomp_notif *notification);

#endif
