#include "status/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conf/utf8.h"

#define ESCAPE 0x1b

/* The length of a run of bytes first..last from `at` on. */
static size_t run(const char *bytes, size_t length, size_t at, char first, char last)
{
	size_t i = at;
	while (i < length && bytes[i] >= first && bytes[i] <= last)
		i++;
	return i - at;
}

/* The end of a string that begins at bytes[2]: BEL, or ST. */
static size_t string_length(const char *bytes, size_t length)
{
	for (size_t i = 2; i < length; i++) {
		if (bytes[i] == '\a')
			return i + 1;
		if (bytes[i] == ESCAPE && i + 1 < length && bytes[i + 1] == '\\')
			return i + 2;
	}
	return length;
}

/*
 * The length of the escape sequence that bytes[0..length) begin with (ECMA-48): CSI up to its final
 * byte, OSC, DCS, PM, APC and SOS up to BEL or ST, else ESC with what may follow it. One that is
 * cut, or broken by a byte that has no place in it, ends there: the byte is none of it.
 */
static size_t escape_length(const char *bytes, size_t length)
{
	const char kind = length > 1 ? bytes[1] : '\0';
	size_t i = 1;
	if (kind == ']' || kind == 'P' || kind == '^' || kind == '_' || kind == 'X')
		return string_length(bytes, length);
	if (kind == '[') {
		i += 1 + run(bytes, length, 2, 0x20, 0x3f);
		return i + (run(bytes, length, i, 0x40, 0x7e) > 0);
	}
	i += run(bytes, length, 1, 0x20, 0x2f);
	return i + (run(bytes, length, i, 0x30, 0x7e) > 0);
}

struct writer {
	char *out;
	size_t size, length;
	bool space; /* a space is owed before the next character */
};

/* False once the next character does not fit any more. */
static bool put(struct writer *writer, const char *bytes, size_t length)
{
	const size_t blank = writer->space && writer->length > 0;
	if (writer->length + blank + length + 1 > writer->size)
		return false;
	if (blank)
		writer->out[writer->length++] = ' ';
	writer->space = false;
	memcpy(writer->out + writer->length, bytes, length);
	writer->length += length;
	return true;
}

/* Those that would part words or lines: also NEL, LINE and PARAGRAPH SEPARATOR. */
static bool is_space(uint32_t code)
{
	return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0x2028 ||
	       code == 0x2029;
}

char *text_clean(const char *bytes, size_t length, char *out, size_t size)
{
	struct writer writer = {.out = out, .size = size};
	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		if (bytes[i] == ESCAPE) {
			i += escape_length(bytes + i, length - i);
			continue;
		}
		const size_t taken = utf8_character(bytes + i, length - i, &code);
		if (taken == 0) {
			if (!put(&writer, "\xef\xbf\xbd", 3))
				break;
			i++;
			continue;
		}
		if (is_space(code))
			writer.space = true;
		else if (!utf8_control(code) && !put(&writer, bytes + i, taken))
			break;
		i += taken;
	}
	out[writer.length] = '\0';
	return out;
}

size_t text_plain(const char *bytes, size_t length, char *out)
{
	size_t done = 0;
	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		if (bytes[i] == ESCAPE) {
			i += escape_length(bytes + i, length - i);
			continue;
		}
		const size_t taken = utf8_character(bytes + i, length - i, &code);
		const bool kept = code == '\n' || code == '\t' || !utf8_control(code);
		if (taken == 0)
			memcpy(out + done, "\xef\xbf\xbd", 3);
		else if (kept)
			memcpy(out + done, bytes + i, taken);
		done += taken == 0 ? 3 : kept ? taken : 0;
		i += taken ? taken : 1;
	}
	return done;
}

char *text_grouped(long long n, char *out)
{
	char digits[24];
	const int count = snprintf(digits, sizeof(digits), "%lld", n);
	int at = 0;
	for (int i = 0; i < count; i++) {
		if (i > 0 && (count - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

uint64_t text_hash(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}
