#include "runner/helper/changes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/secrets.h"

/* Where one of these says anything but "no", the bytes in the repository are not those of the file,
 * and git alone decides on them. */
static const char *conversions[] = {
	"text", "eol", "crlf", "ident", "filter", "working-tree-encoding",
};

#define CONVERSIONS (sizeof(conversions) / sizeof(conversions[0]))

static const char *words(void)
{
	const git_error *last = git_error_last();
	return last && last->message ? last->message : "libgit2 does not say why";
}

static bool is_converted(git_repository *repository, const char *path)
{
	const char *values[CONVERSIONS];
	if (git_attr_get_many(values, repository, GIT_ATTR_CHECK_FILE_THEN_INDEX, path, CONVERSIONS,
			      conversions) != 0)
		return true;
	for (size_t i = 0; i < CONVERSIONS; i++) {
		const git_attr_value_t kind = git_attr_value(values[i]);
		if (kind != GIT_ATTR_VALUE_UNSPECIFIED && kind != GIT_ATTR_VALUE_FALSE)
			return true;
	}
	return false;
}

/* A nested repository is reported like an ignored folder. */
static bool is_nested(git_repository *repository, const char *path)
{
	char below[LOOK_PATH];
	int ignored = 0;
	const size_t length = strlen(path);
	if (length == 0 || path[length - 1] != '/')
		return false;
	const int fits = snprintf(below, sizeof(below), "%s%s.git",
				  git_repository_workdir(repository), path);
	if (fits < 0 || (size_t)fits >= sizeof(below))
		return true;
	return access(below, F_OK) == 0 &&
	       (git_ignore_path_is_ignored(&ignored, repository, path) != 0 || !ignored);
}

static bool is_for_program(git_repository *repository, const git_diff_delta *delta)
{
	switch (delta->status) {
	case GIT_DELTA_UNMODIFIED:
		return false;
	case GIT_DELTA_IGNORED:
		return is_nested(repository, delta->new_file.path);
	case GIT_DELTA_DELETED:
		return delta->old_file.mode == GIT_FILEMODE_COMMIT;
	default:
		break;
	}
	return delta->old_file.mode == GIT_FILEMODE_COMMIT ||
	       delta->new_file.mode == GIT_FILEMODE_COMMIT ||
	       delta->new_file.path[strlen(delta->new_file.path) - 1] == '/' ||
	       is_converted(repository, delta->new_file.path);
}

/* Files that the user told git to leave alone. */
static bool is_left_alone(git_index *index, const char *path)
{
	const git_index_entry *entry = git_index_get_bypath(index, path, 0);
	return entry && ((entry->flags & GIT_INDEX_ENTRY_VALID) ||
			 (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE));
}

static int refuse(git_repository *repository, const char *path, struct receipt_facts *facts)
{
	char whole[2 * LOOK_PATH];
	const git_error *last = git_error_last();
	const bool about_path =
		last && (last->klass == GIT_ERROR_INDEX || last->klass == GIT_ERROR_INVALID);
	snprintf(whole, sizeof(whole), "%s%s", git_repository_workdir(repository), path);
	facts_fail(facts,
		   about_path || access(whole, R_OK) != 0 ? RECEIPT_REFUSED_PATH
							  : RECEIPT_COMMIT_ERROR,
		   "%s: %s", path, words());
	return -1;
}

static int take_away(git_repository *repository, git_index *index, const char *path,
		     struct receipt_facts *facts)
{
	const int failed = git_index_remove(index, path, 0);
	return failed && failed != GIT_ENOTFOUND ? refuse(repository, path, facts) : 0;
}

static int add(git_repository *repository, git_index *index, const char *path,
	       struct receipt_facts *facts)
{
	const int failed = git_index_add_bypath(index, path);
	if (failed == GIT_ENOTFOUND) /* gone since it was seen */
		return take_away(repository, index, path, facts);
	return failed ? refuse(repository, path, facts) : 0;
}

/* A new file may be one by its name; one that is tracked is known, and only what is in it counts.
 */
static bool is_held_back(const struct conf_secrets *secrets, git_repository *repository,
			 const git_diff_delta *delta, struct receipt_facts *facts)
{
	const char *path = delta->new_file.path;
	const char *what = secret_file(secrets, git_repository_workdir(repository), path,
				       delta->status == GIT_DELTA_UNTRACKED);
	if (what)
		facts_hold(facts, path, what);
	return what != NULL;
}

/* The two passes: what goes makes room for what comes (a file where a folder was). */
static int take(git_repository *repository, git_index *index, struct store *store, git_diff *diff,
		bool coming, const struct conf_secrets *secrets, size_t *count,
		struct receipt_facts *facts)
{
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		const char *path = delta->new_file.path;
		const bool gone = delta->status == GIT_DELTA_DELETED;
		if (gone == coming || delta->status == GIT_DELTA_UNMODIFIED ||
		    delta->status == GIT_DELTA_IGNORED || is_left_alone(index, path))
			continue;
		if (coming && is_held_back(secrets, repository, delta, facts))
			continue;
		const int failed = gone ? take_away(repository, index, path, facts)
					: add(repository, index, path, facts);
		if (failed)
			return failed;
		++*count;
		if (store_is_full(store) && store_flush(store, repository) != 0)
			return refuse(repository, path, facts);
	}
	return 0;
}

static int compare(git_diff **diff, git_repository *repository, git_index *index, const char *only,
		   struct receipt_facts *facts)
{
	char *pathspec[] = {(char *)(uintptr_t)only};
	git_diff_options options;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
			GIT_DIFF_INCLUDE_IGNORED | GIT_DIFF_INCLUDE_TYPECHANGE |
			GIT_DIFF_INCLUDE_UNREADABLE_AS_UNTRACKED | GIT_DIFF_SKIP_BINARY_CHECK |
			GIT_DIFF_DISABLE_PATHSPEC_MATCH;
	if (only)
		options.pathspec = (git_strarray){pathspec, 1};
	if (git_diff_index_to_workdir(diff, repository, index, &options) == 0)
		return 0;
	facts_fail(facts, RECEIPT_COMMIT_ERROR, "the work tree can't be compared: %s", words());
	return -1;
}

int changes_take(git_repository *repository, git_index *index, struct store *store,
		 const char *only, const struct conf_secrets *secrets, size_t *count,
		 struct receipt_facts *facts)
{
	git_diff *diff = NULL;
	size_t taken = 0;
	int failed = compare(&diff, repository, index, only, facts);
	for (size_t i = 0; !failed && i < git_diff_num_deltas(diff); i++)
		if (is_for_program(repository, git_diff_get_delta(diff, i)))
			failed = CHANGES_PASS;
	if (!failed)
		failed = take(repository, index, store, diff, false, secrets, &taken, facts);
	if (!failed)
		failed = take(repository, index, store, diff, true, secrets, &taken, facts);
	git_diff_free(diff);
	if (!failed)
		*count = taken;
	return failed;
}
