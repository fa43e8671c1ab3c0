#include "runner/helper/target.h"

#include <stdio.h>
#include <string.h>

#define HEADS "refs/heads/"
#define REF   512

/* What is gone by. */
struct target {
	struct look *look;
	const struct conf_repository *conf;
	const struct look_source *source;
	const char *remote;
	const char *upstream, *merge; /* branch.NAME.remote and .merge; "" where they are not set */
	const char *how;              /* push.default */
	char own[REF];                /* the ref of the branch's own name */
	char mapped[REF];             /* as remote.NAME.push has it; "" nowhere */
	bool maps;                    /* there is such a setting */
	bool excluded;                /* and one that leaves the branch out */
	char *why;
	size_t size;
};

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", strlen(text) < size ? text : "");
}

static const char *branch_setting(const struct target *target, const char *name)
{
	char key[LOOK_NAME + 32];
	snprintf(key, sizeof(key), "branch.%s.%s", target->look->branch, name);
	return look_setting(target->source, key);
}

static const char *remote_setting(const struct target *target, const char *name)
{
	char key[2 * LOOK_NAME];
	snprintf(key, sizeof(key), "remote.%.*s.%s", LOOK_NAME, target->remote, name);
	return look_setting(target->source, key);
}

static bool is_how(const struct target *target, const char *one, const char *other)
{
	return strcmp(target->how, one) == 0 || strcmp(target->how, other) == 0;
}

/* A branch without an upstream goes to that of its own name. */
static bool pushes_by_name(const struct target *target)
{
	return is_how(target, "current", "matching") ||
	       look_setting_true(target->source, "push.autosetupremote");
}

static void find_remote(struct target *target)
{
	const char *const list[] = {
		target->conf->remote,
		branch_setting(target, "pushremote"),
		look_setting(target->source, "remote.pushdefault"),
		target->upstream,
	};
	target->remote = "origin";
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (*list[i]) {
			target->remote = list[i];
			return;
		}
	if (!pushes_by_name(target) && !*remote_setting(target, "push"))
		target->remote = "";
}

/* The part of a ref that the star of a pattern stands for; NULL where it does not match. */
static const char *match_star(const char *pattern, const char *ref, size_t *length)
{
	const char *star = strchr(pattern, '*');
	const size_t before = (size_t)(star - pattern), after = strlen(star + 1);
	const size_t whole = strlen(ref);
	if (whole < before + after || strncmp(ref, pattern, before) != 0 ||
	    strcmp(ref + whole - after, star + 1) != 0)
		return NULL;
	*length = whole - before - after;
	return ref + before;
}

/* One text of three pieces; "" where that is too long: a part of a name is another name. */
static bool join(char *out, const char *head, size_t head_length, const char *part,
		 size_t part_length, const char *tail)
{
	const size_t length = strlen(tail);
	out[0] = '\0';
	if (head_length + part_length + length >= REF)
		return false;
	memcpy(out, head, head_length);
	memcpy(out + head_length, part, part_length);
	memcpy(out + head_length + part_length, tail, length + 1);
	return true;
}

/* A name as git completes it, where it stands for a branch. */
static bool is_branch(const char *name, const char *ref)
{
	return strcmp(name, ref) == 0 || strcmp(name, ref + 5) == 0 || strcmp(name, ref + 11) == 0;
}

/* Both sides of a refspec with a star. */
static bool map_pattern(const char *from, const char *to, const char *ref, char *out)
{
	size_t length;
	const char *part = match_star(from, ref, &length);
	const char *star = strchr(to, '*');
	return part && star && join(out, to, (size_t)(star - to), part, length, star + 1);
}

/* Where a refspec (git-push(1)) sends a branch that HEAD is on, into out[REF]. */
static bool map(const char *spec, const char *ref, char *out)
{
	char from[REF];
	const size_t length = strcspn(spec, ":");
	const char *to = spec[length] && spec[length + 1] ? spec + length + 1 : "";
	if (strcmp(spec, ":") == 0)
		return join(out, ref, strlen(ref), "", 0, "");
	if (!join(from, spec, length, "", 0, ""))
		return false;
	if (strchr(from, '*'))
		return map_pattern(from, *to ? to : from, ref, out);
	if (!is_branch(from, ref) && strcmp(from, "HEAD") != 0 && strcmp(from, "@") != 0)
		return false;
	if (!*to)
		return join(out, ref, strlen(ref), "", 0, "");
	return strncmp(to, "refs/", 5) == 0 ? join(out, to, strlen(to), "", 0, "")
					    : join(out, HEADS, strlen(HEADS), to, strlen(to), "");
}

/* The first that sends the branch somewhere; one with a "^" says that none does. A "+" is no
 * matter: nothing of a remote's is ever overwritten. */
static void on_setting(void *context, const char *key, const char *value)
{
	struct target *target = context;
	char wanted[2 * LOOK_NAME], out[REF];
	snprintf(wanted, sizeof(wanted), "remote.%.*s.push", LOOK_NAME, target->remote);
	if (strcmp(key, wanted) != 0)
		return;
	target->maps = true;
	if (*value == '^')
		target->excluded |= map(value + 1, target->own, out);
	else if (!*target->mapped && map(value + (*value == '+'), target->own, out))
		memcpy(target->mapped, out, sizeof(out));
}

#define REFUSE(target, ...) (snprintf((target)->why, (target)->size, __VA_ARGS__), "")

#define NAME_IT "repository { branch = \"NAME\" }"

/* Words as short as a name may be long. */
#define A_NAME "%.60s"

static const char *mapped_ref(struct target *target)
{
	if (*target->mapped && !target->excluded)
		return target->mapped;
	return REFUSE(target,
		      "remote." A_NAME ".push sends the branch " A_NAME
		      " nowhere: add it there, or say where it goes: " NAME_IT,
		      target->remote, target->look->branch);
}

/* Where there is none: the branch's own name, if the config names the remote or git needs none. */
static const char *without_upstream(struct target *target)
{
	return *target->conf->remote || pushes_by_name(target) ? target->own : "";
}

/* What push.default makes of a branch whose upstream has another name. */
static const char *by_another_name(struct target *target)
{
	if (is_how(target, "upstream", "tracking"))
		return target->merge;
	return REFUSE(target,
		      "`git push` would push nothing, since the upstream of " A_NAME
		      " has another name, " A_NAME
		      ": `git config push.default upstream`, or say where it goes: " NAME_IT,
		      target->look->branch, target->merge);
}

/* As setup_default_push_refspecs of git 2.39's builtin/push.c has it. */
static const char *ref_by_default(struct target *target)
{
	const bool same =
		strcmp(target->remote, *target->upstream ? target->upstream : "origin") == 0;
	if (is_how(target, "nothing", "nothing"))
		return REFUSE(target, "push.default = nothing: say where it goes: " NAME_IT
				      "; or push nothing: repository { push = false }");
	if (is_how(target, "current", "matching"))
		return target->own;
	if (!same && !*target->conf->remote && is_how(target, "upstream", "tracking"))
		return REFUSE(target,
			      "push.default = upstream, and " A_NAME
			      " is not the remote of its upstream: say where it goes: " NAME_IT,
			      target->remote);
	if (!same)
		return target->own;
	if (!*target->merge)
		return without_upstream(target);
	return strcmp(target->merge, target->own) == 0 ? target->own : by_another_name(target);
}

static const char *find_ref(struct target *target)
{
	target->source->each(target->source->context, on_setting, target);
	if (look_is_true(remote_setting(target, "mirror")))
		return REFUSE(target,
			      "remote." A_NAME
			      ".mirror: git would push all refs, and delete others "
			      "there: unset it, or name another remote: repository { remote }",
			      target->remote);
	if (*target->conf->branch)
		return target->own;
	return target->maps ? mapped_ref(target) : ref_by_default(target);
}

void target_find(struct look *look, const struct conf_repository *conf,
		 const struct look_source *source, char *why, size_t size)
{
	struct target target = {
		.look = look,
		.conf = conf,
		.source = source,
		.how = look_setting(source, "push.default"),
		.why = why,
		.size = size,
	};
	target.upstream = branch_setting(&target, "remote");
	target.merge = *target.upstream ? branch_setting(&target, "merge") : "";
	if (strncmp(conf->branch, "refs/", 5) == 0)
		copy(target.own, sizeof(target.own), conf->branch);
	else
		snprintf(target.own, sizeof(target.own), HEADS "%.*s", LOOK_NAME,
			 *conf->branch ? conf->branch : look->branch);
	find_remote(&target);
	copy(look->remote, sizeof(look->remote), target.remote);
	if (*look->branch && *look->remote)
		copy(look->ref, sizeof(look->ref), find_ref(&target));
}

/* Behind "NAME:PASSWORD@" or, where it is the web, "NAME@"; the address itself where there is no
 * such thing, as in "ssh://git@host/". */
static const char *behind_password(const char *address, const char *host)
{
	const size_t length = strcspn(host, "/");
	const char *at = memrchr(host, '@', length);
	const bool is_web = strncmp(address, "http", 4) == 0;
	return at && (is_web || memchr(host, ':', (size_t)(at - host))) ? at + 1 : host;
}

void target_tell(const struct look *look, const char *ref, char *out, size_t size)
{
	const char *host = strstr(look->remote, "://");
	if (!host) {
		snprintf(out, size, "%s %s", look->remote, ref);
		return;
	}
	host += 3;
	snprintf(out, size, "%.*s%s %s", (int)(host - look->remote), look->remote,
		 behind_password(look->remote, host), ref);
}
