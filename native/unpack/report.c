/*
 * report.c - what the unpacker says on standard output.
 *
 * Before: the work is done, or has failed.
 * After:  one line more is written.
 *
 * The image's account files are handed over here because nobody else may open
 * a file in a tree that a hostile archive has made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "report.h"

enum { ACCOUNT_FILE_LIMIT = 1024 * 1024 };

static void print_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
		if (*at < 0x20 || *at >= 0x7f || *at == '"' || *at == '\\')
			printf("\\u%04x", *at);
		else
			putchar(*at);
	putchar('"');
}

static void print_digest(const char *name, struct sha256_ctx *hash)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_digest(hash, sizeof digest, digest);
	printf(",\"%s\":\"sha256:", name);
	for (size_t i = 0; i < sizeof digest; i++)
		printf("%02x", digest[i]);
	putchar('"');
}

static void print_base64(const unsigned char *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t at = 0; at < size; at += 3) {
		size_t rest = size - at;
		unsigned group = (unsigned)bytes[at] << 16 | (rest > 1 ? (unsigned)bytes[at + 1] << 8 : 0) |
				 (rest > 2 ? bytes[at + 2] : 0);
		putchar(digits[group >> 18]);
		putchar(digits[group >> 12 & 63]);
		putchar(rest > 1 ? digits[group >> 6 & 63] : '=');
		putchar(rest > 2 ? digits[group & 63] : '=');
	}
}

static bool print_contents(int file)
{
	static unsigned char bytes[ACCOUNT_FILE_LIMIT + 1];
	size_t size = 0;
	ssize_t got = 0;
	while (size < sizeof bytes && (got = read(file, bytes + size, sizeof bytes - size)) > 0)
		size += (size_t)got;
	if (got < 0 || size > ACCOUNT_FILE_LIMIT)
		return false;
	printf("{\"state\":\"present\",\"base64\":\"");
	print_base64(bytes, size);
	printf("\"}");
	return true;
}

static bool is_opaque(int folder)
{
	char value[2];
	return fgetxattr(folder, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

/*
 * Looks one name up without following links: `present`; `absent`, so that a
 * lower layer may have it; `hidden`, so that none may; `odd`, something else.
 */
static const char *look_up(int folder, const char *name, int flags, mode_t type, int *found)
{
	struct stat status;
	*found = -1;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? "absent" : "odd";
	if (is_whiteout(&status))
		return "hidden";
	if ((status.st_mode & S_IFMT) == type)
		*found = open_inside(folder, name, O_RDONLY | flags, 0);
	return *found < 0 ? "odd" : "present";
}

static void print_account_file(int etc, const char *etc_state, const char *name)
{
	int file = -1;
	const char *state = etc_state;
	if (etc >= 0) {
		state = look_up(etc, name, O_NONBLOCK, S_IFREG, &file);
		if (strcmp(state, "absent") == 0 && is_opaque(etc))
			state = "hidden";
	}
	printf(",\"%s\":", name);
	if (file < 0 || !print_contents(file))
		printf("{\"state\":\"%s\"}", file < 0 ? state : "odd");
	if (file >= 0)
		close(file);
}

static void print_account_files(int root)
{
	int etc;
	const char *state = look_up(root, "etc", O_DIRECTORY, S_IFDIR, &etc);
	if (strcmp(state, "absent") == 0 && is_opaque(root))
		state = "hidden";
	print_account_file(etc, state, "passwd");
	print_account_file(etc, state, "group");
	if (etc >= 0)
		close(etc);
}

static void print_counts(const struct counts *counts)
{
	const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{ "entries", counts->entries },
		{ "bytes", counts->bytes },
		{ "setid", counts->setid },
		{ "devices", counts->devices },
		{ "capabilities", counts->capabilities },
		{ "attributes", counts->attributes },
		{ "outwardLinks", counts->outward_links },
		{ "whiteouts", counts->whiteouts },
		{ "opaqueFolders", counts->opaque_folders },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		printf(",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].number);
}

static void print_left_out(const struct left_out *left_out)
{
	printf(",\"deviceNames\":[");
	for (size_t i = 0; i < left_out->count; i++) {
		if (i > 0)
			putchar(',');
		print_text(left_out->names[i]);
	}
	putchar(']');
}

static int end_line(void)
{
	putchar('\n');
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
}

void report_progress(uint64_t input_bytes)
{
	printf("{\"read\":%llu}", (unsigned long long)input_bytes);
	end_line();
}

int report_fault(const struct fault *fault)
{
	printf("{\"ok\":false,\"code\":\"%s\",\"message\":", fault->code);
	print_text(fault->text);
	printf(",\"entry\":");
	print_text(fault->entry);
	putchar('}');
	return end_line();
}

int report_removed(void)
{
	printf("{\"ok\":true}");
	return end_line();
}

int report_layer(const struct layer *layer, struct stream *stream)
{
	printf("{\"ok\":true,\"blobSize\":%llu,\"tarSize\":%llu", (unsigned long long)stream->input_bytes,
	       (unsigned long long)stream->plain_bytes);
	print_digest("blobDigest", &stream->input_hash);
	print_digest("diffId", &stream->plain_hash);
	print_counts(&layer->counts);
	print_left_out(&layer->left_out);
	print_account_files(layer->root);
	putchar('}');
	return end_line();
}
