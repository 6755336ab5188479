/*
 * stream.c - a layer's blob as libarchive entries, hashed twice on its way.
 *
 * Before: the input is open; what comes out of it is hostile.
 * After finish_stream(): both hashes cover every byte of the blob and of the
 * tar archive in it, also those that no entry needed.
 *
 * Two archive objects: the outer one only decompresses ("raw"), so that the
 * bytes between the two can be hashed. See archive_read(3), archive_read_format(3).
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "stream.h"

static const uint64_t progress_step = UINT64_C(4) << 20;
/* Below this size any ratio is harmless; above, real layers stay far below the ratio. */
static const uint64_t ratio_floor = UINT64_C(256) << 20;
enum { MAX_RATIO = 1000 };

static la_ssize_t read_input(struct archive *archive, void *context, const void **bytes)
{
	struct stream *stream = context;
	size_t wanted = sizeof stream->buffer;
	if (stream->input_left < wanted)
		wanted = (size_t)stream->input_left;
	ssize_t got;
	do
		got = read(stream->input, stream->buffer, wanted);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		fail(stream->fault, "read the blob");
		archive_set_error(archive, EIO, "the blob cannot be read");
		return -1;
	}
	sha256_update(&stream->input_hash, (size_t)got, stream->buffer);
	stream->input_left -= (uint64_t)got;
	stream->input_bytes += (uint64_t)got;
	if (stream->progress != NULL && stream->input_bytes >= stream->next_progress) {
		stream->progress(stream->input_bytes);
		stream->next_progress = stream->input_bytes + progress_step;
	}
	*bytes = stream->buffer;
	return got;
}

static bool is_bomb(const struct stream *stream)
{
	return stream->plain_bytes > stream->plain_limit ||
	       (stream->plain_bytes > ratio_floor && stream->plain_bytes / MAX_RATIO > stream->input_bytes);
}

/* Remembers where the last byte that is not zero ends; usually it is the first one looked at. */
static void note_used(struct stream *stream, const unsigned char *bytes, size_t size)
{
	size_t used = size;
	while (used > 0 && bytes[used - 1] == 0)
		used--;
	if (used > 0)
		stream->plain_used = stream->plain_bytes - size + used;
}

/* The next decompressed bytes: their number, 0 at the end, -1 with the fault told. */
static la_ssize_t read_plain(struct stream *stream, const void **bytes)
{
	size_t size = 0;
	la_int64_t offset;
	int status;
	do
		status = archive_read_data_block(stream->outer, bytes, &size, &offset);
	while (status == ARCHIVE_OK && size == 0);
	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK)
		return corrupt(stream->fault, "the layer cannot be decompressed",
			       archive_error_string(stream->outer));
	stream->plain_bytes += size;
	if (is_bomb(stream))
		return exceed(stream->fault,
			      "the layer grows to more than %llu bytes, or more than %d times its size",
			      (unsigned long long)stream->plain_limit, MAX_RATIO);
	sha256_update(&stream->plain_hash, size, *bytes);
	note_used(stream, *bytes, size);
	return (la_ssize_t)size;
}

static la_ssize_t feed_inner(struct archive *archive, void *context, const void **bytes)
{
	la_ssize_t got = read_plain(context, bytes);
	if (got < 0)
		archive_set_error(archive, EIO, "the layer cannot be decompressed");
	return got;
}

/* libarchive would also unwrap gzip in gzip; a layer has one wrapping or none. */
static int check_wrapping(struct stream *stream)
{
	int filters = archive_filter_count(stream->outer);
	int filter = archive_filter_code(stream->outer, 0);
	if (filters > 2 || (filters == 2 && filter != ARCHIVE_FILTER_GZIP && filter != ARCHIVE_FILTER_ZSTD))
		return refuse(stream->fault, "the layer is compressed more than once");
	return 0;
}

static int open_outer(struct stream *stream)
{
	struct archive_entry *whole;
	stream->outer = archive_read_new();
	if (stream->outer == NULL)
		return fail(stream->fault, "allocate a reader");
	if (archive_read_support_filter_gzip(stream->outer) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(stream->outer) != ARCHIVE_OK ||
	    archive_read_support_format_raw(stream->outer) != ARCHIVE_OK)
		return corrupt(stream->fault, "libarchive lacks gzip or zstd",
			       archive_error_string(stream->outer));
	if (archive_read_open(stream->outer, stream, NULL, read_input, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(stream->outer, &whole) != ARCHIVE_OK)
		return corrupt(stream->fault, "the layer is empty or not gzip, zstd or tar",
			       archive_error_string(stream->outer));
	return check_wrapping(stream);
}

static int open_inner(struct stream *stream)
{
	stream->inner = archive_read_new();
	if (stream->inner == NULL)
		return fail(stream->fault, "allocate a reader");
	if (archive_read_support_format_tar(stream->inner) != ARCHIVE_OK ||
	    archive_read_open(stream->inner, stream, NULL, feed_inner, NULL) != ARCHIVE_OK)
		return corrupt(stream->fault, "the layer is not a tar archive",
			       archive_error_string(stream->inner));
	return 0;
}

int open_stream(struct stream *stream)
{
	stream->outer = stream->inner = NULL;
	stream->input_bytes = stream->plain_bytes = stream->plain_used = 0;
	stream->next_progress = progress_step;
	sha256_init(&stream->input_hash);
	sha256_init(&stream->plain_hash);
	return open_outer(stream) < 0 ? -1 : open_inner(stream);
}

int finish_stream(struct stream *stream)
{
	const void *bytes;
	la_ssize_t got;
	la_int64_t end = archive_read_header_position(stream->inner);
	while ((got = read_plain(stream, &bytes)) > 0)
		;
	if (got == 0 && stream->plain_used > (uint64_t)end)
		/* Another reader might take it for entries. */
		return refuse(stream->fault, "there is more after the end of the archive");
	while (got == 0 && (got = read_input(stream->outer, stream, &bytes)) > 0)
		got = 0;
	return got < 0 ? -1 : 0;
}

void close_stream(struct stream *stream)
{
	archive_read_free(stream->inner);
	archive_read_free(stream->outer);
}
