#include "plugins/mcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/mcp_tools.h"
#include "status/json.h"

/* JSON-RPC 2.0, section 5.1. */
enum rpc_error {
	RPC_PARSE = -32700,
	RPC_REQUEST = -32600,
	RPC_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_INTERNAL = -32603,
};

struct mcp {
	const struct mcp_host *host;
	bool greeted; /* initialize was answered */
	bool too_long;
	size_t length;
	struct mcp_room room;
	char line[MCP_LINE_MAX];
};

/* Newest first. */
static const char *const revisions[] = {"2025-06-18", "2025-03-26", "2024-11-05"};

static const char instructions[] =
	"stepgate holds your work to a token budget. Work in steps: begin_step before each, "
	"finish_step after it; finish_step commits and pushes. When a tool refuses, do what its "
	"words say. When a cycle is closed at its threshold, stop: what is left is for a new "
	"session.";

struct mcp *mcp_new(const struct mcp_host *host)
{
	struct mcp *mcp = calloc(1, sizeof(*mcp));
	if (mcp)
		mcp->host = host;
	return mcp;
}

void mcp_free(struct mcp *mcp)
{
	free(mcp);
}

static cJSON *rpc_error(enum rpc_error code, const char *words)
{
	cJSON *error = cJSON_CreateObject();
	if (error && json_set(error, "code", cJSON_CreateNumber(code)) == 0 &&
	    json_set_text(error, "message", words) == 0)
		return error;
	cJSON_Delete(error);
	return NULL;
}

/* An answer with `key` ("result" or "error"), whose value is taken; NULL when memory is short. */
static cJSON *rpc_answer(const cJSON *id, const char *key, cJSON *value)
{
	cJSON *answer = cJSON_CreateObject();
	cJSON *same = id ? cJSON_Duplicate(id, 0) : cJSON_CreateNull();
	/* A copy of a named item would keep that name. */
	if (same && same->string) {
		cJSON_free(same->string);
		same->string = NULL;
	}
	if (!answer || json_set_text(answer, "jsonrpc", "2.0") != 0)
		cJSON_Delete(same);
	else if (json_set(answer, "id", same) == 0) {
		if (json_set(answer, key, value) == 0)
			return answer;
		value = NULL;
	}
	cJSON_Delete(value);
	cJSON_Delete(answer);
	return NULL;
}

static cJSON *refuse(const cJSON *id, enum rpc_error code, const char *words)
{
	return rpc_answer(id, "error", rpc_error(code, words));
}

/* A result of the tool: words, and for a JSON answer the same as structured content. */
static cJSON *tool_result(const char *words, cJSON *structured, bool failed)
{
	cJSON *result = cJSON_CreateObject();
	cJSON *content = cJSON_CreateArray(), *text = cJSON_CreateObject();
	bool made = text && json_set_text(text, "type", "text") == 0 &&
		    json_set_text(text, "text", words) == 0;
	if (!cJSON_AddItemToArray(content, text)) {
		cJSON_Delete(text);
		made = false;
	}
	if (!result) {
		cJSON_Delete(content);
		made = false;
	} else if (json_set(result, "content", content) != 0) {
		made = false;
	}
	if (!result || !structured)
		cJSON_Delete(structured);
	else if (json_set(result, "structuredContent", structured) != 0)
		made = false;
	if (made && json_set_bool(result, "isError", failed) == 0)
		return result;
	cJSON_Delete(result);
	return NULL;
}

/* Output and complaint one behind the other, without the last newline; malloc, or NULL. */
static char *join(const struct mcp_ran *ran)
{
	const size_t first = strlen(ran->output), second = strlen(ran->complaint);
	char *both = malloc(first + second + 1);
	if (!both)
		return NULL;
	memcpy(both, ran->output, first);
	memcpy(both + first, ran->complaint, second + 1);
	for (size_t end = first + second; end > 0 && both[end - 1] == '\n'; end--)
		both[end - 1] = '\0';
	char *words = mcp_reword(both);
	free(both);
	return words;
}

static cJSON *result_of(const struct mcp_tool *tool, const struct mcp_ran *ran)
{
	const bool answered = ran->exit_code == 0 || (tool->answers_no && ran->exit_code == 1);
	cJSON *structured = NULL;
	if (tool->json && ran->output[0])
		structured = json_parse_object(ran->output, strlen(ran->output));
	/* An exit code that may be an answer is none where nothing was said. */
	const bool failed = !answered || (tool->json && !structured);
	char *words = join(ran);
	cJSON *result = words ? tool_result(words, structured, failed) : NULL;
	if (!words)
		cJSON_Delete(structured);
	free(words);
	return result;
}

static cJSON *call_tool(struct mcp *mcp, const struct mcp_tool *tool, const cJSON *arguments)
{
	const char *words[MCP_WORDS];
	struct mcp_ran ran = {.exit_code = 0};
	struct err err = {.code = ERR_NONE};
	if (mcp_tool_words(tool, arguments, words, &mcp->room, &err) != 0 ||
	    mcp->host->run(mcp->host, words, &ran, &err) != 0)
		return tool_result(err.text, NULL, true);
	cJSON *result = result_of(tool, &ran);
	free(ran.output);
	free(ran.complaint);
	return result;
}

static cJSON *tools_call(struct mcp *mcp, const cJSON *id, const cJSON *params)
{
	const char *name = json_get_text(params, "name");
	const cJSON *arguments = cJSON_GetObjectItemCaseSensitive(params, "arguments");
	const struct mcp_tool *tool = name ? mcp_tool(name) : NULL;
	if (!tool)
		return refuse(id, RPC_PARAMS, "params.name: no such tool: tools/list has them");
	if (arguments && !cJSON_IsObject(arguments) && !cJSON_IsNull(arguments))
		return refuse(id, RPC_PARAMS, "params.arguments: not an object");
	return rpc_answer(id, "result", call_tool(mcp, tool, arguments));
}

static cJSON *tools_list(struct mcp *mcp, const cJSON *id, const cJSON *params)
{
	(void)mcp;
	(void)params;
	cJSON *result = cJSON_CreateObject();
	if (result && json_set(result, "tools", mcp_tools_list()) == 0)
		return rpc_answer(id, "result", result);
	cJSON_Delete(result);
	return NULL;
}

static cJSON *ping(struct mcp *mcp, const cJSON *id, const cJSON *params)
{
	(void)mcp;
	(void)params;
	return rpc_answer(id, "result", cJSON_CreateObject());
}

/* The revision that was asked for where we know it, else the newest: the client decides then. */
static const char *choose_revision(const cJSON *params)
{
	const char *asked = json_get_text(params, "protocolVersion");
	for (size_t i = 0; asked && i < sizeof(revisions) / sizeof(revisions[0]); i++)
		if (strcmp(revisions[i], asked) == 0)
			return revisions[i];
	return revisions[0];
}

static int fill_greeting(struct mcp *mcp, const cJSON *params, cJSON *result)
{
	cJSON *abilities = cJSON_CreateObject(), *server = cJSON_CreateObject();
	const int one = json_set(result, "capabilities", abilities);
	const int two = json_set(result, "serverInfo", server);
	if (one != 0 || two != 0 || json_set(abilities, "tools", cJSON_CreateObject()) != 0 ||
	    json_set_text(server, "name", "stepgate") != 0 ||
	    json_set_text(server, "version", mcp->host->version) != 0 ||
	    json_set_text(result, "protocolVersion", choose_revision(params)) != 0)
		return -1;
	return json_set_text(result, "instructions", instructions);
}

static cJSON *initialize(struct mcp *mcp, const cJSON *id, const cJSON *params)
{
	if (!json_get_text(params, "protocolVersion"))
		return refuse(id, RPC_PARAMS, "params.protocolVersion is missing");
	cJSON *result = cJSON_CreateObject();
	if (!result || fill_greeting(mcp, params, result) != 0) {
		cJSON_Delete(result);
		return NULL;
	}
	mcp->greeted = true;
	return rpc_answer(id, "result", result);
}

static const struct {
	const char *name;
	bool early; /* also before initialize */
	cJSON *(*answer)(struct mcp *mcp, const cJSON *id, const cJSON *params);
} methods[] = {
	{"initialize", true, initialize},
	{"ping", true, ping},
	{"tools/list", false, tools_list},
	{"tools/call", false, tools_call},
};

static cJSON *dispatch(struct mcp *mcp, const cJSON *id, const char *method, const cJSON *params)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, method) != 0)
			continue;
		if (!mcp->greeted && !methods[i].early)
			return refuse(id, RPC_REQUEST, "initialize comes first");
		return methods[i].answer(mcp, id, params);
	}
	return refuse(id, RPC_METHOD, "no such method: this server has tools and nothing else");
}

static cJSON *no_memory(const cJSON *id)
{
	return refuse(id, RPC_INTERNAL, "memory ran out");
}

/* Whether it is an answer to a request. We make none, so it is passed over. */
static bool is_answer(const cJSON *message)
{
	return !cJSON_GetObjectItemCaseSensitive(message, "method") &&
	       (cJSON_GetObjectItemCaseSensitive(message, "result") ||
		cJSON_GetObjectItemCaseSensitive(message, "error"));
}

/* The answer to one message; NULL where it wants none. */
static cJSON *take(struct mcp *mcp, const cJSON *message)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(message, "params");
	const char *jsonrpc = json_get_text(message, "jsonrpc");
	const char *method = json_get_text(message, "method");
	const bool fit = cJSON_IsString(id) || cJSON_IsRaw(id) || cJSON_IsNumber(id);
	if (!cJSON_IsObject(message))
		return refuse(NULL, RPC_REQUEST, "not an object");
	if (is_answer(message))
		return NULL;
	if (!jsonrpc || strcmp(jsonrpc, "2.0") != 0 || !method || (id && !fit))
		return refuse(fit ? id : NULL, RPC_REQUEST,
			      "not a request: it needs jsonrpc \"2.0\", a method, and an id that "
			      "is a text or a number");
	if (!id)
		return NULL;
	if (params && !cJSON_IsObject(params) && !cJSON_IsNull(params))
		return refuse(id, RPC_PARAMS, "params: not an object");
	cJSON *answer = dispatch(mcp, id, method, params);
	return answer ? answer : no_memory(id);
}

static void send_answer(struct mcp *mcp, cJSON *answer)
{
	char *line = answer ? cJSON_PrintUnformatted(answer) : NULL;
	if (line)
		mcp->host->send(mcp->host, line);
	cJSON_free(line);
	cJSON_Delete(answer);
}

/* Each of a batch is answered, and the answers go out in one list, as JSON-RPC (6) has it. */
static void take_batch(struct mcp *mcp, const cJSON *batch)
{
	cJSON *answers = cJSON_CreateArray();
	if (!batch->child) {
		send_answer(mcp, refuse(NULL, RPC_REQUEST, "a batch with nothing in it"));
		cJSON_Delete(answers);
		return;
	}
	for (const cJSON *message = batch->child; answers && message; message = message->next) {
		cJSON *answer = take(mcp, message);
		if (answer && !cJSON_AddItemToArray(answers, answer))
			cJSON_Delete(answer);
	}
	if (answers && answers->child)
		send_answer(mcp, answers);
	else
		cJSON_Delete(answers);
}

/* A list is no JSON object, as which all of ours is read: it is put into one. */
static cJSON *parse_batch(const char *line, size_t length)
{
	static const char before[] = "{\"batch\":";
	const size_t head = sizeof(before) - 1;
	char *text = malloc(head + length + 1);
	if (!text)
		return NULL;
	memcpy(text, before, head);
	memcpy(text + head, line, length);
	text[head + length] = '}';
	cJSON *object = json_parse_object(text, head + length + 1);
	free(text);
	return object;
}

static void take_line(struct mcp *mcp)
{
	size_t at = 0;
	while (at < mcp->length && strchr(" \t\r", mcp->line[at]) && mcp->line[at])
		at++;
	const char *line = mcp->line + at;
	const size_t length = mcp->length - at;
	if (length == 0)
		return;
	cJSON *message =
		line[0] == '[' ? parse_batch(line, length) : json_parse_object(line, length);
	const cJSON *batch = line[0] == '[' && message ? message->child : NULL;
	if (!message && errno == ENOMEM)
		send_answer(mcp, no_memory(NULL));
	else if (!message || (batch && !cJSON_IsArray(batch)))
		send_answer(mcp, refuse(NULL, RPC_PARSE, "not JSON, each key once"));
	else if (batch)
		take_batch(mcp, batch);
	else
		send_answer(mcp, take(mcp, message));
	cJSON_Delete(message);
}

static void gather(struct mcp *mcp, const char *bytes, size_t length)
{
	if (mcp->too_long)
		return;
	if (length > MCP_LINE_MAX - mcp->length) {
		mcp->too_long = true;
		return;
	}
	memcpy(mcp->line + mcp->length, bytes, length);
	mcp->length += length;
}

static void end_line(struct mcp *mcp)
{
	if (mcp->too_long)
		send_answer(mcp, refuse(NULL, RPC_REQUEST, "a line longer than 1048576 bytes"));
	else
		take_line(mcp);
	mcp->too_long = false;
	mcp->length = 0;
}

void mcp_feed(struct mcp *mcp, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		const size_t part = end ? (size_t)(end - bytes) : length;
		gather(mcp, bytes, part);
		if (!end)
			return;
		end_line(mcp);
		bytes += part + 1;
		length -= part + 1;
	}
}

void mcp_end(struct mcp *mcp)
{
	if (mcp->length > 0 || mcp->too_long)
		end_line(mcp);
}
