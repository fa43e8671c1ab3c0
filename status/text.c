#include "status/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conf/utf8.h"

#define ESCAPE 0x1b

/*
 * The length of the escape sequence that bytes[0..length) begin with (ECMA-48): CSI up to its final
 * byte, OSC, DCS, PM, APC and SOS up to BEL or ST, else two or three bytes. One that is cut is as
 * long as what is left.
 */
static size_t escape_length(const char *bytes, size_t length)
{
	if (length < 2)
		return length;
	const char kind = bytes[1];
	size_t i = 2;
	if (kind == '[') {
		while (i < length && (bytes[i] < 0x40 || bytes[i] > 0x7e))
			i++;
		return i < length ? i + 1 : length;
	}
	if (strchr("]P^_X", kind)) {
		for (; i < length; i++) {
			if (bytes[i] == '\a')
				return i + 1;
			if (bytes[i] == ESCAPE && i + 1 < length && bytes[i + 1] == '\\')
				return i + 2;
		}
		return length;
	}
	/* Designations such as ESC ( B take one byte more. */
	while (i < length && bytes[i - 1] >= 0x20 && bytes[i - 1] <= 0x2f)
		i++;
	return i;
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
		if (code == ' ' || (code >= '\t' && code <= '\r'))
			writer.space = true;
		else if (!utf8_control(code) && !put(&writer, bytes + i, taken))
			break;
		i += taken;
	}
	out[writer.length] = '\0';
	return out;
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
