/*
 * Two copies of one repository, changed alike at random; in one the engine commits, in the other
 * `git add -A && git commit`. After each step: the same tree, the same index, the same status. What
 * the engine passes on is committed by git in both, and counted.
 */
#include <errno.h>
#include <time.h>
#include <utime.h>

#include "runner/helper/engine.h"
#include "status/clock.h"
#include "tests/unit/git_helpers.h"
#include "tests/unit/suite.h"

#define STEPS       60 /* of a seed */
#define SEEDS       2
#define SOAK_SEEDS  170
#define LEAST_SHARE 40 /* percent of the commits that the engine has to make itself */

static unsigned seed, steps, served;
static const char *doing;
/* In every second world attributes change. Whether a file that did not change is looked at again is
 * then a matter of luck, for git as for us: so that luck has no part, all are. */
static bool with_attributes;
static bool rare; /* something of do_rare stands */

/* Nothing has to survive a power cut here. */
int syncfs(int fd)
{
	(void)fd;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return 0;
}

/* The clock is ahead, so that folders have been left alone for long enough: what they held in the
 * step before is what the engine goes by. */
time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec + 60;
	return now.tv_sec + 60;
}

static unsigned pick(unsigned most)
{
	seed = seed * 1103515245U + 12345U;
	return (seed >> 16) % most;
}

#define ONE_OF(list) (list)[pick((unsigned)COUNT(list))]

static const char *const folders[] = {
	"",    "", "", "d/", "d/", "d/e/", "d-x/", "a/", "log/", "with gap/", "deep/er/still/",
	"d.d/"};
static const char *const names[] = {
	"a",           "b",    "d",      "x.log", "keep.log", "with gap", "-dash",   "*star",
	"caf\xc3\xa9", "\xe9", "run.sh", "x.bin", "text.t",   "e",        ".hidden", "back\\slash"};

/* A change, the same in both copies; where it is of no use it does nothing. */
struct change {
	char path[256], text[512];
	size_t length;
	unsigned number;
};

static const char *const copies[] = {"ours", "theirs"};

/* Makes the folders of a path, in the place of what is in the way, and clears the path. */
static void make_way(const char *path)
{
	char part[512];
	struct stat state;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (lstat(part, &state) == 0 && !S_ISDIR(state.st_mode))
			unlink(part);
		mkdir(part, 0777);
	}
	if (lstat(path, &state) == 0 && S_ISDIR(state.st_mode))
		sh("rm -rf -- '%s'", path);
	else
		unlink(path);
}

static void write_file(const char *path, const struct change *change, int mode)
{
	make_way(path);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, mode);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, change->text, change->length), (ssize_t)change->length);
	close(fd);
}

static void do_write(const char *path, const struct change *change)
{
	write_file(path, change, change->number % 5 ? 0666 : 0777);
}

static void do_append(const char *path, const struct change *change)
{
	const int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	ck_assert_int_eq(write(fd, change->text, change->length), (ssize_t)change->length);
	close(fd);
}

/* Another content of the same size at the same time: only what is in it tells. */
static void do_overwrite(const char *path, const struct change *change)
{
	struct stat state;
	const int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &state) == 0 && state.st_size > 0) {
		const char sign = (char)('a' + change->number % 26);
		ck_assert_int_eq(pwrite(fd, &sign, 1, 0), 1);
	}
	close(fd);
}

static void do_remove(const char *path, const struct change *change)
{
	struct stat state;
	(void)change;
	if (lstat(path, &state) != 0)
		return;
	if (S_ISDIR(state.st_mode))
		sh("rm -rf -- '%s'", path);
	else
		unlink(path);
}

static void do_link(const char *path, const struct change *change)
{
	static const char *const targets[] = {"a",    "../d",  "nowhere", ".",
					      "/etc", "d/e/b", "x.log"};
	make_way(path);
	ck_assert_int_eq(symlink(targets[change->number % COUNT(targets)], path), 0);
}

static void do_mode(const char *path, const struct change *change)
{
	struct stat state;
	if (lstat(path, &state) == 0 && S_ISREG(state.st_mode))
		chmod(path, change->number % 2 ? 0755 : 0644);
}

static void do_touch(const char *path, const struct change *change)
{
	struct stat state;
	const struct utimbuf times = {1000000000 + change->number, 1000000000 + change->number};
	if (lstat(path, &state) == 0 && S_ISREG(state.st_mode))
		utime(path, &times);
}

static void do_folder(const char *path, const struct change *change)
{
	char inner[512];
	make_way(path);
	mkdir(path, 0777);
	snprintf(inner, sizeof(inner), "%s/%s", path, names[change->number % COUNT(names)]);
	if (change->number % 3)
		write_file(inner, change, 0666);
}

static void do_fifo(const char *path, const struct change *change)
{
	struct stat state;
	(void)change;
	if (lstat(path, &state) != 0)
		mkfifo(path, 0666);
}

/* In the folder of the path, whose last part does not count. */
static void write_beside(const char *path, const char *name, const struct change *change,
			 const char *const *lines, size_t count)
{
	char beside[512];
	struct change rules = {.length = 0};
	const char *slash = strrchr(path, '/');
	snprintf(beside, sizeof(beside), "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
	for (unsigned i = 0; i < 3; i++)
		rules.length += (size_t)snprintf(rules.text + rules.length,
						 sizeof(rules.text) - rules.length, "%s\n",
						 lines[(change->number >> 4 * i) % count]);
	if (change->number % 4 == 0)
		unlink(beside);
	else
		write_file(beside, &rules, 0666);
}

static void do_ignore(const char *path, const struct change *change)
{
	static const char *const lines[] = {
		"*.log",    "!keep.log", "d/",     "/d/*",          "!/d/a",
		"/a",       "**/e",      "d/**/b", "log/",          "[a-d]",
		"*\\ gap*", "#",         "",       "\\*star",       "e/",
		"!a",       ".*",        "*.*",    "/deep/*/still", "*",
	};
	write_beside(path, ".gitignore", change, lines, COUNT(lines));
}

static void do_attributes(const char *path, const struct change *change)
{
	static const char *const lines[] = {
		"* text=auto", "*.bin binary", "*.t text", "*.t eol=crlf", "*.sh eol=lf", "a ident",
		"# none",      "*.log -text",  "* -text",  "*.c diff",     "d/* text",
	};
	write_beside(path, ".gitattributes", change, lines, COUNT(lines));
}

static void do_exclude(const char *path, const struct change *change)
{
	(void)path;
	write_beside(".git/info/x", "exclude", change,
		     (const char *const[]){"b", "*.bin", "!b", "e/"}, 4);
}

/* A repository in the repository, with a commit or, which git refuses, without; or what only looks
 * like one. */
static void do_nested(const char *path, const struct change *change)
{
	make_way(path);
	if (change->number % 4 == 1) {
		rare = true;
		sh("mkdir -p './%s'; echo stray >'./%s/.git'; echo %u >'./%s/n'", path, path,
		   change->number % 3, path);
		return;
	}
	sh("git init -q -- './%s'; cd -- './%s'; echo %u >n; git add n;"
	   "test %u = 0 || GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'"
	   " git commit -qm n",
	   path, path, change->number % 3, change->number % 4);
}

/* By git itself, in either copy; where it fails it fails in both. */
static void do_git(const char *path, const struct change *change)
{
	static const char *const commands[] = {
		"git add -f -- './%s'",
		"git add -N -- './%s'",
		"git rm -q -r -f --cached --ignore-unmatch -- './%s'",
		"git update-index --assume-unchanged -- './%s'",
		"git update-index --no-assume-unchanged -- './%s'",
		"git update-index --skip-worktree -- './%s'",
		"git update-index --no-skip-worktree -- './%s'",
		"git mv -k -- './%s' moved",
		"git checkout -q HEAD -- './%s'",
		"git reset -q",
		"git read-tree HEAD",
		"git update-index --index-version 4",
		"git update-index --index-version 2",
		"git config core.fileMode false",
		"git config core.fileMode true",
		"git gc -q",
		"git update-index --refresh",
		"git checkout -q HEAD~1 -- .",
		"git update-index --chmod=+x -- './%s'",
	};
	char command[512];
	const char *format = commands[change->number % COUNT(commands)];
	const char *place = strstr(format, "%s");
	if (place)
		snprintf(command, sizeof(command), "%.*s%s%s", (int)(place - format), format, path,
			 place + 2);
	sh("{ %s; } >/dev/null 2>&1 || true", place ? command : format);
}

/* What git alone serves, for one step. */
static void do_rare(const char *path, const struct change *change)
{
	static const char *const commands[] = {
		"git sparse-checkout set --no-cone '/*' '!/d'",
		"git update-index --split-index",
		"git sparse-checkout set --cone d",
		"git sparse-checkout set --cone --sparse-index a d",
		"git config core.autocrlf input",
		"git config core.safecrlf true",
		"git config core.ignoreCase true",
		"git config core.symlinks false",
		"git config core.protectHFS true",
		"git config core.sharedRepository group",
		"git update-index --untracked-cache",
		"mkdir -p .git/info; echo 'x.bin filter=upper' >.git/info/attributes",
	};
	(void)path;
	rare = true;
	sh("{ %s; } >/dev/null 2>&1 || true", commands[change->number % COUNT(commands)]);
}

static void undo_rare(void)
{
	if (rare)
		sh("for c in ours theirs; do (cd $c; git sparse-checkout disable; rm -f "
		   ".git/config.worktree;"
		   " git config --unset extensions.worktreeConfig;"
		   " git update-index --no-split-index --no-untracked-cache;"
		   " git config core.autocrlf false; rm -f .git/info/attributes;"
		   " for s in safecrlf ignoreCase symlinks protectHFS sharedRepository; do"
		   " git config --unset core.$s; done; find . -mindepth 2 -name .git -type f "
		   "-delete;"
		   " git add --renormalize .; git commit -qm y; git update-index -q --refresh)"
		   " >/dev/null 2>&1 || :; done");
	rare = false;
}

static const struct {
	const char *name;
	unsigned weight;
	void (*make)(const char *path, const struct change *change);
} kinds[] = {
	{"write", 30, do_write},
	{"append", 10, do_append},
	{"overwrite", 8, do_overwrite},
	{"remove", 10, do_remove},
	{"link", 4, do_link},
	{"mode", 4, do_mode},
	{"touch", 3, do_touch},
	{"folder", 6, do_folder},
	{"fifo", 1, do_fifo},
	{"ignore", 8, do_ignore},
	{"attributes", 3, do_attributes},
	{"exclude", 2, do_exclude},
	{"nested", 1, do_nested},
	{"git", 10, do_git},
	{"rare", 1, do_rare},
};

static void pick_change(struct change *change)
{
	static const char *const texts[] = {"",    "one\n",     "two\nlines\n", "a\r\nb\r\n",
					    "x\r", "\0\r\nbin", "no end",       "a\nb\r\nc\n"};
	const char *text = ONE_OF(texts);
	snprintf(change->path, sizeof(change->path), "%s%s", ONE_OF(folders), ONE_OF(names));
	change->number = pick(10000);
	change->length = *text || text == texts[0] ? strlen(text) : 7;
	memcpy(change->text, text, change->length);
	if (pick(3) == 0)
		change->length +=
			(size_t)snprintf(change->text + change->length, 32, "%u\n", pick(1000));
}

static void change_both(void)
{
	struct change change;
	unsigned sum = 0, kind = 0;
	char here[BOX];
	pick_change(&change);
	for (size_t i = 0; i < COUNT(kinds); i++)
		sum += kinds[i].weight;
	unsigned at = pick(sum);
	while (at >= kinds[kind].weight)
		at -= kinds[kind++].weight;
	if (!with_attributes && (kinds[kind].make == do_attributes || kinds[kind].make == do_rare))
		kind = 0;
	doing = kinds[kind].name;
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	for (int copy = 0; copy < 2; copy++) {
		ck_assert_int_eq(chdir(copies[copy]), 0);
		kinds[kind].make(change.path, &change);
		ck_assert_int_eq(chdir(here), 0);
	}
}

/* The engine's commit, or, where it passes, git's. */
static struct receipt_facts commit_ours(struct engine_libgit2 *engine,
					const struct conf_repository *conf)
{
	struct look look = {.workdir = ""};
	struct err err = {.code = ERR_NONE};
	struct receipt_facts facts;
	char said[512] = "";
	const struct git_request request = {.subject = "x", .trailers = no_trailers};
	const struct job job = {
		.look = &look,
		.request = &request,
		.message = "x\n",
		.deadline = clock_monotonic_ms() + 5000,
		.deadline_ms = 5000,
		.hook_timeout_ms = 60000,
		.hooks = true,
		.client = -1,
		.said = said,
		.said_size = sizeof(said),
		.secrets = &conf->secrets,
	};
	enum engine_answer answer = engine_libgit2_look(engine, conf, false, &look, &err);
	if (answer != ENGINE_ANSWERED)
		ck_assert_int_eq(engine_program_look(conf, false, &look, &err), ENGINE_ANSWERED);
	else if (look_needs_program(&look))
		answer = ENGINE_PASSES;
	else
		answer = engine_libgit2_save(engine, &job, &facts);
	steps++;
	served += answer == ENGINE_ANSWERED;
	if (answer != ENGINE_ANSWERED)
		engine_program_save(&job, &facts);
	return facts;
}

/* git status itself refuses a submodule whose .git is none. */
#define SHOW                                                                     \
	"git rev-parse -q --verify HEAD^{tree}; git ls-files -s -v; git status " \
	"--porcelain 2>&1 || :"

static void step(struct engine_libgit2 *engine, const struct conf_repository *conf, unsigned number)
{
	const unsigned before = seed;
	for (unsigned changes = 1 + pick(4); changes; changes--)
		change_both();
	const struct utimbuf long_ago = {1, 1};
	if (with_attributes) {
		utime("ours/.git/index", &long_ago);
		utime("theirs/.git/index", &long_ago);
	}
	const struct receipt_facts facts = commit_ours(engine, conf);
	const bool refused = strcmp(sh("cd theirs; if git add -A 2>/dev/null; then git commit -qm "
				       "x >/dev/null || :;"
				       " else echo refused; fi"),
				    "refused") == 0;
	const bool made = facts.result == RECEIPT_COMMITTED || facts.result == RECEIPT_NOTHING;
	ck_assert_msg(made != refused, "step %u, seed %u (%s): %s: %s", number, before, doing,
		      receipt_name(facts.result), facts.why);
	const char *ours = sh("cd ours; " SHOW), *theirs = sh("cd theirs; " SHOW);
	ck_assert_msg(strcmp(ours, theirs) == 0, "step %u, seed %u (%s):\nours:\n%s\ngit's:\n%s",
		      number, before, doing, ours, theirs);
	undo_rare();
	if (refused) /* or no step would ever go well again */
		sh("for c in ours theirs; do find $c -mindepth 2 -name .git -prune -exec rm -rf {} "
		   "+;"
		   "done");
}

START_TEST(test_same_as_git)
{
	const char *given = getenv("SEED");
	make_world();
	sh("git config --global gc.auto 0; git config --global user.useConfigOnly true;"
	   "git config --global filter.upper.clean 'tr a-z A-Z';"
	   "git init -q ours; cd ours; echo one >a; git add a; git commit -qm first;"
	   "cd ..; cp -a ours theirs");
	setenv("GIT_AUTHOR_NAME", "Ada", 1);
	struct conf_repository *conf = conf_of("ours");
	conf->push = false;
	struct engine_libgit2 *engine = engine_libgit2_new();
	ck_assert_ptr_nonnull(engine);
	with_attributes = _i % 2 != 0;
	seed = (given ? (unsigned)strtoul(given, NULL, 10) : 1U) + (unsigned)_i * 7919U;
	steps = served = 0;
	for (unsigned i = 0; i < STEPS; i++)
		step(engine, conf, i);
	ck_assert_str_eq(sh("git -C ours fsck --strict --no-dangling 2>&1"), "");
	engine_libgit2_free(engine);
	FILE *tally = fopen("../tally", "a");
	ck_assert_ptr_nonnull(tally);
	fprintf(tally, "%u %u\n", steps, served);
	fclose(tally);
}
END_TEST

/* The engine is no engine if it passes everything on. */
START_TEST(test_most_is_served)
{
	const char *share =
		sh("awk '{ all += $1; own += $2 } END { print int(own * 100 / all) }' tally");
	printf("the engine made %s %% of the commits\n", share);
	ck_assert_int_ge(number(share), LEAST_SHARE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("differential");
	TCase *tcase = tcase_create("differential");
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, test_same_as_git, 0, getenv("SOAK") ? SOAK_SEEDS : SEEDS);
	tcase_add_test(tcase, test_most_is_served);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
