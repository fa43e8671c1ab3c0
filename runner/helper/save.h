/* One request from its look to its receipt: which engine, what is in the way, then the push. */
#ifndef RUNNER_HELPER_SAVE_H
#define RUNNER_HELPER_SAVE_H

#include "runner/helper/engine.h"

struct saver {
	const struct conf_repository *conf;
	struct engine_libgit2 *libgit2; /* NULL: the git program does everything */
	int client;                     /* the socket */
	/* Called before a push, with the facts as they will stand if it fails unheard. */
	void (*before_push)(void *context, const struct receipt_facts *facts);
	void *context;
	struct print was;   /* when the cycle began */
	bool seen;          /* `was` stands */
	char base[65];      /* a commit that HEAD had, and must still have; "" none */
	int64_t started;    /* clock_now() when the helper began */
	char said[512];     /* what was mended and is not told yet */
	struct git_log log; /* what git and the hooks said of the last request */
	bool made;          /* something was committed */
	bool swept;         /* what those before it left is taken away */
};

/* 0 and *view, or -1 and *err where the folder is no repository with a work tree that is its root.
 * `closely` as in look_fill. */
int save_look(struct saver *saver, bool closely, struct git_view *view, struct err *err);
/* After the last request: has git tidy up where that is due, and nobody has changed what it would
 * run. */
void save_end(struct saver *saver);
void save(struct saver *saver, const struct git_request *request, struct receipt_facts *facts);

#endif
