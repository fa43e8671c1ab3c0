/* Any bytes as a config: refused in words, or loaded and sound. Never a crash, a leak or a word of
 * libconfuse's own. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void expect(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_conf: it does not hold: %s\n", what);
	abort();
}

static void check_list(const char *const *list)
{
	expect(list != NULL, "a list is never NULL");
	for (; *list; list++)
		expect(utf8_valid(*list, strlen(*list)) == strlen(*list), "lists are UTF-8");
}

static void check_conf(const struct conf *conf)
{
	expect((conf->nsteps > 0) != (conf->checklist != NULL), "there are steps or a checklist");
	expect(conf->budget >= 0, "the budget is no negative number");
	expect(conf->threshold == 0 || (conf->threshold >= 20 && conf->threshold <= 95),
	       "the threshold is in range");
	expect(conf->repository.path[0] == '/', "the repository's path is absolute");
	check_list(conf->repository.trailers);
	for (size_t i = 0; i < conf->nsteps; i++) {
		const struct conf_step *step = &conf->steps[i];
		expect(step->title[0] && !utf8_has_control(step->title), "titles are text");
		expect(step->command[0] != NULL, "a step has a program");
		expect(step->cwd[0] == '/', "its folder is absolute");
		expect(step->attempts >= 1 && step->timeout_ms >= 0, "its numbers are in range");
		check_list(step->command);
		check_list(step->environment);
		check_list(step->meter_command);
	}
	for (size_t i = 0; i < conf->nreports; i++)
		expect(conf->reports[i].on != 0, "a report is sent on something");
}

static void check_error(const struct err *err)
{
	expect(err->code == ERR_CONFIG, "a refusal is ERR_CONFIG");
	expect(err->text[0] && !utf8_has_control(err->text), "its words can be shown");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static char path[64];
	static int fd = -1;
	struct err err = {.code = ERR_NONE};
	struct conf *conf = NULL;
	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		expect(fd >= 0, "there is a file to write to");
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	expect(ftruncate(fd, 0) == 0, "the file can be emptied");
	expect(pwrite(fd, bytes, length, 0) == (ssize_t)length, "the file can be written");
	if (conf_load(path, &conf, &err) == 0)
		check_conf(conf);
	else
		check_error(&err);
	conf_free(conf);
	return 0;
}
