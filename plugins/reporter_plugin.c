#include <stdlib.h>
#include <string.h>

#include "plugins/ask.h"
#include "plugins/reporter_kinds.h"

int reporter_plugin(const struct conf_report *to, const struct reporter_mail *mail,
		    const struct host *host, struct err *err)
{
	struct plugin_answer answer;
	size_t length = 0;
	char *line = reporter_keyed(mail, &length);
	if (!line)
		return err_set(err, ERR_INTERNAL, "out of memory");
	line[strcspn(line, "\n")] = '\0';
	const struct plugin_call call = {
		.ask = PLUGIN_REPORT,
		.options = to->plugin.options,
		.repository = to->plugin.folder,
		.report = line,
	};
	const int failed = plugin_ask(&to->plugin, &call, to->plugin.folder, to->timeout_ms, host,
				      &answer, err);
	free(line);
	return failed;
}
