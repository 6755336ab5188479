/*
 * trail_run.c - whole trails: of one run, of fifty at once, of runs that end badly.
 * What the files hold is judged by test/audit, which verifies such trails; here it is what the functions
 * answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/small_plan.h"
#include "test/support/trail_files.h"
#include "trail/attempt.h"
#include "trail/counts.h"

static struct trail trail;
static struct plan plan;
static const char *state;
static const char *const arguments[] = { "tool", "--token", "hunter2", NULL };
static const char *const environment[] = { "PATH=/bin", "SECRET=hunter2", NULL };

static struct seccomp_notif call_of(int number, uint64_t first)
{
	return (struct seccomp_notif){ .id = 7,
				       .pid = (uint32_t)getpid(),
				       .data = {
					       .nr = number, .arch = AUDIT_ARCH_X86_64, .args = { first } } };
}

static enum trail_result attempt(int number, uint64_t first)
{
	struct seccomp_notif notification = call_of(number, first);
	struct seccomp_notif_resp response;
	enum trail_result result = answer_attempt(&trail, &plan, &notification, &response);
	if (result == TRAIL_OK)
		CHECK(response.id == 7);
	return result;
}

static const char *path_of(const char *file)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/runs/%s/%s", state, trail_run_id(&trail), file);
	return path;
}

static void begin(void)
{
	make_small_plan(&plan, state);
	CHECK(open_trail(&trail, &plan) == TRAIL_OK);
	CHECK(watch_workload(&trail, -1, getpid()) == TRAIL_OK);
	CHECK(record_opened(&trail, arguments, environment) == TRAIL_OK);
}

static void one_run(const char *folder)
{
	state = folder;
	static const char target[] = "/etc";
	char summary[TRAIL_SUMMARY_SIZE];
	const struct receipt_entry receipt[] = { { "seccomp", "filter", "mode 2",
						   "read from /proc/PID/status", true } };
	begin();
	CHECK(!summarise_attempts(&trail, summary, sizeof summary) && *summary == '\0');
	CHECK(record_receipt(&trail, receipt, 1) == TRAIL_OK);
	CHECK(record_lifecycle(&trail, "started", NULL) == TRAIL_OK);
	CHECK(trail_deadline(&trail) == -1);
	CHECK(attempt(SYS_mount, (uint64_t)(uintptr_t)target) == TRAIL_OK);
	CHECK(trail_deadline(&trail) >= 0 && trail_deadline(&trail) <= 20);
	CHECK(trail_sync(&trail) == TRAIL_OK && trail_deadline(&trail) == -1);
	for (int i = 0; i < 100; i++)
		CHECK(attempt(SYS_openat, 0) == TRAIL_OK);
	CHECK(close_trail(&trail, 3, 0) == TRAIL_OK);
	CHECK(trail_refused(&trail) == 101);
	CHECK(summarise_attempts(&trail, summary, sizeof summary));
	CHECK(strstr(summary, "101 attempts refused; most severe: mount(2) EPERM, rule strict.json#/") ==
	      summary);

	char *text = read_whole(path_of("trail.jsonl"));
	CHECK(count_of(text, "\n") == 1 + 1 + 1 + 1 + 8 + 1 + 1);
	CHECK(count_of(text, "\"count\":92,") == 1 && count_of(text, "\"advisory\":\"/etc\"") == 1);
	CHECK(count_of(text, "hunter2") == 0 && count_of(text, "[redacted]") == 1);
	CHECK(count_of(text, "\"denied\":101,\"killed\":0,\"continued\":0},\"records\":14,") == 1);
	char inner[64];
	snprintf(inner, sizeof inner, "\"pid\":%d,\"tid\":%d,", getpid(), getpid());
	CHECK(count_of(text, inner) == 9);
	free(text);
	struct stat status;
	CHECK(stat(path_of("counts"), &status) == 0 && status.st_size == 0);
	CHECK(stat(path_of("trail.jsonl"), &status) == 0 && (status.st_mode & 0777) == 0600);
	CHECK(record_lifecycle(&trail, "late", NULL) == TRAIL_FAILED);
	release_trail(&trail);
}

static void refused_plans(const char *folder)
{
	state = folder;
	make_small_plan(&plan, state);
	plan.refusal[0].first_condition = 99;
	CHECK(open_trail(&trail, &plan) == TRAIL_FAILED && errno == EINVAL);
	plan.refusal[0].first_condition = 0;
	make_small_plan(&plan, "/nowhere/at/all");
	CHECK(open_trail(&trail, &plan) == TRAIL_FAILED && errno == ENOENT);
	CHECK_TEXT(trail.fault, "open the state folder");
}

static void quota(const char *folder)
{
	state = folder;
	begin();
	plan.audit_quota = 4096;
	int answered = 0;
	enum trail_result result = TRAIL_OK;
	for (; answered < 1000 && result == TRAIL_OK; answered++)
		result = attempt(300 + answered % 100, 0);
	CHECK(result == TRAIL_QUOTA && answered > 2 && answered < 10);
	CHECK(attempt(SYS_mount, 0) == TRAIL_QUOTA);
	CHECK(record_lifecycle(&trail, "audit_quota", "4096 bytes") == TRAIL_OK);
	CHECK(close_trail(&trail, 0, SIGKILL) == TRAIL_OK);
	release_trail(&trail);
}

/* A write that fails leaves the trail as it was before, and nothing is answered any more. */
static void full_disk(const char *folder)
{
	state = folder;
	begin();
	struct stat before, after;
	CHECK(stat(path_of("trail.jsonl"), &before) == 0);
	struct rlimit old, limit;
	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
	limit = (struct rlimit){ (rlim_t)before.st_size + 100, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(attempt(SYS_mount, 0) == TRAIL_FAILED && errno == EFBIG);
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK(stat(path_of("trail.jsonl"), &after) == 0 && after.st_size == before.st_size);
	CHECK(attempt(SYS_mount, 0) == TRAIL_FAILED);
	CHECK(close_trail(&trail, 0, SIGKILL) == TRAIL_FAILED);
	release_trail(&trail);
}

/* More kinds than the table has slots: every attempt is in a record or a slot. */
static void many_kinds(const char *folder)
{
	state = folder;
	begin();
	for (int round = 0; round < 12; round++)
		for (int number = 0; number < 450; number++)
			CHECK(attempt(number == SYS_clone || number == SYS_seccomp ? 1 : number, 0) ==
			      TRAIL_OK);
	CHECK(close_trail(&trail, 0, 0) == TRAIL_OK);
	char *text = read_whole(path_of("trail.jsonl"));
	size_t sum = 0;
	for (const char *at = strstr(text, "\"count\":"); at != NULL; at = strstr(at + 1, "\"count\":"))
		sum += (size_t)atoi(at + 8);
	CHECK(sum == 12 * 450 && trail_refused(&trail) == sum);
	free(text);
	release_trail(&trail);
}

/* The supervisor is killed: what it counted is in the file. */
static void killed_supervisor(const char *folder)
{
	state = folder;
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		begin();
		for (int i = 0; i < 1008; i++)
			CHECK(attempt(SYS_mount, 0) == TRAIL_OK);
		FILE *run = fopen("/tmp/sandbox-trail-killed", "we");
		fprintf(run, "%s", trail_run_id(&trail));
		fclose(run);
		raise(SIGKILL);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	char *run = read_whole("/tmp/sandbox-trail-killed");
	CHECK(unlink("/tmp/sandbox-trail-killed") == 0);
	snprintf(trail.run, sizeof trail.run, "%.26s", run);
	free(run);
	static unsigned char bytes[COUNTS_FILE_SIZE];
	int file = open(path_of("counts"), O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0 && read(file, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
	close(file);
	uint64_t counted = 0;
	for (size_t at = COUNTS_HEADER_SIZE; at < sizeof bytes; at += sizeof(struct count_slot)) {
		uint64_t total;
		memcpy(&total, bytes + at + offsetof(struct count_slot, total), sizeof total);
		counted += total;
	}
	CHECK(counted == 1000);
}

/* A crash of an earlier writer left half an entry: it is cut, kept, and the chain goes on. */
static void torn_chain(const char *folder)
{
	state = folder;
	one_run(folder);
	char path[128];
	snprintf(path, sizeof path, "%s/chain.jsonl", state);
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(file >= 0 && write(file, "{\"v\":1,\"se", 10) == 10 && close(file) == 0);
	begin();
	CHECK(close_trail(&trail, 0, 0) == TRAIL_OK);
	release_trail(&trail);
	char *text = read_whole(path);
	CHECK(count_of(text, "\"kind\":\"recovered\",\"bytes\":10,") == 1);
	CHECK(count_of(text, "\"torn\":\"7b2276223a312c227365\"") == 1);
	free(text);
}

static void damaged_chain(const char *folder)
{
	state = folder;
	one_run(folder);
	char path[128];
	snprintf(path, sizeof path, "%s/chain.jsonl", state);
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(file >= 0 && write(file, "something else\n", 15) == 15 && close(file) == 0);
	make_small_plan(&plan, state);
	CHECK(open_trail(&trail, &plan) == TRAIL_FAILED && errno == EBADMSG);
	CHECK_TEXT(trail.fault, "continue the chain of runs, which is damaged");
}

static void fifty_at_once(const char *folder)
{
	state = folder;
	for (int i = 0; i < 50; i++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			begin();
			CHECK(attempt(SYS_mount, 0) == TRAIL_OK);
			CHECK(close_trail(&trail, 0, 0) == TRAIL_OK);
			_exit(0);
		}
	}
	for (int i = 0; i < 50; i++) {
		int status;
		CHECK(wait(&status) > 0 && status == 0);
	}
	char path[128];
	snprintf(path, sizeof path, "%s/chain.jsonl", state);
	char *text = read_whole(path);
	CHECK(count_of(text, "\n") == 100 && count_of(text, "\"kind\":\"closed\"") == 50);
	CHECK(count_of(text, "\"seq\":99,") == 1);
	free(text);
}

int main(void)
{
	in_fresh_folder(one_run);
	in_fresh_folder(refused_plans);
	in_fresh_folder(quota);
	in_fresh_folder(full_disk);
	in_fresh_folder(many_kinds);
	in_fresh_folder(killed_supervisor);
	in_fresh_folder(torn_chain);
	in_fresh_folder(damaged_chain);
	in_fresh_folder(fifty_at_once);
	return report_checks();
}
