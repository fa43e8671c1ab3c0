/* The user's own crontab: read, changed in one place, written back, through crontab(1). */
#include "runner/schedule/schedule_crontab.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/process/child.h"
#include "runner/schedule/schedule.h"
#include "status/text.h"

#define TIMEOUT_MS 30000
#define GRACE_MS   1000

/* What a program printed. */
struct printed {
	FILE *out;
	char complaint[512];
	size_t complained;
};

static void on_output(void *context, const char *bytes, size_t length)
{
	fwrite(bytes, 1, length, ((struct printed *)context)->out);
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct printed *printed = context;
	const size_t room = sizeof(printed->complaint) - 1 - printed->complained;
	const size_t fits = length < room ? length : room;
	memcpy(printed->complaint + printed->complained, bytes, fits);
	printed->complained += fits;
	printed->complaint[printed->complained] = '\0';
}

/* Runs `crontab ARGUMENT`, with `input` (may be NULL) on its stdin. Its exit code, or -1 and *err.
 */
static int run(const char *argument, const char *input, struct printed *printed, struct err *err)
{
	static const char *const plain[] = {"LC_ALL=C", NULL};
	const char *const argv[] = {"crontab", argument, NULL};
	struct child_result result;
	char words[256];
	char **environment = child_environment(plain, NULL);
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environment,
		.stdin_bytes = input,
		.stdin_length = input ? strlen(input) : 0,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.context = printed,
		.timeout_ms = TIMEOUT_MS,
		.grace_ms = GRACE_MS,
		.stop_fd = -1,
	};
	const int failed = child_run(&spec, &result, err);
	free(environment);
	if (failed != 0)
		return -1;
	if (result.end == CHILD_EXITED)
		return result.exit_code;
	return err_set(err, ERR_SYSTEM, "crontab %s: %s", argument,
		       child_words(&result, words, sizeof(words)));
}

static int refused(const char *argument, int code, const struct printed *printed, struct err *err)
{
	char words[256];
	text_clean(printed->complaint, strcspn(printed->complaint, "\n"), words, sizeof(words));
	return err_set(err, ERR_SYSTEM, "crontab %s: exit status %d%s%s", argument, code,
		       words[0] ? ": " : "", words);
}

/* The crontab as it stands ("" where there is none) into *text (malloc). 0, or -1 and *err. */
static int read_crontab(char **text, struct err *err)
{
	struct printed printed = {.complained = 0};
	size_t length;
	*text = NULL;
	printed.out = open_memstream(text, &length);
	if (!printed.out)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int code = run("-l", NULL, &printed, err);
	if (fclose(printed.out) != 0 || !*text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (code <= 0)
		return code;
	if (strncmp(printed.complaint, "no crontab for ", 15) == 0 && length == 0)
		return 0;
	return refused("-l", code, &printed, err);
}

static int write_crontab(const char *text, struct err *err)
{
	struct printed printed = {.out = stderr};
	const int code = run("-", text, &printed, err);
	return code > 0 ? refused("-", code, &printed, err) : code;
}

/* The next line from `at` on that is `mark` and the config's path and nothing else, or NULL. */
static const char *find_line(const char *at, const char *mark, const char *config)
{
	const size_t first = strlen(mark), length = first + strlen(config);
	while (*at) {
		const size_t line = strcspn(at, "\n");
		if (line == length && strncmp(at, mark, first) == 0 &&
		    strncmp(at + first, config, length - first) == 0)
			return at;
		at += line + (at[line] == '\n');
	}
	return NULL;
}

static const char *behind_line(const char *at)
{
	at += strcspn(at, "\n");
	return at + (*at == '\n');
}

/* Where our block stands: from *first up to *behind, both at the end of the text where there is
 * none. -1 where its marks are no pair. */
static int find_block(const char *text, const char *config, const char **first, const char **behind)
{
	const char *begin = find_line(text, SCHEDULE_BEGIN, config);
	const char *end = find_line(begin ? begin : text, SCHEDULE_END, config);
	*first = begin ? begin : text + strlen(text);
	*behind = end ? behind_line(end) : *first;
	if (!begin != !end || find_line(*behind, SCHEDULE_END, config) ||
	    find_line(*behind, SCHEDULE_BEGIN, config))
		return -1;
	const char *again = begin ? find_line(behind_line(begin), SCHEDULE_BEGIN, config) : NULL;
	return again ? -1 : 0;
}

static char *change(const char *text, const char *config, const char *block, struct err *err)
{
	const char *first, *behind;
	char *changed = NULL;
	if (find_block(text, config, &first, &behind) != 0) {
		err_set(err, ERR_DAMAGED,
			"the crontab: the lines that begin and end the block of %s are no pair: "
			"mend it with `crontab -e`; it was left as it is",
			config);
		return NULL;
	}
	if (!block && first == behind) {
		err_set(err, ERR_REFUSED, "%s: there is nothing of it in the crontab", config);
		return NULL;
	}
	const bool open = first > text && first[-1] != '\n';
	if (asprintf(&changed, "%.*s%s%s%s", (int)(first - text), text, open ? "\n" : "",
		     block ? block : "", behind) < 0) {
		err_set(err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	return changed;
}

int schedule_install_crontab(const char *config, const char *block, struct err *err)
{
	char *text = NULL;
	int failed = read_crontab(&text, err);
	char *changed = failed ? NULL : change(text, config, block, err);
	if (!failed)
		failed = changed ? write_crontab(changed, err) : -1;
	free(changed);
	free(text);
	return failed;
}
