#include "runner/plan/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf/template.h"
#include "runner/plan/checklist.h"

char *plan_name(const struct conf *conf)
{
	char path[PATH_MAX], folder[PATH_MAX];
	if (!realpath(conf->path, path) || !realpath(conf->repository.path, folder))
		return strdup(conf->path);
	const size_t length = strlen(folder);
	if (strncmp(path, folder, length) == 0 && path[length] == '/')
		return strdup(path + length + 1);
	return strdup(path);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

bool plan_is(const struct plan *plan)
{
	return plan->conf->nsteps > 0 || plan->conf->checklist;
}

int plan_find(const struct plan *plan, const char *title)
{
	for (size_t i = 0; i < plan->nsteps; i++)
		if (strcmp(plan->steps[i].title, title) == 0)
			return (int)i;
	return -1;
}

static int reserve(struct plan *plan, size_t more, struct err *err)
{
	const size_t wanted = plan->nsteps + more;
	if (wanted <= plan->capacity)
		return 0;
	struct plan_step *steps = realloc(plan->steps, wanted * sizeof(*steps));
	if (!steps)
		return no_memory(err);
	plan->steps = steps;
	plan->capacity = wanted;
	return 0;
}

static int take_steps(struct plan *plan, struct err *err)
{
	const struct conf *conf = plan->conf;
	if (reserve(plan, conf->nsteps, err) != 0)
		return -1;
	for (size_t i = 0; i < conf->nsteps; i++)
		plan->steps[plan->nsteps++] = (struct plan_step){
			.title = conf->steps[i].title,
			.conf = &conf->steps[i],
			.number = (int)i + 1,
			.place = i,
		};
	return 0;
}

static int next_number(const struct plan *plan)
{
	int most = 0;
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].number > most)
			most = plan->steps[i].number;
	return most + 1;
}

/* A step for an item that is new. There is room for it. */
static int add_item(struct plan *plan, const struct checklist_item *item, struct err *err)
{
	const struct plan_step step = {
		.title = arena_text(&plan->arena, item->title, strlen(item->title)),
		.item = arena_text(&plan->arena, item->text, strlen(item->text)),
		.number = next_number(plan),
	};
	if (!step.title || !step.item)
		return no_memory(err);
	plan->steps[plan->nsteps++] = step;
	return 0;
}

static int compare_titles(const void *a, const void *b)
{
	return strcmp(((const struct plan_title *)a)->title, ((const struct plan_title *)b)->title);
}

struct plan_title *plan_titles(const struct plan *plan)
{
	struct plan_title *titles = calloc(plan->nsteps + 1, sizeof(*titles));
	for (size_t i = 0; titles && i < plan->nsteps; i++)
		titles[i] = (struct plan_title){plan->steps[i].title, i};
	if (titles)
		qsort(titles, plan->nsteps, sizeof(*titles), compare_titles);
	return titles;
}

int plan_titles_find(const struct plan_title *titles, size_t count, const char *title)
{
	const struct plan_title key = {.title = title};
	const struct plan_title *found =
		bsearch(&key, titles, count, sizeof(*titles), compare_titles);
	return found ? (int)found->index : -1;
}

static int match(struct plan *plan, const struct checklist *checklist, struct err *err)
{
	const size_t before = plan->nsteps;
	struct plan_title *known = plan_titles(plan);
	int failed = known ? 0 : no_memory(err);
	for (size_t i = 0; !failed && i < before; i++)
		plan->steps[i].gone = true;
	for (size_t i = 0; !failed && i < checklist->count; i++) {
		const struct checklist_item *item = &checklist->items[i];
		const int found = plan_titles_find(known, before, item->title);
		if (found < 0)
			failed = add_item(plan, item, err);
		if (failed)
			break;
		struct plan_step *step = &plan->steps[found < 0 ? plan->nsteps - 1 : (size_t)found];
		step->gone = false;
		step->place = i;
		step->equal = item->equal;
		step->dealt_with |= item->ticked;
	}
	free(known);
	return failed;
}

int plan_refresh(struct plan *plan, struct err *err)
{
	struct checklist checklist;
	if (!plan->conf->checklist)
		return 0;
	if (checklist_read(plan->conf->checklist, &checklist, err) != 0)
		return -1;
	int failed = reserve(plan, checklist.count, err);
	if (!failed)
		failed = match(plan, &checklist, err);
	checklist_release(&checklist);
	return failed;
}

static void take_done(void *context, const char *title)
{
	struct plan *plan = context;
	const int i = plan_find(plan, title);
	if (i >= 0)
		plan->steps[i].dealt_with = true;
}

int plan_init(struct plan *plan, const struct conf *conf, struct journal *journal, const char *name,
	      struct err *err)
{
	struct plan made = {.conf = conf};
	int failed = take_steps(&made, err) != 0 || plan_refresh(&made, err) != 0;
	if (!failed && journal)
		failed = (conf->checklist ? journal_plan_passed : journal_plan_done)(
				 journal, name, take_done, &made, err) != 0 ||
			 plan_recall(&made, journal, name, err) != 0;
	if (failed) {
		plan_release(&made);
		return -1;
	}
	*plan = made;
	return 0;
}

void plan_release(struct plan *plan)
{
	arena_release(&plan->arena);
	free(plan->steps);
	*plan = (struct plan){.conf = plan->conf};
}

int plan_next(const struct plan *plan)
{
	int next = -1;
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct plan_step *step = &plan->steps[i];
		if (!step->dealt_with && !step->gone &&
		    (next < 0 || step->place < plan->steps[next].place))
			next = (int)i;
	}
	return next;
}

size_t plan_left(const struct plan *plan)
{
	size_t left = 0;
	for (size_t i = 0; i < plan->nsteps; i++)
		left += !plan->steps[i].dealt_with && !plan->steps[i].gone;
	return left;
}

size_t plan_count(const struct plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->nsteps; i++)
		count += !plan->steps[i].gone;
	return count;
}

const struct conf_step *plan_conf(struct plan *plan, int index, int64_t cycle)
{
	struct plan_step *step = &plan->steps[index];
	const struct template_words words = {
		.item = step->item,
		.title = step->title,
		.step = step->number,
		.cycle = cycle,
	};
	if (!step->conf)
		step->conf = template_step(&plan->arena, plan->conf->step_template, &words);
	return step->conf;
}

void plan_mark(struct plan *plan, int index)
{
	plan->finished += !plan->steps[index].dealt_with;
	plan->steps[index].dealt_with = true;
}

static int set_box(struct plan *plan, int index, bool ticked, struct err *err)
{
	struct checklist checklist;
	const struct plan_step *step = &plan->steps[index];
	const char *path = plan->conf->checklist;
	if (!path)
		return 0;
	if (checklist_read(path, &checklist, err) != 0)
		return -1;
	int failed = 0;
	struct checklist_item *item = checklist_find(&checklist, step->title);
	const bool certain = item && item->equal == step->equal;
	if (certain)
		failed = checklist_set(path, &checklist, item, ticked, err);
	else if (ticked && item)
		failed = err_set(err, ERR_REFUSED,
				 "%s: \"%s\": items of the same text came or went: which one it is "
				 "can't be told",
				 path, step->title);
	else if (ticked)
		failed =
			err_set(err, ERR_REFUSED, "%s: no item \"%s\" any more", path, step->title);
	checklist_release(&checklist);
	return failed;
}

int plan_tick(struct plan *plan, int index, struct err *err)
{
	return set_box(plan, index, true, err);
}

int plan_untick(struct plan *plan, int index, struct err *err)
{
	plan->steps[index].dealt_with = false;
	return set_box(plan, index, false, err);
}
