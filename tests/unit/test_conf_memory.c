/*
 * Memory that runs out while a config is read: every allocation fails once, one after another,
 * those of libconfuse too, which parses in a process of its own.
 */
#include <confuse.h>
#include <dlfcn.h>

#include "tests/faults/sanitized.h"
#include "tests/unit/conf_helpers.h"

#ifndef SANITIZED

#include "tests/faults/failing_malloc.h"

static bool library_refuses;

cfg_t *cfg_init(cfg_opt_t *options, cfg_flag_t flags)
{
	cfg_t *(*real)(cfg_opt_t *, cfg_flag_t);
	*(void **)&real = dlsym(RTLD_NEXT, "cfg_init");
	if (!real)
		abort();
	return library_refuses ? NULL : real(options, flags);
}

static void add(char *out, size_t size, const char *text)
{
	const size_t used = strlen(out);
	snprintf(out + used, size - used, "%s|", text ? text : "-");
}

static void add_list(char *out, size_t size, const char *const *list)
{
	for (; *list; list++)
		add(out, size, *list);
}

/* What there is in it, as one text. */
static void describe(const struct conf *conf, char *out, size_t size)
{
	snprintf(out, size, "%lld|%d|%d|%d|", (long long)conf->budget, conf->threshold,
		 conf->repository.push, (int)conf->on_failure_work);
	add(out, size, conf->title);
	add_list(out, size, conf->environment);
	add_list(out, size, conf->repository.trailers);
	add_list(out, size, conf->repository.secrets.patterns);
	for (size_t i = 0; i < conf->nsteps; i++) {
		add(out, size, conf->steps[i].title);
		add(out, size, conf->steps[i].cwd);
		add_list(out, size, conf->steps[i].command);
		add_list(out, size, conf->steps[i].environment);
	}
	for (size_t i = 0; i < conf->nreports; i++)
		add(out, size, conf->reports[i].title);
}

/* The C library gets on without some: then nothing may be missing. */
static void expect_whole(const struct conf *conf, const char *whole)
{
	char here[8192];
	describe(conf, here, sizeof(here));
	ck_assert_str_eq(here, whole);
}

static void check_failure(const struct err *err, enum err_code code, long before)
{
	if (allocations_live != before)
		ck_abort_msg("memory is lost: %s", err->text);
	ck_assert_int_eq(err->code, code);
	if (code == ERR_INTERNAL)
		ck_assert_ptr_nonnull(strstr(err->text, ": memory ran out"));
}

/* `code`: what is wrong with it where memory suffices, or ERR_NONE. */
static void sweep(const char *path, enum err_code code)
{
	char whole[8192] = "";
	long n = 0, spared = 0;
	allocations_shared();
	struct conf *conf = NULL;
	if (code == ERR_NONE) {
		conf = load(path);
		describe(conf, whole, sizeof(whole));
		conf_free(conf);
	}
	const long before = allocations_live;
	do {
		struct err err = {.code = ERR_NONE};
		allocations.count = 0;
		allocations.failed = false;
		allocations.failing = ++n;
		const int result = conf_load(path, &conf, &err);
		allocations.failing = 0;
		if (result == 0)
			expect_whole(conf, whole);
		else
			check_failure(&err, err.code == code ? code : ERR_INTERNAL, before);
		if (result == 0)
			conf_free(conf);
		spared += allocations.failed && (result == 0 || err.code == code);
	} while (allocations.failed);
	ck_assert_int_gt(n, 100);
	ck_assert_int_lt(spared, 5);
}

START_TEST(a_good_config)
{
	sweep(source_path("tests/data/conf/good/full.conf"), ERR_NONE);
}
END_TEST

START_TEST(a_config_with_includes)
{
	sweep(source_path("tests/data/conf/good/include.conf"), ERR_NONE);
}
END_TEST

START_TEST(a_bad_config)
{
	sweep(source_path("tests/data/conf/bad/include-program-missing.conf"), ERR_CONFIG);
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
