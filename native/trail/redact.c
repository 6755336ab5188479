/*
 * redact.c - replaces what looks like a secret in one argument of a command.
 *
 * The rules are those of audit/FORMAT.md, "Redaction". They err on the side
 * of replacing too much: a trail is kept for years and shown to many.
 * Nothing is copied: spans of the argument are written as they are, or replaced.
 */
#include "trail/redact.h"

#include <string.h>
#include <strings.h>

enum { TOKEN_MIN = 20, SLASHED_TOKEN_MIN = 32, TOKEN_DIGITS = 2, TOKEN_DISTINCT = 10, NAME_MAX_SIZE = 128 };

static const char *const secret_words[] = { "pass",   "pwd",	   "secret",  "token",	"key",
					    "cred",   "auth",	   "private", "cookie", "session",
					    "bearer", "signature", "jwt" };
static const char *const login_options[] = { "-u", "-U", "--user", "--proxy-user", "--login" };
static const char *const schemes[] = { "bearer", "basic", "digest", "token", "negotiate", "apikey" };
static const char replacement[] = "[redacted]";

/* The argument being written: [plain, at) is not written yet. */
struct scan {
	struct line *line;
	struct redaction *redaction;
	const char *start, *plain, *at, *end;
	size_t limit;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

static bool is_token(char c)
{
	return is_letter(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void put_part(struct scan *scan, const char *from, const char *to)
{
	if (scan->limit > 0 && to > from)
		scan->limit = put_text_part(scan->line, from, (size_t)(to - from), scan->limit);
}

static void put_replacement(struct scan *scan)
{
	put_part(scan, replacement, replacement + sizeof replacement - 1);
	scan->redaction->count++;
}

/* Long, of many different characters, letters and digits mixed: what key generators print, not what people
 * type. */
static bool is_random(const char *from, size_t size)
{
	uint64_t seen[2] = { 0, 0 };
	size_t small = 0, large = 0, number = 0;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)from[i];
		seen[c >> 6 & 1] |= (uint64_t)1 << (c & 63);
		small += c >= 'a' && c <= 'z';
		large += c >= 'A' && c <= 'Z';
		number += is_digit((char)c);
	}
	int distinct = __builtin_popcountll(seen[0]) + __builtin_popcountll(seen[1]);
	bool slashed = memchr(from, '/', size) != NULL;
	if (slashed && (*from == '/' || size < SLASHED_TOKEN_MIN || small == 0 || large == 0))
		return false;
	return size >= TOKEN_MIN && distinct >= TOKEN_DISTINCT && number >= TOKEN_DIGITS && small + large > 0;
}

/* Replaces [from, to) of a span of which *written is the part that is not written yet, where it is random. */
static bool replace_random(struct scan *scan, const char **written, const char *from, const char *to)
{
	if (!is_random(from, (size_t)(to - from)))
		return false;
	put_part(scan, *written, from);
	put_replacement(scan);
	*written = to;
	return true;
}

/* A word as a whole (keys may hold slashes), else its parts between slashes (paths may hold keys). */
static void check_token(struct scan *scan, const char **written, const char *from, const char *to)
{
	if (replace_random(scan, written, from, to))
		return;
	while (from < to) {
		const char *slash = memchr(from, '/', (size_t)(to - from));
		const char *end = slash == NULL ? to : slash;
		replace_random(scan, written, from, end);
		from = slash == NULL ? to : slash + 1;
	}
}

/* Writes a span that no rule about names replaced, without the random words in it. */
static void put_plain(struct scan *scan, const char *from, const char *to)
{
	const char *written = from;
	while (from < to) {
		const char *end = from;
		while (end < to && is_token(*end))
			end++;
		if (end > from)
			check_token(scan, &written, from, end);
		from = end > from ? end : end + 1;
	}
	put_part(scan, written, to);
}

/* Replaces [from, to) and goes on behind it. */
static void replace(struct scan *scan, const char *from, const char *to)
{
	put_plain(scan, scan->plain, from);
	if (to > from)
		put_replacement(scan);
	scan->plain = scan->at = to;
}

static bool is_secret_name(const char *name, size_t size)
{
	char text[NAME_MAX_SIZE];
	if (size >= sizeof text)
		return true;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof secret_words / sizeof *secret_words; i++)
		if (strstr(text, secret_words[i]) != NULL)
			return true;
	return false;
}

static bool is_one_of(const char *const *words, size_t count, const char *word, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == size && strncasecmp(words[i], word, size) == 0)
			return true;
	return false;
}

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

static const char *end_of_word(const char *at, const char *end)
{
	while (at < end && !is_space(*at) && *at != '&')
		at++;
	return at;
}

/* Where a value that starts at `at` ends: at its closing quote, or with its word and, after `Bearer`, the
 * next. */
static const char *end_of_value(const char *at, const char *end)
{
	if (at < end && (*at == '"' || *at == '\'')) {
		const char *quote = memchr(at + 1, *at, (size_t)(end - at - 1));
		return quote == NULL ? end : quote + 1;
	}
	const char *word = end_of_word(at, end);
	if (is_one_of(schemes, sizeof schemes / sizeof *schemes, at, (size_t)(word - at)))
		return end_of_word(skip_spaces(word, end), end);
	return word;
}

/* The word after an option that announced it. */
static void take_announced(struct scan *scan)
{
	enum next_word what = scan->redaction->next;
	scan->redaction->next = NEXT_PLAIN;
	const char *word = scan->at == scan->start ? scan->end : end_of_value(scan->at, scan->end);
	if (what == NEXT_SECRET && !(scan->end - scan->at >= 2 && memcmp(scan->at, "--", 2) == 0))
		replace(scan, scan->at, word);
	const char *colon = memchr(scan->at, ':', (size_t)(word - scan->at));
	if (what == NEXT_LOGIN && colon != NULL)
		replace(scan, colon + 1, word);
}

/* scheme://user:password@host: what stands before the @. */
static void take_url(struct scan *scan, const char *authority)
{
	const char *stop = authority, *sign = NULL;
	for (; stop < scan->end && !is_space(*stop) && strchr("/?#\"'", *stop) == NULL; stop++)
		if (*stop == '@')
			sign = stop;
	if (sign != NULL)
		replace(scan, authority, sign);
	else
		scan->at = authority;
}

/* A name that announces a secret: NAME=VALUE, NAME: VALUE, "NAME":"VALUE", --name VALUE. */
static void take_secret_name(struct scan *scan, const char *name, const char *end)
{
	const char *at = end;
	if (at < scan->end && (*at == '"' || *at == '\''))
		at = skip_spaces(at + 1, scan->end);
	if (at < scan->end && (*at == '=' || *at == ':')) {
		const char *value = skip_spaces(at + 1, scan->end);
		/* `--password=a b` as one argument: all of it. */
		bool whole = name == scan->start && *at == '=';
		if (value == scan->end && *at == ':')
			scan->redaction->next = NEXT_SECRET;
		replace(scan, value, whole ? scan->end : end_of_value(value, scan->end));
		return;
	}
	scan->at = end;
	if (*name == '-' && (end == scan->end || is_space(*end)))
		scan->redaction->next = NEXT_SECRET;
}

static void take_name(struct scan *scan)
{
	const char *name = scan->at, *end = name;
	while (end < scan->end && is_name(*end))
		end++;
	size_t size = (size_t)(end - name);
	if (scan->end - end >= 3 && memcmp(end, "://", 3) == 0) {
		take_url(scan, end + 3);
		return;
	}
	if (is_secret_name(name, size)) {
		take_secret_name(scan, name, end);
		return;
	}
	if (is_one_of(login_options, sizeof login_options / sizeof *login_options, name, size))
		scan->redaction->next = NEXT_LOGIN;
	scan->at = end;
}

static void scan_argument(struct scan *scan)
{
	if (strstr(scan->start, "PRIVATE KEY-----") != NULL) {
		replace(scan, scan->start, scan->end);
		return;
	}
	while (scan->at < scan->end) {
		bool starts_word = scan->at == scan->start || is_space(scan->at[-1]);
		if (scan->redaction->next != NEXT_PLAIN && starts_word && !is_space(*scan->at)) {
			take_announced(scan);
			continue;
		}
		if (is_name(*scan->at))
			take_name(scan);
		else
			scan->at++;
	}
	put_plain(scan, scan->plain, scan->end);
}

void put_redacted(struct line *line, struct redaction *redaction, const char *argument, size_t limit)
{
	struct scan scan = {
		line, redaction, argument, argument, argument, argument + strlen(argument), limit
	};
	put_json(line, "\"");
	if (scan.end == scan.start && redaction->next != NEXT_PLAIN)
		redaction->next = NEXT_PLAIN;
	scan_argument(&scan);
	put_json(line, "\"");
}
