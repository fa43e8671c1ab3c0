/* What all tests by check share. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* An int, as the bounds of loop tests are. */
#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

/* Runs it, as the CK_ variables say, and gives the exit code. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
