#include "runner/helper/pkt.h"

#include <stdio.h>
#include <string.h>

#define DIGITS 4

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The length that the digits say; 0 for a flush, -1 where they are none. Lines of 1 to 3 bytes are
 * marks of another version of the protocol. */
static int length_of(const char *at)
{
	int length = 0;
	for (int i = 0; i < DIGITS; i++) {
		if (digit(at[i]) < 0)
			return -1;
		length = length * 16 + digit(at[i]);
	}
	return length == 0 || (length >= DIGITS && length <= PKT_MOST) ? length : -1;
}

static void break_off(struct pkt_stream *stream, const char *at)
{
	stream->broken = true;
	for (size_t i = 0; at && i < sizeof(stream->rubbish) - 1; i++)
		stream->rubbish[i] = at[i] > ' ' && at[i] < 0x7f ? at[i] : '?';
}

/* The line at the beginning of what is there: its bytes with the digits; 0 where it is not whole,
 * or there is none. */
static size_t take_line(struct pkt_stream *stream, const char *at, size_t length)
{
	const int whole = length >= DIGITS ? length_of(at) : 0;
	if (length < DIGITS)
		return 0;
	if (whole < 0) {
		break_off(stream, at);
		return 0;
	}
	if (whole == 0) {
		stream->on_line(stream->context, NULL, 0);
		return DIGITS;
	}
	if ((size_t)whole > length)
		return 0;
	stream->on_line(stream->context, at + DIGITS, (size_t)whole - DIGITS);
	return (size_t)whole;
}

void pkt_feed(struct pkt_stream *stream, const char *bytes, size_t length)
{
	struct bytes *pending = &stream->pending;
	size_t done = 0, taken = 1;
	if (stream->broken)
		return;
	bytes_add(pending, bytes, length);
	if (pending->broken)
		break_off(stream, NULL);
	while (!stream->broken && taken) {
		taken = take_line(stream, (const char *)pending->at + done, pending->length - done);
		done += taken;
	}
	if (done)
		memmove(pending->at, pending->at + done, pending->length - done);
	pending->length -= done;
}

void pkt_release(struct pkt_stream *stream)
{
	bytes_release(&stream->pending);
}

void pkt_add(struct bytes *out, const void *line, size_t length)
{
	char digits[DIGITS + 1];
	snprintf(digits, sizeof(digits), "%04x", (unsigned)(length + DIGITS) & 0xffffU);
	bytes_add(out, digits, DIGITS);
	bytes_add(out, line, length);
}

void pkt_add_flush(struct bytes *out)
{
	bytes_add(out, "0000", DIGITS);
}
