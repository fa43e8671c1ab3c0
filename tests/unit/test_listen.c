/* Where the monitor listens, and its token file. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "status/monitor/listen.h"
#include "status/monitor/token.h"
#include "tests/unit/status_helpers.h"

static struct err err;

static const struct {
	const char *address;
	enum err_code code;
	const char *words;
} bad[] = {
	{"", ERR_USAGE, "not an address to listen on"},
	{"8737", ERR_USAGE, "not an address to listen on"},
	{":8737", ERR_USAGE, "not an address to listen on"},
	{"127.0.0.1:", ERR_USAGE, "not an address to listen on"},
	{"127.0.0.1:http", ERR_USAGE, "not an address to listen on"},
	{"::1:8737", ERR_USAGE, "not an address to listen on"},
	{"[::1:8737", ERR_USAGE, "not an address to listen on"},
	{"[]:8737", ERR_USAGE, "not an address to listen on"},
	{"127.0.0.1:99999999", ERR_USAGE, "not an address to listen on"},
	{"0.0.0.0:0", ERR_USAGE, "name a --token-file"},
	{"[::]:0", ERR_USAGE, "name a --token-file"},
	{"unix:", ERR_USAGE, "the path must have 1 to"},
	{"unix:no/such/folder/sock", ERR_SYSTEM, "can't be listened on"},
};

START_TEST(no_address)
{
	struct listener listener = {.fd = 12345};
	ck_assert_int_eq(listen_open(&listener, bad[_i].address, false, &err), -1);
	ck_assert_msg(strstr(err.text, bad[_i].words) != NULL, "%s: %s", bad[_i].address, err.text);
	ck_assert_int_eq(err.code, bad[_i].code);
	ck_assert_int_eq(listener.fd, 12345);
}
END_TEST

START_TEST(loopback)
{
	struct listener listener, second;
	assert_ok(listen_open(&listener, "127.0.0.1:0", false, &err), err);
	ck_assert(listener.local);
	ck_assert_str_eq(listener.host, "127.0.0.1");
	ck_assert_int_eq(strncmp(listener.shown, "127.0.0.1:", 10), 0);
	ck_assert_int_gt(strtol(listener.shown + 10, NULL, 10), 0);
	/* Taken already. */
	ck_assert_int_eq(listen_open(&second, listener.shown, false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, strerror(EADDRINUSE)));
	listen_close(&listener);
	listen_close(&listener);
	assert_ok(listen_open(&listener, "127.1.2.3:0", false, &err), err);
	ck_assert(listener.local);
	listen_close(&listener);
}
END_TEST

START_TEST(everywhere_when_it_is_wanted)
{
	struct listener listener;
	assert_ok(listen_open(&listener, "0.0.0.0:0", true, &err), err);
	ck_assert(!listener.local);
	listen_close(&listener);
}
END_TEST

START_TEST(a_unix_socket)
{
	struct listener listener, second;
	enter_new_folder();
	assert_ok(listen_open(&listener, "unix:sock", false, &err), err);
	struct stat found;
	ck_assert_int_eq(stat("sock", &found), 0);
	ck_assert(S_ISSOCK(found.st_mode));
	ck_assert_int_eq(found.st_mode & 0777, 0600);
	ck_assert_int_eq(listen_open(&second, "unix:sock", false, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	/* One that a process left behind is replaced; what is none stays. */
	close(listener.fd);
	assert_ok(listen_open(&second, "unix:sock", false, &err), err);
	listen_close(&second);
	ck_assert(!is_there("sock"));
	write_text("file", "mine");
	ck_assert_int_eq(listen_open(&second, "unix:file", false, &err), -1);
	ck_assert_str_eq(text_of("file"), "mine");
	char longer[300] = "unix:";
	memset(longer + 5, 'x', 200);
	ck_assert_int_eq(listen_open(&second, longer, false, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

START_TEST(a_token_is_made_once)
{
	char first[GUARD_TOKEN_LENGTH + 1], again[GUARD_TOKEN_LENGTH + 1];
	bool made = false;
	struct stat found;
	enter_new_folder();
	assert_ok(token_load("state/stepgate/token", first, &made, &err), err);
	ck_assert(made);
	ck_assert_uint_eq(strspn(first, "0123456789abcdef"), GUARD_TOKEN_LENGTH);
	ck_assert_int_eq(stat("state/stepgate/token", &found), 0);
	ck_assert_int_eq(found.st_mode & 0777, 0600);
	assert_ok(token_load("state/stepgate/token", again, &made, &err), err);
	ck_assert(!made);
	ck_assert_str_eq(first, again);
	assert_ok(token_load("other", again, &made, &err), err);
	ck_assert_str_ne(first, again);
}
END_TEST

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(no_token)
{
	static const char *const texts[] = {"", "short\n", DIGITS "0\n", "G" DIGITS "\n"};
	char token[GUARD_TOKEN_LENGTH + 1] = "untouched";
	bool made = true;
	enter_new_folder();
	for (int i = 0; i < COUNT(texts); i++) {
		write_text("token", texts[i]);
		ck_assert_int_eq(chmod("token", 0600), 0);
		ck_assert_int_eq(token_load("token", token, &made, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "not a token file"));
		ck_assert_ptr_null(strstr(err.text, "0123456789"));
	}
	write_text("token", DIGITS "\n");
	for (int mode = 0; mode < 077; mode++) {
		ck_assert_int_eq(chmod("token", (mode_t)(0600 | (mode + 1))), 0);
		ck_assert_int_eq(token_load("token", token, &made, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "others may read the token"));
	}
	ck_assert_int_eq(chmod("token", 0400), 0);
	ck_assert_int_eq(symlink("token", "link"), 0);
	ck_assert_int_eq(token_load("link", token, &made, &err), -1);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(token_load("fifo", token, &made, &err), -1);
	ck_assert_int_eq(token_load(".", token, &made, &err), -1);
	ck_assert_str_eq(token, "untouched");
	assert_ok(token_load("token", token, &made, &err), err);
	ck_assert_str_eq(token, DIGITS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listen");
	TCase *test = tcase_create("listen");
	tcase_add_loop_test(test, no_address, 0, COUNT(bad));
	tcase_add_test(test, loopback);
	tcase_add_test(test, everywhere_when_it_is_wanted);
	tcase_add_test(test, a_unix_socket);
	tcase_add_test(test, a_token_is_made_once);
	tcase_add_test(test, no_token);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
