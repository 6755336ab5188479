/* message.h - what supervisor, init and the keeper of a profile say to each other: one byte, and descriptors.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

enum message {
	MESSAGE_MAPPED = 'm',	/* to init: the id map is written */
	MESSAGE_TERMINAL = 't', /* to supervisor: the pty's master */
	MESSAGE_STREAMS = 's',	/* to supervisor: output, error output, input as far as they exist */
	MESSAGE_LOADED = 'p',	/* the profile's keeper to supervisor: it is in the kernel */
	MESSAGE_INIT = 'i',	/* supervisor to the profile's keeper: a pidfd of init */
	MESSAGE_LISTENER = 'l', /* to supervisor: the listener and a pidfd of the workload */
};

enum { MESSAGE_MOST_DESCRIPTORS = 4 };

/* Sends one message with `count` descriptors. Returns 0, or -1 with errno. */
int send_message(int socket, enum message kind, const int *descriptors, size_t count);

/* The next message's kind, its descriptors (close-on-exec) and their count; -1 with errno, EPIPE at the end.
 */
int receive_message(int socket, int descriptors[MESSAGE_MOST_DESCRIPTORS], size_t *count);

#endif
