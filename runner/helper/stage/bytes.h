/* Bytes that grow. */
#ifndef RUNNER_HELPER_STAGE_BYTES_H
#define RUNNER_HELPER_STAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is empty. */
struct bytes {
	unsigned char *at; /* malloc */
	size_t length, room;
	bool broken; /* memory ran out: something is missing */
};

void bytes_release(struct bytes *bytes);
/* Makes room for `more` behind the length and gives the place, which is good until the next call;
 * NULL when memory is short. */
void *bytes_room(struct bytes *bytes, size_t more);
/* Gives back the room that is not used, where there is some; what bytes->at was is no more good. */
void bytes_fit(struct bytes *bytes);
/* Appends. A failure is kept in bytes->broken. */
void bytes_add(struct bytes *bytes, const void *from, size_t length);
void bytes_format(struct bytes *bytes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
