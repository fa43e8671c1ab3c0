#include "runner/helper/look.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "runner/helper/features.h"
#include "runner/helper/print.h"
#include "runner/helper/route.h"
#include "runner/helper/target.h"
#include "status/text.h"

const char *look_setting(const struct look_source *source, const char *key)
{
	const char *text = source->setting(source->context, key);
	return text ? text : "";
}

bool look_is_true(const char *text)
{
	return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 ||
	       strcasecmp(text, "on") == 0 || strtol(text, NULL, 10) != 0;
}

bool look_setting_true(const struct look_source *source, const char *key)
{
	return look_is_true(look_setting(source, key));
}

int look_check_root(const char *workdir, const char *path, struct err *err)
{
	char real_workdir[PATH_MAX], real_path[PATH_MAX];
	if (!realpath(path, real_path) || !realpath(workdir, real_workdir))
		return err_set(err, ERR_CONFIG, "%s: can't be used as the repository: %s", path,
			       strerror(errno));
	if (strcmp(real_path, real_workdir) == 0)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: not the root of a repository: its work tree is %s: set repository { "
		       "path } to that, or run `git init` here",
		       path, workdir);
}

static void copy(char *out, size_t size, const char *text)
{
	if (strlen(text) < size)
		memcpy(out, text, strlen(text) + 1);
	else
		out[0] = '\0';
}

static void block(enum receipt_result *result, char *why, size_t size, enum receipt_result problem,
		  const char *words)
{
	if (*result != RECEIPT_PUSHED)
		return;
	*result = problem;
	text_clean(words, strlen(words), why, size);
}

static void block_commit(struct look *look, enum receipt_result problem, const char *words)
{
	block(&look->commit_problem, look->commit_why, sizeof(look->commit_why), problem, words);
}

static void block_push(struct look *look, enum receipt_result problem, const char *words)
{
	block(&look->push_problem, look->push_why, sizeof(look->push_why), problem, words);
}

/* The first that is not empty, in git's order of precedence. */
static const char *first_of(const char *a, const char *b, const char *c, const char *d)
{
	return a && *a ? a : b && *b ? b : c && *c ? c : d ? d : "";
}

/* What git leaves out at either end of a name or an address (its ident.c). */
static bool is_crud(unsigned char c)
{
	return c <= ' ' || strchr(".,:;<>\"\\'", c);
}

/* As git writes it into a commit: what would end the line or the name is left out. "" where nothing
 * remains. */
static void take_name(char *out, size_t size, const char *text)
{
	char name[4 * LOOK_NAME];
	size_t used = 0, length = strlen(text);
	while (length && is_crud((unsigned char)text[length - 1]))
		length--;
	for (size_t i = 0; i < length && used < sizeof(name) - 1; i++)
		if (text[i] != '\n' && text[i] != '<' && text[i] != '>' &&
		    (used || !is_crud((unsigned char)text[i])))
			name[used++] = text[i];
	name[used] = '\0';
	copy(out, size, name);
}

/* A variable counts as it stands, also where it is empty. */
static const char *from_variable(const char *name, const char *otherwise)
{
	const char *text = getenv(name);
	return text ? text : otherwise;
}

/* As git finds it; where it would find none, the config's identity as a whole, so that no name has
 * another one's address. */
static void find_person(struct look_person *person, const struct conf_repository *conf,
			const struct look_source *source, const char *const variables[2],
			const char *const keys[2])
{
	const char *name = first_of(look_setting(source, keys[0]),
				    look_setting(source, "user.name"), NULL, NULL);
	const char *email = first_of(look_setting(source, keys[1]),
				     look_setting(source, "user.email"), getenv("EMAIL"), NULL);
	const bool known =
		*from_variable(variables[0], name) && *from_variable(variables[1], email);
	person->fallback = !known && *conf->identity_name;
	if (person->fallback) {
		name = conf->identity_name;
		email = conf->identity_email;
	}
	take_name(person->name, sizeof(person->name), from_variable(variables[0], name));
	take_name(person->email, sizeof(person->email), from_variable(variables[1], email));
}

static void find_identity(struct look *look, const struct conf_repository *conf,
			  const struct look_source *source)
{
	find_person(&look->author, conf, source,
		    (const char *const[]){"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"},
		    (const char *const[]){"author.name", "author.email"});
	find_person(&look->committer, conf, source,
		    (const char *const[]){"GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"},
		    (const char *const[]){"committer.name", "committer.email"});
	if (!*look->author.name || !*look->author.email || !*look->committer.name ||
	    !*look->committer.email)
		block_commit(look, RECEIPT_NO_IDENTITY,
			     "set one with `git config user.name NAME` and `git config user.email "
			     "MAIL`, or with repository { identity }");
}

static bool is_there(const char *folder, const char *name)
{
	char path[LOOK_PATH + 64];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void find_operation(struct look *look)
{
	static const char *const operations[][2] = {
		{"MERGE_HEAD", "a merge: finish it with `git commit`, or `git merge --abort`"},
		{"rebase-merge", "a rebase: `git rebase --continue`, or `--abort`"},
		{"rebase-apply", "a rebase or am: `git rebase --continue`, or `--abort`"},
		{"CHERRY_PICK_HEAD", "a cherry-pick: `git cherry-pick --continue`, or `--abort`"},
		{"REVERT_HEAD", "a revert: `git revert --continue`, or `--abort`"},
		{"sequencer", "a sequence of picks or reverts: `--continue` or `--abort` it"},
	};
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (is_there(look->gitdir, operations[i][0]))
			block_commit(look, RECEIPT_MID_OPERATION, operations[i][1]);
	if (!look->branch[0])
		block_commit(look, RECEIPT_DETACHED,
			     "it is on no branch: `git switch BRANCH`, or `git switch -c BRANCH`");
}

/* A remote need not have a name: git takes a path or an address as well. */
static bool remote_is_configured(const struct look *look, const struct look_source *source)
{
	char key[LOOK_NAME + 32];
	if (strpbrk(look->remote, "/:") || strcmp(look->remote, ".") == 0)
		return true;
	snprintf(key, sizeof(key), "remote.%s.url", look->remote);
	if (*look_setting(source, key))
		return true;
	snprintf(key, sizeof(key), "remote.%s.pushurl", look->remote);
	return *look_setting(source, key) != '\0';
}

/* The remote-tracking ref counts only where the remote is fetched as usual: with another mapping it
 * may stand for something else. */
static void find_known(struct look *look, const struct look_source *source)
{
	char key[LOOK_NAME + 32], usual[LOOK_NAME + 64], name[2 * LOOK_NAME + 32];
	if (strncmp(look->ref, "refs/heads/", 11) != 0)
		return;
	snprintf(key, sizeof(key), "remote.%s.fetch", look->remote);
	snprintf(usual, sizeof(usual), "+refs/heads/*:refs/remotes/%s/*", look->remote);
	if (strcmp(look_setting(source, key), usual) != 0)
		return;
	snprintf(name, sizeof(name), "refs/remotes/%s/%s", look->remote, look->ref + 11);
	if (source->ref(source->context, name, look->known) != 0)
		look->known[0] = '\0';
}

/* `why`: what speaks against the target that was found, or "". */
static void judge_push(struct look *look, const struct look_source *source, const char *why)
{
	char words[sizeof(look->push_why)];
	const char *branch = look->branch[0] ? look->branch : "BRANCH";
	if (*why) {
		block_push(look, RECEIPT_NO_UPSTREAM, why);
	} else if (!look->remote[0] || !look->ref[0]) {
		snprintf(words, sizeof(words),
			 "set one with `git push -u origin %s`, or with repository { remote branch "
			 "}; or push nothing: repository { push = false }",
			 branch);
		block_push(look, RECEIPT_NO_UPSTREAM, words);
	} else if (!remote_is_configured(look, source)) {
		snprintf(words, sizeof(words), "add it with `git remote add %s URL`", look->remote);
		block_push(look, RECEIPT_NO_REMOTE, words);
	}
}

const char *look_needs_program(const struct look *look)
{
	const struct git_feature *feature = features_first(&look->features, GIT_WAY_PROGRAM);
	return feature ? feature->name : NULL;
}

static void find_features(struct look *look, const struct conf_repository *conf,
			  const struct look_source *source, bool closely)
{
	char words[sizeof(look->commit_why)];
	const struct finding finding = {look, conf, source, closely, &look->features};
	features_find(&finding);
	const struct git_feature *refused = features_first(&look->features, GIT_WAY_REFUSED);
	if (!refused)
		return;
	snprintf(words, sizeof(words), "%s: %s", refused->name, refused->words);
	block_commit(look, RECEIPT_UNSERVED, words);
}

void look_fill(struct look *look, const struct conf_repository *conf,
	       const struct look_source *source, bool closely)
{
	look->commit_problem = look->push_problem = RECEIPT_PUSHED;
	look->commit_why[0] = look->push_why[0] = '\0';
	look->remote[0] = look->ref[0] = look->known[0] = '\0';
	look->own_ssh = *look_setting(source, "core.sshcommand") || getenv("GIT_SSH_COMMAND") ||
			getenv("GIT_SSH");
	find_identity(look, conf, source);
	find_operation(look);
	find_features(look, conf, source, closely);
	if (conf->push) {
		char why[sizeof(look->push_why)] = "";
		target_find(look, conf, source, why, sizeof(why));
		if (look->remote[0] && look->ref[0])
			find_known(look, source);
		judge_push(look, source, why);
		route_find(look, source);
	}
	print_take(&look->print, look, source);
}

bool look_is_pushed(const struct look *look, const char *commit)
{
	return look->known[0] && strcmp(look->known, commit) == 0;
}
