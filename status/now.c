#include "status/now.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "status/settings.h"

const char *now_life_word(enum now_life life)
{
	static const char *const word[] = {
#define X(name, word, words) word,
		NOW_LIVES(X)
#undef X
	};
	return word[life];
}

const char *now_life_words(enum now_life life)
{
	static const char *const words[] = {
#define X(name, word, words) words,
		NOW_LIVES(X)
#undef X
	};
	return words[life];
}

static enum now_life life_of(const struct now *now)
{
	const bool open = now->has_cycle && now->cycle.past.state != FSM_CLOSED;
	const enum now_hold hold = now->holder.hold;
	if (!open && hold != NOW_FREE)
		return NOW_LIFE_BUSY;
	if (!open)
		return now->has_cycle ? NOW_LIFE_CLOSED : NOW_LIFE_NONE;
	if (hold != NOW_FREE)
		return hold == NOW_HELD ? NOW_LIFE_RUNNING : NOW_LIFE_ELSEWHERE;
	return now->cycle.plan[0] ? NOW_LIFE_CUT_OFF : NOW_LIFE_AGENT;
}

static void later(int64_t *time, int64_t other)
{
	if (other > *time)
		*time = other;
}

static void take_step(void *context, const struct journal_step *step)
{
	struct now *now = context;
	now->step_started_at = step->started_at;
	later(&now->heard_at, step->started_at);
	later(&now->heard_at, step->ended_at);
}

static void take_message(void *context, const struct journal_line *line)
{
	struct now *now = context;
	later(&now->heard_at, line->at);
}

static void count_step(void *context, const struct journal_plan_step *step)
{
	(void)step;
	++*(int *)context;
}

static void look_at_log(struct now *now, const char *folder)
{
	char path[PATH_MAX];
	int64_t heard_at = 0;
	const struct journal_cycle *cycle = &now->cycle;
	if (cycle->past.step == 0 || !cycle->step_title ||
	    step_log_path(folder, cycle->past.number, cycle->past.step, cycle->step_attempt, path,
			  sizeof(path)) != 0)
		return;
	now->nlines = step_log_last(path, now->lines, NOW_LINES, &heard_at);
	later(&now->heard_at, heard_at);
}

static int look_at_cycle(struct now *now, const char *folder, struct journal *journal,
			 struct err *err)
{
	const int found = journal_last_cycle(journal, &now->cycle, err);
	if (found <= 0)
		return found;
	now->has_cycle = true;
	struct journal_cycle *cycle = &now->cycle;
	now->used = cycle->past.used;
	if (cycle->past.state == FSM_STEP && cycle->own.known)
		now->used = usage_add(now->used, cycle->own);
	later(&now->heard_at, cycle->started_at);
	later(&now->heard_at, cycle->ended_at);
	if (journal_steps(journal, cycle->past.number, take_step, now, err) != 0 ||
	    journal_messages(journal, cycle->past.number, 1, take_message, now, err) != 0 ||
	    journal_plan_steps(journal, cycle->plan, count_step, &now->steps_known, err) != 0)
		return -1;
	look_at_log(now, folder);
	return 0;
}

static void look_at_settings(struct now *now, const char *folder)
{
	struct settings settings = {.budget = 0};
	struct err err = {.code = ERR_NONE};
	char *notice = NULL;
	if (settings_load(folder, 0, &settings, &notice, &err) != 0)
		snprintf(now->trouble, sizeof(now->trouble), "%.500s", err.text);
	else if (notice)
		snprintf(now->trouble, sizeof(now->trouble), "%.500s", notice);
	free(notice);
	now->next = (struct gate_terms){
		.budget = settings.budget ? settings.budget : GATE_BUDGET_DEFAULT,
		.threshold = settings.threshold ? settings.threshold : GATE_THRESHOLD_DEFAULT,
	};
}

int now_look(struct now *now, const char *folder, const struct hands *hands,
	     struct journal *journal, struct err *err)
{
	struct now seen = {.used = USAGE_KNOWN(0)};
	/* The holder first: a run that ends meanwhile has closed its cycle before it lets go, so
	 * that the other order could show an open cycle without anybody at work. */
	hands->look(folder, &seen.holder);
	const struct now_holder before = seen.holder;
	if (journal && look_at_cycle(&seen, folder, journal, err) != 0) {
		now_release(&seen);
		return -1;
	}
	/* … and one that has begun meanwhile took it before it opened its cycle. */
	if (before.hold == NOW_FREE)
		hands->look(folder, &seen.holder);
	look_at_settings(&seen, folder);
	seen.life = life_of(&seen);
	*now = seen;
	return 0;
}

void now_release(struct now *now)
{
	if (now->has_cycle)
		journal_cycle_release(&now->cycle);
	now->has_cycle = false;
}
