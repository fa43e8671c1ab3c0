/* How the git program sees a repository. */
#include <stdio.h>
#include <string.h>

#include "runner/helper/engine.h"
#include "runner/helper/program.h"

#define WORDS 512

/* What git knows, for look_source. */
struct source {
	const char *folder;
	struct git_answer settings; /* of `git config -z --list` */
	struct git_answer scratch;
};

/* The pairs end with a NUL each, "KEY\nVALUE" or "KEY"; the last one of a key counts. */
static const char *get_setting(void *context, const char *key)
{
	const struct source *source = context;
	const char *found = NULL, *at = source->settings.output;
	const char *end = at + source->settings.length;
	const size_t length = strlen(key);
	for (; at < end; at += strlen(at) + 1)
		if (strncmp(at, key, length) == 0 && at[length] == '\n')
			found = at + length + 1;
		else if (strcmp(at, key) == 0)
			found = "true";
	return found;
}

static void each_setting(void *context, look_take *take, void *to)
{
	const struct source *source = context;
	const char *at = source->settings.output, *end = at + source->settings.length;
	char key[2 * LOOK_PATH];
	for (; at < end; at += strlen(at) + 1) {
		const size_t length = strcspn(at, "\n");
		if (length >= sizeof(key))
			continue;
		memcpy(key, at, length);
		key[length] = '\0';
		take(to, key, at[length] ? at + length + 1 : "true");
	}
}

static int get_ref(void *context, const char *name, char *id)
{
	struct source *source = context;
	return program_id(source->folder, name, &source->scratch, id);
}

static int tell_not_a_repository(const struct git_answer *answer, const char *path, struct err *err)
{
	char words[WORDS];
	if (strstr(answer->complaint, "dubious ownership"))
		return err_set(
			err, ERR_CONFIG,
			"%s: the repository is somebody else's: if you trust it, `git config "
			"--global --add safe.directory '%s'`",
			path, path);
	if (strstr(answer->complaint, "not a git repository"))
		return err_set(err, ERR_CONFIG,
			       "%s: not a git repository: run `git init` there, or set repository "
			       "{ path }, or repository { commit = false }",
			       path);
	return err_set(err, ERR_CONFIG, "%s: the repository can't be used: %s", path,
		       git_answer_words(answer, words, sizeof(words)));
}

/* The lines of one `git rev-parse`, in the order asked for. */
static int take_places(char *lines, struct look *look)
{
	char *const out[] = {look->workdir, look->gitdir, look->commondir};
	for (size_t i = 0; i < 3; i++) {
		const size_t length = strcspn(lines, "\n");
		if (length == 0 || length >= LOOK_PATH)
			return -1;
		memcpy(out[i], lines, length);
		out[i][length] = '\0';
		lines += length + (lines[length] == '\n');
	}
	return 0;
}

static int look_at_place(const char *path, struct look *look, struct git_answer *answer,
			 struct err *err)
{
	if (CALL(path, answer, err, "rev-parse", "--is-bare-repository") != 0)
		return -1;
	if (!git_answer_ok(answer))
		return tell_not_a_repository(answer, path, err);
	if (strcmp(answer->output, "true\n") == 0)
		return err_set(err, ERR_CONFIG,
			       "%s: a bare repository: it has no work tree to commit from", path);
	if (CALL(path, answer, err, "rev-parse", "--path-format=absolute", "--show-toplevel",
		 "--absolute-git-dir", "--git-common-dir") != 0)
		return -1;
	if (!git_answer_ok(answer) || take_places(answer->output, look) != 0)
		return tell_not_a_repository(answer, path, err);
	return look_check_root(look->workdir, path, err);
}

static int look_at_head(struct look *look, struct git_answer *answer, struct err *err)
{
	char target[LOOK_NAME + 16];
	look->branch[0] = look->head[0] = '\0';
	if (CALL(look->workdir, answer, err, "symbolic-ref", "-q", "HEAD") != 0)
		return -1;
	if (program_line(answer, target, sizeof(target)) == 0 &&
	    strncmp(target, "refs/heads/", 11) == 0)
		snprintf(look->branch, sizeof(look->branch), "%.*s", LOOK_NAME - 1, target + 11);
	if (program_id(look->workdir, "HEAD", answer, look->head) != 0)
		look->head[0] = '\0';
	return 0;
}

enum engine_answer engine_program_look(const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err)
{
	struct source source = {.folder = look->workdir};
	const struct look_source seen = {get_setting, get_ref, each_setting, &source};
	git_answer_init(&source.settings);
	git_answer_init(&source.scratch);
	enum engine_answer answer = ENGINE_FAILED;
	if (look_at_place(conf->path, look, &source.scratch, err) == 0 &&
	    look_at_head(look, &source.scratch, err) == 0 &&
	    CALL(look->workdir, &source.settings, err, "config", "-z", "--list") == 0) {
		look_fill(look, conf, &seen, closely);
		answer = ENGINE_ANSWERED;
	}
	git_answer_release(&source.settings);
	git_answer_release(&source.scratch);
	return answer;
}
