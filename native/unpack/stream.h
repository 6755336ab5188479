/*
 * stream.h - a layer's blob as libarchive entries, hashed twice on its way.
 *
 *   input ──▶ blob digest ──▶ gzip, zstd or nothing ──▶ DiffID ──▶ tar entries
 *
 * Everything here comes from whoever made the image.
 */
#ifndef STREAM_H
#define STREAM_H

#include <archive.h>
#include <nettle/sha2.h>
#include <stdint.h>

#include "fault.h"

enum { STREAM_BUFFER_SIZE = 256 * 1024 };

struct stream {
	int input;
	uint64_t input_left;  /* bytes of the blob not read yet, or more than there are */
	uint64_t input_bytes; /* of the blob, so far */
	uint64_t plain_bytes; /* of the tar archive, so far */
	uint64_t plain_used;  /* up to its last byte that is not zero */
	uint64_t plain_limit;
	uint64_t next_progress;
	struct sha256_ctx input_hash;
	struct sha256_ctx plain_hash;
	struct archive *outer;
	struct archive *inner;
	struct fault *fault;
	void (*progress)(uint64_t input_bytes); /* or NULL */
	unsigned char buffer[STREAM_BUFFER_SIZE];
};

/* Prepares *stream, whose input, limits, fault and progress are set. 0, or -1 with the fault told. */
int open_stream(struct stream *stream);

/* Reads what is left, so that both digests are complete; refuses anything but zeros after the archive's end.
 * 0 or -1. */
int finish_stream(struct stream *stream);

void close_stream(struct stream *stream);

#endif
