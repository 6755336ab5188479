/*
 * unpack_fuzz.c - any bytes as a layer: no crash, no undefined behaviour, nothing written outside.
 *
 * Runs as libFuzzer's target in a user and mount namespace of its own, on a
 * tmpfs that nobody else sees. The tree is a folder of it, with a witness beside
 * it: whatever an input does, after each run the witness is what it was and
 * nothing else has appeared. The last bits of the input's size choose the kind
 * of id map, the options, and whether the disk is nearly full.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "unpack/report.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t largest);

enum { NAMES_BESIDE = 4 }; /* ".", "..", the tree, the witness */
static const char witness_text[] = "untouched";
enum { ROOMY, TIGHT, DISKS };
static int disks[DISKS];
static struct stream stream;
static struct layer layer;

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "unpack_fuzz: %s: %s\n", what, strerror(errno));
	abort();
}

static void write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	require(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && close(file) == 0,
		path);
}

static void enter_namespace(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();
	require(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	write_text("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "0 %u 1", gid);
	write_text("/proc/self/gid_map", map);
	require(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
}

static int mount_disk(const char *folder, const char *limits)
{
	require(mount("none", folder, "tmpfs", 0, limits) == 0, "mount");
	int disk = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(disk >= 0, "open the tmpfs");
	int witness = openat(disk, "witness", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	require(witness >= 0 && write(witness, witness_text, sizeof witness_text) > 0 && close(witness) == 0,
		"witness");
	return disk;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	enter_namespace();
	/* Over a folder that every host has and nothing here needs: none is left behind. */
	disks[ROOMY] = mount_disk("/sys", "size=64m,nr_inodes=20k");
	disks[TIGHT] = mount_disk("/sys", "size=32k,nr_inodes=12");
	umask(0);
	require(freopen("/dev/null", "w", stdout) != NULL, "freopen");
	return 0;
}

static int memory_file(const uint8_t *bytes, size_t size)
{
	static int file = -1;
	if (file < 0)
		file = memfd_create("layer", MFD_CLOEXEC);
	require(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, bytes, size, 0) == (ssize_t)size,
		"memfd");
	require(lseek(file, 0, SEEK_SET) == 0, "lseek");
	return file;
}

static void check_outside(int scratch)
{
	char text[sizeof witness_text] = { 0 };
	int witness = openat(scratch, "witness", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	require(witness >= 0 && read(witness, text, sizeof text) == (ssize_t)sizeof text,
		"the witness is gone");
	require(memcmp(text, witness_text, sizeof text) == 0, "the witness was altered");
	close(witness);
	int names = 0;
	DIR *listing = fdopendir(openat(scratch, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	require(listing != NULL, "list the tmpfs");
	while (readdir(listing) != NULL)
		names++;
	closedir(listing);
	require(names == NAMES_BESIDE, "something appeared beside the tree");
}

static void set_options(struct options *options, size_t size)
{
	static const struct id_range first = { 0, 0, 1 };
	memset(options, 0, sizeof *options);
	options->map.method = size & 1 ? ID_MAP_SINGLE : ID_MAP_SUBORDINATE;
	options->uid[0] = options->gid[0] = first;
	options->map.uid = options->uid;
	options->map.gid = options->gid;
	options->map.uid_count = options->map.gid_count = 1;
	options->max_bytes = 2 << 20;
	options->max_entries = 1000;
	options->keep_setid = (size & 2) != 0;
	options->strip_devices = (size & 4) != 0;
}

static void unpack(const struct options *options, struct fault *fault, int root, int input, size_t size)
{
	stream.input = input;
	stream.input_left = size;
	stream.plain_limit = options->max_bytes * 2;
	stream.progress = report_progress;
	stream.fault = fault;
	open_layer(&layer, root, options, fault);
	if (open_stream(&stream) == 0 && unpack_entries(&layer, stream.inner) == 0 &&
	    finish_stream(&stream) == 0)
		require(report_layer(&layer, &stream) == 0, "report");
	else
		require(fault->code != NULL && report_fault(fault) == 0, "a failure without a reason");
	/* What a failure skipped is freed here; in the product the process ends. */
	require(set_folder_times(&layer) == 0 || fault->code != NULL, "folder times");
	close_layer(&layer);
	close_stream(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct options options;
	struct fault fault = { 0 };
	int scratch = disks[size & 8 ? TIGHT : ROOMY];
	set_options(&options, size);
	require(mkdirat(scratch, "tree", 0755) == 0, "make the tree");
	int root = openat(scratch, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(root >= 0, "open the tree");
	unpack(&options, &fault, root, memory_file(bytes, size), size);
	check_outside(scratch);
	require(remove_contents(root) == 0, "empty the tree");
	close(root);
	require(unlinkat(scratch, "tree", AT_REMOVEDIR) == 0, "remove the tree");
	return 0;
}

/* A header's checksum counts its own eight bytes as spaces. */
static void mend_checksum(uint8_t *header)
{
	unsigned sum = 0;
	char text[8];
	memset(header + 148, ' ', sizeof text);
	for (size_t i = 0; i < 512; i++)
		sum += header[i];
	snprintf(text, sizeof text, "%06o", sum);
	memcpy(header + 148, text, sizeof text - 1);
}

/* Without right checksums nearly every change would be refused before it reached anything. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed)
{
	size = LLVMFuzzerMutate(bytes, size, largest);
	for (size_t at = 0; seed % 16 != 0 && at + 512 <= size; at += 512)
		if (memcmp(bytes + at + 257, "ustar", 5) == 0)
			mend_checksum(bytes + at);
	return size;
}
