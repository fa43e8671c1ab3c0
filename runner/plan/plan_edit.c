/* What was edited in a plan since it was last worked on, and what becomes of it: steps are known by
 * their titles. */
#include <stdlib.h>
#include <string.h>

#include "runner/plan/plan.h"

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* What the journal says of the plan. */
struct past {
	struct arena *arena;
	struct journal_plan_step *steps;
	bool *done; /* each of them */
	size_t count, capacity;
	const char **done_titles;
	size_t ndone, done_capacity;
	bool failed;
};

static void *grow(struct past *past, void *list, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return list;
	void *larger = realloc(list, (2 * *capacity + 16) * size);
	if (!larger) {
		past->failed = true;
		return list;
	}
	*capacity = 2 * *capacity + 16;
	return larger;
}

static void take_step(void *context, const struct journal_plan_step *step)
{
	struct past *past = context;
	const char *title = arena_text(past->arena, step->title, strlen(step->title));
	past->steps = grow(past, past->steps, past->count, &past->capacity, sizeof(*past->steps));
	past->failed |= !title;
	if (!past->failed)
		past->steps[past->count++] = (struct journal_plan_step){step->number, title};
}

static void take_done(void *context, const char *text)
{
	struct past *past = context;
	const char *title = arena_text(past->arena, text, strlen(text));
	past->done_titles = grow(past, past->done_titles, past->ndone, &past->done_capacity,
				 sizeof(*past->done_titles));
	past->failed |= !title;
	if (!past->failed)
		past->done_titles[past->ndone++] = title;
}

static int read_past(struct past *past, struct journal *journal, const char *name, struct err *err)
{
	if (journal_plan_steps(journal, name, take_step, past, err) != 0 ||
	    journal_plan_done(journal, name, take_done, past, err) != 0)
		return -1;
	past->done = calloc(past->count + 1, sizeof(*past->done));
	return past->failed || !past->done ? no_memory(err) : 0;
}

static void release_past(struct past *past)
{
	free(past->steps);
	free(past->done);
	free(past->done_titles);
}

/* Whether the newest cycle is one of this plan, and not closed. 1 or 0, or -1 and *err. */
static int is_under_way(struct journal *journal, const char *name, struct err *err)
{
	struct journal_cycle last;
	const int found = journal_last_cycle(journal, &last, err);
	if (found <= 0)
		return found;
	const bool open = last.past.state != FSM_CLOSED && strcmp(last.plan, name) == 0;
	journal_cycle_release(&last);
	return open;
}

/* Gives the steps that the cycle began with their numbers, and others the next ones. */
static void keep_numbers(struct plan *plan, const struct past *past,
			 const struct plan_title *titles)
{
	int most = 0;
	for (size_t i = 0; i < plan->nsteps; i++)
		plan->steps[i].number = 0;
	for (size_t i = 0; i < past->count; i++) {
		const int at = plan_titles_find(titles, plan->nsteps, past->steps[i].title);
		if (at >= 0)
			plan->steps[at].number = past->steps[i].number;
		if (past->steps[i].number > most)
			most = past->steps[i].number;
	}
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].number == 0)
			plan->steps[i].number = ++most;
}

/* The steps that the plan lost. Gives the last place, old or new, of one that is done. */
static long find_lost(struct plan *plan, const struct past *past, const struct plan_title *titles)
{
	struct plan_edit *edit = &plan->edit;
	long last = -1, before = -1;
	for (size_t i = 0; i < past->count; i++) {
		const int at = plan_titles_find(titles, plan->nsteps, past->steps[i].title);
		if (past->done[i])
			last = (long)i;
		if (at < 0 && !past->done[i])
			edit->removed[edit->nremoved++] = past->steps[i].title;
		edit->moved |= at >= 0 && at < before;
		before = at >= 0 ? at : before;
	}
	for (size_t i = 0; i < past->ndone; i++)
		if (plan_titles_find(titles, plan->nsteps, past->done_titles[i]) < 0)
			edit->forgotten[edit->nforgotten++] = past->done_titles[i];
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].dealt_with && (long)i > last)
			last = (long)i;
	return last;
}

static int compare_steps(const void *a, const void *b)
{
	return strcmp(((const struct journal_plan_step *)a)->title,
		      ((const struct journal_plan_step *)b)->title);
}

static int compare_titles(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void mark_done(struct past *past)
{
	if (past->ndone)
		qsort(past->done_titles, past->ndone, sizeof(*past->done_titles), compare_titles);
	for (size_t i = 0; i < past->count && past->ndone; i++)
		past->done[i] = bsearch(&past->steps[i].title, past->done_titles, past->ndone,
					sizeof(*past->done_titles), compare_titles) != NULL;
}

static int compare_plan(struct plan *plan, struct past *past, const struct plan_title *titles,
			struct err *err)
{
	struct plan_edit *edit = &plan->edit;
	edit->added = arena_array(&plan->arena, plan->nsteps, sizeof(*edit->added));
	edit->removed = arena_array(&plan->arena, past->count, sizeof(*edit->removed));
	edit->forgotten = arena_array(&plan->arena, past->ndone, sizeof(*edit->forgotten));
	if (!edit->added || !edit->removed || !edit->forgotten)
		return no_memory(err);
	mark_done(past);
	const long last = find_lost(plan, past, titles);
	qsort(past->steps, past->count, sizeof(*past->steps), compare_steps);
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct journal_plan_step key = {.title = plan->steps[i].title};
		if (bsearch(&key, past->steps, past->count, sizeof(key), compare_steps))
			continue;
		edit->added[edit->nadded++] = key.title;
		if (!edit->suspect && edit->nforgotten && (long)i <= last)
			edit->suspect = key.title;
	}
	return 0;
}

int plan_recall(struct plan *plan, struct journal *journal, const char *name, struct err *err)
{
	struct past past = {.arena = &plan->arena};
	const int under_way = is_under_way(journal, name, err);
	struct plan_title *titles = plan_titles(plan);
	int failed = !titles ? no_memory(err) : under_way < 0 ? -1 : 0;
	if (!failed)
		failed = read_past(&past, journal, name, err);
	plan->under_way = under_way > 0;
	if (!failed && plan->under_way)
		keep_numbers(plan, &past, titles);
	if (!failed && !plan->conf->checklist && past.count)
		failed = compare_plan(plan, &past, titles, err);
	release_past(&past);
	free(titles);
	return failed;
}

/* Writes the steps from the first one that is not there on. */
static int write_steps(struct plan *plan, struct journal *journal, const char *name, bool anew,
		       struct err *err)
{
	const size_t count = plan->nsteps - plan->remembered;
	struct journal_plan_step *steps = calloc(count + 1, sizeof(*steps));
	if (!steps)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct plan_step *step = &plan->steps[plan->remembered + i];
		steps[i] = (struct journal_plan_step){step->number, step->title};
	}
	const int failed = journal_plan_remember(journal, name, anew, steps, count, err);
	free(steps);
	if (!failed)
		plan->remembered = plan->nsteps;
	return failed;
}

int plan_remember(struct plan *plan, struct journal *journal, const char *name, struct err *err)
{
	if (plan->remembered == plan->nsteps || !plan_is(plan))
		return 0;
	return write_steps(plan, journal, name, false, err);
}

int plan_ask(const struct plan *plan, struct err *err)
{
	const struct plan_edit *edit = &plan->edit;
	return err_set(
		err, ERR_CONFIG,
		"%s: nothing was started: the plan was edited: \"%s\", which was done, is gone, "
		"and \"%s\" is new: if that is the same step, give it its old title; if not, "
		"`stepgate run --accept` takes the plan as it stands",
		plan->conf->path, edit->forgotten[0], edit->suspect);
}

int plan_settle(struct plan *plan, struct journal *journal, const char *name, bool accept,
		struct err *err)
{
	const struct plan_edit *edit = &plan->edit;
	if (edit->suspect && !accept)
		return plan_ask(plan, err);
	for (size_t i = 0; i < edit->nforgotten; i++)
		if (journal_plan_forget(journal, name, edit->forgotten[i], err) != 0)
			return -1;
	const bool edited = edit->nadded || edit->nremoved || edit->nforgotten || edit->moved;
	if (!plan->under_way && !edited)
		return 0; /* the next cycle remembers them */
	return write_steps(plan, journal, name, !plan->under_way, err);
}

int plan_renew(struct plan *plan, struct journal *journal, const char *name, struct err *err)
{
	struct plan fresh;
	if (plan_init(&fresh, plan->conf, journal, name, err) != 0)
		return -1;
	fresh.finished = plan->finished;
	plan_release(plan);
	*plan = fresh;
	return write_steps(plan, journal, name, true, err);
}
