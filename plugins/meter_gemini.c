/* Gemini CLI: what it printed, and the chats that it wrote below its tmp/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/agent_files.h"
#include "plugins/gemini_words.h"

struct gemini_files {
	struct call used;
	bool any, doubt, broke_off;
	int64_t mains; /* chats that are no sub-agent's */
	int64_t context;
	char session[SESSION_NAME];
	struct calls calls; /* by model */
};

struct gemini {
	const struct meter_start *start;
	struct gemini_words words; /* what it printed */
	struct gemini_words read;  /* the file under way */
	struct gemini_files files;
};

static void *open_gemini(const struct meter_start *start)
{
	struct gemini *gemini = calloc(1, sizeof(*gemini));
	if (!gemini)
		return NULL;
	gemini->start = start;
	calls_init(&gemini->files.calls);
	if (gemini_words_init(&gemini->words) == 0 && gemini_words_init(&gemini->read) == 0)
		return gemini;
	scan_free(gemini->words.scan);
	free(gemini);
	return NULL;
}

static void close_gemini(void *agent)
{
	struct gemini *gemini = agent;
	gemini_words_release(&gemini->words);
	gemini_words_release(&gemini->read);
	calls_release(&gemini->files.calls);
	free(gemini);
}

static void feed(void *agent, const char *bytes, size_t length)
{
	scan_feed(((struct gemini *)agent)->words.scan, bytes, length);
}

static int64_t known(const void *agent)
{
	return ((const struct gemini *)agent)->words.records;
}

static void add_read(struct gemini_files *files, const struct gemini_words *read)
{
	files->any = true;
	files->used = call_sum(&files->used, &read->calls.sum);
	files->broke_off |= read->broke_off;
	files->doubt |= read->in_flight || scan_broken(read->scan) > 0;
	for (int i = 0; i < read->calls.nmodels; i++) {
		const struct usage *of = read->calls.models[i].used.of;
		const struct call call = call_of(of[TOKENS_INPUT], of[TOKENS_CACHE_READ],
						 of[TOKENS_CACHE_WRITE], of[TOKENS_OUTPUT]);
		calls_add(&files->calls, read->calls.models[i].name, &call);
	}
	if (read->sub_agent)
		return;
	files->mains++;
	if (call_prompt(&read->last) > 0)
		files->context = call_prompt(&read->last);
	snprintf(files->session, sizeof(files->session), "%s", read->session);
}

static const char *wanted(const struct gemini *gemini)
{
	if (gemini->words.session[0] && !gemini->words.chat)
		return gemini->words.session;
	return gemini->start->session;
}

/* …/chats/session-TIME-XXXXXXXX.jsonl, the first eight digits of its session; or, of a sub-agent,
 * …/chats/SESSION/NAME.jsonl. */
static bool is_of(const char *path, const char *name, const char *session)
{
	char end[32];
	const char *within = strstr(path, "/chats/");
	if (!within)
		return false;
	within += strlen("/chats/");
	const size_t length = strlen(session);
	if (strncmp(within, session, length) == 0 && within[length] == '/')
		return true;
	snprintf(end, sizeof(end), "-%.8s.json", session);
	const char *found = strstr(name, end);
	return strncmp(name, "session-", 8) == 0 && found != NULL;
}

static bool is_new(const struct gemini *gemini, const char *path)
{
	struct stat stat_of;
	return gemini->start->since_ms == 0 ||
	       (stat(path, &stat_of) == 0 &&
		stat_of.st_mtim.tv_sec >= gemini->start->since_ms / 1000 - 2);
}

static void visit(void *context, const char *path, const char *name)
{
	struct gemini *gemini = context;
	struct gemini_words *read = &gemini->read;
	const char *session = wanted(gemini);
	if (!strstr(path, "/chats/") || !(ends_with(name, ".jsonl") || ends_with(name, ".json")))
		return;
	if (session ? !is_of(path, name, session) : !is_new(gemini, path))
		return;
	read->from_ms = gemini->words.first_ms && !gemini->words.chat ? gemini->words.first_ms
								      : gemini->start->since_ms;
	gemini_words_again(read);
	if (agent_file_scan(path, read->scan) != 0 || !read->chat)
		return;
	if (session && !read->sub_agent && read->session[0] && strcmp(read->session, session) != 0)
		return;
	add_read(&gemini->files, read);
}

static void read_files(struct gemini *gemini)
{
	char folder[AGENT_PATH];
	calls_release(&gemini->files.calls);
	gemini->files = (struct gemini_files){.mains = 0};
	calls_init(&gemini->files.calls);
	if (!gemini->start->files)
		return;
	const int length = snprintf(folder, sizeof(folder), "%s/tmp", gemini->start->files);
	if (length > 0 && (size_t)length < sizeof(folder))
		agent_files_walk(folder, 3, visit, gemini);
}

static void look(void *agent, struct agent_live *live)
{
	struct gemini *gemini = agent;
	if (!wanted(gemini))
		return;
	read_files(gemini);
	live->any = gemini->files.any;
	live->used = gemini->files.used;
	live->context = gemini->files.context;
}

static void live_words(const void *agent, struct agent_live *live)
{
	const struct gemini_words *words = &((const struct gemini *)agent)->words;
	live->any = words->results > 0;
	live->used = call_sum(&words->sum, &words->earlier);
}

/* A reply that broke off counts as far as it came, and only its chat shows it. */
static enum quality words_quality(const struct gemini *gemini, struct reading *reading)
{
	const struct gemini_words *words = &gemini->words;
	if (words->after_result || scan_broken(words->scan) > 0)
		return agent_doubt(reading, "it went on after its result");
	if (words->several)
		return agent_doubt(reading, "it printed more than one session: of one without a "
					    "result it tells no usage");
	if (words->untold)
		return agent_doubt(reading, "its result has no total, and may leave out thoughts");
	if (gemini->files.broke_off)
		return agent_doubt(reading, "a reply broke off, and counts as far as it came");
	if (!gemini->files.any && call_all(&words->sum) > 0)
		return agent_doubt(reading, "a reply that broke off would show in its files alone");
	return QUALITY_EXACT;
}

static enum quality files_quality(const struct gemini_files *files, struct reading *reading)
{
	if (files->broke_off)
		return agent_doubt(reading, "a reply broke off, and counts as far as it came");
	if (files->mains > 1)
		return agent_doubt(reading, "its files are of more than one chat");
	if (files->doubt)
		return agent_doubt(reading, "a call was under way when it ended");
	return QUALITY_EXACT;
}

static void settle(struct gemini *gemini, struct reading *reading)
{
	const struct gemini_words *words = &gemini->words;
	const struct gemini_files *files = &gemini->files;
	const struct call sum = call_sum(&words->sum, &words->earlier);
	const bool whole = words->results > 0 && !words->after_result;
	/* Where we can't tell this process in its chat, that is no second opinion on its words. */
	const bool placed = words->first_ms > 0 || gemini->start->since_ms > 0;
	if (whole) {
		const bool more = call_all(&files->used) > call_all(&sum);
		reading->quality = words_quality(gemini, reading);
		agent_settle(reading, &sum, files->any && (placed || !more) ? &files->used : NULL);
	} else if (files->any) {
		reading->quality = files_quality(files, reading);
		agent_settle(reading, call_all(&sum) > call_all(&files->used) ? &sum : NULL,
			     &files->used);
	} else if (words->results > 0) {
		reading->quality = words_quality(gemini, reading);
		agent_settle(reading, &sum, NULL);
	}
}

static void end_models(const struct gemini *gemini, struct reading *reading)
{
	struct calls table;
	calls_init(&table);
	for (int i = 0; i < gemini->words.rows; i++) {
		const struct gemini_row *row = &gemini->words.table[i];
		const struct call call = gemini_row_call(row);
		calls_add(&table, row->model, &call);
	}
	calls_models(reading->source == SOURCE_FILES ? &gemini->files.calls : &table, reading);
}

/* Its exit code is that of HTTP, cut to eight bits, or one of its own. */
static enum ended by_exit(const struct meter_end *end)
{
	switch (end->exit_code) {
	case 53:
		return ENDED_TURN_LIMIT;
	case 41:
	case 401 & 255:
		return ENDED_AUTHENTICATION;
	case 429 & 255:
		return ENDED_RATE_LIMITED;
	default:
		return agent_ended(end);
	}
}

static void end_gemini(void *agent, const struct meter_end *end, struct reading *reading)
{
	struct gemini *gemini = agent;
	struct gemini_words *words = &gemini->words;
	scan_end(words->scan);
	read_files(gemini);
	if (words->chat)
		add_read(&gemini->files, words);
	settle(gemini, reading);
	end_models(gemini, reading);
	reading->ended = words->results > 0 && !words->after_result ? words->ended : by_exit(end);
	/* Words that nobody knows may come with a status that says more. */
	if (reading->ended == ENDED_CRASHED && by_exit(end) != ENDED_UNKNOWN)
		reading->ended = by_exit(end);
	if (reading->ended == ENDED_UNKNOWN && words->records > 0 && !words->chat)
		reading->ended = ENDED_INTERRUPTED;
	if (reading->ended == ENDED_USAGE_LIMIT)
		reading->resets_at = agent_resets_at(gemini->start, words->limit, words->limit_ms);
	if (gemini->files.context > 0)
		reading->context = USAGE_KNOWN(gemini->files.context);
	snprintf(reading->session, sizeof(reading->session), "%s",
		 words->session[0] ? words->session : gemini->files.session);
}

const struct agent_kind agent_gemini = {
	.meter = CONF_METER_GEMINI,
	.name = "gemini",
	.variable = "GEMINI_CLI_HOME",
	.below = ".gemini",
	.folder = ".gemini",
	.mark = "tmp",
	.open = open_gemini,
	.close = close_gemini,
	.feed = feed,
	.look = look,
	.live = live_words,
	.known = known,
	.end = end_gemini,
};
