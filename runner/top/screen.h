/* What `stepgate top` draws, by ncurses. */
#ifndef RUNNER_TOP_SCREEN_H
#define RUNNER_TOP_SCREEN_H

#include <stdbool.h>

#include "conf/err.h"
#include "status/monitor/watch.h"

/* The terminal becomes ours. However the process ends, but by SIGKILL, it becomes again what it
 * was. 0, or -1 and *err with the terminal as it was. */
int screen_open(struct err *err);
void screen_close(void);

/* A key, or -1 where none was pressed; what a terminal sends for arrows and the like is 0. */
int screen_key(void);

/* Draws all of it. `said` is the line above the keys: an answer, or a question. */
void screen_draw(const struct watch *watch, const struct now_config *config, const char *said);

#endif
