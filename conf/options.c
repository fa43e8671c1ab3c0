#include "conf/options.h"

#include <string.h>

#include "conf/conf.h"
#include "fsm/gate.h"

#define MILLISECONDS INT64_C(1)
#define SECONDS      (1000 * MILLISECONDS)
#define MINUTES      (60 * SECONDS)
#define HOURS        (60 * MINUTES)
#define DAYS         (24 * HOURS)

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define TIB (MIB * MIB)

/* Linux takes no argument longer than this (MAX_ARG_STRLEN, with its NUL). */
#define ARGUMENT_MAX 131071
#define PATH_LONGEST 4095
#define NAME_LONGEST 200
#define BACKOFF_MAX  (10 * MINUTES)

static const char *const on_unknown[] = {"error", "estimate", "zero", NULL};
static const char *const on_failure[] = {"close", "retry", "skip", NULL};
static const char *const on_failure_work[] = {"salvage", "commit", "keep", NULL};
static const char *const on_rejected[] = {"fail", "rebase", "branch", NULL};
static const char *const when_complete[] = {"stop", "restart", NULL};
static const char *const measure[] = {"fresh", "all", "context", NULL};
static const char *const meter[] = {"command",  "jsonl", "claude", "codex",  "gemini",
				    "opencode", "auto",  "module", "plugin", NULL};
static const char *const agent[] = {"claude", "codex", "gemini", "opencode", NULL};
static const char *const session[] = {"fresh", "continue", "keep", NULL};
static const char *const usage[] = {"optional", "required", NULL};
static const char *const report_type[] = {"file",    "program", "slack",  "webhook", "prometheus",
					  "desktop", "github",  "module", "plugin",  NULL};
static const char *const report_on[] = {"started",   "step", "nok", "closed",
					"threshold", "warn", NULL};

#define SECTION(n, t, h)                                                       \
	{                                                                      \
		.section = "", .name = n, .type = OPTION_SECTION, .titled = t, \
		.max = NAME_LONGEST, .help = h                                 \
	}
#define STRING(s, n, m, f, h)                                                                      \
	{                                                                                          \
		.section = s, .name = n, .type = OPTION_STRING, .max = m, .fallback = f, .help = h \
	}
#define RAW(s, n, t, h)                                                                         \
	{                                                                                       \
		.section = s, .name = n, .type = t, .max = ARGUMENT_MAX, .raw = true, .help = h \
	}
#define ENVIRONMENT(s, h)                                                                         \
	{                                                                                         \
		.section = s, .name = "environment", .type = OPTION_STRINGS, .max = ARGUMENT_MAX, \
		.raw = true, .secret = true, .help = h                                            \
	}
#define SECRET(s, n, h)                                                              \
	{                                                                            \
		.section = s, .name = n, .type = OPTION_STRING, .max = PATH_LONGEST, \
		.secret = true, .help = h                                            \
	}
#define ENVIRONMENT_FILE(s, h) STRING(s, "environment_file", PATH_LONGEST, NULL, h)
#define INTEGER(s, n, lo, hi, f, h)                                                    \
	{                                                                              \
		.section = s, .name = n, .type = OPTION_INTEGER, .min = lo, .max = hi, \
		.fallback = f, .help = h                                               \
	}
#define SIZE(s, n, lo, hi, f, h)                                                                   \
	{                                                                                          \
		.section = s, .name = n, .type = OPTION_SIZE, .min = lo, .max = hi, .fallback = f, \
		.help = h                                                                          \
	}
#define BOOLEAN(s, n, f, h)                                                               \
	{                                                                                 \
		.section = s, .name = n, .type = OPTION_BOOLEAN, .fallback = f, .help = h \
	}
#define DURATION(s, n, lo, hi, f, h)                                                    \
	{                                                                               \
		.section = s, .name = n, .type = OPTION_DURATION, .min = lo, .max = hi, \
		.fallback = f, .help = h                                                \
	}
#define CHOICE(s, n, c, f, h)                                                                \
	{                                                                                    \
		.section = s, .name = n, .type = OPTION_CHOICE, .choices = c, .fallback = f, \
		.help = h                                                                    \
	}
#define CHOICES(s, n, c, f, h)                                                                \
	{                                                                                     \
		.section = s, .name = n, .type = OPTION_CHOICES, .choices = c, .fallback = f, \
		.help = h                                                                     \
	}

/* How a plugin is named wherever there can be one: see stepgate-plugin(7). */
#define PLUGIN_KEYS(s, prefix, before)                                                             \
	STRING(s, prefix "module", PATH_LONGEST, NULL,                                             \
	       before "the path of a module, a shared object, or the name of one that comes with " \
		      "stepgate"),                                                                 \
		RAW(s, prefix "plugin", OPTION_STRINGS,                                            \
		    before "a program that speaks the protocol of plugins, and its arguments"),    \
		RAW(s, prefix "options", OPTION_STRINGS,                                           \
		    "\"NAME=VALUE\" settings for the module or plugin")

/* What a step and the template of the steps of a checklist can say. */
#define STEP_KEYS(s)                                                                               \
	RAW(s, "command", OPTION_STRINGS,                                                          \
	    "the program to run and its arguments; no shell is involved"),                         \
		RAW(s, "shell", OPTION_STRING, "instead of command: what /bin/sh is to run"),      \
		PLUGIN_KEYS(s, "", "instead of command: "),                                        \
		CHOICE(s, "agent", agent, NULL,                                                    \
		       "instead of command: the coding agent that does it, started without a "     \
		       "terminal; it must be installed and logged in"),                            \
		RAW(s, "prompt", OPTION_STRING,                                                    \
		    "with agent: what it is to do; {title}, {item}, {step}, {cycle}, {limit} and " \
		    "{used} stand for what they say"),                                             \
		STRING(s, "prompt_file", PATH_LONGEST, NULL,                                       \
		       "with agent: a file that holds the prompt, read when the step starts"),     \
		STRING(s, "model", NAME_LONGEST, NULL,                                             \
		       "with agent: the model, as the agent calls it"),                            \
		RAW(s, "arguments", OPTION_STRINGS,                                                \
		    "with agent: further arguments for its program; one that says what it may do " \
		    "by itself stands in for ours, see `stepgate plan`"),                          \
		STRING(s, "program", PATH_LONGEST, NULL,                                           \
		       "with agent: its program, where that is not the agent's name in PATH"),     \
		CHOICE(s, "session", session, "fresh",                                             \
		       "with agent: a new conversation, or the one of the agent's last step in "   \
		       "this cycle, or (keep) in an earlier one too"),                             \
		STRING(s, "cwd", PATH_LONGEST, NULL,                                               \
		       "the folder to run it in; without it, that of the repository"),             \
		STRING(s, "input", PATH_LONGEST, NULL,                                             \
		       "the file on its standard input; without it, /dev/null"),                   \
		ENVIRONMENT(s, "\"NAME=VALUE\" settings, over those at the top level"),            \
		ENVIRONMENT_FILE(s, "a file of such settings, under those of environment"),        \
		DURATION(s, "timeout", 0, 30 * DAYS, "0",                                          \
			 "how long it may run before it is stopped; 0 is without end"),            \
		DURATION(s, "idle_timeout", 0, 30 * DAYS, "0",                                     \
			 "how long it may print nothing and tell no usage before it is stopped; "  \
			 "0 is "                                                                   \
			 "without "                                                                \
			 "end"),                                                                   \
		DURATION(s, "grace", 0, HOURS, "10s", "how long it has from TERM to KILL"),        \
		SIZE(s, "max_output", 4 * KIB, TIB, "64M",                                         \
		     "how much of what it prints is kept: of more, the first and the last half"),  \
		SIZE(s, "max_memory", MIB, TIB, NULL,                                              \
		     "how much memory it and all that it starts may have; without it, no limit"),  \
		INTEGER(s, "max_processes", 1, 4194304, NULL,                                      \
			"how many processes and threads it may be at a time; without it, no "      \
			"limit"),                                                                  \
		{.section = s,                                                                     \
		 .name = "meter",                                                                  \
		 .type = OPTION_CHOICE,                                                            \
		 .choices = meter,                                                                 \
		 .prefix = CONF_METER_PATTERN,                                                     \
		 .help = "how its usage is found out: by meter_command; from lines of JSON that "  \
			 "it prints, {\"tokens\": N} or {\"tokens_delta\": N}; from what an "      \
			 "agent that it runs prints as JSON and writes below HOME; or by a "       \
			 "pattern "                                                                \
			 "of PCRE2 that captures the number in a line that it prints, the "        \
			 "largest "                                                                \
			 "of them; without it, it tells by itself"},                               \
		RAW(s, "meter_command", OPTION_STRINGS,                                            \
		    "a program that prints the number of tokens that the step used; it is asked "  \
		    "once, when the step has ended, so that `hard` stops nothing by it"),          \
		PLUGIN_KEYS(s, "meter_", "with meter = module or plugin: "),                       \
		CHOICE(s, "usage", usage, "optional",                                              \
		       "whether a step that tells no usage used none, or an unknown number of "    \
		       "tokens"),                                                                  \
		CHOICE(s, "on_failure", on_failure, NULL,                                          \
		       "what follows when it failed; without it, as on_failure at the top says"),  \
		INTEGER(s, "attempts", 1, 100, "3", "with retry: how often it is tried, in all"),  \
		DURATION(s, "backoff", 0, BACKOFF_MAX, "0",                                        \
			 "with retry: how long is waited before it is tried again; twice as long " \
			 "each time, 10m at most")

const struct option conf_options[] = {
	STRING("", "title", NAME_LONGEST, NULL,
	       "what the plan is called; without it, the file's name"),
	CHOICE("", "on_failure", on_failure, "close",
	       "what follows a step that failed, for every step that does not say so itself"),
	CHOICE("", "on_failure_work", on_failure_work, "salvage",
	       "where the work of a failed step goes: to a ref of its own off the branch, onto the "
	       "branch, or nowhere (it stays in the work tree)"),
	CHOICE("", "when_complete", when_complete, "stop",
	       "whether a plan that is done stays done, or begins anew with the next run"),
	DURATION(
		"", "wait_for_reset", 0, 8 * DAYS, "0",
		"with run --until-done: how long is waited at most for the end of an agent's usage "
		"limit, when it says when that is"),
	STRING("", "checklist", PATH_LONGEST, NULL,
	       "instead of steps: a Markdown file of the repository whose open items, - [ ] TEXT, "
	       "are the steps, each ticked in the commit of its step"),
	ENVIRONMENT("", "\"NAME=VALUE\" settings for every step, program and git, over those that "
			"stepgate was started with"),
	ENVIRONMENT_FILE("", "a file of such settings, under those of environment, that only its "
			     "owner can read (mode 0600)"),
	STRING("", "path", PATH_LONGEST, NULL,
	       "PATH for every step, program and git, and for finding the programs named here"),
	STRING("", "home", PATH_LONGEST, NULL, "HOME for every step, program and git"),
	SECTION("budget", false, "what a cycle may use"),
	SECTION("repository", false, "the git repository that a cycle works on"),
	SECTION("secrets", false, "what is never committed, whoever made it"),
	SECTION("step", true, "one unit of work; steps run in the order of the file"),
	SECTION("step_template", false, "with checklist: the step that each item is"),
	SECTION("gate", true, "a further verdict before each step"),
	SECTION("report", true, "someone who is told what happens"),

	INTEGER("budget", "tokens", 1, INT64_MAX, NULL,
		"tokens for a cycle; without it, what status/ee_config.json says, or else 200000"),
	INTEGER("budget", "threshold", GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, NULL,
		"percent of the tokens; a step starts only below it; without it, what "
		"status/ee_config.json says, or else 35"),
	CHOICE("budget", "measure", measure, "fresh",
	       "which tokens count: each once, when it was new; all of each call, those read from "
	       "a cache too; or the most that the context of a step holds. A worker that tells one "
	       "figure is taken at it"),
	INTEGER("budget", "hard", 0, 1000, "100",
		"percent of the tokens; a worker that reaches it is stopped, and its step has "
		"failed; 0 is never"),
	INTEGER("budget", "warn", 0, 1000, "0",
		"percent of the tokens at which a report is sent, while the step still runs; 0 is "
		"never"),
	CHOICE("budget", "on_unknown", on_unknown, "error",
	       "what to do when a step's usage is unknown: close the cycle, count the plan's "
	       "largest "
	       "step so far, or count nothing"),

	STRING("repository", "path", PATH_LONGEST, ".", "the root of its work tree"),
	BOOLEAN("repository", "commit", "true", "whether each step's work is committed"),
	BOOLEAN("repository", "commit_close", "true",
		"whether the closing words of a cycle are committed as well"),
	BOOLEAN("repository", "push", "true", "whether commits are pushed"),
	STRING("repository", "remote", NAME_LONGEST, NULL,
	       "the remote to push to; without it, where git push would go "
	       "(branch.NAME.pushRemote, "
	       "remote.pushDefault, the branch's upstream)"),
	STRING("repository", "branch", NAME_LONGEST, NULL,
	       "the branch to push to; without it, where git push would go (remote.NAME.push, "
	       "push.default, the branch's upstream)"),
	BOOLEAN("repository", "allow_settings_change", "false",
		"whether a worker may change hooks, filters, remotes and other settings of the "
		"repository that say what is run and where work goes; else nothing is committed "
		"until the next cycle"),
	BOOLEAN("repository", "hooks", "true", "whether the repository's git hooks run"),
	DURATION("repository", "hook_timeout", SECONDS, DAYS, "10m",
		 "how long git may take over one commit, with the hooks and filters of the "
		 "repository"),
	STRING("repository", "identity", NAME_LONGEST, NULL,
	       "\"Name <mail>\" to commit as where git itself would not know: GIT_AUTHOR_NAME and "
	       "the "
	       "like, author.name, committer.name and user.name count before it"),
	{.section = "repository",
	 .name = "trailers",
	 .type = OPTION_STRINGS,
	 .max = 1000,
	 .help = "\"Key: value\" lines for every commit"},
	DURATION("repository", "lock_timeout", 0, HOURS, "30s",
		 "how long a lock of another git program is waited for"),
	DURATION("repository", "push_timeout", SECONDS, DAYS, "2m",
		 "how long a push may take, with all that it is tried again"),
	INTEGER("repository", "push_retries", 0, 20, "3",
		"how often a push is tried again that failed for what may pass (a host that can't "
		"be "
		"reached, a line that was cut), after 1 s, 2 s, 4 s, …"),
	CHOICE("repository", "on_rejected", on_rejected, "fail",
	       "what to do when the remote has commits that are not here: nothing; put ours on top "
	       "of "
	       "them and push that; or push to a branch of its own, stepgate/CYCLE-STEP"),

	BOOLEAN("secrets", "hold", "true",
		"whether files that are likely to hold secrets are held back from commits, and "
		"named"),
	{.section = "secrets",
	 .name = "patterns",
	 .type = OPTION_STRINGS,
	 .max = NAME_LONGEST,
	 .help = "new files that are held back: names, or with a slash paths, * and ? standing for "
		 "any text and sign; without it, .env, .env.*, *.pem, *.key, id_rsa and the like"},
	BOOLEAN("secrets", "tokens", "true",
		"whether a file is held back that has a private key or a known kind of token in "
		"it"),
	{.section = "secrets",
	 .name = "allow",
	 .type = OPTION_STRINGS,
	 .max = NAME_LONGEST,
	 .help = "files that are committed all the same; without it, .env.example and the like"},

	STEP_KEYS("step"),
	STEP_KEYS("step_template"),

	PLUGIN_KEYS("gate", "", ""),
	RAW("gate", "command", OPTION_STRINGS,
	    "instead of a plugin: a program whose exit status is the verdict, 0 to pass and 1 to "
	    "refuse, with its first line of output as the words"),
	DURATION("gate", "timeout", 100 * MILLISECONDS, 5 * MINUTES, "10s",
		 "how long it may take; a step starts only where one gate passes it, none refuses, "
		 "and "
		 "none fails to give a verdict"),

	CHOICE("report", "type", report_type, NULL,
	       "how it is told; without it, the title if it is one of these"),
	STRING("report", "path", PATH_LONGEST, NULL,
	       "with file: the file, a JSON line for each report; with prometheus: the text file, "
	       "*.prom, in the folder of a collector"),
	RAW("report", "command", OPTION_STRINGS,
	    "with program: the program and its arguments; it is given the report as JSON"),
	PLUGIN_KEYS("report", "", "with type module or plugin: "),
	SECRET("report", "url",
	       "with slack: the incoming webhook; with webhook: where the JSON is sent"),
	STRING("report", "url_file", PATH_LONGEST, NULL,
	       "instead of url: a file with nothing else in it, that only its owner can read"),
	SECRET("report", "signing_key",
	       "with webhook: the key that what is sent is signed with (HMAC-SHA256): base64 after "
	       "whsec_, or any text"),
	STRING("report", "signing_key_file", PATH_LONGEST, NULL,
	       "instead of signing_key: a file with nothing else in it, that only its owner can "
	       "read"),
	DURATION("report", "timeout", 100 * MILLISECONDS, HOURS, "5s",
		 "how long the cycle may be held up for it; what is not told by then is kept"),
	CHOICES("report", "on", report_on, "{\"step\", \"closed\"}",
		"what is told: a cycle started, a step ended, a step ended NOK, a cycle closed, a "
		"cycle closed since the threshold was reached, its usage reached warn"),
};
const size_t conf_noptions = sizeof(conf_options) / sizeof(conf_options[0]);

bool option_is_list(const struct option *option)
{
	return option->type == OPTION_STRINGS || option->type == OPTION_CHOICES;
}

const struct option *option_find(const char *section, const char *name)
{
	for (size_t i = 0; i < conf_noptions; i++)
		if (strcmp(conf_options[i].section, section) == 0 &&
		    strcmp(conf_options[i].name, name) == 0)
			return &conf_options[i];
	return NULL;
}
