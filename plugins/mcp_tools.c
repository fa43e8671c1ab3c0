#include "plugins/mcp_tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/json.h"

static const struct mcp_tool tools[] = {
	{
		.name = "start_cycle",
		.help = "Begins a cycle of steps under a token budget. Only where none is open; "
			"budget and threshold are locked until it ends.",
		.command = "start",
		.fields =
			{
				{"task", MCP_TEXT, "--task", true, "what the cycle is for"},
				{"budget", MCP_COUNT, "--budget", false,
				 "tokens that the cycle may use; without it, as the repository's "
				 "settings say"},
				{"threshold", MCP_COUNT, "--threshold", false,
				 "percent of the budget, 20 to 95, below which a step may start"},
			},
	},
	{
		.name = "check_budget",
		.help = "Asks whether a step may start. Changes nothing. can_proceed: false means: "
			"begin no step, finish what is under way, and end.",
		.command = "check",
		.options = "--cycle",
		.reads = true,
		.json = true,
		.answers_no = true,
		.fields =
			{
				{"tokens", MCP_COUNT, NULL, false,
				 "tokens that you have used in this cycle so far; without it, the "
				 "figure that finish_step was last told"},
			},
	},
	{
		.name = "begin_step",
		.help = "Asks the gate and begins the next step. Do no work before it says that "
			"the step starts. At the threshold the cycle is closed instead: stop then, "
			"and say what is left to do.",
		.command = "step begin",
		.fields =
			{
				{"description", MCP_TEXT, "--desc", false,
				 "what the step is going to be"},
			},
	},
	{
		.name = "finish_step",
		.help = "Ends the step under way: records it, commits and pushes all changes, "
			"reports, and checks the budget. Don't commit by yourself. Where the line "
			"says NOK, mend what it names.",
		.command = "step done",
		.fields =
			{
				{"description", MCP_TEXT, "--desc", true,
				 "what was done; the commit's subject"},
				{"tokens", MCP_COUNT, "--tokens", true,
				 "tokens that the whole cycle has used so far; never less than "
				 "before"},
				{"failed", MCP_FLAG, "--failed", false,
				 "true where the step did not succeed: its work is kept off the "
				 "branch"},
			},
	},
	{
		.name = "end_cycle",
		.help = "Ends the cycle, between two steps.",
		.command = "update",
		.fields =
			{
				{"reason", MCP_TEXT, "--cycle-end", true,
				 "completed (all work is done), threshold, user or error"},
			},
	},
	{
		.name = "report",
		.help = "Sends a line to the message log, where people see it.",
		.command = "report",
		.fields = {{"message", MCP_TEXT, NULL, true, "the line"}},
	},
	{
		.name = "status",
		.help = "The cycle of this repository: open or closed, its steps, budget and "
			"usage, and what comes next. Changes nothing.",
		.command = "status",
		.reads = true,
		.json = true,
	},
};

enum {
	NTOOLS = sizeof(tools) / sizeof(tools[0]),
};

const struct mcp_tool *mcp_tool(const char *name)
{
	for (int i = 0; i < NTOOLS; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

/* An empty object or array under a key: the object's, or NULL when memory is short. */
static cJSON *put_new(cJSON *object, const char *key, cJSON *made)
{
	return made && json_set(object, key, made) == 0 ? made : NULL;
}

static int put_field(cJSON *properties, const struct mcp_field *field)
{
	static const char *const types[] = {
		[MCP_TEXT] = "string", [MCP_COUNT] = "integer", [MCP_FLAG] = "boolean"};
	cJSON *schema = put_new(properties, field->name, cJSON_CreateObject());
	if (!schema || json_set_text(schema, "type", types[field->type]) != 0 ||
	    json_set_text(schema, "description", field->help) != 0)
		return -1;
	if (field->type == MCP_COUNT)
		return json_set_integer(schema, "minimum", 0);
	return field->type == MCP_TEXT ? json_set_integer(schema, "maxLength", MCP_TEXT_MAX) : 0;
}

/* JSON Schema (json-schema.org, 2020-12) of what the tool takes. */
static int put_schema(cJSON *json, const struct mcp_tool *tool)
{
	cJSON *schema = put_new(json, "inputSchema", cJSON_CreateObject());
	if (!schema || json_set_text(schema, "type", "object") != 0)
		return -1;
	cJSON *properties = put_new(schema, "properties", cJSON_CreateObject());
	cJSON *required = put_new(schema, "required", cJSON_CreateArray());
	if (!properties || !required)
		return -1;
	for (const struct mcp_field *field = tool->fields; field->name; field++) {
		if (put_field(properties, field) != 0)
			return -1;
		if (field->required && !cJSON_AddItemToArray(required, json_text(field->name)))
			return -1;
	}
	return json_set_bool(schema, "additionalProperties", false);
}

static int put_hints(cJSON *json, const struct mcp_tool *tool)
{
	cJSON *hints = put_new(json, "annotations", cJSON_CreateObject());
	if (!hints || json_set_bool(hints, "readOnlyHint", tool->reads) != 0)
		return -1;
	return json_set_bool(hints, "destructiveHint", false);
}

static cJSON *tool_json(const struct mcp_tool *tool)
{
	cJSON *json = cJSON_CreateObject();
	if (json && json_set_text(json, "name", tool->name) == 0 &&
	    json_set_text(json, "description", tool->help) == 0 && put_schema(json, tool) == 0 &&
	    put_hints(json, tool) == 0)
		return json;
	cJSON_Delete(json);
	return NULL;
}

cJSON *mcp_tools_list(void)
{
	cJSON *list = cJSON_CreateArray();
	for (int i = 0; list && i < NTOOLS; i++)
		if (!cJSON_AddItemToArray(list, tool_json(&tools[i]))) {
			cJSON_Delete(list);
			list = NULL;
		}
	return list;
}

static const struct mcp_field *find_field(const struct mcp_tool *tool, const char *name)
{
	for (const struct mcp_field *field = tool->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

static int check_names(const struct mcp_tool *tool, const cJSON *arguments, struct err *err)
{
	for (const cJSON *item = arguments ? arguments->child : NULL; item; item = item->next)
		if (!find_field(tool, item->string))
			return err_set(err, ERR_USAGE, "%s: it has no argument \"%.100s\"",
				       tool->name, item->string);
	return 0;
}

/* The value of a field as text in out, "" where a flag is not set. 0, or -1 and *err. */
static int value_of(const struct mcp_tool *tool, const struct mcp_field *field,
		    const cJSON *arguments, char *out, size_t size, struct err *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(arguments, field->name);
	int64_t count = 0;
	out[0] = '\0';
	if (field->type == MCP_FLAG) {
		if (!cJSON_IsBool(item))
			return err_set(err, ERR_USAGE, "%s: %s: true or false", tool->name,
				       field->name);
		return 0;
	}
	if (field->type == MCP_COUNT) {
		if (json_get_integer(arguments, field->name, &count) != 0)
			return err_set(err, ERR_USAGE, "%s: %s: a whole number, 0 or more",
				       tool->name, field->name);
		snprintf(out, size, "%" PRId64, count);
		return 0;
	}
	const char *text = json_get_text(arguments, field->name);
	if (!text || strlen(text) > MCP_TEXT_MAX)
		return err_set(err, ERR_USAGE, "%s: %s: a text of at most %d bytes", tool->name,
			       field->name, MCP_TEXT_MAX);
	snprintf(out, size, "%s", text);
	return 0;
}

/* The words of one field, from words[n] on; how many, or -1 and *err. */
static int field_words(const struct mcp_tool *tool, const struct mcp_field *field,
		       const cJSON *arguments, const char **words, char *text, size_t size,
		       struct err *err)
{
	char value[MCP_TEXT_MAX + 1];
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(arguments, field->name);
	if (!item || cJSON_IsNull(item)) {
		if (field->required)
			return err_set(err, ERR_USAGE, "%s: %s is missing: %s", tool->name,
				       field->name, field->help);
		return 0;
	}
	if (value_of(tool, field, arguments, value, sizeof(value), err) != 0)
		return -1;
	if (field->type == MCP_FLAG) {
		words[0] = field->option;
		return cJSON_IsTrue(item) ? 1 : 0;
	}
	if (!field->option) {
		snprintf(text, size, "%s", value);
		words[0] = "--";
		words[1] = text;
		return 2;
	}
	snprintf(text, size, "%s=%s", field->option, value);
	words[0] = text;
	return 1;
}

int mcp_tool_words(const struct mcp_tool *tool, const cJSON *arguments, const char **words,
		   struct mcp_room *room, struct err *err)
{
	int n = 0;
	if (check_names(tool, arguments, err) != 0)
		return -1;
	snprintf(room->texts[0], sizeof(room->texts[0]), "%s", tool->command);
	words[n++] = room->texts[0];
	char *space = strchr(room->texts[0], ' ');
	if (space) {
		*space = '\0';
		words[n++] = space + 1;
	}
	if (tool->options)
		words[n++] = tool->options;
	if (tool->json)
		words[n++] = "--json";
	for (const struct mcp_field *field = tool->fields; field->name; field++) {
		const int more = field_words(tool, field, arguments, words + n, room->texts[n],
					     sizeof(room->texts[n]), err);
		if (more < 0)
			return -1;
		n += more;
	}
	words[n] = NULL;
	return 0;
}

/* The tool whose command the text begins with, or NULL. */
static const struct mcp_tool *tool_at(const char *text)
{
	for (int i = 0; i < NTOOLS; i++) {
		const size_t length = strlen(tools[i].command);
		if (strncmp(text, tools[i].command, length) == 0 &&
		    (text[length] == ' ' || text[length] == '`'))
			return &tools[i];
	}
	return NULL;
}

char *mcp_reword(const char *text)
{
	static const char opening[] = "`stepgate ";
	char *made = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&made, &length);
	if (!out)
		return NULL;
	while (*text) {
		const size_t skip = sizeof(opening) - 1;
		const bool ours = strncmp(text, opening, skip) == 0;
		const struct mcp_tool *tool = ours ? tool_at(text + skip) : NULL;
		const char *end = tool ? strchr(text + 1, '`') : NULL;
		if (end)
			fprintf(out, "the tool %s", tool->name);
		else
			putc(*text, out);
		text = end ? end + 1 : text + 1;
	}
	if (fclose(out) == 0)
		return made;
	free(made);
	return NULL;
}
