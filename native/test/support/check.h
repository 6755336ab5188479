/*
 * check.h - the smallest harness: each file of test/ is a program that ends with `N passed`.
 *
 *   make check   builds and runs them all; make asan does so under ASan and UBSan.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks_passed;

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			printf("FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
			exit(1);                                                                             \
		}                                                                                            \
		checks_passed++;                                                                             \
	} while (0)

#define CHECK_TEXT(actual, expected)                                                                         \
	do {                                                                                                 \
		const char *check_actual = (actual), *check_expected = (expected);                           \
		if (strcmp(check_actual, check_expected) != 0) {                                             \
			printf("FAILED %s:%d: %s\n  is       %s\n  expected %s\n", __FILE__, __LINE__,       \
			       #actual, check_actual, check_expected);                                       \
			exit(1);                                                                             \
		}                                                                                            \
		checks_passed++;                                                                             \
	} while (0)

static inline int report_checks(void)
{
	printf("%d passed\n", checks_passed);
	return checks_passed > 0 ? 0 : 1;
}

#endif
