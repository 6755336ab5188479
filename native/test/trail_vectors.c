/*
 * trail_vectors.c - state folders whose every byte is known beforehand: the test vectors of audit/vectors.
 *
 *   trail_vectors DIRECTORY   writes them there
 *   trail_vectors             writes them twice and checks that both are the same
 *
 * The clocks and the names of runs are this program's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/small_plan.h"
#include "trail/append.h"
#include "trail/attempt.h"
#include "trail/attempt_record.h"

/* A thread that cannot exist: greater than any pid_max. */
enum { NO_THREAD = 0x7ffffffe };

static uint64_t ticks;
static unsigned runs;
static struct trail trails[2];
static struct plan plan;

uint64_t wall_time(void)
{
	return 1795291445123456789u + ticks++ * 1000003;
}

uint64_t steady_time(void)
{
	return 93812345678u + ticks * 1000003;
}

bool make_ulid(char ulid[TRAIL_RUN_SIZE], uint64_t nanoseconds)
{
	(void)nanoseconds;
	snprintf(ulid, TRAIL_RUN_SIZE, "01KAM300000000000000000VC%u", ++runs);
	return true;
}

static void begin(struct trail *trail)
{
	static const char *const arguments[] = { "tool", "--token", "hunter2", "\xff\xe2\x80\xae\\", NULL };
	static const char *const environment[] = { "PATH=/bin", "SECRET=hunter2", NULL };
	static const struct receipt_entry receipt[] = {
		{ "no-new-privileges", "on", "1", "prctl(PR_GET_NO_NEW_PRIVS)", true },
		{ "seccomp", "filter with listener", "mode 2, canary answered",
		  "/proc/self/status, reserved call", true },
	};
	CHECK(open_trail(trail, &plan) == TRAIL_OK);
	snprintf(trail->kernel, sizeof trail->kernel, "6.18.0");
	snprintf(trail->boot, sizeof trail->boot, "9b3879c2-e46d-453e-aed6-fbe7a31e6550");
	CHECK(record_opened(trail, arguments, environment) == TRAIL_OK);
	CHECK(record_receipt(trail, receipt, 2) == TRAIL_OK);
	CHECK(record_lifecycle(trail, "started", NULL) == TRAIL_OK);
}

/* An attempt as a live process makes it, described by hand. */
static void describe_attempt(struct trail *trail)
{
	struct seccomp_data call = { .nr = SYS_mount,
				     .arch = AUDIT_ARCH_X86_64,
				     .args = { 0x7ffd01, 0x7ffd02, 0, 4096 } };
	struct attempt attempt = { .call = &call, .caller = { 4242, 4243, 7, "/usr/bin/python3.11" } };
	attempt.decision = decide_call(&plan, &call);
	attempt.texts.present[0] = attempt.texts.present[1] = true;
	attempt.texts.size[0] = attempt.texts.size[1] = 4;
	memcpy(attempt.texts.bytes[0], "none", 4);
	memcpy(attempt.texts.bytes[1], "/\n\xff\xff", 4);
	CHECK(record_attempt(trail, &attempt) == TRAIL_OK);
	trail->denied++;
}

static void repeat(struct trail *trail, int number, uint64_t second, int times)
{
	for (int i = 0; i < times; i++) {
		struct seccomp_notif notification = { .id = 1, .pid = NO_THREAD };
		struct seccomp_notif_resp response;
		notification.data = (struct seccomp_data){ .nr = number,
							   .arch = AUDIT_ARCH_X86_64,
							   .args = { 2, second } };
		CHECK(answer_attempt(trail, &plan, &notification, &response) == TRAIL_OK);
	}
}

static const char *below(const char *directory, const char *name)
{
	static char path[4096];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	CHECK(mkdir(path, 0700) == 0);
	return path;
}

/* Two runs at the same time, both closed. */
static void write_closed(const char *directory)
{
	make_small_plan(&plan, below(directory, "closed"));
	begin(&trails[0]);
	begin(&trails[1]);
	describe_attempt(&trails[0]);
	repeat(&trails[0], SYS_socket, 0, 20);
	repeat(&trails[0], SYS_clone, 0x10000000, 1);
	repeat(&trails[1], 451, 0, 1);
	CHECK(record_lifecycle(&trails[1], "signal", "SIGTERM") == TRAIL_OK);
	CHECK(close_trail(&trails[1], 0, 15) == TRAIL_OK);
	CHECK(close_trail(&trails[0], 3, 0) == TRAIL_OK);
	release_trail(&trails[0]);
	release_trail(&trails[1]);
}

/* A run whose supervisor was killed while it counted. */
static void write_interrupted(const char *directory)
{
	make_small_plan(&plan, below(directory, "interrupted"));
	begin(&trails[0]);
	repeat(&trails[0], SYS_socket, 0, 20);
	release_trail(&trails[0]);
}

/* The longest of everything: what does not fit is said to be left out, and no line is too long. */
static void write_extremes(const char *directory)
{
	enum { MANY = 300, LONG = 700, CONTROLS = 64 };
	static char text[LONG];
	static const char *words[MANY + 1], *remarks[MANY];
	static struct receipt_entry receipt[CONTROLS];
	struct seccomp_data call = { .nr = SYS_mount,
				     .arch = AUDIT_ARCH_X86_64,
				     .args = { ~0ull, ~0ull, ~0ull, ~0ull, ~0ull } };
	struct attempt attempt = { .call = &call, .caller = { 4194303, 4194303, 4194303, "" } };
	memset(text, 1, sizeof text - 1);
	for (int i = 0; i < MANY; i++)
		words[i] = remarks[i] = text;
	for (int i = 0; i < CONTROLS; i++)
		receipt[i] = (struct receipt_entry){ text, text, text, text, false };
	make_small_plan(&plan, below(directory, "extremes"));
	plan.policy_name = plan.image_reference = plan.signer = plan.trust_rule = plan.invoking_user = text;
	plan.remark = remarks;
	plan.remark_count = 256;
	plan.on_deny.rule = plan.refusal[0].rule = text;
	CHECK(open_trail(&trails[0], &plan) == TRAIL_OK);
	snprintf(trails[0].kernel, sizeof trails[0].kernel, "6.18.0");
	trails[0].boot[0] = '\0';
	CHECK(record_opened(&trails[0], words, words) == TRAIL_OK);
	CHECK(record_receipt(&trails[0], receipt, CONTROLS) == TRAIL_OK);
	CHECK(record_receipt(&trails[0], NULL, 0) == TRAIL_OK);
	CHECK(record_lifecycle(&trails[0], "exec_failed", text) == TRAIL_OK);
	attempt.decision = decide_call(&plan, &call);
	memset(attempt.caller.executable, 0xff, sizeof attempt.caller.executable - 1);
	for (int i = 0; i < 3; i++) {
		attempt.texts.present[i] = attempt.texts.cut[i] = true;
		attempt.texts.size[i] = ARGUMENT_TEXT_MAX;
		memset(attempt.texts.bytes[i], 1, ARGUMENT_TEXT_MAX);
	}
	CHECK(record_attempt(&trails[0], &attempt) == TRAIL_OK);
	trails[0].denied++;
	CHECK(close_trail(&trails[0], 0, 64) == TRAIL_OK);
	release_trail(&trails[0]);
	plan.refusal[0].rule = "strict.json#/syscalls/forbid/0";
}

static void write_all(const char *directory)
{
	ticks = 0;
	runs = 0;
	write_closed(directory);
	write_interrupted(directory);
	write_extremes(directory);
}

static void copy_of(const char *directory, const char *file, char *bytes, size_t size)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", directory, file);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(descriptor >= 0);
	memset(bytes, 0, size);
	CHECK(read(descriptor, bytes, size - 1) > 0);
	close(descriptor);
}

int main(int count, char **arguments)
{
	static const char *const files[] = { "closed/chain.jsonl",
					     "closed/runs/01KAM300000000000000000VC1/trail.jsonl",
					     "closed/runs/01KAM300000000000000000VC2/trail.jsonl",
					     "interrupted/runs/01KAM300000000000000000VC3/trail.jsonl",
					     "interrupted/runs/01KAM300000000000000000VC3/counts",
					     "extremes/runs/01KAM300000000000000000VC4/trail.jsonl" };
	static char once[1 << 16], twice[1 << 16];
	if (count > 1) {
		write_all(arguments[1]);
		return 0;
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *state = make_state_directory();
		write_all(state);
		copy_of(state, files[i], once, sizeof once);
		remove_state_directory(state);
		state = make_state_directory();
		write_all(state);
		copy_of(state, files[i], twice, sizeof twice);
		remove_state_directory(state);
		CHECK(memcmp(once, twice, sizeof once) == 0);
	}
	return report_checks();
}
