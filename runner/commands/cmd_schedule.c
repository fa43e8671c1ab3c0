#include <stdio.h>
#include <stdlib.h>

#include "runner/commands/command.h"
#include "runner/process/stop.h"
#include "runner/schedule/schedule.h"

#define JITTER_MS      (5LL * 60 * 1000)
#define JITTER_MOST_MS (24LL * 3600 * 1000)

static const char *config, *when;
static int64_t jitter_ms = JITTER_MS;
static bool with_systemd, installs, removes;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &config, 0, 0, true, NULL, "the config file"},
	{"WHEN", ARG_TEXT, &when, 0, 0, false, NULL,
	 "when, in the five fields of crontab(5), as one word: \"0 3 * * *\""},
	{"--systemd", ARG_FLAG, &with_systemd, 0, 0, false, NULL,
	 "a service and a timer of the user's systemd in place of a crontab line"},
	{"--jitter", ARG_DURATION, &jitter_ms, 0, JITTER_MOST_MS, false, "TIME",
	 "begin later, by less than this (default 5m); 0: on the minute"},
	{"--install", ARG_FLAG, &installs, 0, 0, false, NULL,
	 "put it into the user's crontab, or into the folder of the user's units"},
	{"--remove", ARG_FLAG, &removes, 0, 0, false, NULL, "take it out again"},
	{.name = NULL},
};

static int do_crontab(const struct schedule *schedule, struct err *err)
{
	char *block = removes ? NULL : schedule_crontab(schedule, err);
	int failed = !removes && !block;
	if (!failed && (installs || removes))
		failed = schedule_install_crontab(schedule->config, block, err);
	else if (!failed)
		fputs(block, stdout);
	if (!failed && installs)
		printf("In the crontab now: %s at %s\n", schedule->config, schedule->cron.text);
	else if (!failed && removes)
		printf("Out of the crontab now: %s\n", schedule->config);
	free(block);
	return failed ? -1 : EXIT_AS_IT_SHOULD;
}

static void tell_units(const struct schedule *schedule, const char *folder)
{
	const char *name = schedule->name;
	if (removes) {
		printf("Removed from %s: %s.service and %s.timer. What is left to do:\n\n"
		       "  systemctl --user stop %s.timer\n"
		       "  systemctl --user daemon-reload\n",
		       folder, name, name, name);
		return;
	}
	printf("In %s now: %s.service and %s.timer. What is left to do:\n\n"
	       "  systemctl --user daemon-reload\n"
	       "  systemctl --user enable --now %s.timer\n\n"
	       "To have it run while you are not logged in: loginctl enable-linger\n",
	       folder, name, name, name);
}

static int do_units(const struct schedule *schedule, struct err *err)
{
	char folder[PATH_MAX];
	char *service = removes ? NULL : schedule_service(schedule, err);
	char *timer = removes ? NULL : schedule_timer(schedule, err);
	int failed = !removes && (!service || !timer);
	if (!failed && (installs || removes)) {
		failed = schedule_install_units(schedule->name, service, timer, folder, err);
		if (!failed)
			tell_units(schedule, folder);
	} else if (!failed) {
		failed = schedule_unit_folder(folder, err);
		if (!failed)
			printf("# %s/%s.service\n%s\n# %s/%s.timer\n%s", folder, schedule->name,
			       service, folder, schedule->name, timer);
	}
	free(service);
	free(timer);
	return failed ? -1 : EXIT_AS_IT_SHOULD;
}

static int check_args(struct err *err)
{
	if (installs && removes)
		return err_set(err, ERR_USAGE, "--install and --remove: one or the other");
	if (removes && when)
		return err_set(err, ERR_USAGE, "%s: --remove takes no time", when);
	if (!removes && !when)
		return err_set(err, ERR_USAGE, "WHEN is missing: as in \"0 3 * * *\"");
	return 0;
}

static int run(struct err *err)
{
	struct schedule schedule;
	struct cron cron = {.text = ""};
	if (check_args(err) != 0 || (when && cron_parse(when, &cron, err) != 0) ||
	    stop_install(err) != 0)
		return -1;
	int code = removes ? schedule_find(&schedule, config, err)
			   : schedule_init(&schedule, config, err);
	schedule.cron = cron;
	schedule.jitter_ms = jitter_ms;
	if (code == 0)
		code = with_systemd ? do_units(&schedule, err) : do_crontab(&schedule, err);
	schedule_release(&schedule);
	return code;
}

const struct command command_schedule = {
	.name = "schedule",
	.takes = "CONF WHEN [--systemd] [--jitter TIME] [--install] | CONF [--systemd] --remove",
	.summary = "Prints what has cron or systemd run a config by itself, or installs it",
	.details =
		"The config must be one that runs with cron's few environment variables; what is "
		"missing there\n"
		"is named. PATH is written down as it is now. Summer time and missed runs are "
		"explained in what is\n"
		"printed. --install changes its own part of the crontab and nothing else.",
	.args = args,
	.run = run,
};
