/*
 * The talk with `git receive-pack`, gitprotocol-pack(5), "Pushing Data To a Server": it tells of
 * its refs; one order and a pack go there; it reports what has become of them. The bytes come and
 * go by whoever runs it.
 */
#ifndef RUNNER_HELPER_RECEIVE_H
#define RUNNER_HELPER_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/helper/pkt.h"

#define RECEIVE_ID   41    /* a hex id with its NUL */
#define RECEIVE_TIPS 1000  /* of the other side's refs that are kept, whatever their number */
#define RECEIVE_SAID 65536 /* bytes of what is said that are kept */

struct receive {
	const char *ref; /* the one that is to be moved */
	/* Called once its refs are told. */
	void (*on_refs)(void *context);
	void *context;

	/* What it told. */
	char old[RECEIVE_ID];     /* what `ref` is; "" it has none */
	char (*tips)[RECEIVE_ID]; /* malloc: what it has, first ones */
	size_t count;
	bool reports, muxes, quiets, formats; /* "report-status" and the like are offered */
	const char *foreign; /* what it has that is not spoken here, static text; or NULL */

	/* What it reported. */
	bool told;         /* of the ref */
	bool unpacked, ok; /* all objects; the ref */
	char unpack_why[256], ref_why[256];
	/* By its hooks and itself, "remote: " before each line as git has it. */
	struct bytes said;

	struct pkt_stream outer, inner;
	bool refs_told;
	bool mid_line; /* the last thing that was said goes on */
};

/* `receive` is all zero but for the first three; they outlive it. */
void receive_init(struct receive *receive);
void receive_release(struct receive *receive);

/* The next bytes that come from the other side. receive->outer.broken says that they are not such a
 * talk. */
void receive_feed(struct receive *receive, const char *bytes, size_t length);

/* The order to move the ref from receive->old to `new`, with which goes a pack. */
void receive_order(const struct receive *receive, const char *new, struct bytes *out);

#endif
