/* Everything odd that a repository or a work tree may have, each in twins: in one the helper
 * commits, in the other `git add -A && git commit`. The same tree, index and status, or both
 * refuse; and who made the commit is what the table says.
 * deadline: 300 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/git_helpers.h"

#define NOBODY 65534

enum expected {
	ENGINE,
	PROGRAM,
	REFUSED, /* by git as well, and by us in the end */
};

struct odd {
	const char *name;
	const char *before; /* shell, in either copy, before the cycle begins; may be NULL */
	const char *change; /* what the worker does */
	enum expected expected;
};

#define FOLDER "mkdir d; echo d >d/f; git add -A; git commit -qm d; "

static const struct odd flags[] = {
	{"assume-unchanged, changed", "git update-index --assume-unchanged one",
	 "echo x >one; echo n >n", ENGINE},
	{"assume-unchanged, gone", "git update-index --assume-unchanged one", "rm one; echo n >n",
	 ENGINE},
	{"skip-worktree, changed", "git update-index --skip-worktree one", "echo x >one; echo n >n",
	 ENGINE},
	{"skip-worktree, gone", "git update-index --skip-worktree one", "rm one; echo n >n",
	 ENGINE},
	{"skip-worktree, a folder in its place", "git update-index --skip-worktree one",
	 "rm one; mkdir one; echo x >one/x", PROGRAM},
	{"intent to add", "echo n >n; git add -N n", "echo m >m", ENGINE},
	{"intent to add, gone", "echo n >n; git add -N n", "rm n; echo m >m", ENGINE},
	{"sparse patterns", FOLDER "git sparse-checkout set --no-cone '/*' '!/d'", "echo x >>one",
	 PROGRAM},
	{"sparse patterns, a new file outside of them",
	 FOLDER "git sparse-checkout set --no-cone '/*' '!/d'", "mkdir d; echo x >d/x", REFUSED},
	{"sparse cone", FOLDER "git sparse-checkout set --cone e", "mkdir e; echo x >e/x", PROGRAM},
	{"sparse index", FOLDER "git sparse-checkout set --cone --sparse-index e",
	 "mkdir e; echo x >e/x", PROGRAM},
	{"index of version 2", "git update-index --index-version 2", "echo x >x", ENGINE},
	{"index of version 3", "echo n >n; git add -N n; git update-index --index-version 3",
	 "echo x >x", ENGINE},
	{"index of version 4", FOLDER "git update-index --index-version 4", "echo x >d/x", ENGINE},
	{"split index", "git update-index --split-index", "echo x >x", PROGRAM},
	{"split index by a setting", "git config core.splitIndex true; echo y >y; git add y",
	 "echo x >x", PROGRAM},
	{"untracked cache", "git update-index --untracked-cache; git status >/dev/null",
	 "echo x >x", PROGRAM},
	{"untracked cache by a setting",
	 "git config core.untrackedCache true; git status >/dev/null", "echo x >x", ENGINE},
	{"fsmonitor by a hook",
	 "printf '#!/bin/sh\\nprintf \"t\\\\0/\\\\0\"\\n' >.git/watch; chmod +x .git/watch;"
	 "git config core.fsmonitor .git/watch; git update-index --fsmonitor",
	 "echo x >one; echo n >n", ENGINE},
	{"no index", "rm .git/index", "echo x >x", ENGINE},
};

static const struct odd nested[] = {
	{"submodule at another commit",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "cd sub; echo x >x; git add x; GIT_COMMITTER_DATE='1700000000 +0000' git commit -qm x "
	 "--date '1700000000 +0000'",
	 PROGRAM},
	{"submodule that is dirty",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "echo x >>sub/s; echo new >sub/new; echo x >x", ENGINE},
	{"submodule that is not there",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub;"
	 "git submodule --quiet deinit -f sub",
	 "echo x >x", ENGINE},
	{"submodule with a stray .git file",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "rm sub/.git; echo stray >sub/.git; echo x >x", REFUSED},
	{"submodule whose repository is nowhere",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "echo 'gitdir: /nowhere' >sub/.git; echo x >x", REFUSED},
	{"submodule with an empty .git folder",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "rm sub/.git; mkdir sub/.git; echo x >x", REFUSED},
	{"submodule that is ignored",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub;"
	 "echo sub >.git/info/exclude",
	 "cd sub; echo x >x; git add x; GIT_COMMITTER_DATE='1700000000 +0000' git commit -qm x "
	 "--date '1700000000 +0000'; cd ..; echo y >y",
	 PROGRAM},
	{"repositories with odd names, in an ignored folder",
	 "mkdir d; n='d/[a]*?'; cp -a ../../sub \"$n\"; n='d/b\\\\c \"!'; cp -a ../../sub \"$n\"; "
	 "cp -a "
	 "../../sub -- '!x'; git add -A 2>/dev/null; git commit -qm subs; echo d >.gitignore",
	 "for n in d/* '!x'; do (cd \"$n\"; echo x >x; git add x; GIT_COMMITTER_DATE='1700000000 "
	 "+0000' git commit -qm x --date '1700000000 +0000'); done; echo y >y; echo z >d/z",
	 PROGRAM},
	{"submodule, gone",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "rm -rf sub", PROGRAM},
	{"submodule, a file in its place",
	 "git -c protocol.file.allow=always submodule --quiet add ../../sub; git commit -qm sub",
	 "rm -rf sub; echo x >sub", PROGRAM},
	{"new nested repository", NULL, "cp -a ../../sub inner; echo x >x", PROGRAM},
	{"new nested repository without a commit", NULL, "git init -q inner; echo x >inner/x",
	 REFUSED},
	{"new nested repository that is ignored", "echo inner >.git/info/exclude",
	 "cp -a ../../sub inner; echo x >x", ENGINE},
	{"linked work tree", NULL, "git worktree add -q -b side inner; echo x >x", PROGRAM},
	{"stray .git file", NULL, "mkdir d; echo stray >d/.git; echo x >d/x", PROGRAM},
	{"a .git file that names nothing", NULL,
	 "mkdir d; echo 'gitdir: /nowhere' >d/.git; echo x >d/x", PROGRAM},
	{"an empty .git folder", NULL, "mkdir -p d/.git; echo x >d/x", PROGRAM},
	{"a .git link", NULL, "mkdir d; ln -s nowhere d/.git; echo x >d/x", PROGRAM},
	{"a work tree with a .git file", "mv .git ../git-$c; echo \"gitdir: $PWD/../git-$c\" >.git",
	 "echo x >x", ENGINE},
};

static const struct odd names[] = {
	{"names that are not UTF-8", NULL,
	 "n=$(printf '\\351\\377'); mkdir \"d$n\"; echo x >\"$n\"; echo x >\"d$n/$n\"", ENGINE},
	{"names with control characters", NULL,
	 "n=$(printf 'a\\nb\\tc\\033'); echo x >\"$n\"; echo x >' '; echo x >'\"'", ENGINE},
	{"a long name", NULL, "n=$(printf '%0250d' 1); mkdir -p $n/$n/$n; echo x >$n/$n/$n/$n",
	 ENGINE},
	{".GIT", NULL, "mkdir .GIT; echo x >.GIT/x", REFUSED},
	{".GIT, ignored", "echo .GIT >.git/info/exclude", "mkdir .GIT; echo x >.GIT/x; echo x >x",
	 ENGINE},
	{"git~1", NULL, "echo x >git~1", REFUSED},
	{"git~1 without core.protectNTFS", "git config core.protectNTFS false", "echo x >git~1",
	 PROGRAM},
	{".git and a space", NULL, "echo x >'.git '", REFUSED},
	{"a stream of .git", NULL, "echo x >'.git::$INDEX_ALLOCATION'", REFUSED},
	{"a backslash", NULL, "echo x >'a\\b'", ENGINE},
	{"a backslash before .git", NULL, "echo x >'a\\.git'", REFUSED},
	{".git with a character that HFS ignores", NULL,
	 "echo x >\"$(printf '.g\\342\\200\\214it')\"", ENGINE},
	{"the same with core.protectHFS", "git config core.protectHFS true",
	 "echo x >\"$(printf '.g\\342\\200\\214it')\"", REFUSED},
	{"a link called .gitmodules", NULL, "ln -s one .gitmodules", REFUSED},
	{"two cases of a name", "echo x >README; git add README; git commit -qm r",
	 "echo y >readme", ENGINE},
	{"core.ignoreCase, another case of a name",
	 "git config core.ignoreCase true; echo x >README; git add README; git commit -qm r",
	 "mv README readme; echo y >>readme", PROGRAM},
	{"core.ignoreCase, two cases of a folder", FOLDER "git config core.ignoreCase true",
	 "mkdir D; echo x >D/x; echo y >d/y", PROGRAM},
};

static const struct odd kinds[] = {
	{"a FIFO", NULL, "mkfifo pipe; echo x >x", ENGINE},
	{"a socket", NULL,
	 "perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un(\"s\")) or die';"
	 "test -S s; echo x >x",
	 ENGINE},
	{"a FIFO in the place of a file", NULL, "rm one; mkfifo one", REFUSED},
	{"a FIFO in the place of a folder", FOLDER, "rm -r d; mkfifo d; echo x >x", ENGINE},
	{"a folder in the place of a file", NULL, "rm one; mkdir one; echo x >one/x", ENGINE},
	{"an empty folder in the place of a file", NULL, "rm one; mkdir one; echo x >x", ENGINE},
	{"a file in the place of a folder", FOLDER, "rm -r d; echo x >d", ENGINE},
	{"a link in the place of a file", NULL, "rm one; ln -s nowhere one", ENGINE},
	{"a file in the place of a link", "ln -s one l; git add l; git commit -qm l",
	 "rm l; echo x >l", ENGINE},
	{"files behind a link to their folder", FOLDER, "mkdir e; mv d e/d; ln -s e/d d", ENGINE},
	{"files behind a link to nothing", FOLDER, "rm -r d; ln -s nowhere d", ENGINE},
	{"files behind a link to itself", FOLDER, "rm -r d; ln -s d d", PROGRAM},
	{"the same, where the link is ignored", FOLDER "echo d >.git/info/exclude",
	 "rm -r d; ln -s d d; echo x >x", PROGRAM},
	{"a folder that becomes a link, and back",
	 FOLDER "rm -r d; ln -s one d; git add -A;"
		"git commit -qm l",
	 "rm d; mkdir d; echo x >d/f", ENGINE},
	{"the same content at another time", NULL, "touch one; echo x >x", ENGINE},
	{"an executable", NULL, "chmod +x one; echo x >x; chmod +x x", ENGINE},
	{"an executable without core.fileMode", "git config core.fileMode false",
	 "chmod +x one; echo x >x; chmod +x x", ENGINE},
	{"a file of the size of zero and back", NULL, ": >one; git add one; echo two >one", ENGINE},
	{"no link is one without core.symlinks",
	 "ln -s one l; git add l; git commit -qm l; git config core.symlinks false",
	 "rm l; printf two >l", PROGRAM},
};

static const struct odd settings[] = {
	{"autocrlf", "git config core.autocrlf true", "printf 'a\\r\\nb\\r\\n' >x; echo x >one",
	 PROGRAM},
	{"autocrlf = input", "git config core.autocrlf input", "printf 'a\\r\\nb\\r\\n' >x",
	 PROGRAM},
	{"autocrlf, where the index has the line ends",
	 "printf 'a\\r\\n' >x; git add x; git commit -qm x; git config core.autocrlf input",
	 "printf 'b\\r\\n' >>x", PROGRAM},
	{"safecrlf", "git config core.safecrlf true; echo '* text eol=crlf' >.gitattributes",
	 "printf 'a\\n' >x", REFUSED},
	{"safecrlf that warns", "git config core.safecrlf warn; echo '* -text' >.gitattributes",
	 "printf 'a\\r\\n' >x", ENGINE},
	{"text=auto", "echo '* text=auto' >.gitattributes",
	 "printf 'a\\r\\n' >x; printf '\\r\\n\\0' >y", PROGRAM},
	{"eol", "printf '*.sh eol=lf\\n*.bat eol=crlf\\n' >.gitattributes",
	 "printf 'a\\r\\n' >x.bat; printf 'a\\n' >x.sh", PROGRAM},
	{"ident", "echo '* ident' >.gitattributes", "echo '$Id: old $' >x", PROGRAM},
	{"a macro", "printf '[attr]lines text\\n* lines\\n' >.gitattributes", "printf 'a\\r\\n' >x",
	 PROGRAM},
	{"working-tree-encoding",
	 "echo '*.u working-tree-encoding=UTF-16LE' >.gitattributes; printf 'a\\0' >y.u;"
	 "git add -A; git commit -qm u",
	 "printf 'b\\0c\\0' >x.u", PROGRAM},
	{"attributes of a folder", FOLDER, "echo 'x text' >d/.gitattributes; printf 'a\\r\\n' >d/x",
	 PROGRAM},
	{"a filter",
	 "git config filter.upper.clean 'tr a-z A-Z'; echo '*.u filter=upper' >.gitattributes",
	 "echo text >x.u", PROGRAM},
	{"a filter that is required and fails",
	 "git config filter.f.clean false; git config filter.f.required true;"
	 "echo '*.u filter=f' >.gitattributes",
	 "echo text >x.u", REFUSED},
	{"core.ignoreStat", "git config core.ignoreStat true", "echo x >one; echo x >x", PROGRAM},
	{"core.trustctime and checkStat",
	 "git config core.trustctime false;"
	 "git config core.checkStat minimal",
	 "echo x >one; echo x >x", ENGINE},
	{"core.excludesFile, by a path of the work tree",
	 "git config core.excludesFile rules; echo x >rules", "echo x >x; echo y >y", ENGINE},
	{"core.excludesFile, empty",
	 "git config core.excludesFile ''; mkdir -p ~/.config/git; echo x >~/.config/git/ignore",
	 "echo x >x; echo y >y", ENGINE},
	{"core.excludesFile in somebody's home",
	 "git config core.excludesFile '~nobody/none'; mkdir -p ~/.config/git; echo x "
	 ">~/.config/git/ignore",
	 "echo x >x; echo y >y", PROGRAM},
	{"core.attributesFile, by a path of the work tree",
	 "rm -rf ~/.config/git; git config core.attributesFile rules; echo '* text' >rules",
	 "printf 'a\\r\\n' >x", PROGRAM},
	{"core.sharedRepository", "git config core.sharedRepository group", "echo x >x", PROGRAM},
	{"config.worktree",
	 "git config extensions.worktreeConfig true; git config --worktree core.autocrlf input",
	 "printf 'a\\r\\n' >x", PROGRAM},
	{"objects of another repository",
	 "git clone -q --bare . ../alt-$c; echo \"$PWD/../alt-$c/objects\""
	 " >.git/objects/info/alternates; git repack -adlq",
	 "echo x >x; cp one two", ENGINE},
};

/* A branch without commits, and what a branch is in the middle of. */
static const struct odd states[] = {
	{"unborn", "git checkout -q --orphan new", "echo x >x", ENGINE},
	{"unborn and empty", "git checkout -q --orphan new; git rm -rqf .", "echo x >x", ENGINE},
	{"packed refs", "git gc -q", "echo x >x", ENGINE},
	{"HEAD is a link", "rm .git/HEAD; ln -s refs/heads/main .git/HEAD", "echo x >x", PROGRAM},
	{"a branch that stands for another one",
	 "git branch -m trunk; git symbolic-ref refs/heads/main refs/heads/trunk; git symbolic-ref "
	 "HEAD refs/heads/main",
	 "echo x >x", PROGRAM},
	{"picked without a commit",
	 "git checkout -qb b; echo b >b; git add b; git commit -qm b; git checkout -q main; git "
	 "cherry-pick -n b",
	 "echo x >x", ENGINE},
	{"squashed",
	 "git checkout -qb b; echo b >b; git add b; git commit -qm b; git checkout -q main; git "
	 "merge -q --squash b >/dev/null",
	 "echo x >x", ENGINE},
	{"a merge that was undone",
	 "git checkout -qb b; echo b >b; git add b; git commit -qm b;"
	 "git checkout -q main; git merge -q --no-commit --no-ff b;"
	 "git merge --abort",
	 "echo x >x", ENGINE},
	{"a conflict that was resolved",
	 "git checkout -qb b; echo b >one; git commit -qam b; git checkout -q main; echo c >one;"
	 "git commit -qam c; git merge b >/dev/null || :; echo d >one; git add one; git commit -qm "
	 "d",
	 "echo x >one", ENGINE},
};

static void in_both(const char *script)
{
	sh("for c in ours theirs; do (cd $c; %s); done", script);
}

#define SHOW                                                                                      \
	"git rev-parse -q --verify HEAD^{tree}; git ls-files -s -v; git -c core.fsmonitor=false " \
	"status --porcelain; git for-each-ref --format='%%(refname) %%(symref)'; "                \
	"cd \"$(git rev-parse --git-dir)\"; ls *_MSG *_MODE *_MERGE *_HEAD 2>/dev/null"           \
	" | grep -v -e COMMIT_EDITMSG -e ORIG_HEAD || :"

static void compare(const struct odd *odd, const struct receipt_facts *facts)
{
	const char *way = facts->commit[0] ? receipt_way_name(facts->way) : "(no commit)";
	const bool refused = number(sh("cd theirs; if git add -A >/dev/null 2>&1; then git commit "
				       "-qm x >/dev/null; echo 0; else echo 1; fi"));
	ck_assert_msg(refused == (odd->expected == REFUSED), "%s: git's answer is another one",
		      odd->name);
	if (refused) {
		ck_assert_msg(!facts->commit[0] && facts->why[0], "%s: %s: %s", odd->name,
			      receipt_name(facts->result), facts->why);
		return;
	}
	ck_assert_msg(facts->result == RECEIPT_COMMITTED, "%s: %s: %s", odd->name,
		      receipt_name(facts->result), facts->why);
	ck_assert_msg(strcmp(way, odd->expected == ENGINE ? "engine" : "program") == 0,
		      "%s: made by: %s", odd->name, way);
	const char *ours = sh("cd ours; " SHOW), *theirs = sh("cd theirs; " SHOW);
	ck_assert_msg(strcmp(ours, theirs) == 0, "%s:\nours:\n%s\ngit's:\n%s", odd->name, ours,
		      theirs);
	ck_assert_str_eq(sh("git -C ours fsck --strict --no-dangling 2>&1 || :"),
			 sh("git -C theirs fsck --strict --no-dangling 2>&1 || :"));
}

static void try_one(const struct odd *odd)
{
	sh("chmod -R u+rwX twins 2>/dev/null || :; rm -rf twins; mkdir twins; cp -a work "
	   "twins/ours; cp -a work twins/theirs");
	ck_assert_int_eq(chdir("twins"), 0);
	if (odd->before)
		in_both(odd->before);
	struct conf_repository *conf = conf_of("ours");
	conf->push = false;
	git = open_git(conf);
	in_both(odd->change);
	const struct receipt_facts facts = save_all(git, "x");
	git_free(git);
	compare(odd, &facts);
	ck_assert_int_eq(chdir(".."), 0);
}

/* Nothing here has to survive a power cut, and a hundred commits that did would take their time. */
static void sync_nothing(void)
{
#ifndef __SANITIZE_ADDRESS__
	char path[BOX];
	const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);
	ck_assert_int_gt(length, 0);
	path[length] = '\0';
	*strrchr(path, '/') = '\0'; /* unit/test_x */
	snprintf(strrchr(path, '/'), 32, "/tools/no_sync.so");
	setenv("LD_PRELOAD", path, 1);
#endif
}

static void try_all(const struct odd *odds, size_t count)
{
	make_world();
	sync_nothing();
	sh("git config --global gc.auto 0; git config --global core.safecrlf false;"
	   "git init -q work; cd work; echo one >one; git add one; git commit -qm first; cd ..;"
	   "git init -q sub; cd sub; echo s >s; git add s; git commit -qm s");
	for (size_t i = 0; i < count; i++)
		try_one(&odds[i]);
}

#define TRY(odds) try_all(odds, sizeof(odds) / sizeof((odds)[0]))

START_TEST(test_flags_and_formats_of_the_index)
{
	TRY(flags);
}
END_TEST

START_TEST(test_repositories_in_the_repository)
{
	TRY(nested);
}
END_TEST

START_TEST(test_names)
{
	TRY(names);
}
END_TEST

START_TEST(test_kinds_of_files)
{
	TRY(kinds);
}
END_TEST

START_TEST(test_settings)
{
	TRY(settings);
}
END_TEST

START_TEST(test_states_of_the_branch)
{
	TRY(states);
}
END_TEST

/* What only root may read, for who is not root. */
static const struct odd closed[] = {
	{"a new file that can't be read", NULL, "echo x >x; chmod 0 x", REFUSED},
	{"a tracked file that can't be read", NULL, "echo x >one; chmod 0 one", REFUSED},
	{"one that can't be read and is ignored", "echo x >.git/info/exclude",
	 "echo x >x; chmod 0 x; echo y >y", ENGINE},
	{"a new folder that can't be read", NULL, "mkdir d; echo x >d/x; chmod 0 d; echo y >y",
	 PROGRAM},
	{"a tracked folder that can't be read", FOLDER, "chmod 0 d; echo y >y", PROGRAM},
	{"a link to what can't be read", NULL, "ln -s /root/x l", ENGINE},
};

START_TEST(test_what_can_t_be_read)
{
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(".", NOBODY, NOBODY), 0);
		ck_assert_int_eq(setgid(NOBODY), 0);
		ck_assert_int_eq(setuid(NOBODY), 0);
	}
	TRY(closed);
}
END_TEST

/* The state of what a branch is in the middle of is never touched, and says so. */
static const struct odd operations[] = {
	{"a merge: ", NULL, "git merge -q --no-commit --no-ff other", REFUSED},
	{"a cherry-pick: ", NULL, "git cherry-pick rival >/dev/null 2>&1 || echo resolved >one",
	 REFUSED},
	{"a revert: ", NULL,
	 "echo 2 >>one; git commit -qam 2; echo 3 >>one; git commit -qam 3;"
	 "git revert HEAD~1 >/dev/null 2>&1 || echo resolved >one",
	 REFUSED},
	{"a rebase: ", NULL, "git rebase rival >/dev/null 2>&1 || :", REFUSED},
	{"a rebase or am: ", NULL, "git rebase --apply rival >/dev/null 2>&1 || :", REFUSED},
};

#define STATE "cd ours; find .git -type f ! -name index | sort | xargs sha1sum; cat one"

static void try_operation(const struct odd *odd)
{
	char before[65536];
	sh("rm -rf twins; mkdir twins; cp -a work twins/ours");
	ck_assert_int_eq(chdir("twins"), 0);
	sh("cd ours; %s", odd->change);
	snprintf(before, sizeof(before), "%s", sh(STATE));
	struct conf_repository *conf = conf_of("ours");
	conf->push = false;
	git = open_git(conf);
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_msg(facts.result == RECEIPT_MID_OPERATION, "%s: %s: %s", odd->name,
		      receipt_name(facts.result), facts.why);
	ck_assert_has(facts.why, odd->name);
	ck_assert_str_eq(sh(STATE), before);
	git_free(git);
	ck_assert_int_eq(chdir(".."), 0);
}

START_TEST(test_in_the_middle_of_something)
{
	make_world();
	sh("git config --global gc.auto 0; git init -q work; cd work; echo one >one; git add one;"
	   "git commit -qm first; git switch -qc other; echo o >o; git add o; git commit -qm o;"
	   "git switch -qc rival main; echo rival >one; git commit -qam rival; git switch -q main;"
	   "echo main >one; git commit -qam main");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		try_operation(&operations[i]);
}
END_TEST

static _Noreturn void write_for_ever(void)
{
	for (unsigned i = 1;; i++) {
		char path[] = "work/f1", text[16];
		path[6] = (char)('1' + i % 3);
		snprintf(text, sizeof(text), "%07u", i % 10000000);
		const int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || pwrite(fd, text, 7, 0) != 7)
			_exit(1);
		close(fd);
	}
}

/* A worker's process that outlives nothing, but is still at it: what is committed at last is what
 * is in the files at last, though each was written within the same second, at the same size. */
START_TEST(test_files_that_change_while_they_are_read)
{
	make_world();
	sh("git init -q work; cd work; for i in 1 2 3; do echo 0000000 >f$i; done; git add -A;"
	   "git commit -qm first");
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	const pid_t writer = fork();
	if (writer == 0)
		write_for_ever();
	for (int i = 0; i < 20; i++) {
		const struct receipt_facts facts = save_all(git, "x");
		ck_assert_msg(receipt_place(facts.result) == RECEIPT_REACHED, "%s: %s",
			      receipt_name(facts.result), facts.why);
	}
	int status;
	kill(writer, SIGKILL);
	ck_assert_int_eq(waitpid(writer, &status, 0), writer);
	ck_assert_msg(WIFSIGNALED(status), "the writer ended by itself");
	save_all(git, "last");
	ck_assert_str_eq(sh("cd work; git rev-parse HEAD:f1 HEAD:f2 HEAD:f3"),
			 sh("cd work; git hash-object f1 f2 f3"));
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_flags_and_formats_of_the_index,
		test_repositories_in_the_repository,
		test_names,
		test_kinds_of_files,
		test_settings,
		test_states_of_the_branch,
		test_what_can_t_be_read,
		test_in_the_middle_of_something,
		test_files_that_change_while_they_are_read,
	};
	return run_tests("git odd", tests, sizeof(tests) / sizeof(tests[0]));
}
