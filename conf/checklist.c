/* Steps that are the items of a checklist: what must be true of it, and of the template for them.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/build.h"
#include "conf/paths.h"
#include "conf/template.h"

/* Ticks go into the commits of the repository: so the file is one of its own, reached without a
 * link. */
static const char *no_checklist(const char *path, const char *repository)
{
	struct stat status;
	char folder[PATH_MAX], real[PATH_MAX];
	const char *wrong = path_no_input(path);
	const char *slash = strrchr(path, '/');
	const size_t length = (size_t)(slash - path), root = strlen(repository);
	if (wrong)
		return wrong;
	if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return "it is no regular file";
	if (length >= sizeof(folder))
		return "the path is too long";
	memcpy(folder, path, length);
	folder[length] = '\0';
	if (!realpath(length ? folder : "/", real))
		return "it can't be found";
	const bool below = strncmp(real, repository, root) == 0 &&
			   (real[root] == '/' || real[root] == '\0' || root == 1);
	return below ? NULL : "it is not in the repository, whose commits hold its ticks";
}

static bool is_shell(const char *program)
{
	static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh", "ash", NULL};
	const char *slash = strrchr(program, '/');
	for (size_t i = 0; shells[i]; i++)
		if (strcmp(slash ? slash + 1 : program, shells[i]) == 0)
			return true;
	return false;
}

/* "-c", "-ec", …: the word behind it is code. */
static bool is_code_option(const char *word)
{
	return word[0] == '-' && word[1] != '-' && strchr(word, 'c') != NULL;
}

static const char *wrong_word(const char *const *command, size_t i)
{
	const bool code = i > 1 && is_shell(command[0]) && is_code_option(command[i - 1]) &&
			  template_wrong_code(command[i]);
	return code ? template_wrong_code(command[i]) : template_wrong(command[i]);
}

/* The values of a list in the section, from its element `first` on. */
static int check_words(struct build *build, const struct section *section, const char *name,
		       size_t first, const char *const *command)
{
	size_t n = 0;
	for (size_t i = 0; i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		if (strcmp(setting->option->name, name) != 0 || n++ < first)
			continue;
		const char *wrong =
			command ? wrong_word(command, n - 1) : template_wrong(setting->value->text);
		if (wrong)
			return build_refuse(build, setting, wrong);
	}
	return 0;
}

static int check_template(struct build *build, const struct section *section,
			  const struct conf_step *step)
{
	const struct setting *shell = section_get(section, "shell");
	const char *wrong = shell ? template_wrong_code(shell->value->text) : NULL;
	if (wrong)
		return build_refuse(build, shell, wrong);
	if (section_get(section, "command") &&
	    check_words(build, section, "command", 1, step->command) != 0)
		return -1;
	if (check_words(build, section, "plugin", 1, NULL) != 0 ||
	    check_words(build, section, "options", 0, NULL) != 0)
		return -1;
	if (check_words(build, section, "meter_command", 1, step->meter_command) != 0)
		return -1;
	return check_words(build, section, "environment", 0, NULL);
}

static int set_template(struct build *build, const struct section *section)
{
	struct conf_step *step = arena_array(build->arena, 1, sizeof(*step));
	if (!step)
		return build_no_memory(build);
	if (build_step(build, section, step) != 0 || check_template(build, section, step) != 0)
		return -1;
	build->conf->step_template = step;
	return 0;
}

static int set_path(struct build *build, const struct setting *checklist)
{
	const char *path = path_absolute(build->arena, checklist->value);
	if (!path)
		return build_no_memory(build);
	const char *wrong = no_checklist(path, build->conf->repository.path);
	if (wrong)
		return build_refuse_value(build, checklist, wrong);
	build->conf->checklist = path;
	return 0;
}

int build_checklist(struct build *build)
{
	const struct section *top = &build->settings->top;
	const struct section *section = settings_section(build->settings, "step_template");
	const struct setting *checklist = section_get(top, "checklist");
	const struct setting *complete = section_get(top, "when_complete");
	if (section && !checklist)
		return word_error(section->key, build->err, "step_template: only with a checklist");
	if (!checklist)
		return 0;
	if (build->conf->nsteps)
		return build_refuse(build, checklist,
				    "a config has steps or a checklist, not both");
	if (!section)
		return build_refuse(build, checklist, "a step_template { … } is missing");
	if (build->conf->when_complete == CONF_COMPLETE_RESTART)
		return build_refuse_value(build, complete,
					  "not with a checklist: its items begin anew when they "
					  "are unticked");
	if (set_path(build, checklist) != 0)
		return -1;
	return set_template(build, section);
}
