/*
 * Gemini CLI's words: as `gemini -o stream-json` or `-o json` prints them, and as it writes them
 * into ~/.gemini/tmp/PROJECT/chats. One reader for both. By recordings of 0.61.0.
 */
#ifndef PLUGINS_GEMINI_WORDS_H
#define PLUGINS_GEMINI_WORDS_H

#include "plugins/agent_meter.h"

enum { GEMINI_ROWS = 16 };

struct gemini_row {
	char model[MODEL_NAME];
	struct usage prompt, total, cached;
	struct usage parts; /* what else is in the total, as far as it is told apart */
};

/* One message of a chat. */
struct gemini_message {
	char id[SESSION_NAME];
	bool is_model; /* it is of the model, not of the user */
	struct usage prompt, output, cached, total;
	struct usage more; /* thoughts, and prompts of tools */
	int64_t text;      /* bytes */
	int64_t at;        /* ms since 1970, or 0 */
	char model[MODEL_NAME];
};

struct gemini_words {
	struct scan *scan;
	int64_t from_ms; /* older messages of a chat are not charged; 0: none */

	int64_t records; /* that are of Gemini */
	char session[SESSION_NAME];
	int64_t first_ms; /* when the first one was printed */

	/* printed */
	int64_t results;
	struct call sum;     /* the last one's */
	struct call earlier; /* of processes that printed one before */
	bool several;        /* there were such */
	char result_session[SESSION_NAME];
	bool after_result; /* words of work came after it */
	bool untold;       /* it had no total: what is told apart may be less */
	struct gemini_row table[GEMINI_ROWS];
	int rows;
	enum ended ended;
	char limit[SCAN_TEXT]; /* what it says of a usage limit … */
	int64_t limit_ms;      /* … and when */

	/* written */
	bool chat;
	bool sub_agent;
	struct calls calls;
	int64_t asked; /* messages of the user that a chat has, as far as they are told apart */
	struct call last;
	bool in_flight; /* a prompt is the last message */
	bool broke_off; /* a reply is longer than the tokens that are told of it */

	/* of the record under way */
	struct gemini_row row_table[GEMINI_ROWS];
	int row_count;
	struct gemini_message element;
};

int gemini_words_init(struct gemini_words *words); /* -1: memory */
void gemini_words_release(struct gemini_words *words);
/* What a row comes to. */
struct call gemini_row_call(const struct gemini_row *row);
/* Begins anew, but for from_ms. */
void gemini_words_again(struct gemini_words *words);

#endif
