/* What folders held is known from scan to scan: what is found is what reading them again would
 * find, and they are not read again. */
#include <dirent.h>
#include <sys/syscall.h>
#include <time.h>

#include "runner/helper/stage/scan.h"
#include "tests/unit/git_helpers.h"

static time_t ahead;      /* how far the clock here is: folders are old at once */
static unsigned readings; /* of folders: calls that gave names */

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec + ahead;
	return now.tv_sec + ahead;
}

ssize_t getdents64(int fd, void *buffer, size_t size)
{
	const ssize_t got = syscall(SYS_getdents64, fd, buffer, size);
	__atomic_add_fetch(&readings, got > 0, __ATOMIC_SEQ_CST);
	return got;
}

static struct listings *listings;

static void setup(void)
{
	ahead = 60;
	listings = listings_new();
	ck_assert_ptr_nonnull(listings);
}

static void teardown(void)
{
	listings_free(listings);
}

/* What a scan of work/ finds, a line each: a sign and a path; and how many folders it read. */
static const char *scan(bool with_listings, unsigned *read)
{
	static char text[2][4096];
	char *out = text[with_listings];
	const char *why = NULL;
	const struct ignore *none = NULL;
	struct index index;
	ck_assert_int_eq(index_read(&index, "work/.git/index", &why), INDEX_OK);
	struct scan work = {
		.index = &index,
		.root = open("work", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.ignore = none,
		.listings = with_listings ? listings : NULL,
		.trust_mode = true,
	};
	size_t used = 0;
	readings = 0;
	ck_assert_int_eq(scan_run(&work), 0);
	*read = readings;
	out[0] = '\0';
	for (size_t i = 0; i < work.count; i++)
		used += (size_t)snprintf(out + used, 4096 - used, "%s%s\n",
					 work.items[i].at == SCAN_NEW ? "+" : "?",
					 work.items[i].path);
	for (size_t i = 0; i < index.count; i++)
		if (work.states[i] == SCAN_GONE)
			used += (size_t)snprintf(out + used, 4096 - used, "-%s\n",
						 index.entries[i].path);
	scan_release(&work);
	close(work.root);
	index_release(&index);
	return out;
}

/* Both ways find `expected`; with listings so many folders are read. */
static void expect(const char *expected, unsigned folders)
{
	unsigned all, some;
	const char *known = scan(true, &some);
	ck_assert_str_eq(known, expected);
	ck_assert_str_eq(scan(false, &all), expected);
	ck_assert_uint_eq(some, folders);
	ck_assert_uint_ge(all, folders);
}

static void make_tree(void)
{
	make_repository();
	sh("cd work; mkdir -p a/b c; echo 1 >a/f; echo 2 >a/b/g; echo 3 >c/h; git add -A; git "
	   "commit -qm tree; touch -d '2001-02-03' one a/f a/b/g c/h; git status >/dev/null");
}

START_TEST(test_folders_are_read_once)
{
	make_tree();
	expect("", 4);
	expect("", 0);
	sh("echo n >work/a/b/n");
	expect("+a/b/n\n", 1);
	expect("+a/b/n\n", 0);
	sh("rm work/c/h");
	expect("+a/b/n\n-c/h\n", 1);
	sh("rm -r work/a/b");
	expect("-a/b/g\n-c/h\n", 1); /* a/ itself */
	sh("mkdir work/a/b; echo g >work/a/b/g");
	expect("?a/b/g\n-c/h\n", 2);
}
END_TEST

/* The same folders, seen with other rules and another index. */
START_TEST(test_only_names_are_known)
{
	make_tree();
	sh("echo n >work/c/n; echo m >work/c/m");
	expect("+c/m\n+c/n\n", 4);
	sh("echo n >work/.gitignore");
	expect("+.gitignore\n+c/m\n", 1);
	sh("cd work; rm .gitignore; git rm -q --cached c/h; git add -f c/m");
	sh("cd work; touch -d '2001-02-03' c/m; git update-index c/m");
	expect("+c/h\n+c/n\n", 1);
	sh("cd work; chmod +x c/m; ln -sf h c/n");
	expect("+c/h\n?c/m\n+c/n\n", 1);
}
END_TEST

/* One folder in the place of another has another number, whatever its times are. */
START_TEST(test_folders_that_change_places)
{
	make_tree();
	sh("cd work; mkdir spare; echo h >spare/i; cp -a spare keep");
	expect("+keep/i\n+spare/i\n", 6);
	sh("cd work; mv c old; mv spare c; touch -d '2001-02-03' c old");
	expect("+c/i\n+keep/i\n+old/h\n-c/h\n", 3);
}
END_TEST

/* One that was changed just now may be changed once more within the same tick of the clock. */
START_TEST(test_young_folders_are_read_again)
{
	make_tree();
	ahead = 0;
	expect("", 4);
	expect("", 4);
}
END_TEST

static struct scan_names names_of_one(void)
{
	static struct scan_name one = {.name = "x", .length = 1, .kind = SCAN_LINK};
	struct scan_names names = {.list = &one, .count = 1};
	names.text.length = 2;
	return names;
}

static void keep(const char *path, const struct stat *state)
{
	const struct scan_names names = names_of_one();
	struct listing *made = listings_make(listings, path, state, &names);
	ck_assert_ptr_nonnull(made);
	listings_keep(listings, made);
}

static struct stat begin(void)
{
	struct stat state;
	const int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(fstat(root, &state), 0);
	listings_begin(listings, root);
	close(root);
	return state;
}

/* Whether the file system that the tests run on is one of those. */
static bool is_known_here(void)
{
	struct stat state;
	const struct scan_names names = names_of_one();
	const int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct listing *made = NULL;
	ahead = 60;
	listings = listings_new();
	if (listings && root >= 0 && fstat(root, &state) == 0) {
		listings_begin(listings, root);
		made = listings_make(listings, "", &state, &names);
		close(root);
	}
	teardown();
	const bool known = made != NULL;
	free(made);
	return known;
}

START_TEST(test_any_other_state_is_none)
{
	const struct stat state = begin();
	keep("d/", &state);
	const struct listing *found = listings_find(listings, "d/", &state);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->count, 1);
	struct scan_names names = {.list = NULL};
	ck_assert_int_eq(listing_names(found, &names), 0);
	ck_assert_uint_eq(names.count, 1);
	ck_assert_str_eq(names.list[0].name, "x");
	ck_assert_uint_eq(names.list[0].length, 1);
	ck_assert_int_eq(names.list[0].kind, SCAN_LINK);
	scan_names_release(&names);
	ck_assert_ptr_null(listings_find(listings, "e/", &state));
	struct stat other = state;
	other.st_dev++;
	ck_assert_ptr_null(listings_find(listings, "d/", &other));
	names = names_of_one();
	ck_assert_ptr_null(listings_make(listings, "f/", &other, &names));
	other = state;
	other.st_mtim.tv_nsec++;
	ck_assert_ptr_null(listings_find(listings, "d/", &other));
	listings_end(listings, false); /* and that one is outdated now */
	begin();
	ck_assert_ptr_null(listings_find(listings, "d/", &state));
	keep("d/", &state);
	other = state;
	other.st_ctim.tv_nsec++;
	ck_assert_ptr_null(listings_find(listings, "d/", &other));
	other = state;
	other.st_ino++;
	ck_assert_ptr_null(listings_find(listings, "d/", &other));
}
END_TEST

START_TEST(test_what_is_not_found_is_forgotten)
{
	const struct stat state = begin();
	keep("d/", &state);
	listings_end(listings, true);
	begin();
	listings_end(listings, false); /* a scan that was given up */
	begin();
	ck_assert_ptr_nonnull(listings_find(listings, "d/", &state));
	listings_end(listings, true);
	begin();
	listings_end(listings, true);
	begin();
	ck_assert_ptr_null(listings_find(listings, "d/", &state));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_folders_are_read_once,      test_only_names_are_known,
		test_folders_that_change_places, test_young_folders_are_read_again,
		test_any_other_state_is_none,    test_what_is_not_found_is_forgotten,
	};
	if (!is_known_here()) {
		puts("the file system here is none of those whose folders tell by their times");
		return 77;
	}
	Suite *suite = suite_create("listings");
	TCase *tcase = tcase_create("listings");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
