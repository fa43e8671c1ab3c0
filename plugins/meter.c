#include "plugins/meter_kinds.h"

static meter_kind *const kinds[] = {
	[CONF_METER_NONE] = meter_lines_read,
	[CONF_METER_COMMAND] = meter_command_read,
};

struct usage meter_read(const struct conf_step *step, const struct meter_lines *lines,
			const char *const *environment, const struct host *host, struct err *err)
{
	return kinds[step->meter](step, lines, environment, host, err);
}
