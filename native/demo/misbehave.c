/*
 * misbehave.c - the program of the demo's image: it tries what no workload should get.
 *
 * Every attempt has no effect even where it is allowed, also for root of a host: it is made in a process of
 * its own, and with an argument that the kernel rejects after it has looked at the right, or changes nothing.
 * Prints one line each. Ends with the number of attempts that were not stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long mount_something(void)
{
	return mount("none", "/", "no such file system", 0, NULL);
}

static long become_root(void)
{
	return setuid(0);
}

static long write_to_root(void)
{
	return open("/", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
}

static long open_memory(void)
{
	return open("/dev/mem", O_RDWR | O_CLOEXEC);
}

static long open_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long open_tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long make_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long trace_first_process(void)
{
	return ptrace(PTRACE_PEEKDATA, 1, NULL, NULL);
}

static long signal_first_process(void)
{
	return kill(1, 0);
}

static long read_first_process(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)read_first_process, 1 };
	return process_vm_readv(1, &here, 1, &there, 1, 0);
}

static long read_keyring(void)
{
	return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* session */, 0);
}

static long load_bpf(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
}

static long watch_kernel(void)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof event };
	return syscall(SYS_perf_event_open, &event, -1, 0, -1, 0);
}

static long load_module(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

static long replace_kernel(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, ~0UL);
}

static long set_clock(void)
{
	const struct timespec nonsense = { .tv_nsec = -1 };
	return syscall(SYS_clock_settime, CLOCK_REALTIME, &nonsense);
}

static long use_ring(void)
{
	return syscall(SYS_io_uring_setup, 0, NULL);
}

static long change_root(void)
{
	return chroot("/tmp");
}

static long type_into_terminal(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, NULL);
}

static long write_executable_memory(void)
{
	void *memory =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? -1 : 0;
}

/* The i386 interface, number 20 there: a filter that looks at numbers alone takes it for writev. */
static long use_other_interface(void)
{
	long answer = 20;
	__asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
	if (answer >= 0)
		return answer;
	errno = (int)-answer;
	return -1;
}

static const struct {
	const char *what;
	long (*attempt)(void);
} attempts[] = {
	{ "mount a file system", mount_something },
	{ "become root", become_root },
	{ "write to the root folder", write_to_root },
	{ "open the machine's memory", open_memory },
	{ "open a raw socket", open_raw_socket },
	{ "open a TCP socket", open_tcp_socket },
	{ "make a user namespace", make_namespace },
	{ "trace process 1", trace_first_process },
	{ "signal process 1", signal_first_process },
	{ "read process 1's memory", read_first_process },
	{ "find the session's keys", read_keyring },
	{ "make a BPF map", load_bpf },
	{ "watch the kernel", watch_kernel },
	{ "load a kernel module", load_module },
	{ "load another kernel", replace_kernel },
	{ "set the clock", set_clock },
	{ "make an io_uring", use_ring },
	{ "change its root", change_root },
	{ "type into the terminal", type_into_terminal },
	{ "write executable memory", write_executable_memory },
	{ "make a 32-bit call", use_other_interface },
};

/* Errors by which a sandbox stops a call; others come after the right was checked. */
static int is_stopped(long answer)
{
	return answer < 0 &&
	       (errno == EPERM || errno == EACCES || errno == ENOSYS || errno == EROFS || errno == ENOENT);
}

/* The error by which a process of its own was stopped, or 0. */
static int error_of(long (*attempt)(void))
{
	int status;
	const pid_t child = fork();
	if (child == 0) {
		errno = 0;
		_exit(is_stopped(attempt()) ? errno : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int main(void)
{
	int loose = 0;
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		fflush(stdout);
		const int error = error_of(attempts[i].attempt);
		if (error != 0) {
			printf("  stopped   %-28s %s\n", attempts[i].what, strerrorname_np(error));
		} else {
			printf("  POSSIBLE  %s\n", attempts[i].what);
			loose++;
		}
	}
	return loose;
}
