/*
 * execution.c - to run code that was not there before.
 *
 * The program is 132 bytes long and does nothing but exit(42). Memory is the
 * process's own. execve(2), memfd_create(2), mprotect(2), shmat(2).
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { EXIT_OF_PROGRAM = 42, EXIT_OF_FAILURE = 100, PAGE = 4096, LOAD_ADDRESS = 0x400000 };
enum { FROM_FILE, FROM_DESCRIPTOR, BY_PROC };

/* mov edi, 42; mov eax, 60; syscall */
static const unsigned char code[] = { 0xbf, 0x2a, 0, 0, 0, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05 };

static int write_program(int file)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		unsigned char code[sizeof code];
	} program;
	memset(&program, 0, sizeof program);
	memcpy(program.header.e_ident, ELFMAG "\x02\x01\x01", SELFMAG + 3);
	program.header.e_type = ET_EXEC;
	program.header.e_machine = EM_X86_64;
	program.header.e_version = EV_CURRENT;
	program.header.e_entry = LOAD_ADDRESS + offsetof(__typeof__(program), code);
	program.header.e_phoff = offsetof(__typeof__(program), segment);
	program.header.e_ehsize = sizeof program.header;
	program.header.e_phentsize = sizeof program.segment;
	program.header.e_phnum = 1;
	program.segment.p_type = PT_LOAD;
	program.segment.p_flags = PF_R | PF_X;
	program.segment.p_vaddr = LOAD_ADDRESS;
	program.segment.p_filesz = sizeof program;
	program.segment.p_memsz = sizeof program;
	program.segment.p_align = PAGE;
	memcpy(program.code, code, sizeof code);
	return write(file, &program, sizeof program) == (ssize_t)sizeof program ? 0 : -1;
}

/* Runs the program in a child; its errno comes back as an exit status, for all that matter are below 100. */
static void run_and_judge(struct outcome *outcome, int how, int file, const char *path)
{
	char *const none[] = { NULL };
	char by_proc[64];
	snprintf(by_proc, sizeof by_proc, "/proc/self/fd/%d", file);
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		if (how == FROM_DESCRIPTOR)
			(void)syscall(SYS_execveat, file, "", none, none, AT_EMPTY_PATH);
		else
			(void)syscall(SYS_execve, how == BY_PROC ? by_proc : path, none, none);
		_exit(EXIT_OF_FAILURE + errno % EXIT_OF_FAILURE);
	}
	if (child == -1 || waitpid(child, &status, 0) == -1) {
		conclude(outcome, ERROR, errno, "no process");
	} else if (WIFSIGNALED(status)) {
		conclude(outcome, DENIED, 0, strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == EXIT_OF_PROGRAM) {
		conclude(outcome, ALLOWED, 0, "");
	} else {
		errno = WEXITSTATUS(status) - EXIT_OF_FAILURE;
		judge_with(outcome, -1, NULL, 0);
	}
}

/* A program just written into `probe->path`, or into the scratch folder. */
static void run_new_file(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/.probe-program-%d", probe->path != NULL ? probe->path : scratch(),
		 getpid());
	int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	if (file == -1) {
		judge_presence(outcome, -1);
		return;
	}
	int written = write_program(file);
	close(file);
	if (written == 0)
		run_and_judge(outcome, FROM_FILE, -1, path);
	else
		conclude(outcome, ERROR, errno, "the program could not be written");
	(void)unlink(path);
}

static void run_memfd(const struct probe *probe, struct outcome *outcome)
{
	long file = syscall(SYS_memfd_create, "probe", probe->arguments[1]);
	if (file == -1)
		judge_with(outcome, -1, NULL, 0);
	else if (write_program((int)file) == -1 || fchmod((int)file, 0700) == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		run_and_judge(outcome, (int)probe->arguments[0], (int)file, NULL);
}

static void create_memfd(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_memfd_create, "probe", probe->arguments[0]));
}

static void map_memory(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe,
	      syscall(SYS_mmap, NULL, PAGE, probe->arguments[0], MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* Written first, made executable afterwards: by `number` from protection 0 to protection 1. */
static void protect_memory(const struct probe *probe, struct outcome *outcome)
{
	unsigned char *page = mmap(NULL, PAGE, (int)probe->arguments[0], MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	if ((probe->arguments[0] & PROT_WRITE) != 0)
		memcpy(page, code, sizeof code);
	judge(outcome, probe, syscall(probe->number, page, PAGE, probe->arguments[1], -1));
}

static void map_file(const struct probe *probe, struct outcome *outcome)
{
	int file = open_own_file("mapped", O_RDWR, 0600);
	if (file == -1 || write_program(file) == -1)
		conclude(outcome, ERROR, errno, "no file of its own");
	else
		judge(outcome, probe,
		      syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC, probe->arguments[0], file, 0));
}

/* The same memory twice: once to write, once to run. */
static void map_twice(const struct probe *probe, struct outcome *outcome)
{
	long file = syscall(SYS_memfd_create, "probe", 0);
	if (file == -1 || ftruncate((int)file, PAGE) == -1 ||
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)file, 0) == MAP_FAILED)
		judge_with(outcome, -1, NULL, 0);
	else
		judge(outcome, probe,
		      syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0));
}

static void attach_segment(const struct probe *probe, struct outcome *outcome)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0700);
	if (segment == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	judge(outcome, probe, syscall(SYS_shmat, segment, NULL, probe->arguments[0]));
	(void)shmctl(segment, IPC_RMID, NULL);
}

/* What was mapped to read becomes executable as well. */
static void imply_execution(const struct probe *probe, struct outcome *outcome)
{
	if (personality(READ_IMPLIES_EXEC) == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		judge(outcome, probe,
		      syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0));
}

#define PROTECT(name, call, nr, from, to, said)                                                              \
	PROBE("fs.exec." name, call, said, protect_memory, .number = nr, ARGS(from, to))

static const struct probe probes[] = {
	PROBE("fs.exec.scratch", "execve", "a program just written to a scratch directory", run_new_file),
	PROBE("fs.exec.tmp", "execve", "a program just written to /tmp", run_new_file, .path = "/tmp"),
	PROBE("fs.exec.var-tmp", "execve", "a program just written to /var/tmp", run_new_file,
	      .path = "/var/tmp"),
	PROBE("fs.exec.run", "execve", "a program just written to /run", run_new_file, .path = "/run",
	      .who = NEVER_AS_ROOT),
	PROBE("fs.exec.dev-shm", "execve", "a program just written to /dev/shm", run_new_file,
	      .path = "/dev/shm"),
	PROBE("fs.exec.memfd", "execveat", "a program in a memfd", run_memfd,
	      ARGS(FROM_DESCRIPTOR, MFD_CLOEXEC)),
	PROBE("fs.exec.memfd-proc", "execve", "a program in a memfd, through /proc/self/fd", run_memfd,
	      ARGS(BY_PROC)),
	PROBE("fs.exec.memfd-exec", "memfd_create", "a memfd made to be run", create_memfd, ARGS(0x10)),
	PROBE("fs.exec.memfd-create", "memfd_create", "a memfd", create_memfd, ARGS(MFD_CLOEXEC)),
	PROBE("fs.exec.memfd-hugetlb", "memfd_create", "a memfd of huge pages", create_memfd,
	      ARGS(MFD_CLOEXEC | MFD_HUGETLB)),
	PROBE("fs.exec.memfd-twice", "mmap", "a memfd mapped once to write, once to run", map_twice),
	CALL("fs.exec.execveat-none", "execveat", "execveat of no descriptor (a filter's to stop)",
	     SYS_execveat, ARGS(-1, (long)"", 0, 0, AT_EMPTY_PATH), THROUGH(EBADF, EINVAL)),
	PROBE("fs.exec.mmap-write", "mmap", "memory both writable and executable", map_memory,
	      ARGS(PROT_READ | PROT_WRITE | PROT_EXEC)),
	PROBE("fs.exec.mmap-write-only", "mmap", "memory writable and executable, not readable", map_memory,
	      ARGS(PROT_WRITE | PROT_EXEC)),
	PROBE("fs.exec.mmap-write-high", "mmap",
	      "memory both writable and executable, garbage in the upper half", map_memory,
	      ARGS((PROT_READ | PROT_WRITE | PROT_EXEC) | (1L << 40))),
	PROBE("fs.exec.mmap-scratch", "mmap", "its own new file mapped to run", map_file, ARGS(MAP_PRIVATE)),
	PROTECT("mprotect-write", "mprotect", SYS_mprotect, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE | PROT_EXEC, "memory made both writable and executable"),
	PROTECT("mprotect-written", "mprotect", SYS_mprotect, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		"written memory made executable"),
	PROTECT("mprotect-back", "mprotect", SYS_mprotect, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC, "executable memory made writable as well"),
	PROTECT("pkey_mprotect", "pkey_mprotect", SYS_pkey_mprotect, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE | PROT_EXEC, "memory made both writable and executable, with a key"),
	PROBE("fs.exec.shmat", "shmat", "a shared segment attached to write and run", attach_segment,
	      ARGS(SHM_EXEC)),
	PROBE("fs.exec.personality", "personality", "readable memory that is executable by personality",
	      imply_execution),
};

const struct category execution_probes = CATEGORY("filesystem", probes);
