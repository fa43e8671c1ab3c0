#include "runner/monitor/served.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cycle/tracker.h"
#include "runner/plan/plan.h"

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* Keeps a string that is malloc'ed, or NULL for want of memory. */
static const char *own(struct served *served, char *text)
{
	if (text)
		served->owned[served->nowned++] = text;
	return text;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* The repository of that folder, made where it is new. */
static struct monitor_repository *repository_of(struct served *served, const char *folder)
{
	struct monitor_repository *known = served->repositories;
	for (; known->folder; known++) /* the last one has none */
		if (strcmp(known->folder, folder) == 0)
			return known;
	struct monitor_repository *made = &served->repositories[served->nrepositories++];
	*made = (struct monitor_repository){
		.id = served->nrepositories,
		.name = last_part(folder),
		.folder = folder,
	};
	return made;
}

static int read_config(struct served *served, const char *path, struct err *err)
{
	struct conf *conf = NULL;
	if (conf_load(path, &conf, err) != 0)
		return -1;
	served->confs[served->nconfs++] = conf;
	const char *folder = own(served, realpath(conf->repository.path, NULL));
	if (!folder)
		return err_errno(err, "%s: %s", path, conf->repository.path);
	repository_of(served, folder);
	return 0;
}

/* A config as the monitor knows it. */
static int describe(struct served *served, const struct conf *conf, struct now_config *config,
		    struct err *err)
{
	*config = (struct now_config){
		.title = conf->title,
		.path = own(served, realpath(conf->path, NULL)),
		.plan = own(served, plan_name(conf)),
		.threshold = conf->threshold,
		.budget = conf->budget,
	};
	return config->path && config->plan ? 0 : no_memory(err);
}

/* Puts the configs in the order of their repositories. */
static int settle(struct served *served, struct err *err)
{
	int n = 0;
	for (int i = 0; i < served->nrepositories; i++) {
		struct monitor_repository *repository = &served->repositories[i];
		repository->configs = &served->configs[n];
		for (struct conf **conf = served->confs; *conf; conf++) {
			char folder[PATH_MAX];
			if (!realpath((*conf)->repository.path, folder) ||
			    strcmp(folder, repository->folder) != 0)
				continue;
			if (describe(served, *conf, &served->configs[n++], err) != 0)
				return -1;
			repository->nconfigs++;
		}
	}
	return 0;
}

/* Without a config there is the repository, for an agent that drives its own cycle. */
static int only_here(struct served *served, struct err *err)
{
	char here[PATH_MAX];
	if (tracker_folder(here, sizeof(here), err) != 0)
		return -1;
	const char *folder = own(served, realpath(here, NULL));
	if (!folder)
		return err_errno(err, "%s: can't be read", here);
	repository_of(served, folder);
	return 0;
}

static int make_room(struct served *served, size_t n, struct err *err)
{
	served->confs = calloc(n + 1, sizeof(struct conf *));
	served->configs = calloc(n, sizeof(*served->configs));
	served->owned = calloc(3 * n, sizeof(char *));
	served->repositories = calloc(n + 1, sizeof(*served->repositories));
	if (served->confs && served->configs && served->owned && served->repositories)
		return 0;
	return no_memory(err);
}

int served_init(struct served *served, const struct arg_texts *configs, struct err *err)
{
	*served = (struct served){.confs = NULL};
	if (make_room(served, configs->count ? (size_t)configs->count : 1, err) != 0)
		return -1;
	if (configs->count == 0 && access(CONF_USUAL, F_OK) != 0)
		return only_here(served, err);
	if (configs->count == 0)
		return read_config(served, CONF_USUAL, err) != 0 ? -1 : settle(served, err);
	for (int i = 0; i < configs->count; i++)
		if (read_config(served, configs->values[i], err) != 0)
			return -1;
	return settle(served, err);
}

void served_release(struct served *served)
{
	for (int i = 0; i < served->nconfs; i++)
		conf_free(served->confs[i]);
	for (int i = 0; i < served->nowned; i++)
		free(served->owned[i]);
	free(served->confs);
	free(served->configs);
	free(served->owned);
	free(served->repositories);
	*served = (struct served){.confs = NULL};
}
