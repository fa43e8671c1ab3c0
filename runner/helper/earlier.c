#include "runner/helper/earlier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/git_program.h"
#include "runner/helper/trailer.h"

#define OURS    "Stepgate-"
#define CYCLE   TRAILER_CYCLE ": "
#define TIME_MS 30000

/* A trailer that tells commits apart. */
static bool is_ours(const char *line)
{
	return strncmp(line, OURS, strlen(OURS)) == 0 &&
	       strncmp(line, TRAILER_PASSED ":", strlen(TRAILER_PASSED ":")) != 0;
}

/* The length of the next line that is such a one, at *text, which is moved to it; 0 where there is
 * none. */
static size_t next_trailer(const char **text)
{
	while (**text) {
		const size_t length = strcspn(*text, "\n");
		if (length > strlen(OURS) && is_ours(*text))
			return length;
		*text += length + ((*text)[length] == '\n');
	}
	return 0;
}

static bool is_listed(const char *line, size_t length, const char *const *trailers)
{
	for (size_t i = 0; trailers[i]; i++)
		if (strlen(trailers[i]) == length && memcmp(trailers[i], line, length) == 0)
			return true;
	return false;
}

bool earlier_is_same(const char *message, const char *const *trailers)
{
	size_t wanted = 0, found = 0, length;
	for (size_t i = 0; trailers[i]; i++)
		wanted += is_ours(trailers[i]);
	while ((length = next_trailer(&message))) {
		if (!is_listed(message, length, trailers))
			return false;
		found++;
		message += length;
	}
	return wanted > 0 && found == wanted;
}

/* The number in the first of the lines that says it; -1 where none does. */
static long long cycle_of(const char *message)
{
	size_t length;
	for (; (length = next_trailer(&message)); message += length)
		if (strncmp(message, CYCLE, strlen(CYCLE)) == 0)
			return strtoll(message + strlen(CYCLE), NULL, 10);
	return -1;
}

static long long cycle_wanted(const char *const *trailers)
{
	long long cycle = -1;
	for (size_t i = 0; trailers[i] && cycle < 0; i++)
		cycle = cycle_of(trailers[i]);
	return cycle;
}

/* The log is "ID\nMESSAGE" and a NUL for each commit. */
static int search(const struct git_answer *answer, const char *const *trailers, char *id)
{
	const char *end = answer->output + answer->length;
	const long long wanted = cycle_wanted(trailers);
	for (const char *at = answer->output; at < end; at += strlen(at) + 1) {
		const size_t length = strcspn(at, "\n");
		const long long cycle = cycle_of(at + length);
		if (cycle >= 0 && cycle < wanted)
			return 0;
		if (!at[length] || length > 64 || !earlier_is_same(at + length, trailers))
			continue;
		memcpy(id, at, length);
		id[length] = '\0';
		return 1;
	}
	return 0;
}

int earlier_find(const struct look *look, const char *ref, const char *const *trailers,
		 const char *since, char *id)
{
	char before[80];
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	const char *const args[] = {
		"log",
		"-z",
		"--first-parent",
		"-n",
		EARLIER_COMMITS,
		"--format=%H%n%B",
		ref,
		since ? before : "--",
		since ? "--" : NULL,
		NULL,
	};
	const struct git_call call = {
		.folder = look->workdir,
		.args = args,
		.timeout_ms = TIME_MS,
		.client = -1,
	};
	snprintf(before, sizeof(before), "^%.64s", since ? since : "");
	git_answer_init(&answer);
	int found = git_program(&call, &answer, &err);
#ifndef STEPGATE_WITHOUT_SEARCH /* tests/whole/without.sh: would it be noticed? */
	if (found == 0 && git_answer_ok(&answer))
		found = search(&answer, trailers, id);
#endif
	git_answer_release(&answer);
	return found;
}
