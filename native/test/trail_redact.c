/*
 * trail_redact.c - what of a command line reaches the trail.
 */
#include "test/support/check.h"
#include "trail/redact.h"

struct row {
	const char *arguments[5];
	const char *written;
};

#define R "[redacted]"

static const struct row rows[] = {
	{ { "tool", "--version" }, "tool|--version" },
	{ { "tool", "--password=hunter2" }, "tool|--password=" R },
	{ { "tool", "--password=hunter2 and more" }, "tool|--password=" R },
	{ { "tool", "--db-Password", "hunter2", "x" }, "tool|--db-Password|" R "|x" },
	{ { "tool", "--token", "--verbose", "x" }, "tool|--token|--verbose|x" },
	{ { "tool", "--token", "-abc", "x" }, "tool|--token|" R "|x" },
	{ { "tool", "--token", "", "x" }, "tool|--token||x" },
	{ { "API_KEY=abc", "tool" }, "API_KEY=" R "|tool" },
	{ { "tool", "password" }, "tool|password" },
	{ { "git", "clone", "https://alice:pw@host/x" }, "git|clone|https://" R "@host/x" },
	{ { "git", "clone", "https://host/x@v1" }, "git|clone|https://host/x@v1" },
	{ { "get", "https://host/x?a=1&access_token=abc&b=2" },
	  "get|https://host/x?a=1&access_token=" R "&b=2" },
	{ { "curl", "-H", "Authorization: Bearer abc def" }, "curl|-H|Authorization: " R " def" },
	{ { "curl", "-H", "X-Api-Key: abc" }, "curl|-H|X-Api-Key: " R },
	{ { "curl", "-u", "alice:pw" }, "curl|-u|alice:" R },
	{ { "id", "-u", "alice" }, "id|-u|alice" },
	{ { "sh", "-c", "mysql --password=abc db" }, "sh|-c|mysql --password=" R " db" },
	{ { "sh", "-c", "mysql --password 'a b' db" }, "sh|-c|mysql --password " R " db" },
	{ { "sh", "-c", "x --token abc --y" }, "sh|-c|x --token " R " --y" },
	{ { "post", "{\"password\": \"a b\", \"n\":1}" }, "post|{\\\"password\\\": " R ", \\\"n\\\":1}" },
	{ { "x", "ghp_0123456789abcdefABCDEF0123456789ab" }, "x|ghp_" R },
	{ { "x", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY3EXAMPLE7KEY" }, "x|" R },
	{ { "x", "4f5c1d2e3b4a59687a6b5c4d3e2f1a0b" }, "x|" R },
	{ { "/usr/lib/x86_64-linux-gnu/python3.11/Lib2/site-packages" },
	  "/usr/lib/x86_64-linux-gnu/python3.11/Lib2/site-packages" },
	{ { "tool", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa11" },
	  "tool|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa11" },
	{ { "x", "-----BEGIN RSA PRIVATE KEY-----\nabc" }, "x|" R },
	{ { "x", "a\nb" }, "x|a\\nb" },
};

static char buffer[8192];

/* All arguments, joined by bars, without their quotes. */
static const char *written(const char *const *arguments, size_t limit)
{
	static char joined[8192];
	struct redaction redaction = { 0 };
	char *at = joined;
	for (size_t i = 0; i < 5 && arguments[i] != NULL; i++) {
		struct line line = start_line(buffer, sizeof buffer);
		put_redacted(&line, &redaction, arguments[i], limit);
		size_t size = (size_t)(line.at - line.start) - 2;
		if (i > 0)
			*at++ = '|';
		memcpy(at, buffer + 1, size);
		at += size;
	}
	*at = '\0';
	return joined;
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_TEXT(written(rows[i].arguments, 4000), rows[i].written);

	/* However short the space: within it, and never more of the secret. */
	const char *secret[5] = { "sh -c 'x --password=hunter2hunter2 https://a:hunter2@h \xff'" };
	for (size_t limit = 0; limit < 100; limit++) {
		const char *text = written(secret, limit);
		CHECK(strlen(text) <= limit && strstr(text, "hunter2") == NULL);
	}
	return report_checks();
}
