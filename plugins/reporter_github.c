/*
 * GitHub Actions: a line of Markdown in the file that GITHUB_STEP_SUMMARY names, and a workflow
 * command on stdout, which the runner makes an annotation of:
 *
 *   ::error title=TITLE::MESSAGE
 *
 * in which %, CR and LF are written as %25, %0D and %0A, and in the title also : and , as %3A and
 * %2C. (docs.github.com, "Workflow commands for GitHub Actions")
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/reporter_kinds.h"
#include "status/json.h"

#define TEXT 4096

/* Copies the words, each byte of `special` as %XX. */
static void percent(const char *words, const char *special, char *out, size_t size)
{
	size_t length = 0;
	for (const char *c = words; *c && length + 4 < size; c++)
		if (strchr(special, *c))
			length += (size_t)snprintf(out + length, size - length, "%%%02X",
						   (unsigned)(unsigned char)*c);
		else
			out[length++] = *c;
	out[length] = '\0';
}

/* Copies the words as one line of Markdown in which nothing is markup, a newline at its end. */
static size_t item(const char *words, char out[TEXT])
{
	size_t length = (size_t)snprintf(out, TEXT, "- ");
	for (const char *c = words; *c && length + 4 < TEXT; c++) {
		if (strchr("\\`*_{}[]()#+!|<>&@~$", *c))
			out[length++] = '\\';
		out[length++] = *c == '\r' || *c == '\n' ? ' ' : *c;
	}
	out[length++] = '\n';
	return length;
}

/* What kind of annotation it is worth; NULL: none. */
static const char *level(const cJSON *report)
{
	const char *status = json_get_text(report, "status");
	const char *cause = json_get_text(report, "close_cause");
	if ((status && strcmp(status, "NOK") == 0) || (cause && strcmp(cause, "error") == 0))
		return "error";
	if (!cause)
		return NULL;
	return strcmp(cause, "completed") == 0 ? "notice" : "warning";
}

static void annotate(const char *kind, const char *title, const char *words,
		     const struct host *host)
{
	char name[TEXT], text[TEXT], line[2 * TEXT + 32];
	percent(title, "%\r\n:,", name, sizeof(name));
	percent(words, "%\r\n", text, sizeof(text));
	snprintf(line, sizeof(line), "::%s title=%s::%s", kind, name, text);
	host->say(host, line);
}

static int summarize(const char *path, const char *words, struct err *err)
{
	char line[TEXT];
	return reporter_append(path, line, item(words, line), err);
}

static int tell(const cJSON *report, const struct host *host, struct err *err)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	const char *title = json_get_text(report, "title");
	const char *words = json_get_text(report, "message");
	const char *kind = level(report);
	if (path && *path && summarize(path, words ? words : "", err) != 0)
		return -1;
	if (kind)
		annotate(kind, title ? title : "stepgate", words ? words : "", host);
	return 0;
}

int reporter_github(const struct conf_report *to, const struct reporter_mail *mail,
		    const struct host *host, struct err *err)
{
	const char *actions = getenv("GITHUB_ACTIONS");
	(void)to;
	if (!actions || strcmp(actions, "true") != 0)
		return 0;
	cJSON *report = json_parse_object(mail->line, strlen(mail->line));
	if (!report)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int result = tell(report, host, err);
	cJSON_Delete(report);
	return result;
}
