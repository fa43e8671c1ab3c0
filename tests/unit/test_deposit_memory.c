/* Memory that runs out while an object is deflated: it is told, or nothing is missing. */
#include "runner/helper/stage/deposit.h"
#include "tests/faults/sanitized.h"
#include "tests/unit/conf_helpers.h"

#ifndef SANITIZED

#include "tests/faults/failing_malloc.h"

static const unsigned char content[] = "all of it, all of it, all of it";

static int deflate_one(struct deflater *deflater, bool packed, struct bytes *made)
{
	const struct deposit_object object = {
		.type = OBJECTS_BLOB,
		.bytes = content,
		.size = sizeof(content),
	};
	*made = (struct bytes){.at = NULL};
	return deposit_deflate(deflater, &object, packed, made);
}

START_TEST(an_object_is_whole_or_none)
{
	const bool packed = _i == 1;
	struct deflater *deflater = deflater_new(1);
	struct bytes whole, made;
	ck_assert_ptr_nonnull(deflater);
	ck_assert_int_eq(deflate_one(deflater, packed, &whole), 0);
	int refused = 0;
	for (long number = 1;; number++) {
		allocations.failing = allocations.count + number;
		allocations.failed = false;
		const int failed = deflate_one(deflater, packed, &made);
		allocations.failing = 0;
		refused += failed != 0;
		if (!failed) {
			ck_assert_uint_eq(made.length, whole.length);
			ck_assert_mem_eq(made.at, whole.at, whole.length);
		}
		bytes_release(&made);
		if (!allocations.failed)
			break;
	}
	ck_assert_int_gt(refused, 0);
	bytes_release(&whole);
	deflater_free(deflater);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deposit_memory");
	TCase *memory = tcase_create("memory");
	tcase_add_loop_test(memory, an_object_is_whole_or_none, 0, 2);
	suite_add_tcase(suite, memory);
	return run_suite(suite);
}

#endif
