/* OpenCode: what it printed, and its database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/agent_files.h"
#include "plugins/agent_meter.h"
#include "plugins/opencode_db.h"

enum {
	/* The call that makes a title is told of nowhere: more than such a one takes. */
	TITLE_PROMPT = 1500,
	TITLE_OUTPUT = 100,
	/* A first call that was sent and is told of nowhere: more than such a prompt has. */
	FIRST_PROMPT = 16384,
	FIRST_OUTPUT = 1024,
};

enum path {
	TYPE,
	SESSION,
	PART,
	MESSAGE,
	IN,
	OUT,
	REASONING,
	READ,
	WRITTEN,
	TOOL,
	ERROR_NAME,
	ERROR,
	ERROR_STATUS,
	ERROR_BODY,
	NPATHS
};

static const char *const paths[NPATHS] = {
	[TYPE] = "type",
	[SESSION] = "sessionID",
	[PART] = "part.id",
	[MESSAGE] = "part.messageID",
	[IN] = "part.tokens.input",
	[OUT] = "part.tokens.output",
	[REASONING] = "part.tokens.reasoning",
	[READ] = "part.tokens.cache.read",
	[WRITTEN] = "part.tokens.cache.write",
	[TOOL] = "part.tool",
	[ERROR_NAME] = "error.name",
	[ERROR] = "error.data.message",
	[ERROR_STATUS] = "error.data.statusCode",
	[ERROR_BODY] = "error.data.responseBody",
};

struct opencode_files {
	bool any, many;
	bool begun;     /* the first reply that is charged was met … */
	int64_t since;  /* … and made at this time */
	int64_t before; /* replies that were not charged */
	struct calls calls;
	struct call unwritten; /* calls that were sent, and are told of nowhere */
	struct call last;      /* of the main conversation, no summary */
	struct opencode_found found;
};

struct opencode {
	const struct meter_start *start;
	struct scan *scan;
	int64_t records;
	char session[SESSION_NAME];
	char first[SESSION_NAME]; /* the first message that was printed */
	char open[SESSION_NAME];  /* the one whose step has no end yet, or "" */
	struct calls calls;
	struct call last;
	enum ended ended;
	char limit[SCAN_TEXT]; /* what the service says of a usage limit */
	struct opencode_files files;
};

/* What an error means. The agent may go on after it. */
static enum ended meaning(const struct scan *scan)
{
	const struct usage status = scan_number(scan, ERROR_STATUS);
	const char *name = scan_text(scan, ERROR_NAME), *said = scan_text(scan, ERROR);
	if (strcmp(name, "ContextOverflowError") == 0 || strstr(said, "too long"))
		return ENDED_CONTEXT_FULL;
	if (strcmp(name, "MessageAbortedError") == 0)
		return ENDED_INTERRUPTED;
	if (strcmp(name, "ProviderAuthError") == 0)
		return ENDED_AUTHENTICATION;
	if (strstr(said, "credit balance") || strstr(said, "quota") || strstr(said, "usage limit"))
		return ENDED_USAGE_LIMIT;
	if (status.known && (status.tokens == 401 || status.tokens == 403))
		return ENDED_AUTHENTICATION;
	if (status.known && (status.tokens == 429 || status.tokens == 529))
		return ENDED_RATE_LIMITED;
	return ENDED_CRASHED;
}

static void take_finish(struct opencode *opencode)
{
	const struct scan *scan = opencode->scan;
	const struct call said = call_of(scan_number(scan, IN), scan_number(scan, READ),
					 scan_number(scan, WRITTEN), scan_number(scan, OUT));
	const struct call call = call_put_out(said, scan_number(scan, REASONING));
	calls_put(&opencode->calls, scan_text(scan, PART), "", &call);
	opencode->last = call;
	opencode->open[0] = '\0';
	opencode->ended = ENDED_COMPLETED;
}

static void on_record(void *context)
{
	struct opencode *opencode = context;
	const struct scan *scan = opencode->scan;
	const char *message = scan_text(scan, MESSAGE);
	const bool starts = scan_is(scan, TYPE, "step_start");
	if (!scan_text(scan, SESSION)[0])
		return;
	opencode->records++;
	snprintf(opencode->session, sizeof(opencode->session), "%.*s", SESSION_NAME - 1,
		 scan_text(scan, SESSION));
	if (message[0] && !opencode->first[0])
		snprintf(opencode->first, sizeof(opencode->first), "%.*s", SESSION_NAME - 1,
			 message);
	if (starts || scan_is(scan, TYPE, "tool_use")) {
		snprintf(opencode->open, sizeof(opencode->open), "%.*s", SESSION_NAME - 1, message);
		opencode->ended = ENDED_UNKNOWN;
	} else if (scan_is(scan, TYPE, "step_finish")) {
		take_finish(opencode);
	} else if (scan_is(scan, TYPE, "error")) {
		opencode->open[0] = '\0';
		opencode->ended = meaning(scan);
		if (opencode->ended == ENDED_USAGE_LIMIT)
			scan_keep(opencode->limit, sizeof(opencode->limit),
				  scan_text(scan, ERROR_BODY));
	}
}

static const struct scan_spec spec = {
	.paths = paths,
	.npaths = NPATHS,
	.record = on_record,
};

static void *open_opencode(const struct meter_start *start)
{
	struct opencode *opencode = calloc(1, sizeof(*opencode));
	if (!opencode)
		return NULL;
	opencode->start = start;
	calls_init(&opencode->calls);
	calls_init(&opencode->files.calls);
	opencode->scan = scan_new(&spec, opencode);
	if (opencode->scan)
		return opencode;
	free(opencode);
	return NULL;
}

static void close_opencode(void *agent)
{
	struct opencode *opencode = agent;
	scan_free(opencode->scan);
	calls_release(&opencode->calls);
	calls_release(&opencode->files.calls);
	free(opencode);
}

static void feed(void *agent, const char *bytes, size_t length)
{
	scan_feed(((struct opencode *)agent)->scan, bytes, length);
}

static int64_t known(const void *agent)
{
	return ((const struct opencode *)agent)->records;
}

/* A call that was sent and not answered, as far as is told: twice the last one is more than it, or
 * for a first one a first prompt. */
static struct call unwritten(const struct call *last)
{
	const struct call first = {{
		[TOKENS_INPUT] = FIRST_PROMPT,
		[TOKENS_OUTPUT] = FIRST_OUTPUT,
	}};
	return call_prompt(last) > 0 ? call_sum(last, last) : first;
}

/* Whether a reply is charged: from the time on that is known, or from the first one that was
 * printed. */
static bool is_charged(struct opencode *opencode, const struct opencode_reply *reply)
{
	struct opencode_files *files = &opencode->files;
	const int64_t since = opencode->start->since_ms;
	if (files->begun)
		return reply->created >= files->since;
	if (since > 0)
		files->begun = reply->created >= since;
	else
		files->begun = !opencode->first[0] || strcmp(reply->id, opencode->first) == 0;
	if (files->begun)
		files->since = since > 0 ? since : opencode->first[0] ? reply->created : 0;
	return files->begun;
}

static void on_reply(void *context, const struct opencode_reply *reply)
{
	struct opencode *opencode = context;
	struct opencode_files *files = &opencode->files;
	const struct call said =
		call_of(reply->input, reply->cache_read, reply->cache_write, reply->output);
	const struct call call = call_put_out(said, reply->reasoning);
	if (!is_charged(opencode, reply)) {
		files->before += !reply->steps;
		return;
	}
	calls_put(&files->calls, reply->id, reply->model, &call);
	if (call_all(&call) == 0 && !reply->ended && !reply->failed) {
		const struct call more = unwritten(&files->last);
		files->unwritten = call_sum(&files->unwritten, &more);
	}
	if (reply->main && !reply->summary && !reply->steps && call_prompt(&call) > 0)
		files->last = call;
}

static void read_files(struct opencode *opencode)
{
	struct opencode_files *files = &opencode->files;
	const char *session = opencode->session[0] ? opencode->session : opencode->start->session;
	const struct opencode_look look = {
		.session = session, .reply = on_reply, .context = opencode};
	char path[AGENT_PATH];
	calls_release(&files->calls);
	*files = (struct opencode_files){.any = false};
	calls_init(&files->calls);
	if (!opencode->start->files || snprintf(path, sizeof(path), "%s/opencode/opencode.db",
						opencode->start->files) >= (int)sizeof(path))
		return;
	files->any = opencode_db_read(path, &look, &files->found) == 0 && files->found.sessions > 0;
	/* The first message may be one that no reply is of: then all of the session is. */
	if (files->any && !files->begun && opencode->first[0] && files->before > 0 &&
	    opencode->start->since_ms == 0) {
		opencode->first[0] = '\0';
		read_files(opencode);
		return;
	}
	files->many =
		files->found.sessions > 1 ||
		(files->found.prompts > 1 && !opencode->first[0] && opencode->start->since_ms == 0);
}

static void look(void *agent, struct agent_live *live)
{
	struct opencode *opencode = agent;
	if (!opencode->session[0] && !opencode->start->session)
		return;
	read_files(opencode);
	live->any = opencode->files.any && opencode->files.calls.count > 0;
	live->used = opencode->files.calls.sum;
	live->context = call_prompt(&opencode->files.last);
}

static void live_words(const void *agent, struct agent_live *live)
{
	const struct opencode *opencode = agent;
	live->any = opencode->calls.count > 0;
	live->used = opencode->calls.sum;
	live->context = call_prompt(&opencode->last);
}

/* Whether a title was made within what is charged; where only the words are known, it may be. */
static bool titled(const struct opencode *opencode)
{
	const struct opencode_files *files = &opencode->files;
	if (!files->any)
		return true;
	if (files->before > 0)
		return false;
	return files->found.titled_at > 0 && (opencode->start->since_ms == 0 ||
					      files->found.titled_at >= opencode->start->since_ms);
}

static void settle(struct opencode *opencode, struct reading *reading)
{
	const struct opencode_files *files = &opencode->files;
	const struct call title = {{
		[TOKENS_INPUT] = TITLE_PROMPT,
		[TOKENS_OUTPUT] = TITLE_OUTPUT,
	}};
	struct call used = files->calls.sum, printed = opencode->calls.sum;
	if (!files->any && opencode->records == 0)
		return;
	reading->quality = QUALITY_EXACT;
	if (files->many)
		reading->quality = agent_doubt(reading, "its database has more than one prompt");
	if (files->found.stale)
		reading->quality = agent_doubt(reading, "what it last wrote can't be read");
	if (!files->any)
		reading->quality = agent_doubt(reading, "its sub-agents, and what was under way, "
							"are in its database alone");
	struct call more = files->unwritten;
	if (!files->any && opencode->open[0])
		more = unwritten(&opencode->last);
	if (call_all(&more) > 0)
		reading->quality = agent_doubt(reading, "a call is told of nowhere: it is guessed");
	if (titled(opencode)) {
		more = call_sum(&more, &title);
		reading->quality = agent_doubt(
			reading, "the call that makes a title is told of nowhere: it is guessed");
	}
	used = call_sum(&used, &more);
	printed = call_sum(&printed, &more);
	/* What was printed is a part of what is in the database, where there are sub-agents. */
	const bool within = call_all(&printed) <= call_all(&used);
	agent_settle(reading, !files->any || !within ? &printed : NULL, files->any ? &used : NULL);
	if (files->any && within && opencode->calls.count > 0)
		reading->source = SOURCE_BOTH;
}

static void end_opencode(void *agent, const struct meter_end *end, struct reading *reading)
{
	struct opencode *opencode = agent;
	scan_end(opencode->scan);
	read_files(opencode);
	settle(opencode, reading);
	calls_models(&opencode->files.calls, reading);
	reading->ended = opencode->ended && !opencode->open[0] ? opencode->ended : agent_ended(end);
	if ((end->asked || end->signal) && reading->ended == ENDED_COMPLETED)
		reading->ended = ENDED_INTERRUPTED;
	if (reading->ended == ENDED_UNKNOWN && opencode->records > 0)
		reading->ended = ENDED_INTERRUPTED;
	if (reading->ended == ENDED_USAGE_LIMIT)
		reading->resets_at = agent_resets_at(opencode->start, opencode->limit, 0);
	const struct call *last = opencode->files.any ? &opencode->files.last : &opencode->last;
	if (call_prompt(last) > 0)
		reading->context = USAGE_KNOWN(call_prompt(last));
	snprintf(reading->session, sizeof(reading->session), "%s", opencode->session);
}

const struct agent_kind agent_opencode = {
	.meter = CONF_METER_OPENCODE,
	.name = "opencode",
	.variable = "XDG_DATA_HOME",
	.below = "",
	.folder = ".local/share",
	.mark = "opencode",
	.open = open_opencode,
	.close = close_opencode,
	.feed = feed,
	.look = look,
	.live = live_words,
	.known = known,
	.end = end_opencode,
};
