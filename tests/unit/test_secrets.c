/* What is taken for a secret, and what is not. No line of this file must look like one: tokens are
 * put together here. */
#include <sys/stat.h>

#include "runner/helper/secrets.h"
#include "tests/unit/conf_helpers.h"

#define A16 "ABCDEFGHIJ234567"
#define A32 A16 A16
#define A64 A32 A32

START_TEST(names)
{
	static const char *const held[] = {".env",   "a/b/.env",         ".env.local", "server.pem",
					   "id_rsa", "home/.ssh/id_rsa", ".netrc",     "x.key"};
	static const char *const free_ones[] = {"env",           ".envrc",     ".env.example",
						"a/.env.sample", "id_rsa.pub", "pem",
						"key.c",         ".env/x",     "monkey"};
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		ck_assert_msg(secret_name(&conf_secrets_default, held[i]), "%s", held[i]);
	for (size_t i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++)
		ck_assert_msg(!secret_name(&conf_secrets_default, free_ones[i]), "%s",
			      free_ones[i]);
}
END_TEST

START_TEST(patterns_of_ones_own)
{
	const struct conf_secrets secrets = {
		.hold = true,
		.patterns = (const char *const[]){"private/*", "*.secret", NULL},
		.allow = (const char *const[]){"tests/*.secret", NULL},
	};
	ck_assert(secret_name(&secrets, "private/x"));
	ck_assert(!secret_name(&secrets, "private/x/y"));
	ck_assert(!secret_name(&secrets, "a/private/x"));
	ck_assert(secret_name(&secrets, "a/b.secret"));
	ck_assert(!secret_name(&secrets, "tests/b.secret"));
	ck_assert(!secret_name(&secrets, ".env"));
	const struct conf_secrets none = {.hold = false, .patterns = secrets.patterns};
	ck_assert(!secret_name(&none, "private/x"));
}
END_TEST

static const struct {
	const char *text, *what;
} texts[] = {
	{"", NULL},
	{"AKIA" A16, "AWS access key"},
	{"key = \"AKIA" A16 "\"\n", "AWS access key"},
	{"AKIAabcdefghijklmnop", NULL},
	{"XAKIA" A16, NULL},
	{"AKIA ABCDEFGHIJ", NULL},
	{"x: ghp_" A32 "abcd", "GitHub token"},
	{"ghp_" A32, NULL},
	{"github_pat_" A64, "GitHub token"},
	{"sk-ant-" A32, "Anthropic key"},
	{"sk-" A64, "API key"},
	{"task-" A64, NULL},
	{"sk-learn and other words", NULL},
	{"xoxb-" A32, "Slack token"},
	{"xoxz-" A32, NULL},
	{"AIza" A32 "abc", "Google key"},
	{"glpat-" A32, "GitLab token"},
	{"-----BEGIN RSA PRIVATE "
	 "KEY-----\n" A32 "\n",
	 "private key"},
	{"-----BEGIN PRIVATE "
	 "KEY-----\r\n" A32 "\n",
	 "private key"},
	{"-----BEGIN OPENSSH PRIVATE "
	 "KEY-----\n" A32 "\n",
	 "private key"},
	{"-----BEGIN PUBLIC KEY-----\n" A32 "\n", NULL},
	{"-----BEGIN CERTIFICATE-----\n" A32 "\n", NULL},
	{"looks for -----BEGIN RSA PRIVATE "
	 "KEY-----\nin a text\n",
	 NULL},
	{"-----BEGIN ", NULL},
};

START_TEST(tokens)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *what = secret_in(texts[i].text, strlen(texts[i].text));
		ck_assert_msg((!what && !texts[i].what) ||
				      (what && texts[i].what && strcmp(what, texts[i].what) == 0),
			      "%s: %s", texts[i].text, what ? what : "nothing");
	}
}
END_TEST

/* Nothing behind the end is looked at: the bytes are of just that length. */
START_TEST(every_cut_of_a_token)
{
	static const char *const wholes[] = {"AKIA" A16, "sk-ant-" A32,
					     "-----BEGIN A PRIVATE "
					     "KEY-----\n" A16};
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
		for (size_t length = 0; length <= strlen(wholes[i]); length++) {
			char *bytes = malloc(length + (length == 0));
			ck_assert_ptr_nonnull(bytes);
			memcpy(bytes, wholes[i], length);
			ck_assert_int_eq(secret_in(bytes, length) != NULL,
					 length == strlen(wholes[i]));
			free(bytes);
		}
}
END_TEST

START_TEST(files)
{
	const struct conf_secrets *all = &conf_secrets_default;
	write_text("token.txt", "sk-ant-" A32);
	write_text("plain.txt", "nothing");
	write_text(".env", "A=1");
	write_text(".env.example", "KEY=sk-ant-" A32);
	ck_assert_str_eq(secret_file(all, ".", "token.txt", true), "Anthropic key");
	ck_assert_str_eq(secret_file(all, ".", ".env", true), "its name");
	ck_assert_ptr_null(secret_file(all, ".", ".env", false));
	ck_assert_ptr_null(secret_file(all, ".", ".env.example", true));
	ck_assert_ptr_null(secret_file(all, ".", "plain.txt", true));
	ck_assert_ptr_null(secret_file(all, ".", "missing", true));
	unlink("pipe");
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_ptr_null(secret_file(all, ".", "pipe", true));
	struct conf_secrets by_name = *all;
	by_name.tokens = false;
	ck_assert_ptr_null(secret_file(&by_name, ".", "token.txt", true));
	ck_assert_str_eq(secret_file(&by_name, ".", ".env", true), "its name");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secrets");
	TCase *secrets = tcase_create("secrets");
	tcase_add_test(secrets, names);
	tcase_add_test(secrets, patterns_of_ones_own);
	tcase_add_test(secrets, tokens);
	tcase_add_test(secrets, every_cut_of_a_token);
	tcase_add_test(secrets, files);
	suite_add_tcase(suite, secrets);
	return run_suite(suite);
}
