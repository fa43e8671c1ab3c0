/*
 * Which paths git ignores: .gitignore in each folder, GITDIR/info/exclude and core.excludesFile,
 * with the meaning that gitignore(5) gives them and git 2.39 has. Only for paths that are not
 * tracked: a tracked file is never ignored.
 */
#ifndef RUNNER_HELPER_STAGE_IGNORE_H
#define RUNNER_HELPER_STAGE_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#define IGNORE_FILE ".gitignore"

/* The rules of one file, and those that count where these say nothing. */
struct ignore;

/* Reads the rules for the folder `base` ("" or "a/b/", kept) from a file, in front of `outer`. 0
 * and *ignore (which is `outer` where the file is not there, or a symbolic link, which git does not
 * follow in a work tree: `follow` says that this is none); -1 and errno. */
int ignore_read(const struct ignore **ignore, const struct ignore *outer, int folder,
		const char *name, const char *base, bool follow);
/* From a text, NUL-ended, which is copied. NULL when memory is short. */
const struct ignore *ignore_parse(const struct ignore *outer, const char *text, size_t length,
				  const char *base);
/* Frees this one alone. */
void ignore_free(const struct ignore *ignore);

/* Whether a path is ignored, by a rule for it itself: its folders are the caller's business, for
 * below one that is ignored nothing can be taken back. `name` is the last part of `path`. */
bool ignore_has(const struct ignore *ignore, const char *path, const char *name, bool folder);

/* One rule, as attributes have them too. */
struct ignore_rule {
	const char *pattern;    /* NUL-ended */
	unsigned length, plain; /* of the pattern, and of what stands before its first * ? [ \ */
	bool back;              /* what it names is not ignored */
	bool folder;            /* it is for folders alone */
	bool name;              /* it is for the last part of the path alone */
	bool end;               /* it is a star and then all plain */
};

/* `text` is changed and kept. */
void ignore_rule_parse(struct ignore_rule *rule, char *text);
/* `base` as above; the path is below it. */
bool ignore_rule_has(const struct ignore_rule *rule, const char *base, const char *path,
		     const char *name, bool folder);

#endif
