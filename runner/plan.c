#include "runner/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

int plan_find(const struct plan *plan, const char *title)
{
	for (size_t i = 0; i < plan->conf->nsteps; i++)
		if (strcmp(plan->conf->steps[i].title, title) == 0)
			return (int)i;
	return -1;
}

static void mark(void *context, const char *title)
{
	struct plan *plan = context;
	const int i = plan_find(plan, title);
	if (i >= 0)
		plan->dealt_with[i] = true;
}

int plan_init(struct plan *plan, const struct conf *conf, struct journal *journal, const char *name,
	      struct err *err)
{
	bool *dealt_with = calloc(conf->nsteps + 1, sizeof(*dealt_with));
	if (!dealt_with)
		return err_set(err, ERR_INTERNAL, "out of memory");
	struct plan made = {.conf = conf, .dealt_with = dealt_with};
	if (journal && journal_plan_done(journal, name, mark, &made, err) != 0) {
		free(dealt_with);
		return -1;
	}
	*plan = made;
	return 0;
}

void plan_release(struct plan *plan)
{
	free(plan->dealt_with);
	plan->dealt_with = NULL;
}

int plan_next(const struct plan *plan)
{
	for (size_t i = 0; i < plan->conf->nsteps; i++)
		if (!plan->dealt_with[i])
			return (int)i;
	return -1;
}

size_t plan_left(const struct plan *plan)
{
	size_t left = 0;
	for (size_t i = 0; i < plan->conf->nsteps; i++)
		left += !plan->dealt_with[i];
	return left;
}
