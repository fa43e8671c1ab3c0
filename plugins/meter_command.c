#include <ctype.h>
#include <string.h>

#include "plugins/meter_kinds.h"
#include "status/text.h"

#define QUOTED 80 /* bytes of what it printed that are shown */

/* 0 and *value where the text is digits with nothing but white space around them. */
static int whole_number(const char *text, size_t length, int64_t *value)
{
	const char *at = text, *end = text + length;
	int64_t sum = 0;
	while (at < end && isspace((unsigned char)*at))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	if (at == end)
		return -1;
	for (; at < end; at++) {
		const int digit = *at - '0';
		if (digit < 0 || digit > 9 || sum > (INT64_MAX - digit) / 10)
			return -1;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return 0;
}

struct usage meter_command_read(const struct conf_step *step, const struct meter_lines *lines,
				const char *const *environment, const struct host *host,
				struct err *err)
{
	struct host_result result;
	char quoted[QUOTED];
	int64_t tokens = 0;
	const struct host_program program = {
		.argv = step->meter_command,
		.environment = environment,
		.cwd = step->cwd,
		.timeout_ms = METER_COMMAND_MS,
	};
	(void)lines;
	if (host_run(host, &program, &result, err) != 0)
		return USAGE_UNKNOWN;
	if (!result.cut && whole_number(result.output, result.length, &tokens) == 0)
		return USAGE_KNOWN(tokens);
	text_clean(result.output, result.length, quoted, sizeof(quoted));
	err_set(err, ERR_SYSTEM, "%s: it printed \"%s\", not one whole number",
		step->meter_command[0], quoted);
	return USAGE_UNKNOWN;
}
