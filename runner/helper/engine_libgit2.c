#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/helper/engine_libgit2.h"

const char *engine_libgit2_words(void)
{
	const git_error *last = git_error_last();
	return last && last->message ? last->message : "libgit2 does not say why";
}

static bool names_no_file(const char *variable)
{
	const char *text = getenv(variable);
	return text && (!*text || strcmp(text, "/dev/null") == 0);
}

/* The one place for libgit2's global settings. */
struct engine_libgit2 *engine_libgit2_new(void)
{
	struct engine_libgit2 *engine = calloc(1, sizeof(*engine));
	if (!engine || git_libgit2_init() < 0) {
		free(engine);
		return NULL;
	}
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	if (names_no_file("GIT_CONFIG_GLOBAL")) {
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL, "");
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, "");
	}
	if (names_no_file("GIT_CONFIG_SYSTEM") || getenv("GIT_CONFIG_NOSYSTEM"))
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_SYSTEM, "");
	return engine;
}

void engine_libgit2_forget(struct engine_libgit2 *engine)
{
	git_config_free(engine->settings);
	git_repository_free(engine->repository);
	listings_free(engine->listings);
	engine->listings = NULL;
	engine->settings = NULL;
	engine->repository = NULL;
	engine->objects = NULL;
}

void engine_libgit2_free(struct engine_libgit2 *engine)
{
	if (!engine)
		return;
	engine_libgit2_forget(engine);
	free(engine);
	git_libgit2_shutdown();
}

static const char *get_setting(void *context, const char *key)
{
	const struct engine_libgit2 *engine = context;
	const char *text = NULL;
	git_config_entry *entry;
	if (git_config_get_entry(&entry, engine->settings, key) != 0)
		return NULL;
	const bool bare = !entry->value; /* a key without a sign and a value is a yes */
	git_config_entry_free(entry);
	if (bare)
		return "true";
	return git_config_get_string(&text, engine->settings, key) == 0 ? text : "";
}

static void each_setting(void *context, look_take *take, void *to)
{
	const struct engine_libgit2 *engine = context;
	git_config_iterator *iterator = NULL;
	git_config_entry *entry;
	if (git_config_iterator_new(&iterator, engine->settings) != 0)
		return;
	while (git_config_next(&entry, iterator) == 0)
		take(to, entry->name, entry->value ? entry->value : "true");
	git_config_iterator_free(iterator);
}

static int get_ref(void *context, const char *name, char *id)
{
	const struct engine_libgit2 *engine = context;
	git_oid oid;
	if (git_reference_name_to_id(&oid, engine->repository, name) != 0)
		return -1;
	git_oid_tostr(id, 65, &oid);
	return 0;
}

static bool copy_path(char *out, const char *path)
{
	size_t length = path ? strlen(path) : 0;
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= LOOK_PATH)
		return false;
	memcpy(out, path, length);
	out[length] = '\0';
	return true;
}

/* The state of the file that says which folder all work trees share. */
static void look_at_common(const struct engine_libgit2 *engine, struct stat *state)
{
	char path[LOOK_PATH + 16];
	snprintf(path, sizeof(path), "%scommondir", git_repository_path(engine->repository));
	if (stat(path, state) != 0)
		memset(state, 0, sizeof(*state));
}

/* The same, and nobody else's: whose it is is asked only when it is opened. */
static bool is_same_folder(const struct engine_libgit2 *engine)
{
	struct stat now, common;
	look_at_common(engine, &common);
	return stat(git_repository_path(engine->repository), &now) == 0 &&
	       now.st_dev == engine->folder.st_dev && now.st_ino == engine->folder.st_ino &&
	       now.st_uid == engine->folder.st_uid && common.st_ino == engine->common.st_ino &&
	       common.st_size == engine->common.st_size &&
	       common.st_ctim.tv_sec == engine->common.st_ctim.tv_sec &&
	       common.st_ctim.tv_nsec == engine->common.st_ctim.tv_nsec;
}

/* Which files of settings there are beside the repository's own, a bit for each. */
static unsigned find_files(void)
{
	static int (*const find[])(git_buf *) = {git_config_find_global, git_config_find_xdg,
						 git_config_find_system};
	unsigned found = 0;
	for (size_t i = 0; i < sizeof(find) / sizeof(find[0]); i++) {
		git_buf path = GIT_BUF_INIT;
		if (find[i](&path) == 0)
			found |= 1U << i;
		git_buf_dispose(&path);
	}
	return found;
}

static int open_repository(struct engine_libgit2 *engine, const char *path)
{
	/* What libgit2 keeps with a repository knows nothing of a file of settings that was not
	 * there when it was opened. */
	const unsigned files = find_files();
	if (engine->repository && (!is_same_folder(engine) || files != engine->files))
		engine_libgit2_forget(engine);
	if (!engine->repository) {
		if (git_repository_open_ext(&engine->repository, path, 0, NULL) != 0 ||
		    stat(git_repository_path(engine->repository), &engine->folder) != 0 ||
		    objects_put_before(&engine->objects, engine->repository) != 0)
			return -1;
		look_at_common(engine, &engine->common);
		engine->files = files;
	}
	git_config_free(engine->settings);
	engine->settings = NULL;
	return git_repository_config_snapshot(&engine->settings, engine->repository);
}

/* A link instead of "ref: …", as git itself once wrote it: libgit2 reads what it leads to. */
static bool is_head_a_link(const struct engine_libgit2 *engine)
{
	char path[LOOK_PATH + 16];
	struct stat state;
	snprintf(path, sizeof(path), "%sHEAD", git_repository_path(engine->repository));
	return lstat(path, &state) == 0 && S_ISLNK(state.st_mode);
}

/* The name of a branch may stand for another one. */
static bool is_symbolic(const struct engine_libgit2 *engine, const char *name)
{
	git_reference *reference = NULL;
	const bool is = name && git_reference_lookup(&reference, engine->repository, name) == 0 &&
			git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC;
	git_reference_free(reference);
	return is;
}

int engine_libgit2_look_at_head(struct engine_libgit2 *engine, struct look *look)
{
	git_reference *head = NULL;
	git_oid id;
	if (is_head_a_link(engine) || git_reference_lookup(&head, engine->repository, "HEAD") != 0)
		return -1;
	const char *target = git_reference_symbolic_target(head);
	look->branch[0] = '\0';
	int failed = 0;
	if (target && strncmp(target, "refs/heads/", 11) == 0 && strlen(target) - 11 < LOOK_NAME)
		memcpy(look->branch, target + 11, strlen(target) - 10);
	else if (target)
		failed = -1;
	if (is_symbolic(engine, target))
		failed = -1;
	git_reference_free(head);
	const int found = git_reference_name_to_id(&id, engine->repository, "HEAD");
	look->head[0] = '\0';
	if (found == 0)
		git_oid_tostr(look->head, sizeof(look->head), &id);
	else if (found != GIT_ENOTFOUND)
		failed = -1;
	return failed;
}

enum engine_answer engine_libgit2_look(struct engine_libgit2 *engine,
				       const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err)
{
	const struct look_source source = {get_setting, get_ref, each_setting, engine};
	if (engine->refused || open_repository(engine, conf->path) != 0 ||
	    git_repository_is_bare(engine->repository) ||
	    !copy_path(look->workdir, git_repository_workdir(engine->repository)) ||
	    !copy_path(look->gitdir, git_repository_path(engine->repository)) ||
	    !copy_path(look->commondir, git_repository_commondir(engine->repository)) ||
	    engine_libgit2_look_at_head(engine, look) != 0) {
		engine->refused =
			engine->refused || strstr(engine_libgit2_words(), "unsupported extension");
		engine_libgit2_forget(engine);
		return ENGINE_PASSES; /* git knows more kinds of repositories, and has better words
				       */
	}
	if (look_check_root(look->workdir, conf->path, err) != 0)
		return ENGINE_FAILED;
	look_fill(look, conf, &source, closely);
	return look->features.blind ? ENGINE_PASSES : ENGINE_ANSWERED;
}
