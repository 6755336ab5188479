/*
 * main.c - plan_dump FILE: what the reader makes of a plan, or `fault: ` and what it says against it.
 *
 * Exit status: 0 decoded and checked; 1 refused; 2 the file cannot be read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "plan/check_plan.h"
#include "test/support/dump_plan.h"

enum { LIST_MEMORY = 4 << 20 };

static int dump_file(const char *path)
{
	static struct plan plan;
	unsigned char *bytes = malloc(PLAN_MAX_BYTES + 1);
	struct plan_memory lists = { malloc(LIST_MEMORY), LIST_MEMORY };
	FILE *file = fopen(path, "re");
	if (bytes == NULL || lists.next == NULL || file == NULL) {
		perror(path);
		return 2;
	}
	size_t size = fread(bytes, 1, PLAN_MAX_BYTES + 1, file);
	if (fclose(file) == EOF)
		return 2;
	const char *fault = read_plan(bytes, size, &lists, &plan);
	if (fault != NULL) {
		printf("fault: %s\n", fault);
		return 1;
	}
	dump_plan(&plan, stdout);
	fault = check_plan(&plan);
	if (fault != NULL)
		printf("fault: %s\n", fault);
	return fault == NULL ? 0 : 1;
}

int main(int argc, char *argv[])
{
	if (argc == 2)
		return dump_file(argv[1]);
	fprintf(stderr, "usage: plan_dump FILE\n");
	return 2;
}
