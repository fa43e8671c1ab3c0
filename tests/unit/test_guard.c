/* Who may ask what of the monitor. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "status/monitor/guard.h"
#include "tests/unit/suite.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const named[] = {"build.example.org", NULL};
static const struct guard guard = {.token = TOKEN, .hosts = named};

static struct guard_request asked(const char *method, const char *host)
{
	return (struct guard_request){.method = method, .host = host, .hosts = host ? 1 : 0};
}

static int origin(const struct guard_request *request)
{
	return guard_origin(&guard, request).status;
}

START_TEST(hosts)
{
	static const struct {
		const char *host;
		int status;
	} cases[] = {
		{"127.0.0.1", 0},
		{"127.0.0.1:8737", 0},
		{"localhost:1", 0},
		{"LOCALHOST", 0},
		{"[::1]:8737", 0},
		{"build.example.org:80", 0},
		{"evil.example", 403},
		{"evil.example:8737", 403},
		{"127.0.0.1.evil.example", 403},
		{"localhost.evil.example", 403},
		{"localhost:80:90", 403},
		{"localhost:8o", 403},
		{"", 403},
		{"build.example.orgx", 403},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct guard_request request = asked("GET", cases[i].host);
		ck_assert_msg(origin(&request) == cases[i].status, "host '%s'", cases[i].host);
	}
	struct guard_request request = asked("GET", NULL);
	ck_assert_int_eq(origin(&request), 400);
	request = asked("GET", "localhost");
	request.hosts = 2;
	ck_assert_int_eq(origin(&request), 400);
}
END_TEST

START_TEST(origins)
{
	static const struct {
		const char *origin;
		int status;
	} cases[] = {
		{"http://localhost:8737", 0},
		{"https://localhost:8737", 0},
		{"http://localhost:8738", 403}, /* another server of the same host */
		{"http://127.0.0.1:8737", 403},
		{"http://evil.example", 403},
		{"null", 403},
		{"", 403},
		{"localhost:8737", 403},
		{"ftp://localhost:8737", 403},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct guard_request request = asked("GET", "localhost:8737");
		request.origin = cases[i].origin;
		ck_assert_msg(origin(&request) == cases[i].status, "origin '%s'", cases[i].origin);
	}
}
END_TEST

START_TEST(fetches_of_other_sites)
{
	struct guard_request request = asked("GET", "localhost:8737");
	request.fetch_site = "cross-site";
	ck_assert_int_eq(origin(&request), 403);
	request.fetch_site = "same-site"; /* another port of this host */
	ck_assert_int_eq(origin(&request), 403);
	request.page = true;
	ck_assert_int_eq(origin(&request), 0);
	request.page = false;
	request.fetch_site = "same-origin";
	ck_assert_int_eq(origin(&request), 0);
	request.fetch_site = "none";
	ck_assert_int_eq(origin(&request), 0);
}
END_TEST

START_TEST(changes)
{
	struct guard_request request = asked("POST", "localhost:8737");
	ck_assert_int_eq(origin(&request), 415);
	request.content_type = "application/x-www-form-urlencoded";
	ck_assert_int_eq(origin(&request), 415);
	request.content_type = "text/plain";
	ck_assert_int_eq(origin(&request), 415);
	request.content_type = "application/jsonx";
	ck_assert_int_eq(origin(&request), 415);
	request.content_type = "application/json; charset=utf-8";
	ck_assert_int_eq(origin(&request), 403); /* a browser always says where it comes from */
	request.origin = "http://localhost:8737";
	ck_assert_int_eq(origin(&request), 0);
	request.origin = NULL;
	request.authorization = "Bearer " TOKEN;
	ck_assert_int_eq(origin(&request), 0);
}
END_TEST

START_TEST(tokens)
{
	struct guard_request request = asked("GET", "localhost");
	ck_assert_int_eq(guard_token(&guard, &request).status, 401);
	request.cookie = TOKEN;
	ck_assert_int_eq(guard_token(&guard, &request).status, 0);
	request.cookie = TOKEN "0";
	ck_assert_int_eq(guard_token(&guard, &request).status, 401);
	request.cookie = "";
	ck_assert_int_eq(guard_token(&guard, &request).status, 401);
	request.cookie = NULL;
	request.authorization = "Bearer " TOKEN;
	ck_assert_int_eq(guard_token(&guard, &request).status, 0);
	request.authorization = "bearer " TOKEN;
	ck_assert_int_eq(guard_token(&guard, &request).status, 0);
	request.authorization = "Bearer x";
	request.cookie = TOKEN; /* a wrong one is not made good by a right one */
	ck_assert_int_eq(guard_token(&guard, &request).status, 401);
	request.authorization = "Basic " TOKEN;
	request.cookie = NULL;
	ck_assert_int_eq(guard_token(&guard, &request).status, 401);
}
END_TEST

START_TEST(no_token_is_no_key)
{
	const struct guard empty = {.hosts = NULL};
	ck_assert(!guard_is_token(&empty, ""));
	ck_assert(!guard_is_token(&empty, NULL));
	char almost[] = TOKEN;
	for (size_t i = 0; i < GUARD_TOKEN_LENGTH; i++) {
		const char right = almost[i];
		almost[i] = 'x';
		ck_assert(!guard_is_token(&guard, almost));
		almost[i] = right;
	}
	ck_assert(guard_is_token(&guard, almost));
}
END_TEST

START_TEST(cookies_differ)
{
	char one[32], other[32];
	struct guard another = guard;
	another.token[0] = 'f';
	guard_cookie_name(&guard, one);
	guard_cookie_name(&another, other);
	ck_assert_str_ne(one, other);
	ck_assert_ptr_null(strpbrk(one, "=; \t,"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *test = tcase_create("guard");
	tcase_add_test(test, hosts);
	tcase_add_test(test, origins);
	tcase_add_test(test, fetches_of_other_sites);
	tcase_add_test(test, changes);
	tcase_add_test(test, tokens);
	tcase_add_test(test, no_token_is_no_key);
	tcase_add_test(test, cookies_differ);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
