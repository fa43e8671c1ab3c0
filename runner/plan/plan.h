/*
 * The plan: the steps of a config, or the items of its checklist; which of them are dealt with in
 * the current round, and which is next.
 *
 * Of a checklist the file is the truth: an item that is ticked, by whomever, is done, and one that
 * is open is not, but for those that were passed over. Steps that turn up or vanish during a cycle
 * are taken up by plan_refresh; each keeps its number until the cycle closes.
 */
#ifndef RUNNER_PLAN_PLAN_H
#define RUNNER_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/arena.h"
#include "conf/conf.h"
#include "status/journal.h"

struct plan_step {
	const char *title;
	const char *item;             /* a checklist's: its text; else NULL */
	const struct conf_step *conf; /* see plan_conf */
	int number;                   /* from 1, and no other step of the cycle has it */
	size_t place;                 /* in the order in which they are done */
	size_t equal;                 /* so many items of the checklist have this text */
	bool dealt_with;
	bool gone; /* from the checklist */
};

/* What was edited since a cycle of the plan began. Nothing is told of a checklist: its ticks are in
 * it. */
struct plan_edit {
	const char **added; /* titles that are new */
	size_t nadded;
	const char **removed; /* titles that are gone, and were still to be done */
	size_t nremoved;
	const char **forgotten; /* titles that are gone, and were done */
	size_t nforgotten;
	bool moved; /* the others stand in another order */
	/* A step that is new, no later than the last one done, while one that was done is gone: it
	 * may be that one with another title. NULL: there is none. */
	const char *suspect;
};

/* Titles differ. */
struct plan {
	const struct conf *conf; /* borrowed */
	struct plan_step *steps;
	size_t nsteps, capacity;
	struct plan_edit edit;
	bool under_way;     /* a cycle of it is not closed: numbers are as that began with */
	size_t remembered;  /* so many steps, the first ones, are in the journal */
	size_t finished;    /* so many steps were dealt with since plan_init */
	struct arena arena; /* what the steps point to */
};

/* The name that the journal files a config's plan under: its path from the repository's folder, so
 * that both can move together, or its absolute path where it lies elsewhere. malloc, or NULL. */
char *plan_name(const struct conf *conf);

/* Without a journal (NULL) nothing is done yet. 0, or -1 and *err. Release with plan_release. */
int plan_init(struct plan *plan, const struct conf *conf, struct journal *journal, const char *name,
	      struct err *err);
void plan_release(struct plan *plan);

/* Goes on with the plan as it stands: steps that are gone are forgotten, those that are there are
 * remembered. Where an edit may be a step renamed, that is refused (ERR_CONFIG) unless `accept`. 0,
 * or -1 and *err. */
int plan_settle(struct plan *plan, struct journal *journal, const char *name, bool accept,
		struct err *err);
/* The words of that refusal: -1 and *err. */
int plan_ask(const struct plan *plan, struct err *err);
/* Reads the plan anew for the next cycle, numbers and all. 0, or -1 and *err. */
int plan_renew(struct plan *plan, struct journal *journal, const char *name, struct err *err);
/* Remembers the steps that turned up since. 0, or -1 and *err. */
int plan_remember(struct plan *plan, struct journal *journal, const char *name, struct err *err);

/* Used by plan_init: compares the plan with what is remembered of it, and gives its steps the
 * numbers that they have in a cycle under way. 0, or -1 and *err. */
int plan_recall(struct plan *plan, struct journal *journal, const char *name, struct err *err);

/* Whether there is one: an agent that drives itself has none. */
bool plan_is(const struct plan *plan);

/* Reads the checklist again, if it is one. 0, or -1 and *err, and the plan is as it was. */
int plan_refresh(struct plan *plan, struct err *err);

/* The index of the first step not dealt with, or -1; how many are left; how many there are. */
int plan_next(const struct plan *plan);
size_t plan_left(const struct plan *plan);
size_t plan_count(const struct plan *plan);
/* The index of the step of that title, or -1. */
int plan_find(const struct plan *plan, const char *title);

/* The steps by title, for many look-ups: free() it; NULL when memory is short. The index among
 * them, or -1. */
struct plan_title {
	const char *title;
	size_t index;
};
struct plan_title *plan_titles(const struct plan *plan);
int plan_titles_find(const struct plan_title *titles, size_t count, const char *title);

/* What the step at the index runs, an item's text filled in; it lives as long as the plan. NULL
 * when memory is short. */
const struct conf_step *plan_conf(struct plan *plan, int index, int64_t cycle);

/* The step at the index is dealt with in this round. */
void plan_mark(struct plan *plan, int index);

/* Ticks the item of the step at the index (or unticks it: then it is to be done), if there is a
 * checklist. The file is
 * read again first: the worker may have changed it. Its item is the one of the same text, and never
 * another: where it is not there any more, or can't be told from new ones of the same text, it is
 * not ticked, and *err says so; to untick it there is then nothing to do. 0, or -1 and *err. */
int plan_tick(struct plan *plan, int index, struct err *err);
int plan_untick(struct plan *plan, int index, struct err *err);

#endif
