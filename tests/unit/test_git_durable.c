/* What is said to be committed is on the disk: shown by the system calls of the helper and of the
 * git programs that it runs. */
#include "tests/unit/git_helpers.h"
#include "tests/unit/suite.h"

/* The helper runs under strace, with `injected` as an option of it. */
static void trace(const char *injected)
{
	char path[BOX], plain[BOX];
	snprintf(plain, sizeof(plain), "%s", getenv(GIT_HELPER_VARIABLE));
	snprintf(path, sizeof(path), "%s/traced", getenv("HOME"));
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file,
		"#!/bin/sh\nexec strace -f -y -s 200 -o '%s/trace' %s -e trace=open,openat,creat,"
		"link,linkat,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync,syncfs,"
		"sendto '%s'\n",
		getenv("HOME"), injected, plain);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0755), 0);
	setenv(GIT_HELPER_VARIABLE, path, 1);
}

/*
 * Reads the trace: "dirty" is what was opened to be written, or renamed, below .git and not synced
 * since. Prints what is dirty when an answer is sent, and what else is when a ref is moved.
 */
static const char *find_unsynced(void)
{
	sh("cat >find.awk <<'END'\n"
	   "function path(text, n,   parts, count) {\n"
	   "	count = split(text, parts, \"\\\"\")\n"
	   "	text = count >= 2 * n ? parts[2 * n] : \"\"\n"
	   "	return text\n"
	   "}\n"
	   "{ line = $0; sub(/^[0-9]+ +/, \"\", line); failed = line ~ / = -1 / }\n"
	   "failed { next }\n"
	   "line ~ /^(open|openat|creat)\\(/ && line ~ /O_WRONLY|O_RDWR|O_CREAT/ {\n"
	   "	opened = line; sub(/.* = [0-9]+</, \"\", opened); sub(/>.*/, \"\", opened)\n"
	   "	if (opened ~ /work\\/\\.git\\// && opened !~ "
	   "/index\\.(lock|stepgate\\.)|COMMIT_EDITMSG|ref\\.stepgate/)\n"
	   "		dirty[opened] = 1\n"
	   "	opens++\n"
	   "}\n"
	   "line ~ /^rename/ {\n"
	   "	from = path(line, 1); to = path(line, 2)\n"
	   "	if (to ~ /\\/objects\\//)\n"
	   "		for (name in dirty) if (index(name, from)) print \"named before its \"\n"
	   "			\"bytes: \" name\n"
	   "	for (name in dirty) {\n"
	   "		if (substr(name, length(name) - length(from) + 1) != from &&\n"
	   "		    name !~ (from \"$\")) continue\n"
	   "		delete dirty[name]\n"
	   "	}\n"
	   "	if (to ~ /refs\\//)\n"
	   "		for (name in dirty) if (name !~ /\\/logs\\/|\\.lock$/) print \"ref before "
	   "\" name\n"
	   "	renamed[to] = 1\n"
	   "}\n"
	   "line ~ /^unlink/ { gone = path(line, 1); for (name in dirty) if (index(name, gone)) "
	   "delete "
	   "dirty[name] }\n"
	   "line ~ /^(fsync|fdatasync)\\(/ {\n"
	   "	name = line; sub(/^[a-z]+\\([0-9]+</, \"\", name); sub(/>.*/, \"\", name)\n"
	   "	delete dirty[name]; syncs++\n"
	   "	for (to in renamed) if (index(to, name \"/\") == 1) delete renamed[to]\n"
	   "}\n"
	   "line ~ /^syncfs/ { split(\"\", dirty); split(\"\", renamed); syncs++ }\n"
	   "line ~ /^sendto\\(3/ {\n"
	   "	for (name in dirty) print \"answer before \" name\n"
	   "	for (name in renamed) print \"answer before renamed \" name\n"
	   "	answers++\n"
	   "}\n"
	   "END { if (answers < 2 || opens < 3 || syncs < 3) print \"not much of a trace\" }\n"
	   "END\n");
	return sh("awk -f find.awk trace");
}

static struct conf_repository *conf_without_push(void)
{
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	return conf;
}

/* Few objects and many, by either engine, on the branch and beside it. */
START_TEST(test_all_is_synced_before_the_answer)
{
	const bool many = _i & 1, program = _i & 2, salvage = _i & 4;
	make_repository();
	if (program)
		setenv("GIT_COMMITTER_DATE", "2026-02-07T15:27:14Z", 1);
	sh("cd work; mkdir d; for i in $(seq %d); do echo $i >d/$i; done", many ? 40 : 2);
	trace("");
	git = open_git(conf_without_push());
	const struct receipt_facts facts =
		save_as(git, "x", GIT_ALL, salvage ? "refs/stepgate/salvage/1-1" : NULL);
	ck_assert_result(facts, salvage ? RECEIPT_SALVAGED : RECEIPT_COMMITTED);
	git_free(git);
	ck_assert_str_eq(find_unsynced(), "");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	if (!program && many)
		ck_assert_str_eq(sh("ls work/.git/objects/pack | sed 's/.*\\.//' | sort"),
				 "idx\npack");
}
END_TEST

/* The files are on the disk before they are read. */
START_TEST(test_work_tree_is_synced_first)
{
	make_repository();
	sh("echo x >work/x");
	trace("");
	git = open_git(conf_without_push());
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	git_free(git);
	const char *calls =
		sh("grep -n -e 'syncfs(.*work>) *= 0' -e '\"x\"' -e '/x\"' trace | head -1");
	ck_assert_has(calls, "syncfs");
}
END_TEST

/* Once is enough: a step that is done was synced by who did it. */
START_TEST(test_work_tree_that_is_synced)
{
	struct receipt_facts facts;
	const struct git_request request = {
		.subject = "x",
		.trailers = no_trailers,
		.synced = true,
	};
	make_repository();
	sh("echo x >work/x");
	trace("");
	git = open_git(conf_without_push());
	git_save(git, &request, &facts);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	git_free(git);
	ck_assert_str_eq(sh("grep -c 'syncfs(.*work>) *= 0' trace || :"), "0");
	ck_assert_str_eq(find_unsynced(), "");
}
END_TEST

/* A sync that fails is a failure, whichever it is, and is not tried again; what it may have lost is
 * not built upon later. */
START_TEST(test_sync_that_fails)
{
	static const char *const calls[] = {"syncfs", "syncfs", "syncfs", "fsync", "fsync"};
	static const int when[] = {1, 2, 3, 1, 2};
	char injected[128];
	make_repository();
	sh("echo x >work/x");
	char *const plain = strdup(getenv(GIT_HELPER_VARIABLE));
	snprintf(injected, sizeof(injected), "-e inject=%s:error=EIO:when=%d", calls[_i], when[_i]);
	trace(injected);
	git = open_git(conf_without_push());
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMIT_ERROR);
	ck_assert_has(facts.why, "nput/output error");
	ck_assert_str_eq(facts.commit, "");
	git_free(git);
	ck_assert_str_eq(sh("sed -n '/EIO/,/sendto/p' trace | grep -c -e fsync -e syncfs"), "1");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	setenv(GIT_HELPER_VARIABLE, plain, 1);
	free(plain);
	git = open_git(conf_of("work"));
	facts = save_all(git, "x");
	ck_assert_msg(facts.result == RECEIPT_PUSHED || facts.result == RECEIPT_NOTHING, "%s",
		      facts.why);
	ck_assert_str_eq(sh("git -C up.git show main:x"), "x");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	git_free(git);
}
END_TEST

/* A remote on this machine may lose its power with us; how else it is to receive is its user's say.
 */
START_TEST(test_remote_on_this_machine_syncs)
{
	static const char *const ways[][2] = {
		{"true", "all batch"},
		{"git config remote.origin.url $PWD/up.git", "all batch"},
		{"git config remote.origin.url file://$PWD/up.git", "all batch"},
		{"git config remote.origin.receivepack 'git receive-pack'", ""},
		{"git config url.$PWD/up.insteadOf there; git config remote.origin.url there.git",
		 ""},
	};
	make_repository();
	sh("cat >up.git/hooks/post-receive <<'END'\n"
	   "#!/bin/sh\n"
	   "echo $(git config core.fsync) $(git config core.fsyncMethod) >../got\n"
	   "END\n"
	   "chmod +x up.git/hooks/post-receive; export GIT_DIR=work/.git; %s",
	   ways[_i][0]);
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("cat got"), ways[_i][1]);
	git_free(git);
}
END_TEST

static bool can_trace(void)
{
	static const char *const argv[] = {"strace", "-f", "-o", "/dev/null", "true", NULL};
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environ,
		.timeout_ms = 10000,
		.stop_fd = -1,
	};
	struct child_result result;
	struct err err;
	return child_run(&spec, &result, &err) == 0 && result.end == CHILD_EXITED &&
	       result.exit_code == 0;
}

int main(void)
{
	if (!can_trace()) {
		puts("strace is not there, or may not trace");
		return 77;
	}
	Suite *suite = suite_create("git durable");
	TCase *tcase = tcase_create("git durable");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, test_all_is_synced_before_the_answer, 0, 8);
	tcase_add_test(tcase, test_work_tree_that_is_synced);
	tcase_add_loop_test(tcase, test_sync_that_fails, 0, 5);
	tcase_add_loop_test(tcase, test_remote_on_this_machine_syncs, 0, 5);
	/* By itself: tests/whole/without.sh picks it. */
	TCase *first = tcase_create("first");
	tcase_set_timeout(first, 120);
	tcase_add_test(first, test_work_tree_is_synced_first);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, first);
	return run_suite(suite);
}
