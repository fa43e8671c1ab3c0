/* Claude Code: what it printed, and what it wrote into its projects/. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/agent_files.h"
#include "plugins/claude_words.h"

enum { COMPACTION_OUTPUT = 4096 }; /* tokens of a summary, at most about */

/* What its files say of the process that is charged. */
struct claude_files {
	struct call used;
	struct call before; /* of the session, by processes before this one */
	int64_t count;      /* files that were read */
	bool any;           /* the process is in them */
	bool costed;        /* by its own sum, which is of all its calls */
	bool doubt;         /* a call may be missing, or was broken off */
	bool many;          /* sessions, or we can't tell which calls are this process's */
	int64_t context;
	char session[SESSION_NAME];
	struct calls calls;
};

struct claude {
	const struct meter_start *start;
	struct claude_words words; /* what it printed */
	struct claude_words read;  /* the file under way */
	struct claude_files files;
	char subagents[AGENT_PATH]; /* the folder of the session's sub-agents */
	int64_t begun_ms;
};

static void *open_claude(const struct meter_start *start)
{
	struct claude *claude = calloc(1, sizeof(*claude));
	if (!claude)
		return NULL;
	claude->start = start;
	calls_init(&claude->files.calls);
	if (claude_words_init(&claude->words) == 0 && claude_words_init(&claude->read) == 0)
		return claude;
	scan_free(claude->words.scan);
	free(claude);
	return NULL;
}

static void close_claude(void *agent)
{
	struct claude *claude = agent;
	claude_words_release(&claude->words);
	claude_words_release(&claude->read);
	calls_release(&claude->files.calls);
	free(claude);
}

static void feed(void *agent, const char *bytes, size_t length)
{
	scan_feed(((struct claude *)agent)->words.scan, bytes, length);
}

static int64_t known(const void *agent)
{
	return ((const struct claude *)agent)->words.records;
}

/* Adds what was read of one file. */
static void add_read(struct claude_files *files, const struct claude_words *read)
{
	struct call sum = read->calls.sum;
	const struct call own = call_less(&read->cost, &read->cost_before);
	const bool costed = read->has_cost && call_all(&own) >= call_all(&sum);
	files->count++;
	if (read->compactions > 0 && !costed) {
		/* The call that summed up is in no file: its prompt is what it summed up. */
		const struct call missing = {{
			[TOKENS_CACHE_READ] = read->compacted,
			[TOKENS_OUTPUT] = COMPACTION_OUTPUT * (read->compactions % 65536),
		}};
		sum = call_sum(&sum, &missing);
		files->doubt = true;
	}
	if (costed)
		sum = own;
	files->costed |= costed;
	files->used = call_sum(&files->used, &sum);
	files->before = call_sum(&files->before, &read->before);
	files->doubt |= read->aborted || scan_broken(read->scan) > 0 ||
			(read->has_cost ? !costed : read->in_flight);
	for (int i = 0; i < read->calls.nmodels; i++) {
		const struct usage *of = read->calls.models[i].used.of;
		const struct call call = call_of(of[TOKENS_INPUT], of[TOKENS_CACHE_READ],
						 of[TOKENS_CACHE_WRITE], of[TOKENS_OUTPUT]);
		calls_add(&files->calls, read->calls.models[i].name, &call);
	}
	if (!read->side && call_prompt(&read->last) > 0)
		files->context = call_prompt(&read->last);
}

static void read_side(void *context, const char *path, const char *name)
{
	struct claude *claude = context;
	struct claude_words *read = &claude->read;
	if (!ends_with(name, ".jsonl"))
		return;
	claude_words_again(read);
	read->from_id[0] = '\0';
	read->from_ms = claude->begun_ms;
	read->side = true;
	if (agent_file_scan(path, read->scan) != 0)
		return;
	const struct claude_files before = claude->files;
	add_read(&claude->files, read);
	if (before.costed) { /* the session's own sum has them */
		claude->files.used = before.used;
		claude->files.doubt = before.doubt;
	}
}

/* Whether a whole session seems to be of more than one process. */
static bool several(const struct claude_words *read)
{
	return read->costs > 0 ? read->costs > 1 : read->prompts > 1;
}

/* The main file of a session, then those of its sub-agents. `known`: the session is the worker's,
 * also where nothing came to it since its start. */
static void read_session(struct claude *claude, const char *path, bool known)
{
	struct claude_words *read = &claude->read;
	const size_t stem = strlen(path) - strlen(".jsonl");
	claude_words_again(read);
	snprintf(read->from_id, sizeof(read->from_id), "%s",
		 claude->words.transcript ? "" : claude->words.first_id);
	read->from_ms = read->from_id[0] ? 0 : claude->start->since_ms;
	if (agent_file_scan(path, read->scan) != 0)
		return;
	if (read->from_id[0] && !read->begun)
		return; /* not this process's */
	if (read->from_ms && !read->begun && !known)
		return;
	const bool whole = !read->from_id[0] && !read->from_ms;
	if (read->from_ms && !read->begun) {
		calls_clear(&read->calls);
		read->has_cost = false;
	}
	claude->files.many |= whole && (claude->files.any || several(read));
	claude->files.any = true;
	claude->begun_ms = read->begun ? agent_time(read->begun_at) : read->from_ms;
	snprintf(claude->files.session, sizeof(claude->files.session), "%.*s", SESSION_NAME - 1,
		 read->session);
	add_read(&claude->files, read);
	if (snprintf(claude->subagents, sizeof(claude->subagents), "%.*s/subagents", (int)stem,
		     path) < (int)sizeof(claude->subagents))
		agent_files_walk(claude->subagents, 2, read_side, claude);
}

/* Whether a file was written to since the worker's start; where that is not known, it may be. */
static bool is_new(const struct claude *claude, const char *path)
{
	struct stat stat_of;
	return claude->start->since_ms == 0 ||
	       (stat(path, &stat_of) == 0 &&
		stat_of.st_mtim.tv_sec >= claude->start->since_ms / 1000 - 2);
}

/* projects/FOLDER/SESSION.jsonl; what lies deeper belongs to a session. */
static void visit(void *context, const char *path, const char *name)
{
	struct claude *claude = context;
	const char *session = claude->words.session[0] && !claude->words.transcript
				      ? claude->words.session
				      : claude->start->session;
	if (!ends_with(name, ".jsonl"))
		return;
	if (session && (strncmp(name, session, strlen(session)) != 0 ||
			strcmp(name + strlen(session), ".jsonl") != 0))
		return;
	if (session || is_new(claude, path))
		read_session(claude, path, session != NULL);
}

/* The folder of the sessions that were begun in the worker's own one; all of them where there is
 * none. Its name is that one's path with "-" for what is no letter or digit. */
static bool own_folder(const struct claude *claude, char *folder, size_t size)
{
	struct stat stat_of;
	const struct conf_step *step = claude->start->step;
	const int length = snprintf(folder, size, "%s/projects/", claude->start->files);
	if (!step || !step->cwd || length < 0 || (size_t)length + strlen(step->cwd) >= size)
		return false;
	char *at = folder + length;
	for (const char *from = step->cwd; *from; from++)
		*at++ = (char)(isalnum((unsigned char)*from) ? *from : '-');
	*at = '\0';
	return stat(folder, &stat_of) == 0;
}

static void read_files(struct claude *claude)
{
	char folder[AGENT_PATH];
	calls_release(&claude->files.calls);
	claude->files = (struct claude_files){.count = 0};
	calls_init(&claude->files.calls);
	if (!claude->start->files)
		return;
	if (own_folder(claude, folder, sizeof(folder)))
		agent_files_walk(folder, 0, visit, claude);
	else if (snprintf(folder, sizeof(folder), "%s/projects", claude->start->files) <
		 (int)sizeof(folder))
		agent_files_walk(folder, 1, visit, claude);
}

static void look(void *agent, struct agent_live *live)
{
	struct claude *claude = agent;
	if (!claude->words.session[0] && !claude->start->session)
		return;
	read_files(claude);
	live->any = claude->files.any;
	live->used = claude->files.used;
	live->context = claude->files.context;
}

/* Its printed words: whole results, or the calls that were seen, whichever is more. */
static struct call printed(const struct claude_words *words)
{
	struct call sum = words->results == 0 ? words->calls.sum : words->since.sum;
	if (words->results > 0 && words->without_since) {
		sum = claude_words_last(words);
		sum = call_sum(&sum, &words->earlier);
	}
	if (words->results > 0)
		sum = call_sum(&sum, &words->unfinished);
	return words->after_result ? call_max(&sum, &words->calls.sum) : sum;
}

static void live_words(const void *agent, struct agent_live *live)
{
	const struct claude_words *words = &((const struct claude *)agent)->words;
	const struct call sum = printed(words);
	live->used = call_max(&sum, &words->calls.sum);
	live->context = call_prompt(&words->last);
	live->any = words->calls.count > 0 || words->results > 0;
}

/* The words alone: exact where every call is in a result, and none was broken off. */
static enum quality words_quality(const struct claude_words *words, struct reading *reading)
{
	if (words->results == 0)
		return agent_doubt(reading, "it printed no result");
	if (words->after_result || words->pending)
		return agent_doubt(reading, "it went on after its last result");
	if (call_all(&words->unfinished) > 0)
		return agent_doubt(reading, "it printed a session that has no result");
	if (words->several && words->without_since)
		return agent_doubt(reading, "it printed the results of more than one session");
	if (words->cut_stream)
		return agent_doubt(reading, "a call was broken off, and counts as far as it came");
	if (scan_broken(words->scan) > 0)
		return agent_doubt(reading, "a line that it printed is broken");
	if (words->without_since && words->totals.count == 0 && call_all(&words->main_usage) > 0)
		return agent_doubt(reading, "its result tells of the main conversation alone");
	return QUALITY_EXACT;
}

static enum quality files_quality(const struct claude *claude, struct reading *reading)
{
	if (claude->files.many)
		return agent_doubt(reading, "its files are of more than one process");
	if (claude->files.doubt)
		return agent_doubt(reading, "a call was under way, broken off, or is in no file");
	return QUALITY_EXACT;
}

/* A process that resumes a session may begin with what was used before it (versions differ). */
static struct call without_before(const struct claude *claude, struct call sum)
{
	const struct claude_files *files = &claude->files;
	const struct call both = call_sum(&files->used, &files->before);
	if (!claude->words.without_since || !files->any || call_all(&files->before) == 0 ||
	    call_all(&sum) < call_all(&both))
		return sum;
	return call_less(&sum, &files->before);
}

static void end_models(const struct claude *claude, struct reading *reading)
{
	const struct claude_words *words = &claude->words;
	struct calls totals;
	if (reading->source == SOURCE_FILES) {
		calls_models(&claude->files.calls, reading);
		return;
	}
	if (words->results > 0 && !words->without_since) {
		calls_models(&words->since, reading);
		return;
	}
	calls_init(&totals);
	for (int i = 0; i < words->totals.count; i++)
		calls_add(&totals, words->totals.rows[i].model, &words->totals.rows[i].call);
	calls_models(totals.nmodels > 0 ? &totals : &words->calls, reading);
}

static void end_words(const struct claude *claude, const struct meter_end *end,
		      struct reading *reading)
{
	const struct claude_words *words = &claude->words;
	const int64_t context = call_prompt(&words->last);
	reading->ended = words->ended;
	if (words->results == 0 || words->after_result)
		reading->ended = agent_ended(end);
	if (reading->ended == ENDED_UNKNOWN && words->records > 0 && !words->transcript)
		reading->ended = ENDED_INTERRUPTED;
	if (reading->ended == ENDED_USAGE_LIMIT)
		reading->resets_at = words->resets_at
					     ? words->resets_at
					     : agent_resets_at(claude->start, words->limit, 0);
	reading->context = context > 0                 ? USAGE_KNOWN(context)
			   : claude->files.context > 0 ? USAGE_KNOWN(claude->files.context)
						       : USAGE_UNKNOWN;
	reading->window = words->window > 0 ? USAGE_KNOWN(words->window) : USAGE_UNKNOWN;
	snprintf(reading->session, sizeof(reading->session), "%.*s", SESSION_NAME - 1,
		 words->session[0] ? words->session : claude->files.session);
}

/* Both sources, by what each is worth. */
static void settle(struct claude *claude, struct reading *reading)
{
	const struct claude_words *words = &claude->words;
	const struct claude_files *files = &claude->files;
	const bool spoke = !words->transcript && (words->calls.count > 0 || words->results > 0);
	const struct call sum = without_before(claude, printed(words));
	const bool whole = spoke && words_quality(words, reading) == QUALITY_EXACT;
	/* Where we can't tell this process in its files, they are no second opinion on its words.
	 */
	const bool placed = words->first_id[0] || claude->start->since_ms || claude->start->session;
	const bool missing = files->doubt && call_all(&files->used) < call_all(&sum);
	if (whole) {
		reading->quality = QUALITY_EXACT;
		agent_settle(reading, &sum, files->any && placed && !missing ? &files->used : NULL);
	} else if (files->any) {
		if (!words->cut_stream)
			reading->why[0] = '\0';
		reading->quality =
			words->cut_stream ? QUALITY_ESTIMATED : files_quality(claude, reading);
		agent_settle(reading,
			     spoke && call_all(&sum) > call_all(&files->used) ? &sum : NULL,
			     &files->used);
	} else if (spoke) {
		reading->quality = QUALITY_ESTIMATED;
		agent_settle(reading, &sum, NULL);
	}
}

static void end_claude(void *agent, const struct meter_end *end, struct reading *reading)
{
	struct claude *claude = agent;
	scan_end(claude->words.scan);
	read_files(claude);
	if (claude->words.transcript) {
		claude->files.many |= several(&claude->words) || claude->files.any;
		claude->files.any = true;
		add_read(&claude->files, &claude->words);
	}
	settle(claude, reading);
	end_models(claude, reading);
	end_words(claude, end, reading);
}

const struct agent_kind agent_claude = {
	.meter = CONF_METER_CLAUDE,
	.name = "claude",
	.variable = "CLAUDE_CONFIG_DIR",
	.below = "",
	.folder = ".claude",
	.mark = "projects",
	.open = open_claude,
	.close = close_claude,
	.feed = feed,
	.look = look,
	.live = live_words,
	.known = known,
	.end = end_claude,
};
