/* The plan: which steps of a config are dealt with in its current round, and which is next. */
#ifndef RUNNER_PLAN_H
#define RUNNER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "status/journal.h"

struct plan {
	const struct conf *conf; /* borrowed */
	bool *dealt_with;        /* one for each step */
};

/* The name that the journal files a config's plan under: its path from the repository's folder, so
 * that both can move together, or its absolute path where it lies elsewhere. malloc, or NULL. */
char *plan_name(const struct conf *conf);

/* Without a journal (NULL) nothing is done yet. 0, or -1 and *err. Release with plan_release. */
int plan_init(struct plan *plan, const struct conf *conf, struct journal *journal, const char *name,
	      struct err *err);
void plan_release(struct plan *plan);

/* The index of the first step not dealt with, or -1; how many are left. */
int plan_next(const struct plan *plan);
size_t plan_left(const struct plan *plan);
/* The index of the step of that title, or -1. */
int plan_find(const struct plan *plan, const char *title);

#endif
