/*
 * fault.c - the one reason why the unpacker stopped.
 *
 * Before: *fault is zeroed, or already tells a reason.
 * After:  it tells the first reason given.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"

__attribute__((format(printf, 3, 0))) static int tell(struct fault *fault, const char *code,
						      const char *format, va_list arguments)
{
	if (fault->code == NULL) {
		fault->code = code;
		vsnprintf(fault->text, sizeof fault->text, format, arguments);
	}
	return -1;
}

int refuse(struct fault *fault, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(fault, "refused", format, arguments);
	va_end(arguments);
	return -1;
}

int exceed(struct fault *fault, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(fault, "limit", format, arguments);
	va_end(arguments);
	return -1;
}

static int tell_text(struct fault *fault, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int tell_text(struct fault *fault, const char *code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(fault, code, format, arguments);
	va_end(arguments);
	return -1;
}

static int tell_detail(struct fault *fault, const char *code, const char *what, const char *detail)
{
	return tell_text(fault, code, "%s%s%s", what, detail == NULL ? "" : ": ",
			 detail == NULL ? "" : detail);
}

int corrupt(struct fault *fault, const char *what, const char *detail)
{
	return tell_detail(fault, "corrupt", what, detail);
}

int abandon(struct fault *fault, const char *what, const char *detail)
{
	return tell_detail(fault, "system", what, detail);
}

int fail(struct fault *fault, const char *what)
{
	int error = errno;
	const char *code = error == ENOSPC || error == EDQUOT ? "no-space" : "system";
	return tell_text(fault, code, "%s: %s", what, strerror(error));
}

int lack_namespaces(struct fault *fault)
{
	return tell_text(fault, "no-namespaces", "make namespaces: %s", strerrorname_np(errno));
}
