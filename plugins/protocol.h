/*
 * The protocol of plugins: what a program is asked on its stdin, as one line of JSON, and what it
 * answers on the descriptor PROTOCOL_FD, as lines of JSON. A module (plugins/stepgate.h) is spoken
 * to in the same way, by the module host in front of it. plugins/protocol.schema.json has both
 * sides; stepgate-plugin(7) explains them.
 */
#ifndef PLUGINS_PROTOCOL_H
#define PLUGINS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/gate.h"

#define PROTOCOL_VERSION 1
/* Named to the program by STEPGATE_PLUGIN_FD. */
#define PROTOCOL_FD 3

/* word of the call, what it is for */
#define PLUGIN_ASKS(X)                                   \
	X(STEP, "step", "does the work of a step")       \
	X(METER, "meter", "tells what a worker used")    \
	X(GATE, "gate", "gives a verdict before a step") \
	X(REPORT, "report", "delivers an event")         \
	X(DESCRIBE, "describe", "says what it is")

enum plugin_ask {
#define X(name, word, what) PLUGIN_##name,
	PLUGIN_ASKS(X)
#undef X
		PLUGIN_NASKS
};
#define PLUGIN_NKINDS   PLUGIN_DESCRIBE /* those that a plugin may offer */
#define PLUGIN_BIT(ask) (1U << (ask))

/* "step", …; static text. */
const char *plugin_ask_name(enum plugin_ask ask);
/* PLUGIN_NASKS where the word is none. */
enum plugin_ask plugin_ask_find(const char *word);

/* What is asked, and where. Texts are UTF-8, or mended; borrowed. */
struct plugin_call {
	enum plugin_ask ask;
	const char *const *options; /* "NAME=VALUE", names differ; ends with NULL; NULL: none */
	const char *repository;     /* absolute; NULL: none */
	int64_t cycle;              /* 0: none */
	int step, attempt;          /* 0: none */
	const char *title, *key;    /* NULL: none */
	int64_t budget, limit;      /* tokens; budget 0: none */
	struct usage used;          /* by the cycle so far */
	const char *output;         /* METER: absolute path of what the worker printed */
	const char *report;         /* REPORT: the event, a JSON object */
};

/* The call as one line, newline and all (malloc), or NULL when memory is short. */
char *plugin_call_write(const struct plugin_call *call);

/* The other side: a call that was read. Texts and options live as long as it does. */
struct plugin_heard {
	struct plugin_call call;
	const char **options; /* call.options */
	char *report;         /* call.report */
	void *memory;
};
/* NULL and *heard (release it), or why the line is no call (static text). */
const char *plugin_call_read(const char *line, size_t length, struct plugin_heard *heard);
void plugin_heard_release(struct plugin_heard *heard);

enum plugin_verdict { PLUGIN_NO_OPINION, PLUGIN_PASS, PLUGIN_REFUSE, PLUGIN_NVERDICTS };
/* "none", "pass", "refuse"; static text. */
const char *plugin_verdict_name(enum plugin_verdict verdict);

/* Figures of 0 or more; -1: unknown. Either the sum, or its parts. */
struct plugin_usage {
	int64_t tokens, input, cache_read, cache_write, output;
};
#define PLUGIN_USAGE_UNKNOWN ((struct plugin_usage){-1, -1, -1, -1, -1})
/* What counts: the sum; or else, of the parts, what was new (input, cache_write and output), or
 * with another measure all four, each of which must be known. A plugin doesn't tell what its
 * context holds: all that it read and wrote is no less. */
struct usage plugin_usage_figure(const struct plugin_usage *usage, enum conf_measure measure);

/*
 * The lines of an answer, each a JSON object with a `type`:
 *   progress  percent (0 to 100), text: at least one of them
 *   log       text
 *   usage     tokens, or input, cache_read, cache_write and output: so far, all in all
 *   result    ok (true or false), text: the answer of a step and a report; that of
 *             any other which failed, with ok false
 *   verdict   verdict ("pass", "refuse", "none"), text: the answer of a gate
 *   plugin    name, about, offers: the answer to `describe`
 * Keys and types that are not known are passed over; so are blank lines. What is no JSON object,
 * has a value that can't be, or is longer than PROTOCOL_LINE_MAX makes the answer bad for good, and
 * so does a second answer, or one to something else; of what is no step, also more than
 * PROTOCOL_ANSWER_MAX bytes in all. Memory is constant.
 */
#define PROTOCOL_LINE_MAX   65536
#define PROTOCOL_ANSWER_MAX 1048576

/* What is told on the way; each may be NULL. Texts are as they came: not clean. */
struct plugin_ear {
	void (*progress)(void *context, int percent, const char *text); /* -1, NULL: not said */
	void (*log)(void *context, const char *text);
	void (*usage)(void *context, const struct plugin_usage *usage); /* what was said so far */
	void *context;
};

struct plugin_answer {
	bool given;  /* a result, a verdict or a description */
	bool failed; /* the result says so */
	enum plugin_verdict verdict;
	struct plugin_usage usage; /* the largest of each figure */
	char words[512];           /* of the result or verdict, cleaned; or "" */
	char name[64], about[256]; /* of a description, cleaned */
	unsigned offers;           /* PLUGIN_BITs of a description */
	int64_t lines;             /* so many came */
	int64_t bad;               /* the number of the first bad line, from 1; 0: none */
	const char *why;           /* it is bad; static text */
};

struct protocol; /* opaque */
/* NULL when memory is short. The ear (may be NULL) is copied. */
struct protocol *protocol_new(enum plugin_ask ask, const struct plugin_ear *ear);
void protocol_free(struct protocol *protocol);
/* Takes the next bytes, however they are cut. */
void protocol_feed(struct protocol *protocol, const char *bytes, size_t length);
/* There are no more: a last line without a newline counts if it is whole, and is bad if not. */
void protocol_end(struct protocol *protocol);
const struct plugin_answer *protocol_answer(const struct protocol *protocol);

/* Why the answer of a plugin that ended well by itself is none, in words for a message, into
 * out[size]; or NULL where it is one. */
const char *plugin_answer_wrong(enum plugin_ask ask, const struct plugin_answer *answer, char *out,
				size_t size);

#endif
