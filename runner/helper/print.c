#include "runner/helper/print.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/features.h"

#define MODULES_DEPTH 8
#define HOOK_MOST     1048576 /* bytes of a hook that are looked at */

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
	/* Not its device, whose number may be another one after a boot. */
	return add_bytes(sum, &state.st_ino, sizeof(state.st_ino));
}

static uint64_t add_file(uint64_t sum, const char *path)
{
	char bytes[4096];
	ssize_t got;
	int64_t most = HOOK_MOST;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && most > 0 && (got = read(fd, bytes, sizeof(bytes))) > 0) {
		sum = add_bytes(sum, bytes, (size_t)got);
		most -= got;
	}
	if (fd >= 0)
		close(fd);
	return sum;
}

/* Where the git folder is, and what .git in the work tree is by which git finds it: a folder, a
 * file that names one, or a link. It may name another one than the one that is known. */
static uint64_t of_gitdir(const struct look *look)
{
	char path[LOOK_PATH + 8];
	struct stat state;
	snprintf(path, sizeof(path), "%s/.git", look->workdir);
	const mode_t kind = lstat(path, &state) == 0 ? state.st_mode & S_IFMT : 0;
	uint64_t sum = of_folder(look->gitdir) * 31 + of_folder(look->commondir);
	sum = add_bytes(sum, &kind, sizeof(kind));
	if (S_ISREG(kind))
		sum = add_file(sum, path);
	return stat(path, &state) == 0 && S_ISDIR(state.st_mode)
		       ? add_bytes(sum, &state.st_ino, sizeof(state.st_ino))
		       : sum;
}

/* What the files in a folder say, and whether they are programs. Their order is no matter, so they
 * are added up. */
static uint64_t of_files(const char *folder)
{
	char path[3 * LOOK_PATH];
	uint64_t sum = 0;
	struct stat state;
	DIR *list = opendir(folder);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &state) != 0 || !S_ISREG(state.st_mode))
			continue;
		uint64_t one = add_text(start, entry->d_name);
		one = add_bytes(one, &state.st_size, sizeof(state.st_size));
		one = add_bytes(one, &state.st_mode, sizeof(state.st_mode));
		sum += add_file(one, path);
	}
	if (list)
		closedir(list);
	return sum;
}

/* Hooks that are part of the work tree, as some tools have them, may stand in a folder whose files
 * run those of the folder above. */
static uint64_t of_hooks(const struct look *look, const char *named)
{
	char folder[2 * LOOK_PATH];
	const size_t root = strlen(look->workdir);
	hooks_folder(look, named, folder, sizeof(folder));
	uint64_t sum = of_files(folder);
	char *slash = strrchr(folder, '/');
	if (!*named || !slash || strncmp(folder, look->workdir, root) != 0)
		return sum;
	*slash = '\0';
	return strlen(folder) > root ? sum + 31 * of_files(folder) : sum;
}

struct settings {
	struct print *print;
	char remote[LOOK_NAME + 16]; /* "remote.NAME." */
	uint64_t urls;               /* of all remotes */
	bool fetches;                /* what is missing is fetched, maybe from any of them */
};

/* The end of a key: "driver" of "merge.x.driver". */
static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');
	return dot ? dot + 1 : key;
}

/* Settings by how they begin and, where that is said, how they end. */
static const struct {
	const char *begin, *end;
	enum print_of of;
} groups[] = {
	{"filter.", NULL, PRINT_FILTERS},
	{"url.", NULL, PRINT_REMOTE},
	{"lfs.", NULL, PRINT_LFS},
	{"remote.", "lfsurl", PRINT_LFS},
	{"remote.", "lfspushurl", PRINT_LFS},
	{"credential.", NULL, PRINT_CREDENTIALS},
	{"gpg.", NULL, PRINT_SIGNING},
	{"commit.gpgsign", NULL, PRINT_SIGNING},
	{"user.signingkey", NULL, PRINT_SIGNING},
	{"http.", NULL, PRINT_TRANSPORT},
	{"https.", NULL, PRINT_TRANSPORT},
	{"ssh.", NULL, PRINT_TRANSPORT},
	{"protocol.", NULL, PRINT_TRANSPORT},
	{"core.gitproxy", NULL, PRINT_TRANSPORT},
	{"core.askpass", NULL, PRINT_PROGRAMS},
	{"core.editor", NULL, PRINT_PROGRAMS},
	{"core.alternaterefscommand", NULL, PRINT_PROGRAMS},
	{"sequence.editor", NULL, PRINT_PROGRAMS},
	{"merge.", "driver", PRINT_PROGRAMS},
	{"diff.", "command", PRINT_PROGRAMS},
	{"diff.", "textconv", PRINT_PROGRAMS},
	{"diff.external", NULL, PRINT_PROGRAMS},
	{"trailer.", "command", PRINT_PROGRAMS},
	{"trailer.", "cmd", PRINT_PROGRAMS},
	{"gc.recentobjectshook", NULL, PRINT_PROGRAMS},
	/* Orders for the remote, and what goes there along with the branch. */
	{"push.pushoption", NULL, PRINT_TRANSPORT},
	{"push.gpgsign", NULL, PRINT_TRANSPORT},
	{"push.followtags", NULL, PRINT_TRANSPORT},
	{"push.recursesubmodules", NULL, PRINT_TRANSPORT},
	{"extensions.partialclone", NULL, PRINT_OBJECTS},
	{"extensions.objectformat", NULL, PRINT_OBJECTS},
	{"remote.", "promisor", PRINT_OBJECTS},
	{"remote.", "partialclonefilter", PRINT_OBJECTS},
	{"remote.", "uploadpack", PRINT_OBJECTS},
	{"remote.", "vcs", PRINT_OBJECTS},
	{"include.", NULL, PRINT_INCLUDES},
	{"includeif.", NULL, PRINT_INCLUDES},
};

static void on_setting(void *context, const char *key, const char *value)
{
	struct settings *settings = context;
	struct print *print = settings->print;
	const uint64_t sum = add_text(add_text(start, key), value);
	const char *end = last_part(key);
	if (strncmp(key, settings->remote, strlen(settings->remote)) == 0 &&
	    strcmp(end, "fetch") != 0)
		print->of[PRINT_REMOTE] += sum;
	if (strncmp(key, "remote.", 7) == 0 && strcmp(end, "url") == 0)
		settings->urls += sum;
	settings->fetches |= strcmp(end, "promisor") == 0 || strcmp(end, "partialclone") == 0;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strncmp(key, groups[i].begin, strlen(groups[i].begin)) == 0 &&
		    (!groups[i].end || strcmp(end, groups[i].end) == 0))
			print->of[groups[i].of] += sum;
}

/* git-lfs reads a file of the work tree as well, which may name another server. */
static uint64_t of_lfs(const struct look *look)
{
	char path[LOOK_PATH + 16];
	snprintf(path, sizeof(path), "%s/.lfsconfig", look->workdir);
	return add_file(start, path);
}

/* gpg and its agent start programs that their own settings name. */
static uint64_t of_gpg(void)
{
	static const char *const names[] = {"gpg.conf", "gpgsm.conf", "gpg-agent.conf",
					    "common.conf", "dirmngr.conf"};
	char path[LOOK_PATH];
	const char *own = getenv("GNUPGHOME"), *home = getenv("HOME");
	uint64_t sum = start;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s%s",
			 own    ? own
			 : home ? home
				: "",
			 own ? "" : ".gnupg/", names[i]);
		sum = add_file(add_text(sum, path), path);
	}
	return sum;
}

/* ssh takes the home of the account, and a program of the user's around it HOME. What the file
 * includes is not followed. */
static uint64_t of_ssh(void)
{
	char path[LOOK_PATH];
	struct passwd room;
	struct passwd *account = NULL;
	char text[LOOK_PATH];
	if (getpwuid_r(getuid(), &room, text, sizeof(text), &account) != 0)
		account = NULL;
	const char *const homes[] = {getenv("HOME"), account ? account->pw_dir : NULL};
	uint64_t sum = start;
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		snprintf(path, sizeof(path), "%s/.ssh/config", homes[i] ? homes[i] : "");
		sum = homes[i] ? add_file(add_text(sum, path), path) : sum;
	}
	return sum;
}

/* Whether settings may name a program; those of a submodule as git makes it do not. */
static bool may_name_program(const char *path)
{
	static const char *const words[] = {
		"filter", "fsmonitor",     "include",  "textconv",     "command",  "worktreeconfig",
		"driver", "alternaterefs", "promisor", "partialclone", "hookspath"};
	char text[65536];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return false;
	text[got] = '\0';
	bool found = (size_t)got == sizeof(text) - 1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		found |= strcasestr(text, words[i]) != NULL;
	return found;
}

/* git looks into submodules, by what their own settings say: those that stand in the repository's
 * folder of them, and theirs in turn. */
static uint64_t of_modules(const char *folder, int depth)
{
	char path[2 * LOOK_PATH];
	uint64_t sum = 0;
	DIR *list = depth < MODULES_DEPTH ? opendir(folder) : NULL;
	for (struct dirent *entry; list && (entry = readdir(list));) {
		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s/HEAD", folder,
							entry->d_name) >= (int)sizeof(path))
			continue;
		const size_t length = strlen(path) - 5;
		const bool is_one = access(path, F_OK) == 0;
		snprintf(path + length, sizeof(path) - length, is_one ? "/config" : "");
		if (is_one && may_name_program(path))
			sum += add_file(add_text(start, path), path);
		snprintf(path + length, sizeof(path) - length, is_one ? "/modules" : "");
		sum += of_modules(path, depth + 1);
	}
	if (list)
		closedir(list);
	return sum;
}

void print_take(struct print *print, const struct look *look, const struct look_source *source)
{
	char modules[LOOK_PATH + 16];
	struct settings settings = {.print = print};
	const char *hooks = look_setting(source, "core.hookspath");
	*print = (struct print){.of = {0}};
	snprintf(settings.remote, sizeof(settings.remote), "remote.%s.", look->remote);
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
	snprintf(modules, sizeof(modules), "%s/modules", look->commondir);
	print->of[PRINT_SUBMODULES] = of_modules(modules, 0);
	print->of[PRINT_LFS] += of_lfs(look);
	print->of[PRINT_SSH] = of_ssh();
	if (look_setting_true(source, "commit.gpgsign"))
		print->of[PRINT_SIGNING] += of_gpg();
	if (settings.fetches)
		print->of[PRINT_OBJECTS] += settings.urls;
	print->of[PRINT_BRANCH] = add_text(start, look->branch);
}

enum who {
	NOBODY,
	WORKER,
	GIT,
};

static const struct {
	enum who may;
	const char *words;
} rows[PRINT_COUNT] = {
#define X(name, who, text) [PRINT_##name] = {who, text},
	PRINTS(X)
#undef X
};

/* Without a remote nothing goes anywhere; that is told in its own words. */
static bool differs(const struct print *was, const struct print *is, int i)
{
	return was->of[i] != is->of[i] && (i != PRINT_REMOTE || is->of[i]);
}

const char *print_differs(const struct print *was, const struct print *is, bool with_branch,
			  bool allowed)
{
	for (int i = 0; i < PRINT_COUNT; i++)
		if (differs(was, is, i) && (i != PRINT_BRANCH || with_branch) &&
		    (!allowed || rows[i].may == NOBODY))
			return rows[i].words;
	return NULL;
}

const char *print_accept(struct print *was, const struct print *is, bool allowed)
{
	const char *words = NULL;
	for (int i = 0; i < PRINT_COUNT; i++) {
		if (!differs(was, is, i) || rows[i].may == NOBODY ||
		    (rows[i].may == WORKER && !allowed))
			continue;
		was->of[i] = is->of[i];
		if (!words)
			words = rows[i].words;
	}
	return words;
}
