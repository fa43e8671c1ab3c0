/*
 * Memory that runs out while a config is read: every allocation fails once, one after another.
 *
 * libconfuse's own allocations are left out. It can't do without: a failed one ends the process (an
 * assertion or exit) or is followed by a use of what is not there.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#include <confuse.h>
#include <dlfcn.h>

#include "tests/unit/conf_helpers.h"

#ifdef SANITIZED

int main(void)
{
	puts("a sanitizer has its own malloc: nothing to try");
	return 77;
}

#else

#include "tests/faults/failing_malloc.h"

/* While libconfuse is at work, only what our own functions allocate fails. */
static void *begin_library(const char *name)
{
	allocations.spared = true;
	void *function = dlsym(RTLD_NEXT, name);
	if (!function)
		abort();
	return function;
}

static bool library_refuses;

cfg_t *cfg_init(cfg_opt_t *options, cfg_flag_t flags)
{
	if (library_refuses)
		return NULL;
	cfg_t *(*real)(cfg_opt_t *, cfg_flag_t);
	*(void **)&real = begin_library("cfg_init");
	cfg_t *cfg = real(options, flags);
	allocations.spared = false;
	return cfg;
}

int cfg_parse_buf(cfg_t *cfg, const char *text)
{
	int (*real)(cfg_t *, const char *);
	*(void **)&real = begin_library("cfg_parse_buf");
	const int result = real(cfg, text);
	allocations.spared = false;
	return result;
}

static void sweep(const char *path, int wanted, enum err_code code)
{
	long n = 0;
	conf_free(load(source_path("tests/data/conf/good/minimal.conf")));
	const long before = allocations.live;
	do {
		struct err err = {.code = ERR_NONE};
		struct conf *conf = NULL;
		allocations.count = 0;
		allocations.failed = false;
		allocations.failing = ++n;
		const int result = conf_load(path, &conf, &err);
		allocations.failing = 0;
		if (result == 0) {
			conf_free(conf);
		} else if (allocations.live != before) {
			ck_abort_msg("allocation %ld: memory is lost: %s", n, err.text);
		} else {
			ck_assert_ptr_null(conf);
			ck_assert_int_eq(err.code, allocations.failed ? ERR_INTERNAL : code);
			if (allocations.failed)
				ck_assert_ptr_nonnull(strstr(err.text, ": memory ran out"));
		}
		ck_assert_msg(result == (allocations.failed ? -1 : wanted), "allocation %ld: %s", n,
			      err.text);
	} while (allocations.failed);
	ck_assert_int_gt(n, 30);
}

START_TEST(a_good_config)
{
	sweep(source_path("tests/data/conf/good/full.conf"), 0, ERR_NONE);
}
END_TEST

START_TEST(a_config_with_includes)
{
	sweep(source_path("tests/data/conf/good/include.conf"), 0, ERR_NONE);
}
END_TEST

START_TEST(a_bad_config)
{
	sweep(source_path("tests/data/conf/bad/include-program-missing.conf"), -1, ERR_CONFIG);
}
END_TEST

START_TEST(libconfuse_can_not_begin)
{
	struct err err;
	struct conf *conf = NULL;
	library_refuses = true;
	ck_assert_int_eq(conf_load(source_path("tests/data/conf/good/full.conf"), &conf, &err), -1);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
	library_refuses = false;
	conf_free(load(source_path("tests/data/conf/good/full.conf")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_memory");
	TCase *memory = tcase_create("memory");
	tcase_set_timeout(memory, 60);
	tcase_add_test(memory, a_good_config);
	tcase_add_test(memory, a_config_with_includes);
	tcase_add_test(memory, a_bad_config);
	tcase_add_test(memory, libconfuse_can_not_begin);
	suite_add_tcase(suite, memory);
	return run_suite(suite);
}

#endif
