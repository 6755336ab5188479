/*
 * text.c - untrusted bytes as a JSON string of printable ASCII.
 *
 * Valid UTF-8 keeps its meaning (as \uXXXX beyond ASCII); a byte that is not
 * part of any becomes \xHH, and a backslash \\, before JSON's own escapes:
 * so every sequence of bytes has one spelling, and the spelling gives it back.
 * @see RFC 3629 section 4 (which sequences are valid), RFC 8259 section 7
 */
#include <string.h>

#include "trail/line.h"

/* The longest spelling of one unit: a surrogate pair. */
enum { UNIT_MAX = 12 };
static const char ellipsis[] = "\\u2026";

static const char hexadecimal[] = "0123456789abcdef";

/* How many bytes at `bytes` are one valid UTF-8 sequence, and its code point; 0: none. */
static size_t decode_utf8(const unsigned char *bytes, size_t size, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = bytes[0];
	size_t length = first < 0x80   ? 1
			: first < 0xc0 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf8 ? 4
				       : 0;
	if (length == 0 || length > size)
		return 0;
	*code = length == 1 ? first : first & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3fu);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

static size_t spell_unit16(char *out, uint32_t unit)
{
	out[0] = '\\';
	out[1] = 'u';
	for (int i = 0; i < 4; i++)
		out[2 + i] = hexadecimal[unit >> (12 - 4 * i) & 15];
	return 6;
}

/* JSON's short escapes, as every writer of JSON spells them; 0 for others. */
static char short_escape(uint32_t code)
{
	switch (code) {
	case '\b':
		return 'b';
	case '\t':
		return 't';
	case '\n':
		return 'n';
	case '\f':
		return 'f';
	case '\r':
		return 'r';
	case '"':
		return '"';
	}
	return 0;
}

static size_t spell_code(char *out, uint32_t code)
{
	if (code == '\\') {
		memcpy(out, "\\\\\\\\", 4);
		return 4;
	}
	char escape = short_escape(code);
	if (escape != 0) {
		out[0] = '\\';
		out[1] = escape;
		return 2;
	}
	if (code >= 0x20 && code < 0x7f) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x10000)
		return spell_unit16(out, code);
	code -= 0x10000;
	spell_unit16(out, 0xd800 + (code >> 10));
	return 6 + spell_unit16(out + 6, 0xdc00 + (code & 0x3ff));
}

/* The spelling of what stands at `bytes`; *used says how much of it that was. */
static size_t spell(char *out, const unsigned char *bytes, size_t size, size_t *used)
{
	uint32_t code;
	*used = decode_utf8(bytes, size, &code);
	if (*used != 0)
		return spell_code(out, code);
	*used = 1;
	memcpy(out, "\\\\x", 3);
	out[3] = hexadecimal[bytes[0] >> 4];
	out[4] = hexadecimal[bytes[0] & 15];
	return 5;
}

size_t put_text_part(struct line *line, const char *bytes, size_t size, size_t limit)
{
	size_t length = 0;
	char *last_fit = line->at; /* where an ellipsis would still be within the limit */
	for (size_t i = 0, used; i < size; i += used) {
		char unit[UNIT_MAX];
		size_t spelled = spell(unit, (const unsigned char *)bytes + i, size - i, &used);
		if (length + spelled > limit) {
			if (!line->full)
				line->at = last_fit;
			if (limit >= sizeof ellipsis - 1)
				put_json(line, ellipsis);
			return 0;
		}
		put_json_bytes(line, unit, spelled);
		length += spelled;
		if (length + sizeof ellipsis - 1 <= limit)
			last_fit = line->at;
	}
	return limit - length;
}

void put_text_bytes(struct line *line, const char *bytes, size_t size, size_t limit)
{
	put_json(line, "\"");
	put_text_part(line, bytes, size, limit);
	put_json(line, "\"");
}

void put_text(struct line *line, const char *text, size_t limit)
{
	put_text_bytes(line, text, strlen(text), limit);
}

void put_text_or_null(struct line *line, const char *text, size_t limit)
{
	if (text == NULL || *text == '\0')
		put_json(line, "null");
	else
		put_text(line, text, limit);
}
