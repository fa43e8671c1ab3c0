#include "runner/commands/show_git.h"

#include <stdio.h>

static void print_way(const struct git_features *features)
{
	const char *before = "Git: by the git program, for: ";
	for (size_t i = 0; i < features->count; i++)
		if (features->of[i].way == GIT_WAY_PROGRAM) {
			printf("%s%s", before, features->of[i].name);
			before = ", ";
		}
	printf("%s\n", *before == ',' ? "" : "Git: by the commit helper itself");
}

void show_features(const struct git_view *view)
{
	if (receipt_place(view->problem) != RECEIPT_REACHED)
		printf("Problem: %s%s%s\n", receipt_words(view->problem), view->why[0] ? ": " : "",
		       view->why);
	if (!view->workdir[0])
		return;
	print_way(&view->features);
	for (size_t i = 0; i < view->features.count; i++)
		printf("  %s: %s\n", view->features.of[i].name, view->features.of[i].words);
}

int show_git_json(struct plan_json *made, const struct conf_repository *conf,
		  const struct git_view *view, const char *problem)
{
	if (!problem && receipt_place(view->problem) != RECEIPT_REACHED)
		problem = receipt_words(view->problem);
	if (plan_json_git(made, conf->commit, view->branch, view->identity, view->upstream, problem,
			  view->why) != 0)
		return -1;
	for (size_t i = 0; i < view->features.count; i++) {
		const struct git_feature *feature = &view->features.of[i];
		if (plan_json_feature(made, feature->name, git_way_name(feature->way),
				      feature->words) != 0)
			return -1;
	}
	return 0;
}
