/* A config that runs by itself: as lines of a crontab, or as a service and a timer of systemd. */
#ifndef RUNNER_SCHEDULE_SCHEDULE_H
#define RUNNER_SCHEDULE_SCHEDULE_H

#include <limits.h>
#include <stdint.h>

#include "conf/conf.h"
#include "runner/schedule/cron.h"

struct schedule {
	struct cron cron;
	struct conf *conf;
	int64_t jitter_ms;
	char config[PATH_MAX];  /* absolute */
	char program[PATH_MAX]; /* stepgate itself, absolute */
	char path[PATH_MAX];    /* the PATH that it will have */
	char name[128];         /* of the units, without ".service": one for each config */
};

/* Finds out all but the times and the jitter; what would not run under cron is refused. 0, or -1
 * and *err. schedule_release also after a failure. */
int schedule_init(struct schedule *schedule, const char *config, struct err *err);
/* Finds out the absolute path and the name alone: for a config that is to run no more, and may be
 * gone. */
int schedule_find(struct schedule *schedule, const char *config, struct err *err);
void schedule_release(struct schedule *schedule);

/* Each gives a text (malloc), or NULL and *err. */
char *schedule_crontab(const struct schedule *schedule, struct err *err);
char *schedule_service(const struct schedule *schedule, struct err *err);
char *schedule_timer(const struct schedule *schedule, struct err *err);

/* The longest that a run may take from SIGTERM to its end. */
int64_t schedule_stop_ms(const struct conf *conf);

/* Puts `block` into the user's crontab in place of the one of this config, if there is one, and
 * nothing else is changed; NULL takes it out. 0, or -1 and *err. */
int schedule_install_crontab(const char *config, const char *block, struct err *err);

/* Writes the units where the user's systemd looks for them; both NULL takes them away. The folder
 * goes to folder[PATH_MAX]. 0, or -1 and *err. */
int schedule_install_units(const char *name, const char *service, const char *timer, char *folder,
			   struct err *err);
/* The same folder, untouched. 0, or -1 and *err. */
int schedule_unit_folder(char *folder, struct err *err);

#endif
