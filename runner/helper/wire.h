/*
 * Frames over a stream socket: how stepgate and its commit helper talk. A frame is a list of
 * (key, text) pairs; a key may come more than once. On the wire:
 *
 *   "SGW1", u32 length of what follows, then for each pair
 *   u32 length of the key, u32 length of the text, key, NUL, text, NUL
 *
 * in the byte order of the machine, since both ends run on it. What comes in is checked whole
 * before any of it is used, so that a helper gone mad can't harm its client.
 */
#ifndef RUNNER_HELPER_WIRE_H
#define RUNNER_HELPER_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MOST (1U << 20) /* bytes after the header */

struct wire_frame {
	char *bytes;   /* the pairs as they stand on the wire; malloc */
	size_t length; /* of bytes */
	int broken;    /* a pair did not fit, or memory ran out: it will not be sent */
};

enum wire_outcome {
	WIRE_OK,
	WIRE_CLOSED,    /* the other end is gone */
	WIRE_TIMED_OUT, /* the deadline passed */
	WIRE_GARBAGE,   /* what came is no frame; or what was to go is none (broken) */
	WIRE_FAILED,    /* errno says why */
};

/* An empty frame holds nothing that has to be released. */
void wire_init(struct wire_frame *frame);
void wire_release(struct wire_frame *frame);

/* Appends a pair. A failure is kept in frame->broken and shows when the frame is sent. */
void wire_put(struct wire_frame *frame, const char *key, const char *text);
void wire_put_number(struct wire_frame *frame, const char *key, int64_t number);

/* The first text of a key; `fallback` where there is none. It lives as long as the frame. */
const char *wire_get(const struct wire_frame *frame, const char *key, const char *fallback);
/* 0 and *number, or -1 where the key is missing or its text is no whole number. */
int wire_get_number(const struct wire_frame *frame, const char *key, int64_t *number);
/* All texts of a key in their order, at most `most` of them, into list. Gives how many there are,
 * which may be more. */
size_t wire_get_all(const struct wire_frame *frame, const char *key, const char **list,
		    size_t most);

/* Sends or receives one frame until `deadline` on clock_monotonic_ms; a negative one never passes.
 * What wire_receive gives replaces what was in *frame; after a failure it is empty. No SIGPIPE. */
enum wire_outcome wire_send(int fd, const struct wire_frame *frame, int64_t deadline);
enum wire_outcome wire_receive(int fd, struct wire_frame *frame, int64_t deadline);

#endif
