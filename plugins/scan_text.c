#include "plugins/scan_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool is_mark(char byte)
{
	return byte == '"' || byte == '\\' || byte == '\n';
}

/* '[' and '{', ']' and '}' differ in one bit. */
static bool is_bracket(char byte)
{
	return byte == '"' || byte == '\n' || (byte | 0x20) == '{' || (byte | 0x20) == '}';
}

const char *scan_to_mark(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
		      line = _mm_set1_epi8('\n');
	for (; end - at >= 16; at += 16) {
		const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		const __m128i found = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)),
			_mm_cmpeq_epi8(bytes, line));
		const int mask = _mm_movemask_epi8(found);
		if (mask)
			return at + __builtin_ctz((unsigned)mask);
	}
#endif
	while (at < end && !is_mark(*at))
		at++;
	return at;
}

const char *scan_to_bracket(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), open = _mm_set1_epi8('{'),
		      shut = _mm_set1_epi8('}'), line = _mm_set1_epi8('\n'),
		      bit = _mm_set1_epi8(0x20);
	for (; end - at >= 16; at += 16) {
		const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		const __m128i folded = _mm_or_si128(bytes, bit);
		const __m128i found = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, line)),
			_mm_or_si128(_mm_cmpeq_epi8(folded, open), _mm_cmpeq_epi8(folded, shut)));
		const int mask = _mm_movemask_epi8(found);
		if (mask)
			return at + __builtin_ctz((unsigned)mask);
	}
#endif
	while (at < end && !is_bracket(*at))
		at++;
	return at;
}

void scan_buffer_begin(struct scan_buffer *buffer, char *bytes, size_t room)
{
	*buffer = (struct scan_buffer){.bytes = bytes, .room = room};
	bytes[0] = '\0';
}

static void keep(struct scan_buffer *buffer, const char *bytes, size_t length)
{
	const size_t left = buffer->room - 1 - buffer->length;
	const size_t taken = length < left ? length : left;
	memcpy(buffer->bytes + buffer->length, bytes, taken);
	buffer->length += taken;
	buffer->bytes[buffer->length] = '\0';
	buffer->whole += length;
}

/* As UTF-8 (RFC 3629); NUL is kept as U+FFFD, so that texts end where they end. */
static void keep_character(struct scan_buffer *buffer, uint32_t c)
{
	char out[4];
	size_t length = 0;
	if (c == 0 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		c = 0xfffd;
	if (c < 0x80) {
		out[length++] = (char)c;
	} else if (c < 0x800) {
		out[length++] = (char)(0xc0 | c >> 6);
		out[length++] = (char)(0x80 | (c & 0x3f));
	} else {
		if (c < 0x10000) {
			out[length++] = (char)(0xe0 | c >> 12);
		} else {
			out[length++] = (char)(0xf0 | c >> 18);
			out[length++] = (char)(0x80 | (c >> 12 & 0x3f));
		}
		out[length++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[length++] = (char)(0x80 | (c & 0x3f));
	}
	keep(buffer, out, length);
}

/* A unit of UTF-16 is whole (RFC 8259, 7): two of them may be one character. */
static void take_unit(struct scan_buffer *buffer)
{
	const uint32_t unit = buffer->unit, first = buffer->first;
	buffer->first = 0;
	if (first && unit >= 0xdc00 && unit <= 0xdfff) {
		keep_character(buffer, 0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00));
		return;
	}
	if (first)
		keep_character(buffer, 0xfffd);
	if (unit >= 0xd800 && unit <= 0xdbff)
		buffer->first = unit;
	else
		keep_character(buffer, unit);
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	const char lower = (char)(byte | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* One byte of an escape. False where it is none. */
static bool take_escape(struct scan_buffer *buffer, char byte)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (buffer->escape > 1) {
		const int digit = hex_digit(byte);
		if (digit < 0)
			return false;
		buffer->unit = buffer->unit << 4 | (uint32_t)digit;
		buffer->escape--;
		if (buffer->escape == 1) {
			buffer->escape = 0;
			take_unit(buffer);
		}
		return true;
	}
	if (byte == 'u') {
		buffer->escape = 5;
		buffer->unit = 0;
		return true;
	}
	const char *which = byte ? strchr(from, byte) : NULL;
	if (!which)
		return false;
	buffer->escape = 0;
	if (buffer->first)
		keep_character(buffer, 0xfffd);
	buffer->first = 0;
	keep(buffer, &to[which - from], 1);
	return true;
}

const char *scan_buffer_take(struct scan_buffer *buffer, const char *at, const char *end,
			     bool *closed, bool *wrong)
{
	while (at < end) {
		if (buffer->escape) {
			if (!take_escape(buffer, *at)) {
				*wrong = true;
				return at;
			}
			at++;
			continue;
		}
		const char *mark = scan_to_mark(at, end);
		if (buffer->first && (mark > at || (mark < end && *mark != '\\'))) {
			keep_character(buffer, 0xfffd);
			buffer->first = 0;
		}
		keep(buffer, at, (size_t)(mark - at));
		at = mark;
		if (at == end || *at == '\n')
			return at;
		if (*at == '"') {
			*closed = true;
			return at;
		}
		buffer->escape = 1;
		at++;
	}
	return at;
}

int64_t scan_whole_number(const char *text)
{
	int64_t sum = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		const int digit = *at - '0';
		if (sum > (INT64_MAX - digit) / 10)
			sum = INT64_MAX; /* the digits after it change nothing */
		else
			sum = sum * 10 + digit;
	}
	if (*at == '\0')
		return sum;
	/* A sign, a fraction or an exponent: a double holds what can be meant by it. */
	const double value = strtod(text, NULL);
	if (isnan(value) || value <= 0)
		return 0;
	return value >= 9223372036854775807.0 ? INT64_MAX : (int64_t)value;
}
