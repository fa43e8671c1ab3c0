#include "runner/commands/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/nearest.h"
#include "conf/value.h"

static bool is_option(const char *name)
{
	return strncmp(name, "--", 2) == 0;
}

static const struct arg *find_option(const struct arg *table, const char *name, size_t length)
{
	for (; table->name; table++)
		if (is_option(table->name) && strlen(table->name) == length &&
		    memcmp(table->name, name, length) == 0)
			return table;
	return NULL;
}

static const struct arg *find_positional(const struct arg *table, int number)
{
	for (; table->name; table++)
		if (!is_option(table->name) && number-- == 0)
			return table;
	return NULL;
}

static int unknown(const struct arg *table, const char *name, struct err *err)
{
	const char *names[32];
	size_t n = 0;
	for (const struct arg *arg = table; arg->name && n < 31; arg++)
		if (is_option(arg->name))
			names[n++] = arg->name;
	names[n++] = "--help";
	const char *nearest = nearest_name(name, names, n);
	if (nearest)
		return err_set(err, ERR_USAGE, "%s: unknown option: did you mean %s?", name,
			       nearest);
	return err_set(err, ERR_USAGE, "%s: unknown option", name);
}

static int set_integer(const struct arg *arg, const char *text, struct err *err)
{
	char *end = NULL;
	errno = 0;
	const long long value = strtoll(text, &end, 10);
	const bool digits = (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
	if (!digits || *end)
		return err_set(err, ERR_USAGE, "%s: not a whole number: '%s'", arg->name, text);
	if (errno == ERANGE || value < arg->min || value > arg->max)
		return err_set(err, ERR_USAGE,
			       "%s: out of range: %s is not within %" PRId64 "..%" PRId64,
			       arg->name, text, arg->min, arg->max);
	*(int64_t *)arg->value = value;
	return 0;
}

static int set_duration(const struct arg *arg, const char *text, struct err *err)
{
	char why[VALUE_WHY_SIZE];
	const struct option range = {.type = OPTION_DURATION, .min = arg->min, .max = arg->max};
	if (value_check(&range, text, why) != 0)
		return err_set(err, ERR_USAGE, "%s: '%s': %s", arg->name, text, why);
	*(int64_t *)arg->value = value_duration(text);
	return 0;
}

static int set_value(const struct arg *arg, const char *text, struct err *err)
{
	if (arg->type == ARG_DURATION || arg->type == ARG_PATIENCE)
		return set_duration(arg, text, err);
	if (arg->type == ARG_INTEGER)
		return set_integer(arg, text, err);
	*(const char **)arg->value = text;
	return 0;
}

/* Takes argv[0], an option, and the values that belong to it. Gives how many words it took, or -1.
 */
static int take_option(const struct arg *table, int argc, char *const *argv, struct err *err)
{
	const char *sign = strchr(argv[0], '=');
	const size_t length = sign ? (size_t)(sign - argv[0]) : strlen(argv[0]);
	const struct arg *arg = find_option(table, argv[0], length);
	if (!arg)
		return unknown(table, argv[0], err);
	if (arg->type == ARG_FLAG) {
		if (sign)
			return err_set(err, ERR_USAGE, "%s: takes no value", arg->name);
		*(bool *)arg->value = true;
		return 1;
	}
	if (arg->type == ARG_TEXTS) {
		struct arg_texts *texts = arg->value;
		texts->values = argv + 1;
		texts->count = 0;
		while (1 + texts->count < argc && !is_option(argv[1 + texts->count]))
			texts->count++;
		if (sign || texts->count == 0)
			return err_set(err, ERR_USAGE, "%s: needs %s behind it", arg->name,
				       arg->shown);
		return 1 + texts->count;
	}
	if (arg->type == ARG_PATIENCE && !sign) {
		*(int64_t *)arg->value = arg->max;
		return 1;
	}
	if (!sign && argc < 2)
		return err_set(err, ERR_USAGE, "%s: needs a value: %s", arg->name, arg->shown);
	const char *text = sign ? sign + 1 : argv[1];
	return set_value(arg, text, err) != 0 ? -1 : sign ? 1 : 2;
}

/* How many of argv it takes, or -1. With `options` a text that begins like one ends a list. */
static int take_positional(const struct arg *table, int number, int argc, char *const *argv,
			   bool options, struct err *err)
{
	const struct arg *arg = find_positional(table, number);
	if (!arg)
		return err_set(err, ERR_USAGE, "%s: one argument too many", argv[0]);
	if (arg->type != ARG_TEXTS)
		return set_value(arg, argv[0], err) != 0 ? -1 : 1;
	struct arg_texts *texts = arg->value;
	*texts = (struct arg_texts){.values = argv, .count = 1};
	while (texts->count < argc && !(options && is_option(argv[texts->count])))
		texts->count++;
	return texts->count;
}

static int check_required(const struct arg *table, int positionals, const bool *given,
			  struct err *err)
{
	int number = 0;
	for (const struct arg *arg = table; arg->name; arg++) {
		const bool here =
			is_option(arg->name) ? given[arg - table] : number++ < positionals;
		if (arg->required && !here)
			return err_set(err, ERR_USAGE, "%s is missing: %s", arg->name, arg->help);
	}
	return 0;
}

#define ARGS_MOST 32

int args_parse(const struct arg *table, int argc, char *const *argv, struct err *err)
{
	bool given[ARGS_MOST] = {false};
	int positionals = 0;
	bool options = true;
	for (int i = 0; i < argc;) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			i++;
		} else if (options && is_option(argv[i])) {
			const char *sign = strchr(argv[i], '=');
			const size_t length = sign ? (size_t)(sign - argv[i]) : strlen(argv[i]);
			const struct arg *arg = find_option(table, argv[i], length);
			if (arg && given[arg - table])
				return err_set(err, ERR_USAGE, "%s: given twice", arg->name);
			const int taken = take_option(table, argc - i, argv + i, err);
			if (taken < 0)
				return -1;
			given[arg - table] = true;
			i += taken;
		} else {
			const int taken = take_positional(table, positionals++, argc - i, argv + i,
							  options, err);
			if (taken < 0)
				return -1;
			i += taken;
		}
	}
	return check_required(table, positionals, given, err);
}
