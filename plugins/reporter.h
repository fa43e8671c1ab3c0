/* Reporters: who is told of what happens. A kind of reporter is a row of the table in reporter.c
 * and a file. A reporter that fails is told of by its caller, and never changes a cycle. */
#ifndef PLUGINS_REPORTER_H
#define PLUGINS_REPORTER_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/gate.h"
#include "plugins/host.h"

struct report {
	unsigned on; /* the conf_report_event bits that it is: STEP | NOK for a step that went wrong
		      */
	int64_t at;  /* microseconds since 1970 */
	const char *title; /* of the config */
	int64_t cycle;
	int step;               /* 0 where it is not about one */
	const char *step_title; /* or NULL */
	const char *text;       /* the report line */
	bool ok;                /* STEP */
	const char *action;     /* STEP, or NULL */
	const char *commit;     /* STEP: hex id, or NULL */
	const char *way;        /* STEP: "engine" or "program", who made the commit; or NULL */
	const char *pushed_by;  /* STEP: "engine", or "program" and why; or NULL */
	const char *held;       /* STEP: paths held back as likely secrets, and why; or NULL */
	const char *failure;    /* STEP: why it failed, typed, or NULL */
	const char
		*doubt; /* STEP: why its usage is an estimate, or which sources differ; or NULL */
	int64_t resets_at;  /* STEP: when that ends: seconds since 1970; or 0 */
	const char *reason; /* CLOSED: in words, or NULL */
	const char *cause;  /* CLOSED: typed, or NULL */
	struct usage used;
	struct gate_terms terms;
};

/* Whether the reporter wants it. */
bool reporter_wants(const struct conf_report *to, const struct report *report);

/* A line that reporter_json made, on its way to a reporter: at least once, and each time with the
 * same key, by which whoever gets it can tell one that came twice. */
struct reporter_mail {
	const char *line;
	const char *key; /* letters and digits */
};

/* Whether it is one that a web server is told by: reporter_request, and not reporter_deliver. */
bool reporter_is_remote(const struct conf_report *to);

/* Delivers to one that is not remote. Files, GitHub's summary and programs get the key in the JSON.
 * 0, or -1 and *err. */
int reporter_deliver(const struct conf_report *to, const struct reporter_mail *mail,
		     const struct host *host, struct err *err);

/* What a remote one is to be sent, as the body of a POST: JSON (malloc) in *body. 0, or -1 and
 * *err.
 */
int reporter_request(const struct conf_report *to, const struct reporter_mail *mail, char **body,
		     struct err *err);

/* The report as one line of JSON (malloc, no newline), or NULL when memory is short. */
char *reporter_json(const struct report *report);

#endif
