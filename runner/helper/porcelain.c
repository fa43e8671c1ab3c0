#include "runner/helper/porcelain.h"

#include <stdio.h>
#include <string.h>

#include "status/text.h"

#define LINE 512

struct verdict {
	bool found, done;
	char flag;
	char summary[LINE]; /* "[rejected] (fetch first)" */
};

struct meaning {
	const char *words;
	enum receipt_result result;
};

/* Of a rejected ref's summary. */
static const struct meaning summaries[] = {
	{"(fetch first)", RECEIPT_NON_FAST_FORWARD},
	{"(non-fast-forward)", RECEIPT_NON_FAST_FORWARD},
	{"(stale info)", RECEIPT_NON_FAST_FORWARD},
	{"(needs force)", RECEIPT_NON_FAST_FORWARD},
	{"(already exists)", RECEIPT_NON_FAST_FORWARD},
	{"(remote ref updated since checkout)", RECEIPT_NON_FAST_FORWARD},
	{"(cannot lock ref", RECEIPT_NON_FAST_FORWARD},
	{"(failed to update ref)", RECEIPT_DECLINED},
	{"[remote rejected]", RECEIPT_DECLINED},
};

/* Of a line on stderr where there is no line for the ref. What git or ssh says of who we are comes
 * before what it says of the way there, since the latter ends most failures. */
static const struct meaning complaints[] = {
	{"Authentication failed", RECEIPT_AUTHENTICATION},
	{"Permission denied", RECEIPT_AUTHENTICATION},
	{"could not read Username", RECEIPT_AUTHENTICATION},
	{"could not read Password", RECEIPT_AUTHENTICATION},
	{"terminal prompts disabled", RECEIPT_AUTHENTICATION},
	{"Host key verification failed", RECEIPT_AUTHENTICATION},
	{"Invalid username or password", RECEIPT_AUTHENTICATION},
	{"returned error: 401", RECEIPT_AUTHENTICATION},
	{"returned error: 403", RECEIPT_AUTHENTICATION},
	{"access denied", RECEIPT_AUTHENTICATION},
	{"Could not resolve host", RECEIPT_UNREACHABLE},
	{"Name or service not known", RECEIPT_UNREACHABLE},
	{"Connection refused", RECEIPT_UNREACHABLE},
	{"Connection timed out", RECEIPT_UNREACHABLE},
	{"Connection reset", RECEIPT_UNREACHABLE},
	{"Network is unreachable", RECEIPT_UNREACHABLE},
	{"No route to host", RECEIPT_UNREACHABLE},
	{"Failed to connect", RECEIPT_UNREACHABLE},
	{"unable to connect", RECEIPT_UNREACHABLE},
	{"does not appear to be a git repository", RECEIPT_UNREACHABLE},
	{"not a git repository", RECEIPT_UNREACHABLE},
	{"Repository not found", RECEIPT_UNREACHABLE},
	{"unable to access", RECEIPT_UNREACHABLE},
	{"Could not read from remote repository", RECEIPT_UNREACHABLE},
	{"hung up unexpectedly", RECEIPT_UNREACHABLE},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The next line into line[LINE], cut where it is longer. False at the end. */
static bool next_line(const char **text, char *line)
{
	if (!**text)
		return false;
	const size_t length = strcspn(*text, "\n");
	const size_t fits = length < LINE ? length : LINE - 1;
	memcpy(line, *text, fits);
	line[fits] = '\0';
	*text += length + ((*text)[length] == '\n');
	return true;
}

/* Whether the middle field, "FROM:TO", is about `ref`. */
static bool is_about(const char *field, size_t length, const char *ref)
{
	const size_t want = strlen(ref);
	return length > want && field[length - want - 1] == ':' &&
	       memcmp(field + length - want, ref, want) == 0;
}

static void read_line(const char *line, const char *ref, struct verdict *verdict)
{
	if (strcmp(line, "Done") == 0)
		verdict->done = true;
	if (!line[0] || line[1] != '\t')
		return;
	const char *field = line + 2;
	const size_t length = strcspn(field, "\t");
	if (!field[length] || !is_about(field, length, ref))
		return;
	verdict->found = true;
	verdict->flag = line[0];
	snprintf(verdict->summary, sizeof(verdict->summary), "%s", field + length + 1);
}

static const struct meaning *find(const struct meaning *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, list[i].words))
			return &list[i];
	return NULL;
}

/* The first line of stderr that holds `words`, behind what comes before `begin`. */
static bool tell(const char *complaint, const char *words, char *why, size_t size)
{
	char line[LINE];
	while (next_line(&complaint, line))
		if (strstr(line, words)) {
			text_clean(line, strlen(line), why, size);
			return true;
		}
	return false;
}

/* What a rejected ref says, and the first word of the remote's own, which is where a hook explains
 * itself. */
static void tell_rejection(const struct verdict *verdict, const char *complaint, char *why,
			   size_t size)
{
	char line[LINE], whole[2 * LINE + 4];
	char remote[LINE] = "";
	while (!remote[0] && next_line(&complaint, line))
		if (strncmp(line, "remote: ", 8) == 0 && strspn(line + 8, " ") < strlen(line + 8))
			snprintf(remote, sizeof(remote), "%s", line + 8);
	snprintf(whole, sizeof(whole), "%s%s%s", verdict->summary, remote[0] ? ": " : "", remote);
	text_clean(whole, strlen(whole), why, size);
}

enum receipt_result porcelain_judge(const char *output, const char *complaint, const char *ref,
				    char *why, size_t size)
{
	char line[LINE];
	struct verdict verdict = {.found = false};
	while (next_line(&output, line))
		read_line(line, ref, &verdict);
	if (verdict.found && verdict.done && strchr(" +*=", verdict.flag))
		return RECEIPT_PUSHED;
	if (verdict.found && verdict.flag == '!') {
		const struct meaning *meaning = find(summaries, COUNT(summaries), verdict.summary);
		tell_rejection(&verdict, complaint, why, size);
		return meaning ? meaning->result : RECEIPT_PUSH_ERROR;
	}
	const struct meaning *meaning = find(complaints, COUNT(complaints), complaint);
	if (meaning) {
		tell(complaint, meaning->words, why, size);
		return meaning->result;
	}
	if (!tell(complaint, "fatal: ", why, size) && !tell(complaint, "", why, size))
		snprintf(why, size, "git push did not say that %.200s was updated", ref);
	return RECEIPT_PUSH_ERROR;
}
