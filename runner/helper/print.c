#include "runner/helper/print.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t add_bytes(uint64_t sum, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	while (length--) {
		sum ^= *at++;
		sum *= 0x100000001b3ULL;
	}
	return sum;
}

static uint64_t add_text(uint64_t sum, const char *text)
{
	return add_bytes(sum, text, strlen(text) + 1);
}

static const uint64_t start = 0xcbf29ce484222325ULL;

static uint64_t of_folder(const char *path)
{
	struct stat state;
	uint64_t sum = add_text(start, path);
	if (stat(path, &state) != 0)
		return sum;
	sum = add_bytes(sum, &state.st_dev, sizeof(state.st_dev));
	return add_bytes(sum, &state.st_ino, sizeof(state.st_ino));
}

/* Whether the work tree's .git is a folder, a file that names one, or a link is part of where the
 * git folder is. */
static uint64_t of_gitdir(const struct look *look)
{
	char path[LOOK_PATH + 8];
	struct stat state;
	snprintf(path, sizeof(path), "%s/.git", look->workdir);
	const mode_t kind = lstat(path, &state) == 0 ? state.st_mode & S_IFMT : 0;
	const uint64_t sum = of_folder(look->gitdir) * 31 + of_folder(look->commondir);
	return add_bytes(sum, &kind, sizeof(kind));
}

/* The order in which a folder is read, or settings come, is no matter: so they are added up. */
static uint64_t of_hooks(const struct look *look, const char *named)
{
	char folder[LOOK_PATH + 16], path[2 * LOOK_PATH];
	uint64_t sum = 0;
	struct stat state;
	snprintf(folder, sizeof(folder), "%s/hooks", look->commondir);
	DIR *list = opendir(named[0] == '/' ? named : folder);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		snprintf(path, sizeof(path), "%s/%s", named[0] == '/' ? named : folder,
			 entry->d_name);
		if (stat(path, &state) != 0 || !S_ISREG(state.st_mode))
			continue;
		uint64_t one = add_text(start, entry->d_name);
		one = add_bytes(one, &state.st_mtim.tv_sec, sizeof(state.st_mtim.tv_sec));
		one = add_bytes(one, &state.st_mtim.tv_nsec, sizeof(state.st_mtim.tv_nsec));
		one = add_bytes(one, &state.st_size, sizeof(state.st_size));
		sum += add_bytes(one, &state.st_mode, sizeof(state.st_mode));
	}
	if (list)
		closedir(list);
	return sum;
}

struct settings {
	struct print *print;
	char url[LOOK_NAME + 32], pushurl[LOOK_NAME + 32];
};

static void on_setting(void *context, const char *key, const char *value)
{
	struct settings *settings = context;
	const uint64_t sum = add_text(add_text(start, key), value);
	if (strncmp(key, "filter.", 7) == 0)
		settings->print->of[PRINT_FILTERS] += sum;
	else if (strcmp(key, settings->url) == 0 || strcmp(key, settings->pushurl) == 0 ||
		 strncmp(key, "url.", 4) == 0)
		settings->print->of[PRINT_REMOTE] += sum;
}

void print_take(struct print *print, const struct look *look, const struct look_source *source)
{
	struct settings settings = {.print = print};
	const char *hooks = look_setting(source, "core.hookspath");
	*print = (struct print){.of = {0}};
	snprintf(settings.url, sizeof(settings.url), "remote.%s.url", look->remote);
	snprintf(settings.pushurl, sizeof(settings.pushurl), "remote.%s.pushurl", look->remote);
	source->each(source->context, on_setting, &settings);
	if (look->remote[0])
		print->of[PRINT_REMOTE] += add_text(add_text(start, look->remote), look->ref);
	else
		print->of[PRINT_REMOTE] = 0;
	print->of[PRINT_WORKDIR] = of_folder(look->workdir);
	print->of[PRINT_GITDIR] = of_gitdir(look);
	print->of[PRINT_WORKTREE] = add_text(start, look_setting(source, "core.worktree"));
	print->of[PRINT_HOOKSPATH] = add_text(start, hooks);
	print->of[PRINT_HOOKS] = of_hooks(look, hooks);
	print->of[PRINT_FSMONITOR] = add_text(start, look_setting(source, "core.fsmonitor"));
	print->of[PRINT_SSHCOMMAND] = add_text(start, look_setting(source, "core.sshcommand"));
	print->of[PRINT_BRANCH] = add_text(start, look->branch);
}

const char *print_differs(const struct print *was, const struct print *is, bool with_branch)
{
	static const char *const words[PRINT_COUNT] = {
#define X(name, text) [PRINT_##name] = (text),
		PRINTS(X)
#undef X
	};
	for (int i = 0; i < PRINT_COUNT; i++) {
		/* Without a remote nothing goes anywhere; that is told in its own words. */
		if (i == PRINT_REMOTE && (!was->of[i] || !is->of[i]))
			continue;
		if (was->of[i] != is->of[i] && (i != PRINT_BRANCH || with_branch))
			return words[i];
	}
	return NULL;
}
