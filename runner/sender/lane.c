#include "runner/sender/lane.h"

#include <stdlib.h>
#include <string.h>

#include "status/clock.h"

struct lane *lane_of(struct lane **lanes, const char *reporter)
{
	for (; *lanes; lanes = &(*lanes)->next)
		if (strcmp((*lanes)->reporter, reporter) == 0)
			return *lanes;
	struct lane *lane = calloc(1, sizeof(*lane));
	if (!lane || !(lane->reporter = strdup(reporter))) {
		free(lane);
		return NULL;
	}
	lane->last = &lane->first;
	*lanes = lane;
	return lane;
}

static void drop_first(struct lane *lane)
{
	struct lane_letter *first = lane->first;
	lane->first = first->next;
	if (!lane->first)
		lane->last = &lane->first;
	wire_release(&first->frame);
	free(first);
}

void lanes_free(struct lane *lanes)
{
	while (lanes) {
		struct lane *next = lanes->next;
		while (lanes->first)
			drop_first(lanes);
		free(lanes->reporter);
		free(lanes);
		lanes = next;
	}
}

int lane_add(struct lane *lane, struct wire_frame *frame, const struct letter *letter)
{
	struct lane_letter *added = malloc(sizeof(*added));
	if (!added)
		return -1;
	*added = (struct lane_letter){.frame = *frame, .letter = *letter};
	wire_init(frame);
	*lane->last = added;
	lane->last = &added->next;
	return 0;
}

const struct letter *lane_begin(struct lane *lane, int64_t now)
{
	if (lane->busy || !lane->first || now < lane->not_before)
		return NULL;
	lane->busy = true;
	return &lane->first->letter;
}

void lane_end(struct lane *lane, enum letter_end end, int64_t asked_ms, int64_t now)
{
	lane->busy = false;
	if (end != LETTER_FAILED) {
		lane->failures = 0;
		lane->not_before = now;
		drop_first(lane);
		return;
	}
	const int64_t own_ms = clock_backoff(LANE_WAIT_MS, LANE_WAIT_MOST_MS, ++lane->failures);
	const int64_t asked = asked_ms < LANE_ASKED_MOST_MS ? asked_ms : LANE_ASKED_MOST_MS;
	lane->not_before = now + (asked > own_ms ? asked : own_ms);
}

int64_t lanes_due(const struct lane *lanes)
{
	int64_t due = -1;
	for (; lanes; lanes = lanes->next)
		if (lanes->first && !lanes->busy && (due < 0 || lanes->not_before < due))
			due = lanes->not_before;
	return due;
}
