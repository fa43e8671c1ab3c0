#include <stdio.h>

#include "conf/conf.h"
#include "conf/manual.h"
#include "runner/command.h"
#include "runner/plan.h"

static const char *path = "stepgate.conf";
static bool keys, roff;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &path, 0, 0, false, NULL, "the config file (default stepgate.conf)"},
	{"--keys", ARG_FLAG, &keys, 0, 0, false, NULL,
	 "list every key that a config file can have"},
	{"--roff", ARG_FLAG, &roff, 0, 0, false, NULL,
	 "with --keys: as the source of a manual page"},
	{.name = NULL},
};

static int print_verdict(const struct conf *conf, struct err *err)
{
	struct plan plan;
	if (plan_init(&plan, conf, NULL, "", err) != 0)
		return -1;
	const size_t count = plan_count(&plan);
	plan_release(&plan);
	if (count == 0)
		return err_set(err, ERR_CONFIG,
			       "%s: no step: a checklist has at least one line like \"- [ ] TEXT\"",
			       conf->checklist);
	printf("%s: OK: \"%s\", %zu step%s\n", path, conf->title, count, count == 1 ? "" : "s");
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	struct conf *conf = NULL;
	if (roff && !keys)
		return err_set(err, ERR_USAGE, "--roff: goes with --keys");
	if (keys) {
		if (roff)
			manual_roff(stdout);
		else
			manual_text(stdout);
		return EXIT_AS_IT_SHOULD;
	}
	if (conf_load(path, &conf, err) != 0)
		return -1;
	const int code = print_verdict(conf, err);
	conf_free(conf);
	return code;
}

const struct command command_validate = {
	.name = "validate",
	.takes = "[CONF] | --keys [--roff]",
	.summary = "Checks a config file, or lists the keys that one can have",
	.details = "Reads the file as `run` would and starts nothing. Exit code 0: it can be run; "
		   "2: it can't,\n"
		   "and the message says where and why.",
	.args = args,
	.run = run,
};
