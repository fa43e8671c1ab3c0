/* What git push says, and what is made of it. The words are those of git 2.39, curl and OpenSSH. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/message.h"
#include "runner/helper/porcelain.h"
#include "tests/unit/suite.h"

#define REF  "refs/heads/main"
#define FROM "refs/heads/main:" REF "\t"

static const struct {
	const char *output, *complaint;
	enum receipt_result result;
	const char *why; /* NULL where it was pushed */
} cases[] = {
	{"To x\n \t" FROM "a..b\nDone\n", "", RECEIPT_PUSHED, NULL},
	{"To x\n*\t" FROM "[new branch]\nDone\n", "", RECEIPT_PUSHED, NULL},
	{"To x\n=\t" FROM "[up to date]\nDone\n", "", RECEIPT_PUSHED, NULL},
	{"To x\n+\t" FROM "a...b (forced update)\nDone\n", "", RECEIPT_PUSHED, NULL},
	{"To x\n \trefs/heads/main:refs/heads/other\ta..b\n \t" FROM "a..b\nDone\n", "",
	 RECEIPT_PUSHED, NULL},

	/* Not all of what has to be said was said. */
	{"To x\n \t" FROM "a..b\n", "", RECEIPT_PUSH_ERROR,
	 "git push did not say that refs/heads/main was updated"},
	{"To x\nDone\n", "", RECEIPT_PUSH_ERROR,
	 "git push did not say that refs/heads/main was updated"},
	{"", "", RECEIPT_PUSH_ERROR, "git push did not say that refs/heads/main was updated"},
	{"To x\n-\t" FROM "[deleted]\nDone\n", "", RECEIPT_PUSH_ERROR,
	 "git push did not say that refs/heads/main was updated"},
	{"To x\n \trefs/heads/main:refs/heads/xrefs/heads/main\ta..b\nDone\n", "",
	 RECEIPT_PUSH_ERROR, "git push did not say that refs/heads/main was updated"},
	{" \t" REF "\ta..b\nDone\n", "", RECEIPT_PUSH_ERROR,
	 "git push did not say that refs/heads/main was updated"},
	{" \t:" REF "\nDone", "", RECEIPT_PUSH_ERROR,
	 "git push did not say that refs/heads/main was updated"},

	{"To x\n!\t" FROM "[rejected] (fetch first)\nDone\n",
	 "error: failed to push some refs to 'x'\nhint: Updates were rejected\n",
	 RECEIPT_NON_FAST_FORWARD, "[rejected] (fetch first)"},
	{"!\t" FROM "[rejected] (non-fast-forward)\n", "", RECEIPT_NON_FAST_FORWARD,
	 "[rejected] (non-fast-forward)"},
	{"!\t" FROM "[rejected] (stale info)\n", "", RECEIPT_NON_FAST_FORWARD,
	 "[rejected] (stale info)"},
	{"!\t" FROM
	 "[remote rejected] (cannot lock ref 'refs/heads/main': is at b but expected a)\n",
	 "", RECEIPT_NON_FAST_FORWARD,
	 "[remote rejected] (cannot lock ref 'refs/heads/main': is at b but expected a)"},
	{"!\t" FROM "[remote rejected] (pre-receive hook declined)\n",
	 "remote:   \nremote: GH006: Protected \033[31mbranch\033[0m        \nremote: more\n",
	 RECEIPT_DECLINED,
	 "[remote rejected] (pre-receive hook declined): GH006: Protected branch"},
	{"!\t" FROM "[remote rejected] (branch is currently checked out)\n",
	 "error: failed to push\n", RECEIPT_DECLINED,
	 "[remote rejected] (branch is currently checked out)"},
	{"!\t" FROM "[remote rejected] (failed to update ref)\n",
	 "remote: error: cannot lock ref 'refs/heads/main': Unable to create "
	 "'/x/main.lock': File exists.\n",
	 RECEIPT_REMOTE_LOCKED,
	 "[remote rejected] (failed to update ref): error: cannot lock ref 'refs/heads/main': "
	 "Unable to create '/x/main.lock': File exists."},
	{"!\t" FROM "[remote rejected] (failed to update ref)\n",
	 "remote: error: cannot lock ref 'refs/heads/main': is at b but expected a\n",
	 RECEIPT_NON_FAST_FORWARD,
	 "[remote rejected] (failed to update ref): error: cannot lock ref 'refs/heads/main': is "
	 "at b but expected a"},
	{"!\t" FROM "[remote rejected] (unpacker error)\n",
	 "remote: fatal: write error: No space left on device\nerror: remote unpack failed: "
	 "unpack-objects abnormal exit\n",
	 RECEIPT_REMOTE_FULL,
	 "[remote rejected] (unpacker error): fatal: write error: No space left on device"},
	{"", "fatal: write error: No space left on device\n", RECEIPT_PUSH_ERROR,
	 "fatal: write error: No space left on device"},
	{"",
	 "The following submodule paths contain changes that can\nnot be found on any "
	 "remote:\n  sub\n\nPlease try\n\nfatal: Aborting.\n",
	 RECEIPT_SUBMODULE, "not be found on any remote:"},
	{"!\t" FROM "[remote failure] (remote failed to report status)\n", "", RECEIPT_PUSH_ERROR,
	 "[remote failure] (remote failed to report status)"},

	{"",
	 "fatal: the receiving end does not support push options\nfatal: the remote end hung up "
	 "unexpectedly\n",
	 RECEIPT_PUSH_ERROR, "fatal: the receiving end does not support push options"},
	{"",
	 "fatal: detected dubious ownership in repository at '/x'\nTo add an exception\nfatal: "
	 "Could not read from remote repository.\n",
	 RECEIPT_UNREACHABLE, "fatal: detected dubious ownership in repository at '/x'"},

	{"",
	 "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.\n",
	 RECEIPT_AUTHENTICATION, "git@h: Permission denied (publickey)."},
	{"", "Host key verification failed.\nfatal: Could not read from remote repository.\n",
	 RECEIPT_AUTHENTICATION, "Host key verification failed."},
	{"", "fatal: could not read Username for 'https://h': terminal prompts disabled\n",
	 RECEIPT_AUTHENTICATION,
	 "fatal: could not read Username for 'https://h': terminal prompts disabled"},
	{"", "fatal: Authentication failed for 'https://h/x'\n", RECEIPT_AUTHENTICATION,
	 "fatal: Authentication failed for 'https://h/x'"},
	{"", "fatal: unable to access 'https://h/x/': The requested URL returned error: 403\n",
	 RECEIPT_AUTHENTICATION,
	 "fatal: unable to access 'https://h/x/': The requested URL returned error: 403"},
	{"", "fatal: unable to access 'https://h/x/': Could not resolve host: h\n",
	 RECEIPT_UNREACHABLE, "fatal: unable to access 'https://h/x/': Could not resolve host: h"},
	{"",
	 "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote "
	 "repository.\n",
	 RECEIPT_UNREACHABLE, "ssh: connect to host h port 22: Connection refused"},
	{"", "fatal: '../up.git' does not appear to be a git repository\nfatal: Could not read\n",
	 RECEIPT_UNREACHABLE, "fatal: '../up.git' does not appear to be a git repository"},
	{"", "warning: x\nfatal: something new\n", RECEIPT_PUSH_ERROR, "fatal: something new"},
	{"", "tests fail, not pushed\nerror: failed to push some refs to 'x'\n", RECEIPT_PUSH_ERROR,
	 "tests fail, not pushed"},
};

START_TEST(test_words)
{
	char why[512] = "";
	const enum receipt_result result =
		porcelain_judge(cases[_i].output, cases[_i].complaint, REF, why, sizeof(why));
	ck_assert_msg(result == cases[_i].result, "%s, not %s: %s", receipt_name(result),
		      receipt_name(cases[_i].result), why);
	ck_assert_str_eq(why, cases[_i].why ? cases[_i].why : "");
}
END_TEST

START_TEST(test_what_may_pass)
{
	static const char *const passing[] = {
		("ssh: connect to host h port 22: Connection refused\nfatal: Could not read from "
		 "remote repository.\n"),
		"fatal: unable to access 'https://h/': Could not resolve host: h\n",
		"fatal: the remote end hung up unexpectedly\n",
		"error: RPC failed; curl 56 Recv failure\n",
		"fatal: unable to access 'https://h/': The requested URL returned error: 503\n",
		"remote: error: cannot lock ref 'x': Unable to create '/x.lock': File exists.\n",
	};
	static const char *const staying[] = {
		"",
		"git@h: Permission denied (publickey).\nfatal: Could not read from remote "
		"repository.\n",
		"fatal: Authentication failed for 'https://h/'\n",
		"fatal: repository 'https://h/' not found\n",
		"fatal: '/x' does not appear to be a git repository\n",
		"remote: GH006: Protected branch\n",
		"remote: fatal: write error: No space left on device\nfatal: the remote end hung "
		"up unexpectedly\n",
	};
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		ck_assert_msg(porcelain_may_pass(passing[i]), "%s", passing[i]);
	for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++)
		ck_assert_msg(!porcelain_may_pass(staying[i]), "%s", staying[i]);
}
END_TEST

START_TEST(test_long_lines)
{
	char why[512], *output = malloc(200001);
	ck_assert_ptr_nonnull(output);
	memset(output, 'x', 200000);
	memcpy(output, "!\t" FROM "[rejected] (fetch first)", strlen("!\t" FROM) + 24);
	output[200000] = '\0';
	ck_assert_int_eq(porcelain_judge(output, output, REF, why, sizeof(why)),
			 RECEIPT_NON_FAST_FORWARD);
	ck_assert_uint_lt(strlen(why), sizeof(why));
	free(output);
}
END_TEST

START_TEST(test_message)
{
	const char *const own[] = {"Stepgate-Cycle: 4", NULL};
	const char *const more[] = {"Co-Authored-By: A <a@b>", NULL};
	const char *const none[] = {NULL};
	static const struct {
		int own, more;
		const char *subject, *whole;
	} messages[] = {
		{0, 0, "Step 1: x", "Step 1: x\n"},
		{1, 0, "Step 1: x", "Step 1: x\n\nStepgate-Cycle: 4\n"},
		{0, 1, "Step 1: x", "Step 1: x\n\nCo-Authored-By: A <a@b>\n"},
		{1, 1, "Step 1: x", "Step 1: x\n\nStepgate-Cycle: 4\nCo-Authored-By: A <a@b>\n"},
		{0, 0, "Step 1:\nForged: x\r\n\x01", "Step 1: Forged: x\n"},
		{0, 0, "\xff\xff\xff\xff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"},
		{0, 0, "", "\n"},
	};
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		char *message = message_write(messages[i].subject, messages[i].own ? own : none,
					      messages[i].more ? more : none);
		ck_assert_ptr_nonnull(message);
		ck_assert_str_eq(message, messages[i].whole);
		free(message);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("porcelain");
	TCase *tcase = tcase_create("porcelain");
	tcase_add_loop_test(tcase, test_words, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, test_what_may_pass);
	tcase_add_test(tcase, test_long_lines);
	tcase_add_test(tcase, test_message);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
