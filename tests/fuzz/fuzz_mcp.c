/* Any bytes, however they are cut: the answers are the same, each is one line of JSON, and no
 * command is run whose words did not come from a tool's row. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/mcp.h"
#include "status/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
	struct mcp_host host; /* first: the host is this */
	uint64_t hash;        /* of all that was sent and run */
};

static struct heard *heard_of(const struct mcp_host *host)
{
	return (struct heard *)(uintptr_t)host;
}

/* A command of ours says what it was asked, in the forms that ours have. */
static int run(const struct mcp_host *host, const char *const *words, struct mcp_ran *ran,
	       struct err *err)
{
	static const char *const known[] = {"start", "check", "step", "update", "report", "status"};
	struct heard *heard = heard_of(host);
	size_t i = 0, n = 0;
	while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], words[0]) != 0)
		i++;
	if (i == sizeof(known) / sizeof(known[0]))
		abort();
	for (; words[n]; n++)
		heard->hash = text_hash(heard->hash, words[n]);
	if (n >= MCP_WORDS)
		abort();
	if (heard->hash % 7 == 0)
		return err_set(err, ERR_SYSTEM, "%s: it does not run", words[0]);
	ran->exit_code = (int)(heard->hash % 3);
	ran->output = strdup(heard->hash % 2 ? "{\"a\": 1}\n" : words[n - 1]);
	ran->complaint = strdup("do `stepgate start --task T`, `stepgate step\n");
	if (!ran->output || !ran->complaint)
		abort();
	return 0;
}

static void send_line(const struct mcp_host *host, const char *line)
{
	struct heard *heard = heard_of(host);
	cJSON *json = cJSON_Parse(line);
	if (!json || strchr(line, '\n'))
		abort();
	cJSON_Delete(json);
	heard->hash = text_hash(heard->hash, line);
}

static uint64_t feed(const char *bytes, size_t size, size_t piece)
{
	struct heard heard = {.host = {.run = run, .send = send_line, .version = "1"},
			      .hash = TEXT_HASH};
	struct mcp *mcp = mcp_new(&heard.host);
	if (!mcp)
		abort();
	for (size_t at = 0; at < size; at += piece)
		mcp_feed(mcp, bytes + at, size - at < piece ? size - at : piece);
	mcp_end(mcp);
	mcp_free(mcp);
	return heard.hash;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const char *bytes = (const char *)data + 1;
	if (feed(bytes, size - 1, size - 1) != feed(bytes, size - 1, (size_t)data[0] + 1))
		abort();
	return 0;
}
