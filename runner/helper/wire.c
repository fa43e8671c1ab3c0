#include "runner/helper/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "status/clock.h"

#define MAGIC       "SGW1"
#define HEADER      8
#define PAIR_HEADER 8

struct pair {
	const char *key, *text;
};

void wire_init(struct wire_frame *frame)
{
	*frame = (struct wire_frame){.bytes = NULL};
}

void wire_release(struct wire_frame *frame)
{
	free(frame->bytes);
	wire_init(frame);
}

void wire_put(struct wire_frame *frame, const char *key, const char *text)
{
	const size_t key_length = strlen(key), text_length = strlen(text);
	const size_t room = WIRE_MOST - frame->length;
	if (frame->broken || key_length > room || text_length > room ||
	    PAIR_HEADER + key_length + text_length + 2 > room) {
		frame->broken = 1;
		return;
	}
	const size_t need = PAIR_HEADER + key_length + text_length + 2;
	char *bytes = realloc(frame->bytes, frame->length + need);
	if (!bytes) {
		frame->broken = 1;
		return;
	}
	const uint32_t lengths[2] = {(uint32_t)key_length, (uint32_t)text_length};
	char *at = bytes + frame->length;
	memcpy(at, lengths, PAIR_HEADER);
	memcpy(at + PAIR_HEADER, key, key_length + 1);
	memcpy(at + PAIR_HEADER + key_length + 1, text, text_length + 1);
	frame->bytes = bytes;
	frame->length += need;
}

void wire_put_number(struct wire_frame *frame, const char *key, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, number);
	wire_put(frame, key, text);
}

/* The pair at *offset, which is moved behind it. 1; 0 at the end; -1 where there is no whole pair.
 */
static int next_pair(const struct wire_frame *frame, size_t *offset, struct pair *pair)
{
	uint32_t lengths[2];
	size_t left = frame->length - *offset;
	if (left == 0)
		return 0;
	if (left < PAIR_HEADER + 2)
		return -1;
	const char *at = frame->bytes + *offset;
	memcpy(lengths, at, PAIR_HEADER);
	left -= PAIR_HEADER + 2;
	if (lengths[0] > left || lengths[1] > left - lengths[0])
		return -1;
	pair->key = at + PAIR_HEADER;
	pair->text = pair->key + lengths[0] + 1;
	if (strnlen(pair->key, lengths[0] + 1UL) != lengths[0] ||
	    strnlen(pair->text, lengths[1] + 1UL) != lengths[1])
		return -1;
	*offset += PAIR_HEADER + lengths[0] + lengths[1] + 2UL;
	return 1;
}

size_t wire_get_all(const struct wire_frame *frame, const char *key, const char **list, size_t most)
{
	struct pair pair;
	size_t offset = 0, found = 0;
	while (next_pair(frame, &offset, &pair) == 1) {
		if (strcmp(pair.key, key) != 0)
			continue;
		if (found < most)
			list[found] = pair.text;
		found++;
	}
	return found;
}

const char *wire_get(const struct wire_frame *frame, const char *key, const char *fallback)
{
	const char *text = fallback;
	wire_get_all(frame, key, &text, 1);
	return text;
}

int wire_get_number(const struct wire_frame *frame, const char *key, int64_t *number)
{
	const char *text = wire_get(frame, key, "");
	char *end;
	errno = 0;
	const long long value = strtoll(text, &end, 10);
	if (end == text || *end || errno)
		return -1;
	*number = value;
	return 0;
}

/* Waits until the socket is ready for `events`. */
static enum wire_outcome wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		int timeout = -1;
		if (deadline >= 0) {
			const int64_t left = deadline - clock_monotonic_ms();
			if (left <= 0)
				return WIRE_TIMED_OUT;
			timeout = left > INT32_MAX ? INT32_MAX : (int)left;
		}
		struct pollfd ready = {.fd = fd, .events = events};
		const int got = poll(&ready, 1, timeout);
		if (got > 0)
			return WIRE_OK;
		if (got < 0 && errno != EINTR)
			return WIRE_FAILED;
	}
}

static enum wire_outcome judge_errno(void)
{
	return errno == EPIPE || errno == ECONNRESET ? WIRE_CLOSED : WIRE_FAILED;
}

static enum wire_outcome send_all(int fd, const char *bytes, size_t length, int64_t deadline)
{
	while (length) {
		const enum wire_outcome ready = wait_for(fd, POLLOUT, deadline);
		if (ready != WIRE_OK)
			return ready;
		const ssize_t put = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return judge_errno();
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
	}
	return WIRE_OK;
}

static enum wire_outcome receive_all(int fd, char *bytes, size_t length, int64_t deadline)
{
	while (length) {
		const enum wire_outcome ready = wait_for(fd, POLLIN, deadline);
		if (ready != WIRE_OK)
			return ready;
		const ssize_t got = recv(fd, bytes, length, MSG_DONTWAIT);
		if (got == 0)
			return WIRE_CLOSED;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return judge_errno();
		if (got > 0) {
			bytes += got;
			length -= (size_t)got;
		}
	}
	return WIRE_OK;
}

enum wire_outcome wire_send(int fd, const struct wire_frame *frame, int64_t deadline)
{
	char header[HEADER] = MAGIC;
	const uint32_t length = (uint32_t)frame->length;
	if (frame->broken)
		return WIRE_GARBAGE;
	memcpy(header + 4, &length, sizeof(length));
	const enum wire_outcome sent = send_all(fd, header, HEADER, deadline);
	return sent == WIRE_OK ? send_all(fd, frame->bytes, frame->length, deadline) : sent;
}

/* Whether the bytes are whole pairs from the first to the last. */
static int whole(const struct wire_frame *frame)
{
	struct pair pair;
	size_t offset = 0;
	int got;
	while ((got = next_pair(frame, &offset, &pair)) == 1)
		;
	return got == 0;
}

enum wire_outcome wire_receive(int fd, struct wire_frame *frame, int64_t deadline)
{
	char header[HEADER];
	uint32_t length;
	wire_release(frame);
	enum wire_outcome got = receive_all(fd, header, HEADER, deadline);
	if (got != WIRE_OK)
		return got;
	memcpy(&length, header + 4, sizeof(length));
	if (memcmp(header, MAGIC, 4) != 0 || length > WIRE_MOST)
		return WIRE_GARBAGE;
	frame->bytes = malloc(length + 1UL);
	if (!frame->bytes)
		return WIRE_FAILED;
	frame->length = length;
	got = receive_all(fd, frame->bytes, length, deadline);
	if (got == WIRE_OK && !whole(frame))
		got = WIRE_GARBAGE;
	if (got != WIRE_OK)
		wire_release(frame);
	return got;
}
