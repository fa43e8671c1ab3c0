/* The lines of git's protocols: four hex digits that count the whole line, themselves included, and
 * then its bytes; "0000" is a pause ("flush"). See gitprotocol-common(5), "pkt-line format". */
#ifndef RUNNER_HELPER_PKT_H
#define RUNNER_HELPER_PKT_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/helper/stage/bytes.h"

#define PKT_MOST 65520 /* bytes of a line, with its digits */

/* Takes one line's bytes, good until it returns; NULL: a flush. */
typedef void pkt_take(void *context, const char *line, size_t length);

/* What has come in of a stream. All zero is the beginning. */
struct pkt_stream {
	struct bytes pending;
	bool broken;       /* what came is no such line, or memory was short */
	char rubbish[5];   /* instead of the digits */
	pkt_take *on_line; /* to be set */
	void *context;
};

/* Takes the next bytes, with any cut, and hands on each line that is whole; nothing more once the
 * stream is broken. */
void pkt_feed(struct pkt_stream *stream, const char *bytes, size_t length);
void pkt_release(struct pkt_stream *stream);

/* Appends a line; a flush. */
void pkt_add(struct bytes *out, const void *line, size_t length);
void pkt_add_flush(struct bytes *out);

#endif
