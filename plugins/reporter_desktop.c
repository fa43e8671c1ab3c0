/* The desktop's notifications, by notify-send. Its body may be read as markup
 * (specifications.freedesktop.org/notification-spec), so what is markup in it is written as
 * entities. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/paths.h"
#include "plugins/reporter_kinds.h"
#include "status/json.h"

#define TEXT 1024

static bool has_desktop(void)
{
	static const char *const names[] = {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY",
					    "WAYLAND_DISPLAY"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return true;
	}
	return false;
}

static void without_markup(const char *words, char *out, size_t size)
{
	size_t length = 0;
	for (const char *c = words; *c && length + 8 < size; c++) {
		const char *as = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : "";
		if (*as)
			length += (size_t)snprintf(out + length, size - length, "%s", as);
		else
			out[length++] = *c;
	}
	out[length] = '\0';
}

static int show(const struct conf_report *to, const cJSON *report, const struct host *host,
		struct err *err)
{
	char title[TEXT], body[TEXT];
	struct host_result result;
	const char *words = json_get_text(report, "message");
	const char *named = json_get_text(report, "title");
	const char *status = json_get_text(report, "status");
	const char *cause = json_get_text(report, "close_cause");
	const bool bad =
		(status && strcmp(status, "NOK") == 0) || (cause && strcmp(cause, "error") == 0);
	snprintf(title, sizeof(title), "stepgate: %s", named ? named : "");
	without_markup(words ? words : "", body, sizeof(body));
	const char *const argv[] = {"notify-send",
				    "--app-name=stepgate",
				    bad ? "--urgency=critical" : "--urgency=low",
				    "--",
				    title,
				    body,
				    NULL};
	const struct host_program program = {.argv = argv, .timeout_ms = to->timeout_ms};
	return host_run(host, &program, &result, err);
}

int reporter_desktop(const struct conf_report *to, const struct reporter_mail *mail,
		     const struct host *host, struct err *err)
{
	static const char *const no_environment[] = {NULL};
	if (!has_desktop() || path_no_command("notify-send", "/", no_environment))
		return 0;
	cJSON *report = json_parse_object(mail->line, strlen(mail->line));
	if (!report)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int result = show(to, report, host, err);
	cJSON_Delete(report);
	return result;
}
