/* The text of a value, read as what its row in the option table says. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/options.h"

#define VALUE_WHY_SIZE      256
#define VALUE_DURATION_SIZE 32

/* Checks a value of a row that is no section. 0, or -1 with what is wrong in why. */
int value_check(const struct option *option, const char *text, char why[VALUE_WHY_SIZE]);

/* Each reads a text that value_check passed. */
int64_t value_integer(const char *text);
bool value_boolean(const char *text);
int64_t value_size(const char *text);     /* bytes */
int64_t value_duration(const char *text); /* milliseconds */
/* The index among the row's choices; -1 where the text is none of them. */
int value_choice(const struct option *option, const char *text);

/* A size (0 or more) in the largest unit that it is a whole number of: "64M", "1000". */
void value_write_size(int64_t bytes, char out[VALUE_DURATION_SIZE]);

/* A time (0 or more) in the largest unit that it is a whole number of: "90s", "2h", "0". */
void value_write_duration(int64_t milliseconds, char out[VALUE_DURATION_SIZE]);

#endif
