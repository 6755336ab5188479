/* relay.h - moves bytes from one descriptor to another, never waiting. */
#ifndef RELAY_H
#define RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { RELAY_BUFFER = 65536 };

struct relay {
	int from, to;	   /* from -1: over */
	bool close_to;	   /* the reader of `to` learns of the end by its closing */
	bool splices;	   /* the kernel moves the bytes; else through the buffer */
	bool awaits_room;  /* `to` was full: its readiness is what we wait for */
	size_t start, end; /* what the buffer still holds */
	unsigned char buffer[RELAY_BUFFER];
};

/* Begins a relay; looks at both ends to see whether the kernel can move the bytes itself. */
void begin_relay(struct relay *relay, int from, int to, bool close_to);

/* What the relay waits for; fd -1 where it is over. */
struct pollfd relay_wait(const struct relay *relay);

/* Moves what can be moved. Ends the relay when the source has ended or nobody reads any more. */
void move_bytes(struct relay *relay);

#endif
