/*
 * stepgate.h: all that the author of a stepgate module needs.
 *
 * A module is a shared object that exports one constant, `stepgate_module`, which says what it
 * offers: any of a step, a meter, a gate and a report.
 *
 *     #include <stepgate.h>
 *
 *     static int lint(const struct stepgate_call *call)
 *     {
 *         call->host->say(call->host, "nothing to complain of");
 *         return STEPGATE_OK;
 *     }
 *
 *     const struct stepgate_module stepgate_module = {
 *         STEPGATE_ABI, sizeof(struct stepgate_module), "lint", "looks for mistakes", lint,
 *     };
 *
 *     cc $(pkg-config --cflags stepgate) -shared -fPIC -fvisibility=hidden lint.c -o lint.so
 *
 * It is loaded into a process of its own (`stepgate module-host`), never into stepgate itself: each
 * call is a process, which ends with the function's return. So a module may keep what it likes in
 * memory, may crash, hang or call exit: that is a failed step, a gate that is shut, a meter that
 * tells nothing, or a report that is not sent, and never the end of the cycle. What it prints on
 * stdout and stderr goes to the step's log.
 *
 * Every struct says its own size first. A struct may grow at its end within one STEPGATE_ABI: a
 * module reads a field beyond those of version 1 only where `size` covers it. Strings are UTF-8,
 * end with a NUL, and live as long as the call does. Nothing here is to be freed by the module.
 *
 * C99 and C++98, and of the C library the types alone.
 */
#ifndef STEPGATE_H
#define STEPGATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface: a module made for another one is refused. */
#define STEPGATE_ABI 1

#if defined(__GNUC__)
#define STEPGATE_EXPORT __attribute__((visibility("default")))
#else
#define STEPGATE_EXPORT
#endif

/* What a step, a meter or a report answers. Any other number is a failure too. */
enum { STEPGATE_OK = 0, STEPGATE_FAILED = 1 };

/* What a gate answers. Any other number (STEPGATE_GATE_FAILED, say) is a failure: no pass. */
enum {
	STEPGATE_NO_OPINION = 0, /* the others decide; where all say so the step does not start */
	STEPGATE_PASS = 1,       /* as far as this gate is concerned the step may start */
	STEPGATE_REFUSE = 2,     /* the step does not start, and the cycle closes */
	STEPGATE_GATE_FAILED = 3 /* it can't tell: the cycle closes on an error */
};

/* Tokens, each 0 or more, or STEPGATE_UNKNOWN. Either the sum is told, or its parts. */
#define STEPGATE_UNKNOWN (-1)
struct stepgate_usage {
	uint32_t size;       /* sizeof(struct stepgate_usage) */
	uint32_t reserved;   /* 0 */
	int64_t tokens;      /* what counts against the budget, all in one figure */
	int64_t input;       /* or in parts: what was read by the model anew, */
	int64_t cache_read;  /* read from its cache, */
	int64_t cache_write; /* written to its cache, */
	int64_t output;      /* and written by it */
};

/*
 * What a module may tell while it is at work. Each function may be called from any thread, takes
 * `host` itself first, copies what it is given, and can't fail: what is not whole (broken UTF-8,
 * control characters, more than 4000 bytes of text) is mended or cut.
 */
struct stepgate_host {
	uint32_t size;
	uint32_t reserved;
	void *context; /* of stepgate; not to be touched */

	/* How far it is: percent 0 to 100, or -1 where that is not known; and what is being done,
	 * or NULL. Shown, and not kept. */
	void (*progress)(const struct stepgate_host *host, int percent, const char *text);
	/* A line for the step's log. */
	void (*log)(const struct stepgate_host *host, const char *text);
	/* What the step has used so far, all in all: usage never falls, of two figures the larger
	 * counts. For a step; a meter answers by meter_read. */
	void (*usage)(const struct stepgate_host *host, const struct stepgate_usage *usage);
	/* The words that go with the answer: why it failed, why the gate refuses. The last ones
	 * count. */
	void (*say)(const struct stepgate_host *host, const char *text);
	/* The value of the option of that name in the config (`options = {"level=3"}`), or NULL. */
	const char *(*option)(const struct stepgate_host *host, const char *name);
};

/* What is asked, and where. The current folder is the one that the step runs in, that of the
 * repository where nothing else is configured. */
struct stepgate_call {
	uint32_t size;
	uint32_t reserved;
	const struct stepgate_host *host;
	const char *const *options; /* "NAME=VALUE" as in the config; ends with NULL */
	const char *repository;     /* absolute path of its work tree */
	int64_t cycle;              /* its number, from 1; 0 where there is none */
	int64_t step;               /* the number of the step in the plan, from 1; 0 for none */
	int64_t attempt;            /* of this step in this cycle, from 1 */
	const char *title;          /* of the step; "" for none */
	const char *key;    /* the same each time that this step of the plan is tried; or "" */
	int64_t budget;     /* tokens for the cycle */
	int64_t limit;      /* a step starts only while fewer than these are used */
	int64_t used;       /* by the cycle so far, or STEPGATE_UNKNOWN */
	const char *report; /* for a report: the event as one JSON object; else NULL */
};

/*
 * What a module offers; NULL where it doesn't. Each is called once in a process, from its main
 * thread.
 *
 * step: does the work in the current folder. STEPGATE_OK, or STEPGATE_FAILED with words. It is
 * asked to end by SIGTERM and killed `grace` later, like any worker.
 *
 * meter_open: begins to read what a worker printed; gives what the other three take, or NULL where
 * it can't. meter_feed: takes the next bytes, cut anywhere. meter_read: fills *usage, whose `size`
 * is set and whose figures are unknown, with what was used so far; it is called after the last
 * bytes and may be called before. Both give STEPGATE_OK or STEPGATE_FAILED: then the usage is
 * unknown. meter_close: frees what meter_open gave. All four, or none.
 *
 * gate: a further verdict before a step. One of the three, with words.
 *
 * report: delivers call->report. STEPGATE_OK, or STEPGATE_FAILED with words.
 */
struct stepgate_module {
	uint32_t abi;      /* STEPGATE_ABI */
	uint32_t size;     /* sizeof(struct stepgate_module) */
	const char *name;  /* a word or two */
	const char *about; /* one line, or NULL */
	int (*step)(const struct stepgate_call *call);
	int (*gate)(const struct stepgate_call *call);
	int (*report)(const struct stepgate_call *call);
	void *(*meter_open)(const struct stepgate_call *call);
	int (*meter_feed)(void *meter, const char *bytes, size_t length);
	int (*meter_read)(void *meter, struct stepgate_usage *usage);
	void (*meter_close)(void *meter);
};

/* The one thing that a module exports: it is visible by this declaration, whatever -fvisibility
 * says. */
extern STEPGATE_EXPORT const struct stepgate_module stepgate_module;

#ifdef __cplusplus
}
#endif

#endif
