/* The lines that `stepgate top` shows: text alone, so that it needs no terminal to be tried. */
#ifndef RUNNER_TOP_LAYOUT_H
#define RUNNER_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "status/monitor/watch.h"

#define LAYOUT_LINE 512
#define LAYOUT_ROWS 200

struct layout_rows {
	struct {
		char text[LAYOUT_LINE];
		bool nok;
	} rows[LAYOUT_ROWS];
	int count;
};

/* Each writes one line without control characters into out[size], and gives out. */
char *layout_head(const struct watch *watch, char *out, size_t size);
char *layout_heard(const struct watch *watch, char *out, size_t size);
char *layout_gate(const struct gate_terms *terms, struct usage used, char *out, size_t size);
char *layout_step(const struct now *now, char *out, size_t size);
/* What the next cycle would be. `config` may be NULL: there is none to be started. */
char *layout_next(const struct now *now, const struct now_config *config, char *out, size_t size);

/* How many of `width` cells of the bar are filled: of the budget. */
int layout_filled(const struct gate_terms *terms, struct usage used, int width);

/* The last `most` steps or reports of the newest cycle. */
void layout_steps(const struct watch *watch, struct layout_rows *rows, int most);
void layout_reports(const struct watch *watch, struct layout_rows *rows, int most);

#endif
