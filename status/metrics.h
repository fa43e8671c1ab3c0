/* What is measured of repositories, as Prometheus reads it (text exposition format 0.0.4). */
#ifndef STATUS_METRICS_H
#define STATUS_METRICS_H

#include <stdio.h>

#include "status/ended.h"
#include "status/now.h"

#define METRICS_BUCKETS 12

struct metrics_histogram {
	int64_t counts[METRICS_BUCKETS + 1]; /* of each bucket alone; the last one has no bound */
	int64_t count;
	double sum;
};

/* What is added up over a journal. Begun as zeros; what has been counted is not read again. */
struct metrics {
	int64_t counted; /* the id of the last step that is counted */
	int64_t ok, nok; /* steps */
	/* Those that are not OK by their failure; UNKNOWN: by any that has no type. */
	int64_t failed[NENDED];
	struct metrics_histogram seconds, tokens;
	int64_t closed[FSM_NEVENTS]; /* cycles by the event that closed them */
	int64_t succeeded_at;        /* when the last one closed without an error; 0: none */
};

/* Adds what is new, of no more than `most` steps. 0; 1 where there may be more of them, to be added
 * by another call before it is all true; or -1 and *err. */
int metrics_count(struct metrics *metrics, struct journal *journal, const struct now *now, int most,
		  struct err *err);

/* One repository to be written. */
struct metrics_source {
	const char *name;
	const struct now *now; /* NULL: nothing could be read */
	const struct metrics *metrics;
};
void metrics_write(FILE *to, const struct metrics_source *sources, int count);

#endif
