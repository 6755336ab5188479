/*
 * trail_callers.c - what records say of calls: their strings, threads and processes.
 */
#include <linux/audit.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/small_plan.h"
#include "test/support/trail_files.h"
#include "trail/attempt.h"

static struct trail trail;
static struct plan plan;
static const char *const words[] = { "tool", NULL };

static struct seccomp_notif call_of(int number, uint64_t first)
{
	return (struct seccomp_notif){ .id = 7,
				       .pid = (uint32_t)getpid(),
				       .data = {
					       .nr = number, .arch = AUDIT_ARCH_X86_64, .args = { first } } };
}

static void begin(const char *state, pid_t workload)
{
	make_small_plan(&plan, state);
	CHECK(open_trail(&trail, &plan) == TRAIL_OK && watch_workload(&trail, -1, workload) == TRAIL_OK);
	CHECK(record_opened(&trail, words, words + 1) == TRAIL_OK);
}

/* Closes the trail; its text, to be freed. */
static char *end(int signal)
{
	char path[256];
	CHECK(close_trail(&trail, 0, signal) == TRAIL_OK);
	snprintf(path, sizeof path, "%s/runs/%s/trail.jsonl", plan.state_directory, trail_run_id(&trail));
	release_trail(&trail);
	return read_whole(path);
}

/* Strings at the end of a page, unreadable, without an end: each argument says what could be read. */
static void strings(const char *state)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	char *at_end = memcpy(pages + 4096 - 5, "edge", 5), *endless = memset(pages, 'x', 1000);
	char *cut_off = memset(pages + 4096 - 3, 'y', 3);
	struct seccomp_notif notification = call_of(SYS_mount, (uint64_t)(uintptr_t) "one");
	struct seccomp_notif_resp response;
	begin(state, getpid());
	notification.data.args[1] = (uint64_t)(uintptr_t) "two\n";
	notification.data.args[2] = (uint64_t)(uintptr_t) "\xff";
	CHECK(answer_attempt(&trail, &plan, &notification, &response) == TRAIL_OK);
	notification.data.args[1] = (uint64_t)(uintptr_t)endless;
	notification.data.args[2] = (uint64_t)(uintptr_t)cut_off;
	CHECK(answer_attempt(&trail, &plan, &notification, &response) == TRAIL_OK);
	memcpy(at_end, "edge", 5);
	notification.data.args[0] = 8;
	notification.data.args[1] = (uint64_t)(uintptr_t)at_end;
	notification.data.args[2] = ~0ull;
	CHECK(answer_attempt(&trail, &plan, &notification, &response) == TRAIL_OK);
	char *text = end(0);
	CHECK(count_of(text, "\"advisory\":\"one\"") == 2 && count_of(text, "\"advisory\":\"two\\n\"") == 1);
	CHECK(count_of(text, "\"advisory\":\"\\\\xff\"") == 1 &&
	      count_of(text, "\"advisory\":\"edge\"") == 1);
	CHECK(count_of(text, "xxxx\\u2026\"") == 1 && count_of(text, "yyy") == 0);
	CHECK(count_of(text, "\"name\":\"source\",\"value\":\"0x8\",\"advisory\":null}") == 1);
	free(text);
	CHECK(munmap(pages, 8192) == 0);
}

/* Linux 6.11 and later tell which process a thread belongs to, and its id inside; before, records say null.
 */
static bool kernel_tells_processes(void)
{
	struct utsname machine;
	int major = 0, minor = 0;
	CHECK(uname(&machine) == 0 && sscanf(machine.release, "%d.%d", &major, &minor) == 2);
	return major > 6 || (major == 6 && minor >= 11);
}

static void *stand_by(void *shared)
{
	_Atomic pid_t *tid = shared;
	*tid = gettid();
	while (*tid != 0)
		usleep(1000);
	return NULL;
}

/* A call of a thread names its process. */
static void threads(const char *state)
{
	static _Atomic pid_t tid;
	pthread_t thread;
	struct seccomp_notif_resp response;
	begin(state, getpid());
	CHECK(pthread_create(&thread, NULL, stand_by, (void *)&tid) == 0);
	while (tid == 0)
		usleep(1000);
	struct seccomp_notif notification = call_of(SYS_mount, 0);
	notification.pid = (uint32_t)tid;
	CHECK(answer_attempt(&trail, &plan, &notification, &response) == TRAIL_OK);
	char expected[128];
	if (kernel_tells_processes())
		snprintf(expected, sizeof expected, "\"pid\":%d,\"tid\":%d,\"inner_pid\":%d,", getpid(),
			 (int)tid, getpid());
	else
		snprintf(expected, sizeof expected, "\"pid\":null,\"tid\":%d,\"inner_pid\":null,", (int)tid);
	tid = 0;
	CHECK(pthread_join(thread, NULL) == 0);
	char *text = end(0);
	CHECK(count_of(text, expected) == 1);
	free(text);
}

/* What a process is called inside, as it is for every workload. */
static void inner_pids(const char *state)
{
	pid_t supervisor = fork();
	CHECK(supervisor >= 0);
	if (supervisor == 0) {
		CHECK(unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0);
		pid_t workload = fork();
		if (workload == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		begin(state, workload);
		struct seccomp_notif notification = call_of(SYS_clone, 0);
		struct seccomp_notif_resp response;
		notification.pid = (uint32_t)workload;
		notification.data.args[1] = 0x10000000;
		CHECK(answer_attempt(&trail, &plan, &notification, &response) == TRAIL_OK);
		int status;
		CHECK(waitpid(workload, &status, 0) == workload && WTERMSIG(status) == SIGKILL);
		char *text = end(SIGKILL);
		CHECK(count_of(text, kernel_tells_processes() ? "\"inner_pid\":1," : "\"inner_pid\":null,") ==
		      1);
		CHECK(count_of(text, "\"verdict\":\"killed\"") == 1);
		CHECK(count_of(text, "\"signal\":\"SIGKILL\"") == 1);
		free(text);
		_exit(0);
	}
	int status;
	CHECK(waitpid(supervisor, &status, 0) == supervisor && status == 0);
}

int main(void)
{
	in_fresh_folder(strings);
	in_fresh_folder(threads);
	in_fresh_folder(inner_pids);
	return report_checks();
}
