#include "runner/helper/maintenance.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/helper/git_program.h"

/* git gc --auto counts as git-config(1) has it: gc.auto is 6700 loose objects, which it guesses by
 * those in one of the 256 folders; gc.autoPackLimit is 50. */
#define LOOSE_MOST 27
#define PACKS_MOST 50
#define TIME_MS    10000

static int count(const char *folder, const char *ending)
{
	int found = 0;
	const size_t length = strlen(ending);
	DIR *list = opendir(folder);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		const size_t size = strlen(entry->d_name);
		found += entry->d_name[0] != '.' && size >= length &&
			 strcmp(entry->d_name + size - length, ending) == 0;
	}
	if (list)
		closedir(list);
	return found;
}

static bool is_due(const struct look *look)
{
	char folder[LOOK_PATH + 32];
	snprintf(folder, sizeof(folder), "%s/objects/17", look->commondir);
	if (count(folder, "") > LOOSE_MOST)
		return true;
	snprintf(folder, sizeof(folder), "%s/objects/pack", look->commondir);
	return count(folder, ".pack") > PACKS_MOST;
}

/* As for `git commit`, by maintenance.auto. */
static bool is_turned_off(const struct look *look)
{
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	const char *const args[] = {"config", "--type=bool", "maintenance.auto", NULL};
	const struct git_call call = {
		.folder = look->workdir,
		.args = args,
		.timeout_ms = TIME_MS,
		.client = -1,
	};
	git_answer_init(&answer);
	const bool off =
		git_program(&call, &answer, &err) == 0 && strcmp(answer.output, "false\n") == 0;
	git_answer_release(&answer);
	return off;
}

_Noreturn static void become(const struct look *look, bool hooks)
{
	const char *const argv[] = {
		"git",
		"-c",
		hooks ? "advice.ignoredHook=false" : "core.hooksPath=/dev/null",
		"maintenance",
		"run",
		"--auto",
		"--quiet",
		NULL,
	};
	const int nobody = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	if (nobody >= 0 && chdir(look->workdir) == 0 && dup2(nobody, 0) == 0 &&
	    dup2(nobody, 1) == 1 && dup2(nobody, 2) == 2 && close_range(3, ~0U, 0) == 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* By a process between, which ends at once, so that it is nobody's child to wait for. */
void maintenance_start(const struct look *look, bool hooks)
{
	if (!is_due(look) || is_turned_off(look))
		return;
	const pid_t between = fork();
	if (between == 0) {
		const pid_t pid = fork();
		if (pid == 0)
			become(look, hooks);
		_exit(0);
	}
	if (between > 0)
		waitpid(between, NULL, 0);
}
