/* What the monitor's files share: the state behind the routes, and the answers in one table. */
#ifndef STATUS_MONITOR_API_H
#define STATUS_MONITOR_API_H

#include "status/monitor/feed.h"
#include "status/monitor/monitor.h"
#include "status/monitor/server.h"

#define MONITOR_RUNS 32 /* runs that were started here and have not ended */

/* A run that was started here. */
struct monitor_run {
	pid_t pid; /* 0: none */
	int end;   /* a pidfd */
	int watch; /* index of its repository */
	char log[4096];
};

struct monitor {
	const struct monitor_setup *setup;
	struct server *server;
	struct feed *feed;
	struct watch *watches; /* one for each repository, in their order */
	int nwatches;
	int scrapes; /* answers of /metrics that are still being added up */
	struct monitor_run runs[MONITOR_RUNS];
};

/* All that is served, but for the assets. */
extern const struct route api_routes[];

/* The watch that `repository` in the query names, the first one where it is absent; NULL, and the
 * reply is the error. */
struct watch *api_watch(struct monitor *monitor, const struct request *request,
			struct reply *reply);
/* The same, with its journal; NULL also where there is none yet, or it can't be read. */
struct watch *api_journal(struct monitor *monitor, const struct request *request,
			  struct reply *reply);
/* A whole number of the query: `absent` where it is not there. -1, and the reply is the error. */
int api_number(const struct request *request, const char *name, int64_t absent, int64_t most,
	       int64_t *value, struct reply *reply);
/* The reply becomes that object (taken; NULL: memory was short). */
void api_object(struct reply *reply, cJSON *object);
/* Adds an item (taken, may be NULL) to an array in *array; where memory is short that becomes NULL.
 */
void api_add(cJSON **array, cJSON *item);
/* What went wrong, as a reply: 409 for what was refused, 500 else. */
void api_failed(struct reply *reply, const struct err *err);

void api_state(void *app, const struct request *request, struct reply *reply);
void api_repositories(void *app, const struct request *request, struct reply *reply);
void api_steps(void *app, const struct request *request, struct reply *reply);
void api_messages(void *app, const struct request *request, struct reply *reply);
void api_cycles(void *app, const struct request *request, struct reply *reply);
void api_log(void *app, const struct request *request, struct reply *reply);
void api_log_stream(void *app, const struct request *request, struct reply *reply);
void api_config(void *app, const struct request *request, struct reply *reply);
void api_set_config(void *app, const struct request *request, struct reply *reply);
void api_start(void *app, const struct request *request, struct reply *reply);
void api_stop(void *app, const struct request *request, struct reply *reply);
void api_metrics(void *app, const struct request *request, struct reply *reply);
void api_events(void *app, const struct request *request, struct reply *reply);

/* Events: what is told of a watch goes into the feed. A watch_tell; context: the monitor. */
void events_tell(void *context, const struct watch *watch, struct watch_mark mark, const char *name,
		 cJSON *data);
/* Something to be shown once, that is in no journal. */
void events_notice(struct monitor *monitor, const struct watch *watch, const char *words);
/* Keeps idle streams open, and finds those whose client is gone. */
void events_beat(struct monitor *monitor);

/* Files that are built in: false where there is none of that name. */
bool assets_answer(void *app, const struct request *request, struct reply *reply);
void assets_page(void *app, const struct request *request, struct reply *reply);
/* The description of the API. */
void assets_openapi(void *app, const struct request *request, struct reply *reply);
/* The page for who has no token. */
void assets_locked(void *app, const char *words, struct reply *reply);

#endif
