/* The tools of the MCP server (plugins/mcp.h): a row for each, with the command that does it. Used
 * by that server alone. */
#ifndef PLUGINS_MCP_TOOLS_H
#define PLUGINS_MCP_TOOLS_H

#include <cjson/cJSON.h>

#include "plugins/mcp.h"

enum mcp_field_type {
	MCP_TEXT,  /* up to MCP_TEXT_MAX bytes */
	MCP_COUNT, /* a whole number, 0 or more */
	MCP_FLAG,
};

#define MCP_TEXT_MAX 4000

struct mcp_field {
	const char *name;
	enum mcp_field_type type;
	const char *option; /* "--desc"; NULL: an argument by its place, behind "--" */
	bool required;
	const char *help;
};

struct mcp_tool {
	const char *name;
	const char *help;           /* for the agent's model */
	const char *command;        /* "step begin" */
	const char *options;        /* further words for it, or NULL; one word */
	bool reads;                 /* it changes nothing */
	bool json;                  /* what it prints is one JSON object */
	bool answers_no;            /* exit code 1 is an answer, not a failure */
	struct mcp_field fields[4]; /* ended by a NULL name */
};

/* The tool of that name, or NULL. */
const struct mcp_tool *mcp_tool(const char *name);

/* What tools/list answers: each tool with its JSON Schema. NULL when memory is short. */
cJSON *mcp_tools_list(void);

/* The words of a tool's command for the arguments (an object, or NULL for none), in
 * words[MCP_WORDS], NULL ended; they live as long as the arguments and `room`. 0, or -1 and *err in
 * words for the model. */
struct mcp_room {
	char texts[MCP_WORDS][MCP_TEXT_MAX + 32];
};
int mcp_tool_words(const struct mcp_tool *tool, const cJSON *arguments, const char **words,
		   struct mcp_room *room, struct err *err);

/* The text with each command of ours in it (`stepgate start --task T`) called by its tool's name.
 * malloc, or NULL. */
char *mcp_reword(const char *text);

#endif
