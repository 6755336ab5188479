/*
 * trail_decide.c - what the plan answers to a call, and what the tables say of it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include "syscalls.h"
#include "test/support/check.h"
#include "test/support/small_plan.h"
#include "trail/attempt.h"

struct row {
	uint32_t architecture;
	int number;
	uint64_t arguments[3];
	enum verdict verdict;
	int errno_value;
	const char *rule;
};

static const struct row rows[] = {
	{ AUDIT_ARCH_X86_64, SYS_mount, { 1 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls/forbid/0" },
	{ AUDIT_ARCH_X86_64,
	  SYS_socket,
	  { 16 },
	  VERDICT_DENIED,
	  EAFNOSUPPORT,
	  "strict.json#/syscalls/forbid/1" },
	/* The kernel looks at the low half of an int. */
	{ AUDIT_ARCH_X86_64,
	  SYS_socket,
	  { 0xdead00000010 },
	  VERDICT_DENIED,
	  EAFNOSUPPORT,
	  "strict.json#/syscalls/forbid/1" },
	{ AUDIT_ARCH_X86_64, SYS_socket, { 2 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls/onDeny" },
	{ AUDIT_ARCH_X86_64,
	  SYS_clone,
	  { 0, 0x10000000 },
	  VERDICT_KILLED,
	  EPERM,
	  "strict.json#/syscalls/forbid/2" },
	{ AUDIT_ARCH_X86_64,
	  SYS_clone,
	  { 0, 0x20000000 },
	  VERDICT_DENIED,
	  EPERM,
	  "strict.json#/syscalls/onDeny" },
	{ AUDIT_ARCH_X86_64,
	  SYS_seccomp,
	  { 1, 0, 4 },
	  VERDICT_CONTINUED,
	  0,
	  "strict.json#/syscalls/allow/7" },
	{ AUDIT_ARCH_X86_64,
	  SYS_seccomp,
	  { 1, 0, 9 },
	  VERDICT_DENIED,
	  EPERM,
	  "strict.json#/syscalls/onDeny" },
	{ AUDIT_ARCH_X86_64, 450, { 0 }, VERDICT_DENIED, ENOSYS, "strict.json#/syscalls/onUnknown" },
	{ AUDIT_ARCH_X86_64, 0x3fffffff, { 0 }, VERDICT_DENIED, ENOSYS, "strict.json#/syscalls/onUnknown" },
	{ AUDIT_ARCH_X86_64, 0x40000000 | SYS_mount, { 0 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls" },
	{ AUDIT_ARCH_X86_64, -1, { 0 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls" },
	{ AUDIT_ARCH_I386, 21, { 0 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls" },
	{ AUDIT_ARCH_AARCH64, SYS_mount, { 0 }, VERDICT_DENIED, EPERM, "strict.json#/syscalls" },
};

static void decisions(void)
{
	struct plan plan;
	make_small_plan(&plan, "/nowhere");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct seccomp_data call = { .arch = rows[i].architecture, .nr = rows[i].number };
		memcpy(call.args, rows[i].arguments, sizeof rows[i].arguments);
		struct decision decision = decide_call(&plan, &call);
		CHECK_TEXT(decision.rule, rows[i].rule);
		CHECK(decision.verdict == rows[i].verdict && decision.errno_value == rows[i].errno_value);
	}
}

static void tables(void)
{
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, SYS_mount).name, "mount");
	CHECK(find_syscall(AUDIT_ARCH_X86_64, SYS_mount).severity == SEVERITY_HIGH);
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, SYS_mount).technique, "T1611");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_I386, 21).name, "mount");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_I386, 102).name, "socketcall");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, 0x40000000 | SYS_mount).name, "mount");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, 0x40000000 | 520).name, "execve");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, 452).name, "fchmodat2");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_I386, 452).name, "fchmodat2");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, 500).name, "");
	CHECK_TEXT(find_syscall(AUDIT_ARCH_X86_64, UINT32_MAX).name, "");
	CHECK(find_syscall(AUDIT_ARCH_X86_64, 500).argument_count == -1);
	struct syscall_entry entry = find_syscall(AUDIT_ARCH_X86_64, SYS_openat);
	CHECK(entry.argument_count == 4);
	CHECK_TEXT(find_syscall_argument(&entry, 1).name, "path");
	CHECK(find_syscall_argument(&entry, 1).kind == ARGUMENT_STRING);
}

int main(void)
{
	decisions();
	tables();
	return report_checks();
}
