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
	bool passes; /* it may be otherwise in a moment */
};

/* Of a line that the remote said, whatever git makes of it. */
static const struct meaning remotes[] = {
	{"No space left on device", RECEIPT_REMOTE_FULL, false},
	{"Disk quota exceeded", RECEIPT_REMOTE_FULL, false},
	{"out of diskspace", RECEIPT_REMOTE_FULL, false},
	{".lock': File exists", RECEIPT_REMOTE_LOCKED, true},
	{" but expected ", RECEIPT_NON_FAST_FORWARD, false}, /* a rival was faster */
};

/* Of a rejected ref's summary. */
static const struct meaning summaries[] = {
	{"(fetch first)", RECEIPT_NON_FAST_FORWARD, false},
	{"(non-fast-forward)", RECEIPT_NON_FAST_FORWARD, false},
	{"(stale info)", RECEIPT_NON_FAST_FORWARD, false},
	{"(needs force)", RECEIPT_NON_FAST_FORWARD, false},
	{"(already exists)", RECEIPT_NON_FAST_FORWARD, false},
	{"(remote ref updated since checkout)", RECEIPT_NON_FAST_FORWARD, false},
	{"(cannot lock ref", RECEIPT_NON_FAST_FORWARD, false},
	{"(failed to update ref)", RECEIPT_DECLINED, false},
	{"[remote rejected]", RECEIPT_DECLINED, false},
};

/* Of a line on stderr where there is no line for the ref. What git or ssh says of who we are comes
 * before what it says of the way there, since the latter ends most failures. */
static const struct meaning complaints[] = {
	{"the receiving end does not support", RECEIPT_PUSH_ERROR, false},
	{"detected dubious ownership", RECEIPT_UNREACHABLE, false},
	{"Authentication failed", RECEIPT_AUTHENTICATION, false},
	{"Permission denied", RECEIPT_AUTHENTICATION, false},
	{"could not read Username", RECEIPT_AUTHENTICATION, false},
	{"could not read Password", RECEIPT_AUTHENTICATION, false},
	{"terminal prompts disabled", RECEIPT_AUTHENTICATION, false},
	{"Host key verification failed", RECEIPT_AUTHENTICATION, false},
	{"Invalid username or password", RECEIPT_AUTHENTICATION, false},
	{"returned error: 401", RECEIPT_AUTHENTICATION, false},
	{"returned error: 403", RECEIPT_AUTHENTICATION, false},
	{"access denied", RECEIPT_AUTHENTICATION, false},
	{"not be found on any remote", RECEIPT_SUBMODULE, false},
	{"RPC failed", RECEIPT_UNREACHABLE, true},
	{"unexpected disconnect", RECEIPT_UNREACHABLE, true},
	{"early EOF", RECEIPT_UNREACHABLE, true},
	{"Temporary failure in name resolution", RECEIPT_UNREACHABLE, true},
	{"returned error: 500", RECEIPT_UNREACHABLE, true},
	{"returned error: 502", RECEIPT_UNREACHABLE, true},
	{"returned error: 503", RECEIPT_UNREACHABLE, true},
	{"returned error: 504", RECEIPT_UNREACHABLE, true},
	{"returned error: 429", RECEIPT_UNREACHABLE, true},
	{"Could not resolve host", RECEIPT_UNREACHABLE, true},
	{"Name or service not known", RECEIPT_UNREACHABLE, true},
	{"Connection refused", RECEIPT_UNREACHABLE, true},
	{"Connection timed out", RECEIPT_UNREACHABLE, true},
	{"Connection reset", RECEIPT_UNREACHABLE, true},
	{"Network is unreachable", RECEIPT_UNREACHABLE, true},
	{"No route to host", RECEIPT_UNREACHABLE, true},
	{"Failed to connect", RECEIPT_UNREACHABLE, true},
	{"unable to connect", RECEIPT_UNREACHABLE, true},
	{"dubious ownership", RECEIPT_UNREACHABLE, false},
	{"does not appear to be a git repository", RECEIPT_UNREACHABLE, false},
	{"not a git repository", RECEIPT_UNREACHABLE, false},
	{"' not found", RECEIPT_UNREACHABLE, false},
	{"Repository not found", RECEIPT_UNREACHABLE, false},
	{"unable to access", RECEIPT_UNREACHABLE, false},
	{"Could not read from remote repository", RECEIPT_UNREACHABLE, false},
	{"hung up unexpectedly", RECEIPT_UNREACHABLE, true},
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

/* Of the lines that the remote said. */
static const struct meaning *find_of_remote(const char *complaint)
{
	char line[LINE];
	while (next_line(&complaint, line)) {
		const struct meaning *meaning = strncmp(line, "remote: ", 8) == 0
							? find(remotes, COUNT(remotes), line)
							: NULL;
		if (meaning)
			return meaning;
	}
	return NULL;
}

bool porcelain_may_pass(const char *complaint)
{
	const struct meaning *meaning = find_of_remote(complaint);
	if (!meaning)
		meaning = find(complaints, COUNT(complaints), complaint);
	return meaning && meaning->passes;
}

enum receipt_result porcelain_judge(const char *output, const char *complaint, const char *ref,
				    char *why, size_t size)
{
	char line[LINE];
	struct verdict verdict = {.found = false};
	while (next_line(&output, line))
		read_line(line, ref, &verdict);
#ifdef STEPGATE_WITHOUT_ACKNOWLEDGEMENT /* tests/whole/without.sh: would it be noticed? */
	verdict = (struct verdict){.found = true, .done = true, .flag = ' '};
#endif
	if (verdict.found && verdict.done && strchr(" +*=", verdict.flag))
		return RECEIPT_PUSHED;
	if (verdict.found && verdict.flag == '!') {
		const struct meaning *meaning = find_of_remote(complaint);
		if (!meaning)
			meaning = find(summaries, COUNT(summaries), verdict.summary);
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
