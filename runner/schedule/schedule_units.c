/* A service and a timer for the user's own systemd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/value.h"
#include "runner/schedule/schedule.h"
#include "status/file.h"
#include "status/text.h"

#define UNIT_MARK "# Written by `stepgate schedule --systemd` for "
#define UNIT_MOST 65536

/* What a state may need beyond what the config says, until its helper has ended or its program was
 * killed. */
#define STEP_SLACK_MS   2000
#define COMMIT_SLACK_MS 10000
#define REPORT_SLACK_MS 2000
#define ELSE_MS         1000

int64_t schedule_stop_ms(const struct conf *conf)
{
	int64_t grace = 0, reports = 0;
	for (size_t i = 0; i < conf->nsteps; i++)
		if (conf->steps[i].grace_ms > grace)
			grace = conf->steps[i].grace_ms;
	if (conf->step_template && conf->step_template->grace_ms > grace)
		grace = conf->step_template->grace_ms;
	for (size_t i = 0; i < conf->nreports; i++)
		reports += REPORT_SLACK_MS + (conf->reports[i].type == CONF_REPORT_PROGRAM
						      ? conf->reports[i].timeout_ms
						      : 0);
	const int64_t commit = conf->repository.lock_timeout_ms + conf->repository.push_timeout_ms +
			       COMMIT_SLACK_MS;
	/* The step's commit and report, then those of the closing words. */
	return grace + STEP_SLACK_MS + 2 * (commit + reports) + ELSE_MS;
}

/* A word of a unit file in quotes; `dollar` where $ means something. */
static void put_word(FILE *out, const char *word, bool dollar)
{
	putc('"', out);
	for (; *word; word++) {
		if (*word == '"')
			putc('\\', out);
		if (*word == '%' || (*word == '$' && dollar))
			putc(*word, out);
		putc(*word, out);
	}
	putc('"', out);
}

static void put_plain(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '%')
			putc('%', out);
		putc(*text, out);
	}
}

static void put_title(FILE *out, const struct schedule *schedule)
{
	char title[256];
	const char *text = schedule->conf->title;
	text_clean(text, strlen(text), title, sizeof(title));
	fputs("Description=stepgate: ", out);
	/* A backslash at the end would go on with the next line. */
	for (char *at = title; *at; at++)
		if (*at == '\\')
			*at = '/';
	put_plain(out, title);
	putc('\n', out);
}

static bool is_within(const char *path, const char *folder)
{
	const size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

/* The folder of a report's file, unless it is the repository's; systemd takes none with ".." in it.
 */
static void put_folder_of(FILE *out, const char *file, const char *repository)
{
	char *folder = strdup(file);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	if (slash && slash > folder) {
		*slash = '\0';
		char *real = realpath(folder, NULL);
		if (!is_within(real ? real : folder, repository)) {
			putc(' ', out);
			put_word(out, real ? real : folder, false);
		}
		free(real);
	}
	free(folder);
}

/* The folders that a run writes into: the repository's, and those of the reports. */
static void put_writable(FILE *out, const struct conf *conf)
{
	fputs("ReadWritePaths=", out);
	put_word(out, conf->repository.path, false);
	for (size_t i = 0; i < conf->nreports; i++)
		if (conf->reports[i].type == CONF_REPORT_FILE)
			put_folder_of(out, conf->reports[i].path, conf->repository.path);
	putc('\n', out);
}

static const char hardening[] =
	"# All but the repository is read-only. A worker that writes elsewhere (an agent into its "
	"home, a push\n"
	"# to an upstream on this disk) needs that folder here as well: ReadWritePaths=%h/.cache\n";

static const char hardened[] = "ProtectSystem=strict\n"
			       "PrivateTmp=yes\n"
			       "PrivateUsers=yes\n"
			       "PrivateDevices=yes\n"
			       "NoNewPrivileges=yes\n"
			       "ProtectKernelTunables=yes\n"
			       "ProtectKernelModules=yes\n"
			       "ProtectKernelLogs=yes\n"
			       "ProtectClock=yes\n"
			       "ProtectHostname=yes\n"
			       "RestrictSUIDSGID=yes\n"
			       "RestrictRealtime=yes\n"
			       "LockPersonality=yes\n"
			       "SystemCallArchitectures=native\n"
			       "# Each step gets a cgroup of its own below this one.\n"
			       "Delegate=yes\n";

static void put_service(FILE *out, const struct schedule *schedule)
{
	const struct conf *conf = schedule->conf;
	fprintf(out, UNIT_MARK "%s\n[Unit]\n", schedule->config);
	put_title(out, schedule);
	fputs("Documentation=man:stepgate(1)\n\n[Service]\nType=exec\nWorkingDirectory=", out);
	put_plain(out, conf->folder);
	fputs("\nEnvironment=", out);
	char *path = NULL;
	if (asprintf(&path, "PATH=%s", schedule->path) >= 0)
		put_word(out, path, false);
	free(path);
	fputs("\nExecStart=", out);
	put_word(out, schedule->program, true);
	fputs(" run ", out);
	put_word(out, schedule->config, true);
	fprintf(out,
		"\n# SIGTERM goes to stepgate alone, which ends the step, commits and reports: at "
		"most so long.\n"
		"KillMode=mixed\nTimeoutStopSec=%lld\n%s",
		(long long)((schedule_stop_ms(conf) + 999) / 1000), hardening);
	put_writable(out, conf);
	fputs(hardened, out);
}

static void put_timer(FILE *out, const struct schedule *schedule)
{
	char calendar[2][CRON_CALENDAR];
	fprintf(out, UNIT_MARK "%s\n[Unit]\n", schedule->config);
	put_title(out, schedule);
	fputs("Documentation=man:stepgate(1)\n\n[Timer]\n"
	      "# By this machine's local time. A time that the change to summer time skips is left "
	      "out on that\n"
	      "# day, and one that comes twice when the clock is set back counts once.\n",
	      out);
	const int n = cron_calendar(&schedule->cron, calendar);
	for (int i = 0; i < n; i++)
		fprintf(out, "OnCalendar=%s\n", calendar[i]);
	fputs("# A run that was missed because the machine was off is made up for, once, when it "
	      "is on again.\n"
	      "Persistent=true\n",
	      out);
	fprintf(out,
		"# Put off by less than this: always the same for this host and this config.\n"
		"RandomizedDelaySec=%lldms\nFixedRandomDelay=true\n\n"
		"[Install]\nWantedBy=timers.target\n",
		(long long)schedule->jitter_ms);
}

static char *write_text(void (*put)(FILE *, const struct schedule *),
			const struct schedule *schedule, struct err *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (out) {
		put(out, schedule);
		if (fclose(out) == 0 && text)
			return text;
	}
	free(text);
	err_set(err, ERR_INTERNAL, "out of memory");
	return NULL;
}

char *schedule_service(const struct schedule *schedule, struct err *err)
{
	return write_text(put_service, schedule, err);
}

char *schedule_timer(const struct schedule *schedule, struct err *err)
{
	return write_text(put_timer, schedule, err);
}

int schedule_unit_folder(char *folder, struct err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length = -1;
	if (base && *base == '/')
		length = snprintf(folder, PATH_MAX, "%s/systemd/user", base);
	else if (home && *home == '/')
		length = snprintf(folder, PATH_MAX, "%s/.config/systemd/user", home);
	if (length < 0 || length >= PATH_MAX)
		return err_set(err, ERR_USAGE, "HOME: it is needed to find the units' folder");
	return 0;
}

/* Whether there is such a unit: 1, 0; -1 and *err where it is not one of ours. */
static int is_ours(const char *path, struct err *err)
{
	char *text = NULL;
	size_t length;
	const int found = file_read(path, UNIT_MOST, &text, &length, err);
	if (found > 0 && strncmp(text, UNIT_MARK, strlen(UNIT_MARK)) != 0) {
		free(text);
		return err_set(err, ERR_REFUSED,
			       "%s: it was not written by stepgate: it was left as it is", path);
	}
	free(text);
	return found;
}

static int install(const char *path, const char *text, struct err *err)
{
	const int found = is_ours(path, err);
	if (found < 0)
		return -1;
	if (text)
		return file_replace(path, text, strlen(text), err);
	if (!found)
		return err_set(err, ERR_REFUSED, "%s: there is no such file", path);
	return unlink(path) == 0 ? 0 : err_errno(err, "%s: can't be removed", path);
}

int schedule_install_units(const char *name, const char *service, const char *timer, char *folder,
			   struct err *err)
{
	char path[PATH_MAX + 256];
	if (schedule_unit_folder(folder, err) != 0 ||
	    (service && file_make_folder(folder, err) != 0))
		return -1;
	snprintf(path, sizeof(path), "%s/%s.service", folder, name);
	if (install(path, service, err) != 0)
		return -1;
	/* What `systemctl enable` made of a timer that is taken away. */
	snprintf(path, sizeof(path), "%s/timers.target.wants/%s.timer", folder, name);
	if (!timer)
		unlink(path);
	snprintf(path, sizeof(path), "%s/%s.timer", folder, name);
	return install(path, timer, err);
}
