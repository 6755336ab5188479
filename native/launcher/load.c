/*
 * load.c - the plan, our own program, and the trail of this run.
 *
 * Before: the plan's descriptor is open.
 * After:  launch->plan is decoded and checked, we are the program that the plan was made for,
 *         and the run is open in the trail.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "plan/check_plan.h"
#include "report.h"

enum { LIST_MEMORY = 4 << 20 };

static uint64_t in_nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int read_plan_file(int file, unsigned char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(file, bytes + done, size - done, (off_t)done);
		if (got == -1)
			return -1;
		if (got == 0) {
			errno = EIO;
			return -1;
		}
		done += (size_t)got;
	}
	return 0;
}

int load_plan(struct launch *launch)
{
	static struct plan plan;
	struct stat file;
	if (fstat(launch->plan_descriptor, &file) == -1)
		return -1;
	if (file.st_size <= 0 || file.st_size > PLAN_MAX_BYTES) {
		set_detail(launch, "of impossible size");
		errno = EINVAL;
		return -1;
	}
	size_t size = (size_t)file.st_size;
	/* A copy: what was checked must not change under us, whoever else has the file. */
	unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED || read_plan_file(launch->plan_descriptor, bytes, size) == -1)
		return -1;
	void *memory = mmap(NULL, LIST_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	struct plan_memory lists = { memory, LIST_MEMORY };
	const char *fault = read_plan(bytes, size, &lists, &plan);
	if (fault == NULL)
		fault = check_plan(&plan);
	if (fault != NULL) {
		set_detail(launch, fault);
		errno = EINVAL;
		return -1;
	}
	launch->plan = &plan;
	if (plan.messages_as_json != 0)
		report_as_json();
	return close(launch->plan_descriptor);
}

int check_programs(struct launch *launch)
{
	struct stat self;
	if (stat("/proc/self/exe", &self) == -1)
		return -1;
	for (size_t i = 0; i < launch->plan->program_count; i++) {
		const struct plan_program *program = &launch->plan->program[i];
		if (strcmp(program->name, "launcher") != 0)
			continue;
		if (program->device == self.st_dev && program->inode == self.st_ino &&
		    program->size == (uint64_t)self.st_size &&
		    program->mtime_ns == in_nanoseconds(self.st_mtim) &&
		    program->ctime_ns == in_nanoseconds(self.st_ctim))
			return 0;
		set_detail(launch, "the launcher is not the one that the plan was made for");
		errno = ESTALE;
		return -1;
	}
	set_detail(launch, "the plan names no launcher");
	errno = EINVAL;
	return -1;
}
