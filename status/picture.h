/* What is remembered and what is now, as JSON: the monitor's answers and events, and `--json` of
 * the commands that look back. Times are as in clock.h; what is not known is null. Each gives an
 * object (cJSON_Delete) or NULL when memory is short. */
#ifndef STATUS_PICTURE_H
#define STATUS_PICTURE_H

#include "status/journal_history.h"
#include "status/json.h"
#include "status/now.h"

cJSON *picture_move(const struct journal_past_move *move);
cJSON *picture_message(const struct journal_line *line);
cJSON *picture_step(const struct journal_step *step, int64_t budget);
cJSON *picture_cycle(const struct journal_past_cycle *cycle);
cJSON *picture_now(const struct now *now);
/* Terms, and what the gate says of a cycle that begins under them. */
cJSON *picture_terms(const struct gate_terms *terms);
/* Sets a key to a time, null where it is 0. As json_set. */
int picture_set_time(cJSON *object, const char *key, int64_t us);

/* Of one that is not wanted; NULL is fine. */
void picture_free(cJSON *object);

/* The text of an object on one line (free), which is freed; NULL when memory was short anywhere. */
char *picture_print(cJSON *object);

#endif
