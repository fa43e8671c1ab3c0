/* status/ee_config.json: budget and threshold for the next cycle, as the monitor saved them. */
#ifndef STATUS_SETTINGS_H
#define STATUS_SETTINGS_H

#include <stdint.h>

#include "conf/err.h"

#define SETTINGS_PATH "status/ee_config.json" /* below the repository's folder */

struct settings {
	int64_t budget; /* tokens; 0 where it does not say */
	int threshold;  /* percent; 0 where it does not say */
};

/* Reads it. No file gives zeros. Read tolerantly: unknown keys are passed over; a value of the
 * wrong type or out of range counts as not said, and *notice tells (malloc; NULL where there is
 * nothing to say). A file that is no JSON object is set aside where `mend`, and *notice says so. 0,
 * or -1 and *err. */
int settings_load(const char *folder, int mend, struct settings *settings, char **notice,
		  struct err *err);

/* Replaces it, keeping unknown keys; a value of 0 leaves that key as it is. 0, or -1 and *err. */
int settings_save(const char *folder, const struct settings *settings, struct err *err);

#endif
