/*
 * A config file, read whole and checked whole into one immutable struct. Never half of one: a file
 * with anything wrong in it gives an error that names the file, the line and the reason, and no
 * struct.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum conf_on_unknown {
	CONF_UNKNOWN_ERROR,    /* the cycle closes */
	CONF_UNKNOWN_ESTIMATE, /* the largest step of this plan so far counts, and is said to be an
				  estimate */
	CONF_UNKNOWN_ZERO,     /* it counts as nothing: the user says so */
};

/* Which of a step's tokens count against the budget; see plugins/usage.h. */
enum conf_measure {
	CONF_MEASURE_FRESH,   /* each token once, when it was new */
	CONF_MEASURE_ALL,     /* each token of each call, those read from a cache too */
	CONF_MEASURE_CONTEXT, /* what the context holds */
};

enum conf_on_failure {
	CONF_FAILURE_CLOSE, /* the cycle closes with an error */
	CONF_FAILURE_RETRY, /* the step is tried again, through the gate, up to `attempts` in all */
	CONF_FAILURE_SKIP,  /* the step counts as dealt with; the next one follows */
};

enum conf_failure_work {
	CONF_WORK_SALVAGE, /* a failed step's work goes to a ref of its own, off the branch */
	CONF_WORK_COMMIT,  /* … is committed on the branch, the step being NOK */
	CONF_WORK_KEEP,    /* … is left in the work tree */
};

enum conf_when_complete {
	CONF_COMPLETE_STOP,    /* a finished plan stays finished */
	CONF_COMPLETE_RESTART, /* a finished plan begins anew with the next run */
};

enum conf_meter {
	CONF_METER_NONE, /* what the worker says on STEPGATE_USAGE_FD, or nothing: a known zero */
	CONF_METER_COMMAND, /* meter_command prints the number of tokens that the step used */
	CONF_METER_CLAUDE,  /* what this agent prints, and the files that it writes */
	CONF_METER_CODEX,
	CONF_METER_GEMINI,
	CONF_METER_OPENCODE,
	CONF_METER_AUTO,   /* whichever of these it is */
	CONF_METER_REGEX,  /* meter_pattern captures it in a line of what it prints */
	CONF_METER_JSONL,  /* the same lines as on STEPGATE_USAGE_FD, among those that it prints */
	CONF_METER_PLUGIN, /* meter_plugin tells it, of what the worker printed */
};

/* A plugin, as any section names one: a module or a program that speaks the protocol of plugins.
 * Both NULL: none. */
struct conf_plugin {
	const char *module;         /* absolute path; safe to be loaded when it was looked at */
	const char *const *program; /* with its arguments */
	const char *const *options; /* "NAME=VALUE", names differ */
	const char *key;            /* "PATH:LINE" of the key, for a message about it */
	const char *folder;         /* of the repository: where what is no step runs */
};

/* meter = "regex:PATTERN" */
#define CONF_METER_PATTERN "regex:"

/* The built-in agents; what each is lies in plugins/agent.c. */
enum conf_agent {
	CONF_AGENT_NONE, /* the worker is a command */
	CONF_AGENT_CLAUDE,
	CONF_AGENT_CODEX,
	CONF_AGENT_GEMINI,
	CONF_AGENT_OPENCODE,
};

enum conf_session {
	CONF_SESSION_FRESH,    /* each step is a new conversation */
	CONF_SESSION_CONTINUE, /* … goes on with that of the agent's last step in the cycle */
	CONF_SESSION_KEEP,     /* … in an earlier cycle too */
};

/* Strings are UTF-8 as they stand in the file, without NUL, and live as long as the struct. A list
 * of strings ends with a NULL; it is never NULL itself, only empty. */
struct conf_step {
	const char *title;
	int line;
	/* The program and its arguments; { "/bin/sh", "-c", TEXT } for `shell`; of a plugin its
	 * program, or the path of its module; of an agent the program alone, for plugins/agent.h
	 * makes its arguments. */
	const char *const *command;
	bool shell;
	struct conf_plugin plugin;
	enum conf_agent agent;
	const char *prompt;      /* of an agent: the text, see template_prompt … */
	const char *prompt_file; /* … or the absolute path of a file that holds it; else NULL */
	const char *model;       /* of an agent; or NULL */
	const char *const *arguments; /* of an agent: further ones for its program */
	enum conf_session session;
	const char *item;  /* of a checklist: its text; else NULL */
	const char *cwd;   /* absolute */
	const char *input; /* absolute path of the file on stdin, or NULL for /dev/null */
	const char *const *environment; /* "NAME=VALUE", over what stepgate itself was given */
	size_t file_settings;           /* so many of them, the first ones, are of a file */
	int64_t timeout_ms;             /* 0: none */
	int64_t idle_timeout_ms;        /* of silence; 0: none */
	int64_t grace_ms;               /* from TERM to KILL */
	int64_t max_output;             /* bytes of its log; at least 4096 */
	int64_t max_memory;             /* bytes; 0: no limit */
	int64_t max_processes;          /* 0: no limit */
	enum conf_meter meter;
	const char *const *meter_command;
	struct conf_plugin meter_plugin; /* PLUGIN: given the log of what the worker printed */
	const char *meter_pattern; /* REGEX; not looked at: see meter_check of plugins/meter.h */
	bool usage_required;
	enum conf_on_failure on_failure;
	int attempts;       /* at least 1 */
	int64_t backoff_ms; /* the wait before the second attempt; doubled for each after it */
};

enum conf_report_type {
	CONF_REPORT_FILE,       /* a JSON line is appended to a file */
	CONF_REPORT_PROGRAM,    /* a program is given the JSON on its stdin */
	CONF_REPORT_SLACK,      /* an incoming webhook of Slack's is sent the words */
	CONF_REPORT_WEBHOOK,    /* a web server is sent the JSON, signed where there is a key */
	CONF_REPORT_PROMETHEUS, /* a text file for node_exporter is replaced */
	CONF_REPORT_DESKTOP,    /* a notification on the desktop, where there is one */
	CONF_REPORT_GITHUB,     /* the summary of the job and annotations, in GitHub Actions */
	CONF_REPORT_MODULE,     /* a module is given the JSON … */
	CONF_REPORT_PLUGIN,     /* … or a program that speaks the protocol of plugins */
};

/* What a report is sent on: bits of conf_report.on. */
enum conf_report_event {
	CONF_ON_STARTED = 1 << 0,   /* a cycle began */
	CONF_ON_STEP = 1 << 1,      /* a step ended, well or not */
	CONF_ON_NOK = 1 << 2,       /* a step ended NOK */
	CONF_ON_CLOSED = 1 << 3,    /* a cycle closed */
	CONF_ON_THRESHOLD = 1 << 4, /* a cycle closed since the threshold was reached */
	CONF_ON_WARN = 1 << 5,      /* a cycle's usage reached `warn` percent of its budget */
};

struct conf_report {
	const char *title;
	int line;
	enum conf_report_type type;
	const char *path;           /* FILE, PROMETHEUS: absolute; else NULL */
	const char *const *command; /* PROGRAM */
	struct conf_plugin plugin;  /* MODULE, PLUGIN */
	/* SLACK and WEBHOOK; secrets, as the next: no message, log, plan or database has them */
	const char *url;
	const char *signing_key; /* WEBHOOK, or NULL where it is not signed */
	int64_t timeout_ms;      /* of those that wait: how long it may hold the cycle up */
	unsigned on;             /* conf_report_event bits */
};

/* A further verdict before each step. One of module, program and command is there. */
struct conf_gate {
	const char *title;
	int line;
	struct conf_plugin plugin;
	const char *const *command; /* exit status 0: pass; 1: refuse; NULL: a plugin */
	int64_t timeout_ms;
};

/* What is held back from commits: files whose name one of the patterns fits (see
 * runner/helper/secrets.h), and files with something in them that looks like a key or token. */
struct conf_secrets {
	bool hold; /* false: nothing is */
	bool tokens;
	const char *const *patterns;
	const char *const *allow; /* these are never held back */
};
extern const struct conf_secrets conf_secrets_default;

enum conf_on_rejected {
	CONF_REJECTED_FAIL,
	CONF_REJECTED_REBASE,
	CONF_REJECTED_BRANCH,
};

struct conf_repository {
	const char *path; /* absolute folder */
	bool commit;
	bool commit_close;  /* the closing words are committed as well; never without `commit` */
	bool push;          /* never without `commit` */
	const char *remote; /* "" as git push has it */
	const char *branch; /* the branch to push to on `remote`; "" as git push has it */
	bool allow_settings_change; /* a worker may set hooks, filters, remotes … of the repository
				     */
	bool hooks;                 /* those of the repository run */
	int64_t hook_timeout_ms;    /* what git may take for a commit with them */
	const char *identity_name;  /* "" where git's own settings count */
	const char *identity_email; /* likewise; both or neither */
	const char *const *trailers;
	int64_t lock_timeout_ms; /* how long a lock of another program is waited for */
	int64_t push_timeout_ms;
	int push_retries;
	enum conf_on_rejected on_rejected;
	struct conf_secrets secrets;
};

struct conf {
	const char *path; /* as it was named */
	/* Absolute: what relative paths in the file are relative to; those in an included file are
	 * relative to that one's folder. */
	const char *folder;
	const char *title;
	int64_t budget; /* tokens; 0 where the file does not say */
	int threshold;  /* percent; 0 where the file does not say */
	enum conf_measure measure;
	int hard; /* percent of the budget at which a running worker is stopped; 0: never */
	int warn; /* percent of the budget at which a report is sent; 0: never */
	int64_t wait_for_reset_ms; /* the longest that --until-done waits for an agent's limit to
				      end */
	enum conf_on_unknown on_unknown;
	enum conf_when_complete when_complete;
	enum conf_failure_work on_failure_work;
	/* "NAME=VALUE", PATH and HOME among them where the file says: for steps, programs and git,
	 * over what stepgate itself was given. */
	const char *const *environment;
	struct conf_repository repository;
	const struct conf_step *steps; /* titles differ; none with a checklist, else at least one */
	size_t nsteps;
	const char *checklist; /* absolute path of the file whose items are the steps, or NULL */
	const struct conf_step *step_template; /* with a checklist: see conf/template.h */
	const struct conf_gate *gates;
	size_t ngates;
	const struct conf_report *reports;
	size_t nreports;
};

/* The config of a folder where none is named. */
#define CONF_USUAL "stepgate.conf"

/* Reads and checks the file. 0 and *conf (free with conf_free), or -1 and *err (ERR_CONFIG, or
 * ERR_SYSTEM/ERR_INTERNAL); *conf is then untouched. Changes nothing on disk, starts nothing. */
int conf_load(const char *path, struct conf **conf, struct err *err);
void conf_free(struct conf *conf);

#endif
