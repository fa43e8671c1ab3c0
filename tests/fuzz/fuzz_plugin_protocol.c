/* Any bytes, as the answer to any call and however they are cut, give one and the same answer; and
 * any bytes as a call are one that reads back as it was written, or none. */
#include <stdlib.h>
#include <string.h>

#include "plugins/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ear_progress(void *context, int percent, const char *text)
{
	if (percent < -1 || percent > 100 || (percent < 0 && !text))
		abort();
	++*(int *)context;
}

static void ear_log(void *context, const char *text)
{
	if (!text)
		abort();
	++*(int *)context;
}

static void ear_usage(void *context, const struct plugin_usage *usage)
{
	if (usage->tokens < -1 || usage->input < -1 || usage->cache_read < -1 ||
	    usage->cache_write < -1 || usage->output < -1)
		abort();
	++*(int *)context;
}

static struct plugin_answer answer_of(enum plugin_ask ask, const char *bytes, size_t size,
				      size_t piece, int *heard)
{
	const struct plugin_ear ear = {ear_progress, ear_log, ear_usage, heard};
	struct protocol *protocol = protocol_new(ask, &ear);
	*heard = 0;
	if (!protocol)
		abort();
	for (size_t at = 0; at < size; at += piece)
		protocol_feed(protocol, bytes + at, size - at < piece ? size - at : piece);
	protocol_end(protocol);
	const struct plugin_answer answer = *protocol_answer(protocol);
	protocol_free(protocol);
	return answer;
}

static void try_answer(enum plugin_ask ask, const char *bytes, size_t size, size_t piece)
{
	int heard, heard_cut;
	char words[700];
	const struct plugin_answer whole = answer_of(ask, bytes, size, size, &heard);
	const struct plugin_answer cut = answer_of(ask, bytes, size, piece, &heard_cut);
	if (heard != heard_cut || whole.given != cut.given || whole.failed != cut.failed ||
	    whole.verdict != cut.verdict || whole.bad != cut.bad || whole.lines != cut.lines ||
	    memcmp(&whole.usage, &cut.usage, sizeof(whole.usage)) != 0 ||
	    strcmp(whole.words, cut.words) != 0)
		abort();
	const bool wrong = plugin_answer_wrong(ask, &whole, words, sizeof(words));
	/* Nothing passes a gate, or is a step well done, without a line that says so. */
	if (!wrong && (whole.bad || whole.failed || whole.lines == 0))
		abort();
}

static void try_call(const char *bytes, size_t size)
{
	struct plugin_heard heard, again;
	if (plugin_call_read(bytes, size, &heard))
		return;
	char *line = plugin_call_write(&heard.call);
	if (!line || plugin_call_read(line, strlen(line), &again))
		abort();
	const struct plugin_call *a = &heard.call, *b = &again.call;
	if (a->ask != b->ask || a->cycle != b->cycle || a->step != b->step ||
	    a->attempt != b->attempt || !a->title != !b->title ||
	    (a->title && strcmp(a->title, b->title) != 0))
		abort();
	for (int i = 0; a->options[i] || b->options[i]; i++)
		if (!a->options[i] || !b->options[i] || strcmp(a->options[i], b->options[i]) != 0)
			abort();
	free(line);
	plugin_heard_release(&heard);
	plugin_heard_release(&again);
}

/* The first byte says what was asked and how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const char *bytes = (const char *)data + 1;
	try_answer((enum plugin_ask)(data[0] % PLUGIN_NASKS), bytes, size - 1,
		   (size_t)data[0] / PLUGIN_NASKS + 1);
	try_call(bytes, size - 1);
	return 0;
}
