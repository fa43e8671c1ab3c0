#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "conf/utf8.h"

/* What conf_load gives is the first member of this. */
struct loaded {
	struct conf conf;
	struct arena arena;
};

/* "nightly" for "jobs/nightly.conf". */
static const char *title_from_path(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);
	if (length > 5 && strcmp(name + length - 5, ".conf") == 0)
		length -= 5;
	if (utf8_valid(name, length) < length || utf8_has_control(name))
		return "untitled";
	return arena_text(arena, name, length);
}

static int build_top(struct build *build)
{
	struct conf *conf = build->conf;
	const struct section *top = &build->settings->top;
	const struct section *budget = settings_section(build->settings, "budget");
	const struct setting *tokens = section_get(budget, "tokens");
	const struct setting *threshold = section_get(budget, "threshold");

	conf->path = build->words->file->path;
	conf->folder = build->words->file->folder;
	conf->title = build_text(top, option_find("", "title"));
	if (!conf->title)
		conf->title = title_from_path(build->arena, conf->path);
	if (!conf->title)
		return build_no_memory(build);
	if (tokens)
		conf->budget = build_integer(budget, tokens->option);
	if (threshold)
		conf->threshold = (int)build_integer(budget, threshold->option);
	conf->hard = (int)build_integer(budget, option_find("budget", "hard"));
	conf->warn = (int)build_integer(budget, option_find("budget", "warn"));
	conf->wait_for_reset_ms = build_duration(top, option_find("", "wait_for_reset"));
	conf->measure = (enum conf_measure)build_choice(budget, option_find("budget", "measure"));
	conf->on_unknown =
		(enum conf_on_unknown)build_choice(budget, option_find("budget", "on_unknown"));
	conf->when_complete =
		(enum conf_when_complete)build_choice(top, option_find("", "when_complete"));
	conf->on_failure_work =
		(enum conf_failure_work)build_choice(top, option_find("", "on_failure_work"));
	return 0;
}

static int build_all(struct build *build)
{
	if (build_top(build) != 0 || build_top_environment(build) != 0 ||
	    build_repository(build) != 0 || build_secrets(build) != 0 || build_steps(build) != 0 ||
	    build_gates(build) != 0)
		return -1;
	return build_reports(build);
}

static int read_into(const char *path, struct loaded *loaded, struct err *err)
{
	struct words words;
	struct settings settings = {.count = 0};
	struct build build = {.arena = &loaded->arena,
			      .words = &words,
			      .settings = &settings,
			      .conf = &loaded->conf,
			      .err = err};
	int failed = words_read(path, &loaded->arena, &words, err);
	failed = failed || settings_read(&words, &settings, err) != 0 || build_all(&build) != 0;
	settings_release(&settings);
	words_release(&words);
	return failed ? -1 : 0;
}

int conf_load(const char *path, struct conf **conf, struct err *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return err_set(err, ERR_INTERNAL, "%s: memory ran out", path);
	if (read_into(path, loaded, err) != 0) {
		conf_free(&loaded->conf);
		return -1;
	}
	*conf = &loaded->conf;
	return 0;
}

void conf_free(struct conf *conf)
{
	struct loaded *loaded = (struct loaded *)conf;
	if (!loaded)
		return;
	arena_release(&loaded->arena);
	free(loaded);
}
