#include "status/monitor/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "status/clock.h"

#define PAUSE_MS  100  /* between two looks */
#define TICK_MS   1000 /* without anything having stirred */
#define MOMENT_MS 1500 /* a lock that passes from one to another can't be seen for so long */
#define PAGE      500  /* rows at a time */
#define MISSED    2000 /* events that are told anew; beyond that all is read again */

#define STIRS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)

void watch_init(struct watch *watch, const struct monitor_repository *repository,
		const struct hands *hands, int inotify)
{
	*watch = (struct watch){
		.repository = repository,
		.hands = hands,
		.inotify = inotify,
		.home = -1,
		.logs = -1,
		.holder = -1,
		.stirred = true,
	};
}

static void close_journal(struct watch *watch)
{
	journal_close(watch->journal);
	watch->journal = NULL;
}

void watch_release(struct watch *watch)
{
	close_journal(watch);
	if (watch->seen)
		now_release(&watch->now);
	cJSON_free(watch->shown);
	if (watch->holder >= 0)
		close(watch->holder);
	watch->shown = NULL;
	watch->seen = false;
	watch->holder = -1;
}

bool watch_stir(struct watch *watch, int descriptor)
{
	if (descriptor != watch->home && descriptor != watch->logs)
		return false;
	watch->stirred = true;
	return true;
}

void watch_holder_ended(struct watch *watch)
{
	close(watch->holder);
	watch->holder = -1;
	watch->stirred = true;
	watch->looked_at = 1; /* long ago */
}

/* inotify gives the same descriptor where the folder is the same, and a new one where it was made
 * anew. */
static void watch_folders(struct watch *watch)
{
	char path[PATH_MAX];
	const char *folder = watch->repository->folder;
	if (snprintf(path, sizeof(path), "%s/.stepgate", folder) < (int)sizeof(path))
		watch->home = inotify_add_watch(watch->inotify, path, STIRS);
	const int64_t cycle =
		watch->seen && watch->now.has_cycle ? watch->now.cycle.past.number : 0;
	if (cycle == 0 || step_logs_folder(folder, cycle, path, sizeof(path)) != 0)
		return;
	if (cycle != watch->logs_of && watch->logs >= 0)
		inotify_rm_watch(watch->inotify, watch->logs);
	watch->logs_of = cycle;
	watch->logs = inotify_add_watch(watch->inotify, path, STIRS);
}

struct telling {
	struct watch *watch;
	struct watch_mark mark, end;
	watch_tell *tell;
	void *context;
	int count;
};

static void tell_move(void *context, const struct journal_past_move *move)
{
	struct telling *telling = context;
	if (move->id > telling->end.move)
		return;
	telling->mark.move = move->id;
	telling->count++;
	telling->tell(telling->context, telling->watch, telling->mark, "move", picture_move(move));
}

static void tell_message(void *context, const struct journal_line *line)
{
	struct telling *telling = context;
	if (line->id > telling->end.message)
		return;
	telling->mark.message = line->id;
	telling->count++;
	telling->tell(telling->context, telling->watch, telling->mark, "message",
		      picture_message(line));
}

/* Tells all from telling->mark on up to telling->end. */
static int tell_all(struct telling *telling, struct err *err)
{
	struct journal *journal = telling->watch->journal;
	int before;
	do {
		before = telling->count;
		if (journal_moves_after(journal, telling->mark.move, PAGE, tell_move, telling,
					err) != 0)
			return -1;
	} while (telling->count - before == PAGE);
	do {
		before = telling->count;
		if (journal_messages_after(journal, telling->mark.message, PAGE, tell_message,
					   telling, err) != 0)
			return -1;
	} while (telling->count - before == PAGE);
	return 0;
}

/* What was recorded since the last time. */
static int tell_news(struct watch *watch, watch_tell *tell, void *context, struct err *err)
{
	int64_t version = 0;
	struct telling telling = {
		.watch = watch,
		.mark = watch->mark,
		.end = {.move = INT64_MAX, .message = INT64_MAX},
		.tell = tell,
		.context = context,
	};
	if (journal_data_version(watch->journal, &version, err) != 0)
		return -1;
	if (version == watch->version)
		return 0;
	const int failed = tell_all(&telling, err);
	watch->mark = telling.mark;
	if (!failed)
		watch->version = version;
	return failed;
}

/* Opens the journal where there is one; begins a new era where it is not the one that was. */
static int open_journal(struct watch *watch, watch_tell *tell, void *context, struct err *err)
{
	if (watch->journal && !journal_stands(watch->journal))
		close_journal(watch);
	if (watch->journal)
		return 0;
	const int there = journal_open_read(watch->repository->folder, &watch->journal, err);
	if (there <= 0)
		return there;
	/* Of one that was not there at the last look all is news. */
	const bool news = watch->era == 0 && watch->looked_at != 0;
	if (!news &&
	    journal_newest_ids(watch->journal, &watch->mark.move, &watch->mark.message, err) != 0) {
		close_journal(watch);
		return -1;
	}
	watch->version = 0;
	if (watch->era++ > 0)
		tell(context, watch, watch->mark, "reset", cJSON_CreateObject());
	return 0;
}

/* A lock that passes on is not seen for a moment: the last picture of it holds that long. */
static bool too_early(struct watch *watch, const struct now *now)
{
	const int64_t at = clock_monotonic_ms();
	if (now->holder.hold != NOW_UNSEEN) {
		watch->unseen_since = 0;
		return false;
	}
	if (watch->unseen_since == 0)
		watch->unseen_since = at;
	return watch->seen && at - watch->unseen_since < MOMENT_MS;
}

/* So that the end of who has the repository is seen at once. */
static void watch_holder(struct watch *watch)
{
	if (watch->holder >= 0)
		close(watch->holder);
	watch->holder = -1;
	if (watch->now.holder.hold == NOW_HELD)
		watch->holder = pidfd_open(watch->now.holder.pid, 0);
}

static void tell_now(struct watch *watch, watch_tell *tell, void *context)
{
	char *shown = picture_print(picture_now(&watch->now));
	if (shown && watch->shown && strcmp(shown, watch->shown) == 0) {
		cJSON_free(shown);
		return;
	}
	cJSON_free(watch->shown);
	watch->shown = shown;
	tell(context, watch, watch->mark, "now", watch_picture(watch));
}

static int look(struct watch *watch, watch_tell *tell, void *context, struct err *err)
{
	struct now now;
	if (open_journal(watch, tell, context, err) != 0)
		return -1;
	if (watch->journal && tell_news(watch, tell, context, err) != 0)
		return -1;
	if (now_look(&now, watch->repository->folder, watch->hands, watch->journal, err) != 0)
		return -1;
	if (too_early(watch, &now)) {
		now_release(&now);
		watch->stirred = true;
		return 0;
	}
	if (watch->seen)
		now_release(&watch->now);
	watch->now = now;
	watch->seen = true;
	watch_holder(watch);
	tell_now(watch, tell, context);
	return 0;
}

/* What can't be read is told as part of the picture, and tried again. What was seen before stays,
 * but that anybody is at work on it is not said any more. */
static void show_trouble(struct watch *watch, const struct err *why, watch_tell *tell,
			 void *context)
{
	struct err err;
	close_journal(watch);
	if (!watch->seen &&
	    now_look(&watch->now, watch->repository->folder, watch->hands, NULL, &err) != 0)
		return;
	watch->seen = true;
	watch->now.life = NOW_LIFE_UNREADABLE;
	watch->hands->look(watch->repository->folder, &watch->now.holder);
	watch_holder(watch);
	snprintf(watch->now.trouble, sizeof(watch->now.trouble), "%.500s", why->text);
	tell_now(watch, tell, context);
}

int64_t watch_turn(struct watch *watch, watch_tell *tell, void *context)
{
	struct err err = {.code = ERR_NONE};
	const int64_t since = clock_monotonic_ms() - watch->looked_at;
	const int64_t due = watch->stirred ? PAUSE_MS : TICK_MS;
	if (watch->looked_at && since < due)
		return due - since;
	watch->stirred = false;
	watch_folders(watch);
	if (look(watch, tell, context, &err) != 0)
		show_trouble(watch, &err, tell, context);
	watch->looked_at = clock_monotonic_ms();
	return watch->stirred ? PAUSE_MS : TICK_MS;
}

void watch_missed(struct watch *watch, struct watch_mark after, watch_tell *tell, void *context)
{
	struct err err;
	struct telling telling = {
		.watch = watch,
		.mark = after,
		.end = watch->mark,
		.tell = tell,
		.context = context,
	};
	const int64_t missed = watch->mark.move - after.move + watch->mark.message - after.message;
	if (missed == 0)
		return;
	if (missed < 0 || missed > MISSED || !watch->journal || tell_all(&telling, &err) != 0)
		tell(context, watch, watch->mark, "reset", cJSON_CreateObject());
}

/* What a first cycle of a config would have: what it does not say, the settings do. */
static cJSON *first_of(const struct watch *watch, int config)
{
	const struct now_config *of = &watch->repository->configs[config];
	const struct gate_terms *settings = &watch->now.next;
	cJSON *object = picture_terms(&(struct gate_terms){
		.budget = of->budget ? of->budget : settings->budget,
		.threshold = of->threshold ? of->threshold : settings->threshold,
	});
	if (object && json_set_integer(object, "config", config + 1) == 0)
		return object;
	cJSON_Delete(object);
	return NULL;
}

static cJSON *firsts_of(const struct watch *watch)
{
	cJSON *array = cJSON_CreateArray();
	for (int i = 0; array && !watch->now.has_cycle && i < watch->repository->nconfigs; i++) {
		cJSON *first = first_of(watch, i);
		if (first && cJSON_AddItemToArray(array, first))
			continue;
		cJSON_Delete(first);
		cJSON_Delete(array);
		return NULL;
	}
	return array;
}

cJSON *watch_picture(const struct watch *watch)
{
	cJSON *object = watch->seen ? picture_now(&watch->now) : cJSON_CreateObject();
	if (object && picture_set_time(object, "at", clock_now()) == 0 &&
	    (!watch->seen || json_set(object, "firsts", firsts_of(watch)) == 0))
		return object;
	cJSON_Delete(object);
	return NULL;
}
