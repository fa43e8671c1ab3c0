#include <stdio.h>

#include "conf/conf.h"
#include "conf/manual.h"
#include "runner/command.h"

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
	printf("%s: OK: \"%s\", %zu step%s\n", path, conf->title, conf->nsteps,
	       conf->nsteps == 1 ? "" : "s");
	conf_free(conf);
	return EXIT_AS_IT_SHOULD;
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
