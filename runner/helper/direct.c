#include "runner/helper/direct.h"

#include <errno.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/missing.h"
#include "runner/helper/receive.h"
#include "runner/helper/tracking.h"

#define ASK_EVERY 16   /* pushes */
#define SAVINGS   4    /* words */
#define SAID_MOST 2048 /* bytes of what is said that are judged by */

/* One push while it goes on. */
struct talking {
	const struct push *push;
	git_repository *repository;
	git_oid commit; /* of push->from, which may be on top of push->commit */
	char id[RECEIVE_ID];
	struct receive receive;
	struct git_talk talk;
	struct bytes order;    /* what it is fed */
	const char *reason;    /* it is for git to make */
	const char *rejection; /* by us, in git's words: it would lose commits */
	bool there;            /* it has it already */
};

/* Why the ref there must not become the commit; NULL where it may. What is not here can't be an
 * ancestor (set_ref_status_for_push in git's remote.c). */
static const char *judge_old(const struct talking *talking)
{
	git_oid old;
	git_odb *objects = NULL;
	git_commit *commit = NULL;
	const char *words = NULL;
	if (!talking->receive.old[0])
		return NULL;
	if (git_oid_fromstr(&old, talking->receive.old) != 0 ||
	    git_repository_odb(&objects, talking->repository) != 0)
		return "(fetch first)";
	if (!git_odb_exists(objects, &old))
		words = "(fetch first)";
	else if (git_commit_lookup(&commit, talking->repository, &old) != 0)
		words = "(needs force)";
	else if (git_graph_descendant_of(talking->repository, &talking->commit, &old) != 1)
		words = "(non-fast-forward)";
	git_commit_free(commit);
	git_odb_free(objects);
	return words;
}

/* The order with its pack, where there is one to give. */
static void make_order(struct talking *talking)
{
	struct receive *receive = &talking->receive;
	talking->there = strcmp(receive->old, talking->id) == 0;
	if (talking->there)
		return;
	talking->rejection = judge_old(talking);
	if (talking->rejection)
		return;
	receive_order(receive, talking->id, &talking->order);
	switch (missing_pack(talking->repository, &talking->commit, receive->tips, receive->count,
			     &talking->order)) {
	case MISSING_PACKED:
		break;
	case MISSING_MUCH:
		talking->reason = "much to send";
		break;
	case MISSING_FAILED:
		talking->reason = "objects that can't be read";
		break;
	}
}

/* Where there is nothing to order, a flush says so, and it ends. */
static void on_refs(void *context)
{
	struct talking *talking = context;
	struct bytes *order = &talking->order;
	talking->reason = talking->receive.foreign;
	if (!talking->reason)
		make_order(talking);
	if (talking->reason || order->broken) {
		bytes_release(order);
		talking->reason = talking->reason ? talking->reason : "memory that is short";
	}
	if (!order->length)
		pkt_add_flush(order);
	talking->talk.feed =
		(struct child_feed){(const char *)order->at, order->length, .ended = true};
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct talking *talking = context;
	receive_feed(&talking->receive, bytes, length);
	talking->talk.end |= talking->receive.outer.broken;
}

static void add_words(struct git_answer *answer, const char *words, size_t length)
{
	const size_t room = sizeof(answer->complaint) - 1 - answer->complaint_length;
	if (length > room)
		length = room;
	if (!length)
		return;
	memcpy(answer->complaint + answer->complaint_length, words, length);
	answer->complaint_length += length;
	answer->complaint[answer->complaint_length] = '\0';
}

/* A line of our own behind it. */
static void add_line(struct git_answer *answer, const char *words, const char *more)
{
	char line[512];
	const int length = snprintf(line, sizeof(line), "%s%s\n", words, more);
	if (length > 0 && (size_t)length < sizeof(line))
		add_words(answer, line, (size_t)length);
}

/* What was said comes before what is said of it, as `git push` prints it; it goes to the log. */
static void tell_said(const struct talking *talking, struct git_answer *answer)
{
	char own[sizeof(answer->complaint)];
	const struct bytes *said = &talking->receive.said;
	const size_t length = answer->complaint_length;
	memcpy(own, answer->complaint, length);
	if (talking->push->log) {
		git_log_add(talking->push->log, (const char *)said->at, said->length);
		git_log_add(talking->push->log, own, length);
	}
	answer->complaint_length = 0;
	add_words(answer, (const char *)said->at,
		  said->length < SAID_MOST ? said->length : SAID_MOST);
	if (talking->receive.mid_line)
		add_words(answer, "\n", 1);
	add_words(answer, own, length);
}

/* The line of `git push --porcelain` (git-push(1), "Output") for what has become of the ref. */
static int tell_ref(const struct talking *talking, struct git_answer *answer)
{
	const struct receive *receive = &talking->receive;
	const char *from = talking->push->from, *to = talking->push->to;
	char *line = NULL;
	int length;
	if (talking->there)
		length = asprintf(&line, "=\t%s:%s\t[up to date]\nDone\n", from, to);
	else if (talking->rejection)
		length = asprintf(&line, "!\t%s:%s\t[rejected] %s\n", from, to, talking->rejection);
	else if (receive->told && receive->ok && receive->unpacked)
		length = asprintf(&line, " \t%s:%s\t%s..%s\nDone\n", from, to, receive->old,
				  talking->id);
	else if (receive->told)
		length = asprintf(&line, "!\t%s:%s\t[remote rejected] (%s)\n", from, to,
				  receive->ref_why);
	else
		length = asprintf(&line, "%s", "");
	if (length < 0)
		return -1;
	free(answer->output);
	answer->output = line;
	answer->length = (size_t)length;
	return 0;
}

/* Where it told nothing of the ref: git's words for how it ended. */
static void tell_trouble(const struct talking *talking, struct git_answer *answer)
{
	const struct receive *receive = &talking->receive;
	if (receive->outer.broken && !receive->outer.rubbish[0])
		add_line(answer, "fatal: protocol error: bad band", "");
	else if (receive->outer.broken)
		add_line(answer, "fatal: protocol error: bad line length character: ",
			 receive->outer.rubbish);
	else if (!receive->refs_told)
		add_line(answer, "fatal: Could not read from remote repository.", "");
	else if (!talking->there && !talking->rejection && !receive->told)
		add_line(answer, "fatal: the remote end hung up unexpectedly", "");
	else if (receive->told && !receive->unpacked)
		add_line(answer, "error: remote unpack failed: ", receive->unpack_why);
}

/* Whether the remote borrows objects, or that can't be told. */
static bool borrows(const struct look_route *route)
{
	char path[sizeof(route->folder) + 32];
	static const char *const ends[] = {"objects/info/alternates",
					   ".git/objects/info/alternates"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", route->folder, ends[i]);
		if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
			return true;
	}
	return access("/bin/true", X_OK) != 0;
}

/*
 * What need not be done each time is told behind "git": at most so many words, and a NULL.
 *
 * While objects come in they are in a folder of their own, which borrows from the repository; so a
 * process is started that lists the refs of that, though these are known. One that borrows from no
 * other does without.
 *
 * Whether there is housekeeping to do, which takes a process to find out, is asked at the first of
 * our pushes, and at every 16th after that: each of them brings less than a hundred objects.
 */
static void add_savings(const struct talking *talking, const char **args)
{
	static unsigned pushes;
	if (!borrows(&talking->push->look->route)) {
		*args++ = "-c";
		*args++ = "core.alternateRefsCommand=/bin/true";
	}
	if (pushes++ % ASK_EVERY != 0) {
		*args++ = "-c";
		*args++ = "receive.autogc=false";
	}
}

static int run(struct talking *talking, struct git_answer *answer, struct err *err)
{
	static const char *const last[] = {RECEIVE_DURABLY};
	const struct push *push = talking->push;
	const char *args[SAVINGS + sizeof(last) / sizeof(last[0]) + 2] = {NULL};
	size_t count = 0;
	add_savings(talking, args);
	while (args[count])
		count++;
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		args[count++] = last[i];
	args[count] = push->look->route.path;
	/* Another version of the protocol is not spoken here. */
	const char *const variables[] = {"GIT_PROTOCOL=", NULL};
	const struct git_call call = {
		.folder = push->look->workdir,
		.args = args,
		.variables = variables,
		.timeout_ms = push->conf->push_timeout_ms,
		.client = push->client,
		.talk = &talking->talk,
	};
	return git_program(&call, answer, err);
}

/* What came of it. */
static enum direct judge(struct talking *talking, struct git_answer *answer, struct err *err)
{
	const struct receive *receive = &talking->receive;
	if (talking->reason && answer->result.end == CHILD_EXITED)
		return DIRECT_PASSES;
	tell_said(talking, answer);
	tell_trouble(talking, answer);
	if (tell_ref(talking, answer) != 0) {
		err_set(err, ERR_INTERNAL, "out of memory");
		return DIRECT_BROKEN;
	}
	if (talking->there || (receive->told && receive->ok && receive->unpacked))
		tracking_follow(talking->repository, talking->push->look, talking->push->to,
				&talking->commit);
	return DIRECT_ANSWERED;
}

/* NULL, or what is wrong. */
static const char *open_repository(struct talking *talking)
{
	const char *from = talking->push->from;
	if (git_repository_open(&talking->repository, talking->push->look->gitdir) != 0 ||
	    (git_oid_fromstr(&talking->commit, from) != 0 &&
	     git_reference_name_to_id(&talking->commit, talking->repository, from) != 0))
		return "a repository that can't be read";
	git_oid_tostr(talking->id, sizeof(talking->id), &talking->commit);
	return NULL;
}

enum direct direct_push(const struct push *push, struct git_answer *answer, const char **reason,
			struct err *err)
{
	struct talking talking = {
		.push = push,
		.receive = {.ref = push->to, .on_refs = on_refs, .context = &talking},
		.talk = {.on_output = on_output, .context = &talking, .feed = {"", 0, false}},
	};
	enum direct direct = DIRECT_PASSES;
	talking.reason =
		push->look->route.by_git[0] ? push->look->route.by_git : open_repository(&talking);
	receive_init(&talking.receive);
	if (!talking.reason)
		direct = run(&talking, answer, err) == 0 || talking.talk.end
				 ? judge(&talking, answer, err)
				 : DIRECT_BROKEN;
	*reason = talking.reason;
	receive_release(&talking.receive);
	bytes_release(&talking.order);
	git_repository_free(talking.repository);
	return direct;
}
