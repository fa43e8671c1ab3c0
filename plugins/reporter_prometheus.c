/* node_exporter's textfile collector reads *.prom in a folder, whole, at any time. */
#include <stdlib.h>

#include "plugins/reporter_kinds.h"
#include "status/file.h"

int reporter_prometheus(const struct conf_report *to, const struct reporter_mail *mail,
			const struct host *host, struct err *err)
{
	char *text;
	size_t length;
	(void)mail;
	if (host->metrics(host, &text, &length, err) != 0)
		return -1;
	const int result = file_replace(to->path, text, length, err);
	free(text);
	return result;
}
