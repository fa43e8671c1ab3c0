/* Where cgroups may be made, out of what the kernel says on machines of several kinds. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runner/process/cgroup_place.h"
#include "tests/unit/suite.h"

/* What is found, or "" where nothing is. */
static const char *place(enum cgroup_kind kind, const char *cgroups, const char *mounts)
{
	static char path[CGROUP_PATH];
	return cgroup_place_from(kind, cgroups, mounts, path) ? path : "";
}

#define UNIFIED_MOUNT \
	"30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

START_TEST(unified)
{
	const char *own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n";
	ck_assert_str_eq(place(CGROUP_UNIFIED, own, UNIFIED_MOUNT),
			 "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/"
			 "x.scope");
	ck_assert_str_eq(place(CGROUP_MEMORY, own, UNIFIED_MOUNT), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/\n", UNIFIED_MOUNT), "/sys/fs/cgroup");
}
END_TEST

START_TEST(hybrid)
{
	const char *own = "8:pids:/\n4:memory:/job/7\n3:cpu,cpuacct:/c\n1:name=systemd:/s\n0::/u\n";
	const char *mounts =
		"25 1 0:22 / /sys/fs/cgroup rw shared:1 - tmpfs tmpfs rw,mode=755\n"
		"26 25 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"27 25 0:24 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
		"28 25 0:25 / /sys/fs/cgroup/unified rw shared:9 master:2 - cgroup2 cgroup2 rw\n";
	ck_assert_str_eq(place(CGROUP_UNIFIED, own, mounts), "/sys/fs/cgroup/unified/u");
	ck_assert_str_eq(place(CGROUP_MEMORY, own, mounts), "/sys/fs/cgroup/memory/job/7");
	ck_assert_str_eq(place(CGROUP_PIDS, own, mounts), "/sys/fs/cgroup/pids");
}
END_TEST

/* A container sees a part of the tree, as if that were all. */
START_TEST(part_of_the_tree)
{
	const char *mounts =
		"30 23 0:26 /docker/abc /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/docker/abc/in\n", mounts), "/sys/fs/cgroup/in");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/docker/abc\n", mounts), "/sys/fs/cgroup");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/docker/abcd\n", mounts), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/../other\n", UNIFIED_MOUNT), "");
}
END_TEST

START_TEST(nothing_to_be_had)
{
	ck_assert_str_eq(place(CGROUP_UNIFIED, "", UNIFIED_MOUNT), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/x\n", ""), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0:/x\n\n:\n", UNIFIED_MOUNT), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/x\n", "30 23 0:26 / /m - cgroup2\nx\n\n"), "");
	ck_assert_str_eq(place(CGROUP_UNIFIED, "0::/x\n",
			       "30 23 0:26 / /with\\040blank rw - cgroup2 c rw\n"),
			 "");
	char *deep = malloc(2001);
	memset(deep, 'd', 2000);
	memcpy(deep, "0::/", 4);
	deep[2000] = '\0';
	ck_assert_str_eq(place(CGROUP_UNIFIED, deep, UNIFIED_MOUNT), "");
	free(deep);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup place");
	TCase *texts = tcase_create("texts");
	tcase_add_test(texts, unified);
	tcase_add_test(texts, hybrid);
	tcase_add_test(texts, part_of_the_tree);
	tcase_add_test(texts, nothing_to_be_had);
	suite_add_tcase(suite, texts);
	return run_suite(suite);
}
