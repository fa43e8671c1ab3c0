#include "conf/utf8.h"

#include <string.h>

size_t utf8_character(const char *bytes, size_t length, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (length == 0)
		return 0;
	const unsigned char first = (unsigned char)bytes[0];
	const size_t size = first < 0x80   ? 1
			    : first < 0xc0 ? 0
			    : first < 0xe0 ? 2
			    : first < 0xf0 ? 3
			    : first < 0xf8 ? 4
					   : 0;
	if (size == 0 || size > length)
		return 0;
	uint32_t c = size == 1 ? first : first & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		const unsigned char next = (unsigned char)bytes[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3fU);
	}
	if (c < least[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	if (code)
		*code = c;
	return size;
}

size_t utf8_valid(const char *bytes, size_t length)
{
	size_t at = 0;
	while (at < length) {
		const size_t size = utf8_character(bytes + at, length - at, NULL);
		if (size == 0)
			break;
		at += size;
	}
	return at;
}

bool utf8_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

bool utf8_has_control(const char *text)
{
	const size_t length = strlen(text);
	uint32_t code = 0;
	size_t size;
	for (size_t at = 0; at < length; at += size) {
		size = utf8_character(text + at, length - at, &code);
		if (size == 0 || utf8_control(code))
			return true;
	}
	return false;
}
