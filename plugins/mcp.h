/*
 * The tracker's verbs as a Model Context Protocol server: for agents that drive their own cycle.
 *
 * JSON-RPC 2.0, a message on each line, as the transport "stdio" has it (revisions 2024-11-05,
 * 2025-03-26 and 2025-06-18 of modelcontextprotocol.io). Only tools are offered. A tool is a row in
 * plugins/mcp_tools.c and is done by the command it names: what that refuses comes back as words
 * that the agent's model reads, with what to do instead.
 *
 * Anything may come in: what is no JSON, no request, of an unknown method, longer than
 * MCP_LINE_MAX, or out of order is answered with an error of the protocol, and the next line is
 * read as if nothing had been. Notifications are never answered; a call can't be cancelled, as it
 * does not wait in between, and what it did stays done. Memory is bounded by MCP_LINE_MAX.
 */
#ifndef PLUGINS_MCP_H
#define PLUGINS_MCP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

#define MCP_LINE_MAX 1048576
#define MCP_WORDS    24 /* of a command, with the NULL behind the last */

/* What became of a command. Both texts are malloc'd and NUL ended. */
struct mcp_ran {
	int exit_code;
	char *output;
	char *complaint; /* its stderr */
};

/* The program around it. */
struct mcp_host {
	/* Runs our own command of these words, ended with NULL, to its end. 0 and *ran, or -1 and
	 * *err where it is not started or does not end by itself. */
	int (*run)(const struct mcp_host *host, const char *const *words, struct mcp_ran *ran,
		   struct err *err);
	/* Sends one line, without its newline. */
	void (*send)(const struct mcp_host *host, const char *line);
	const char *version; /* of the program */
};

struct mcp; /* opaque */

/* `host` is borrowed. NULL when memory is short. */
struct mcp *mcp_new(const struct mcp_host *host);
void mcp_free(struct mcp *mcp);

/* Takes the next bytes, however they are cut, and answers each line that is whole. */
void mcp_feed(struct mcp *mcp, const char *bytes, size_t length);
/* No more will come: a last line without a newline is answered too. */
void mcp_end(struct mcp *mcp);

#endif
