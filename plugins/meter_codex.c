/* Codex: what it printed, and the rollouts that it wrote into its sessions/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/agent_files.h"
#include "plugins/codex_words.h"

enum {
	FAMILY = 64, /* threads of a session that are known by name */
	/* Of a first call that was sent and is written nowhere: more than such a prompt has. */
	FIRST_PROMPT = 16384,
	FIRST_OUTPUT = 1024,
	FIRST_BYTES = 1 << 22, /* among which a rollout says whose it is */
};

struct codex_files {
	struct call main;   /* of the thread itself */
	struct call others; /* of its sub-agents */
	struct call before; /* of the thread, before what is charged */
	bool any;           /* the thread's rollout is there */
	bool doubt, many;
	int64_t roots; /* threads that are no sub-agents */
	int64_t context, window;
	enum ended ended;
	int64_t resets_at;
	char session[SESSION_NAME];
	struct calls calls; /* by model */
};

struct codex {
	const struct meter_start *start;
	struct codex_words words; /* what it printed */
	struct codex_words read;  /* the file under way */
	struct codex_files files;
	char family[FAMILY][SESSION_NAME]; /* the thread, then those of its sub-agents */
	int nfamily;
	int64_t begun_ms; /* when the thread's first turn that is charged began */
};

static void *open_codex(const struct meter_start *start)
{
	struct codex *codex = calloc(1, sizeof(*codex));
	if (!codex)
		return NULL;
	codex->start = start;
	calls_init(&codex->files.calls);
	if (codex_words_init(&codex->words) == 0 && codex_words_init(&codex->read) == 0)
		return codex;
	scan_free(codex->words.scan);
	free(codex);
	return NULL;
}

static void close_codex(void *agent)
{
	struct codex *codex = agent;
	codex_words_release(&codex->words);
	codex_words_release(&codex->read);
	calls_release(&codex->files.calls);
	free(codex);
}

static void feed(void *agent, const char *bytes, size_t length)
{
	scan_feed(((struct codex *)agent)->words.scan, bytes, length);
}

static int64_t known(const void *agent)
{
	return ((const struct codex *)agent)->words.records;
}

static void add_models(struct calls *into, const struct codex_words *read, const struct call *used)
{
	if (read->calls.count == 0) {
		calls_add(into, read->model, used);
		return;
	}
	for (int i = 0; i < read->calls.nmodels; i++) {
		const struct usage *of = read->calls.models[i].used.of;
		const struct call call = call_of(of[TOKENS_INPUT], of[TOKENS_CACHE_READ],
						 of[TOKENS_CACHE_WRITE], of[TOKENS_OUTPUT]);
		calls_add(into, read->calls.models[i].name, &call);
	}
}

/* A sub-agent that was broken off with a call under way: that one may have been answered, and is
 * written nowhere. Twice its last call is more than that, or for a first one a first prompt. */
static struct call unwritten(const struct codex_words *read)
{
	const struct call first = {{
		[TOKENS_INPUT] = FIRST_PROMPT,
		[TOKENS_OUTPUT] = FIRST_OUTPUT,
	}};
	return call_prompt(&read->last) > 0 ? call_sum(&read->last, &read->last) : first;
}

/* Adds what was read of one rollout. */
static void add_read(struct codex_files *files, const struct codex_words *read)
{
	struct call used = codex_words_used(read);
	files->doubt |= read->in_flight || scan_broken(read->scan) > 0;
	add_models(&files->calls, read, &used);
	if (read->sub_agent) {
		const struct call more = unwritten(read);
		if (read->in_flight && (read->begun || !read->from_ms))
			used = call_sum(&used, &more);
		files->others = call_sum(&files->others, &used);
		return;
	}
	files->roots++;
	files->main = call_sum(&files->main, &used);
	files->before = call_sum(&files->before, &read->before);
	files->ended = read->ended;
	files->resets_at = read->resets_at;
	if (call_prompt(&read->last) > 0)
		files->context = call_prompt(&read->last);
	if (read->window > 0)
		files->window = read->window;
	snprintf(files->session, sizeof(files->session), "%s", read->session);
}

/* "…-THREAD.jsonl", a UUID. */
static const char *thread_of(const char *name, char *thread)
{
	enum { UUID = 36 };
	const size_t length = strlen(name);
	if (strncmp(name, "rollout-", 8) != 0 || !ends_with(name, ".jsonl") ||
	    length < UUID + strlen(".jsonl"))
		return NULL;
	memcpy(thread, name + length - strlen(".jsonl") - UUID, UUID);
	thread[UUID] = '\0';
	return thread;
}

static const char *wanted(const struct codex *codex)
{
	if (codex->words.session[0] && !codex->words.rollout)
		return codex->words.session;
	return codex->start->session;
}

static bool is_new(const struct codex *codex, const char *path)
{
	struct stat stat_of;
	return codex->start->since_ms == 0 ||
	       (stat(path, &stat_of) == 0 &&
		stat_of.st_mtim.tv_sec >= codex->start->since_ms / 1000 - 2);
}

/* The thread's own rollout: the last turns of it, as many as were printed. */
static void read_main(struct codex *codex, const char *path)
{
	struct codex_words *read = &codex->read;
	const int64_t printed = codex->words.turns_started > 1 ? codex->words.turns_started : 1;
	read->skip_turns = 0;
	read->from_ms = codex->start->since_ms;
	codex_words_again(read);
	if (agent_file_scan(path, read->scan) != 0)
		return;
	if (!read->from_ms && codex->words.session[0] && read->turns > printed) {
		read->skip_turns = read->turns - printed;
		codex_words_again(read);
		if (agent_file_scan(path, read->scan) != 0)
			return;
	} else if (!codex->words.session[0] && !read->from_ms) {
		codex->files.many |= read->turns > 1;
	}
	if (read->from_ms && !read->begun) { /* nothing since */
		calls_clear(&read->calls);
		read->before = read->most;
	}
	codex->files.any = true;
	codex->begun_ms = read->begun ? read->begun_ms : 0;
	add_read(&codex->files, read);
}

/* Whether a rollout is of a sub-agent of the session, by its first record. */
static bool is_family(struct codex *codex, const char *path)
{
	struct codex_words *read = &codex->read;
	read->skip_turns = read->from_ms = 0;
	codex_words_again(read);
	if (agent_file_scan_until(path, read->scan, &read->metas, FIRST_BYTES) != 0 ||
	    !read->sub_agent)
		return false;
	for (int i = 0; i < codex->nfamily; i++)
		if (strcmp(codex->family[i], read->root) == 0 ||
		    strcmp(codex->family[i], read->parent) == 0)
			return true;
	return false;
}

static void read_other(struct codex *codex, const char *path)
{
	struct codex_words *read = &codex->read;
	read->skip_turns = 0;
	read->from_ms = codex->begun_ms;
	codex_words_again(read);
	if (agent_file_scan(path, read->scan) != 0 || (read->from_ms && !read->begun))
		return;
	add_read(&codex->files, read);
}

/* Names are in the order of time, so that a thread comes before its sub-agents. */
static void visit(void *context, const char *path, const char *name)
{
	struct codex *codex = context;
	char thread[SESSION_NAME];
	const char *main = wanted(codex);
	if (!thread_of(name, thread))
		return;
	if (!main) {
		if (is_new(codex, path))
			read_main(codex, path);
		return;
	}
	if (strcmp(thread, main) == 0)
		read_main(codex, path);
	else if (strcmp(thread, main) < 0 || !is_family(codex, path))
		return;
	else
		read_other(codex, path);
	if (codex->nfamily < FAMILY)
		snprintf(codex->family[codex->nfamily++], SESSION_NAME, "%s", thread);
}

static void read_files(struct codex *codex)
{
	char folder[AGENT_PATH];
	calls_release(&codex->files.calls);
	codex->files = (struct codex_files){.roots = 0};
	calls_init(&codex->files.calls);
	codex->nfamily = 0;
	codex->begun_ms = 0;
	if (!codex->start->files)
		return;
	const int length = snprintf(folder, sizeof(folder), "%s/sessions", codex->start->files);
	if (length > 0 && (size_t)length < sizeof(folder))
		agent_files_walk(folder, 3, visit, codex);
	codex->files.many |= !wanted(codex) && codex->files.roots > 1;
}

static void look(void *agent, struct agent_live *live)
{
	struct codex *codex = agent;
	if (!wanted(codex))
		return;
	read_files(codex);
	live->any = codex->files.any;
	live->used = call_sum(&codex->files.main, &codex->files.others);
	live->context = codex->files.context;
}

static void live_words(const void *agent, struct agent_live *live)
{
	const struct codex *codex = agent;
	live->any = codex->words.completed;
	live->used = call_sum(&codex->words.total, &codex->words.earlier);
}

/* Whether the thread that was printed is this worker's own from its first turn on. */
static bool is_fresh(const struct codex *codex)
{
	const int64_t made = codex_id_time(codex->words.session);
	if (codex->start->since_ms > 0)
		return made >= codex->start->since_ms;
	return false;
}

/* The printed total without what was there before; it is of the thread itself alone. */
static enum quality words_quality(const struct codex *codex, struct reading *reading)
{
	const struct codex_words *words = &codex->words;
	if (words->turn_open || scan_broken(words->scan) > 0)
		return agent_doubt(reading, "its last turn has no end");
	if (words->several)
		return agent_doubt(reading, "it printed more than one thread");
	if (words->sub_agents)
		return agent_doubt(reading, "its sub-agents are in its files alone");
	if (!is_fresh(codex))
		return agent_doubt(reading, "a resumed thread's figure has its earlier turns too");
	return QUALITY_EXACT;
}

static enum quality files_quality(const struct codex *codex, struct reading *reading)
{
	if (codex->words.several)
		return agent_doubt(reading, "it printed more than one thread");
	if (codex->files.many)
		return agent_doubt(reading, "its files are of more than one turn");
	if (codex->files.doubt)
		return agent_doubt(reading, "a call was under way when it ended");
	return QUALITY_EXACT;
}

static void settle(struct codex *codex, struct reading *reading)
{
	const struct codex_words *words = &codex->words;
	const struct codex_files *files = &codex->files;
	struct call used = call_sum(&files->main, &files->others);
	used = call_sum(&used, &words->earlier);
	struct call total = call_less(&words->total, &files->before);
	total = call_sum(&total, &files->others);
	total = call_sum(&total, &words->earlier);
	if (files->any) {
		reading->quality = files_quality(codex, reading);
		agent_settle(reading, words->completed && !words->turn_open ? &total : NULL, &used);
	} else if (words->completed) {
		reading->quality = words_quality(codex, reading);
		agent_settle(reading, &total, NULL);
	}
	calls_models(&files->calls, reading);
}

static void end_codex(void *agent, const struct meter_end *end, struct reading *reading)
{
	struct codex *codex = agent;
	struct codex_words *words = &codex->words;
	struct codex_files *files = &codex->files;
	scan_end(words->scan);
	read_files(codex);
	if (words->rollout) {
		files->many |= files->any || words->turns > 1;
		files->any = true;
		add_read(files, words);
	}
	settle(codex, reading);
	const enum ended known_end =
		words->ended && !words->turn_open ? words->ended : files->ended;
	reading->ended = known_end ? known_end : agent_ended(end);
	/* Files know an error by its name, words by what it says. */
	if (files->ended > ENDED_COMPLETED && files->ended != ENDED_CRASHED &&
	    reading->ended == ENDED_CRASHED)
		reading->ended = files->ended;
	if (reading->ended == ENDED_UNKNOWN && words->records > 0)
		reading->ended = ENDED_INTERRUPTED;
	if (reading->ended == ENDED_USAGE_LIMIT)
		reading->resets_at = files->resets_at
					     ? files->resets_at
					     : agent_resets_at(codex->start, words->limit,
							       codex_id_time(words->session));
	if (files->context > 0)
		reading->context = USAGE_KNOWN(files->context);
	if (files->window > 0)
		reading->window = USAGE_KNOWN(files->window);
	snprintf(reading->session, sizeof(reading->session), "%s",
		 words->session[0] ? words->session : files->session);
}

const struct agent_kind agent_codex = {
	.meter = CONF_METER_CODEX,
	.name = "codex",
	.variable = "CODEX_HOME",
	.below = "",
	.folder = ".codex",
	.mark = "sessions",
	.open = open_codex,
	.close = close_codex,
	.feed = feed,
	.look = look,
	.live = live_words,
	.known = known,
	.end = end_codex,
};
