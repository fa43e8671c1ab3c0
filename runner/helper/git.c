/*
 * The client of the commit helper. A helper that dies, says nothing until the deadline, or talks
 * garbage is ended and reaped; a fresh one is started for the next request, and once for that over
 * which one died.
 */
#include "runner/helper/git.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/talk.h"
#include "runner/process/companion.h"
#include "runner/process/stuck.h"
#include "status/clock.h"
#include "status/text.h"

#define LOOK_MS          60000   /* what a look at a repository may take on a slow disk */
#define COMMIT_MS        1200000 /* a commit, of however much, beside the repository's own hooks */
#define CALLS_WITH_HOOKS 2       /* `git add`, for filters, and `git commit` */
#define PUSH_MS          10000 /* how far a push may overrun its own timeout: the helper ends it first */
#define END_MS           5000 /* what an idle helper takes to end, at most */

#define WHY_SIZE 1200

struct git {
	const struct conf_repository *repository;
	struct companion helper;
	struct print was;         /* the repository when the first helper saw it */
	bool seen;                /* `was` stands */
	char *log;                /* what git said during the last save; or NULL */
	char head[65];            /* the newest commit that is known to have been there; "" none */
	struct stuck_watch watch; /* of the last helper that took its time */
};

/* Like wire_receive; but one that waits for a FIFO to be written waits for ever, and is not waited
 * for to the end of the time. */
static enum wire_outcome hear(struct git *git, struct wire_frame *answer, int64_t deadline)
{
	struct pollfd talks = {.fd = git->helper.fd, .events = POLLIN};
	git->watch = (struct stuck_watch){.stuck = STUCK_NOWHERE};
	while (clock_monotonic_ms() < deadline) {
		const int64_t left = deadline - clock_monotonic_ms();
		const int64_t wait = left < STUCK_EVERY_MS ? left : STUCK_EVERY_MS;
		const int got = poll(&talks, 1, (int)wait);
		if (got > 0 || (got < 0 && errno != EINTR))
			return wire_receive(git->helper.fd, answer, deadline);
		if (got == 0 && stuck_watch(&git->watch, git->helper.pid))
			break;
	}
	return WIRE_TIMED_OUT;
}

/* Gets rid of a helper that failed, and says how it ended. A helper that is not gone by itself is
 * not waited for: its answer is lost anyway. */
static void give_up(struct git *git, enum wire_outcome outcome, char *why, size_t size)
{
	char how[128] = "";
	companion_stop(&git->helper, outcome == WIRE_CLOSED ? END_MS : 0, how, sizeof(how));
	if (outcome == WIRE_GARBAGE)
		snprintf(why, size, "its answer can't be read");
	else if (outcome == WIRE_TIMED_OUT && git->watch.stuck == STUCK_FIFO)
		snprintf(why, size, "%s: " STUCK_WORDS, git->watch.path);
	else if (outcome == WIRE_TIMED_OUT && git->watch.stuck == STUCK_SOMEWHERE)
		snprintf(why, size, "%s, while it waited for %s", how, git->watch.path);
	else
		snprintf(why, size, "%s", how);
}

static enum wire_outcome ask(struct git *git, const struct wire_frame *question,
			     struct wire_frame *answer, int64_t patience_ms)
{
	const int64_t deadline = clock_monotonic_ms() + patience_ms;
	const enum wire_outcome sent = wire_send(git->helper.fd, question, deadline);
	return sent == WIRE_OK ? hear(git, answer, deadline) : sent;
}

/* What a look came to that no answer was given to. */
static int tell_end(const struct git *git, enum wire_outcome outcome, const char *why,
		    struct err *err)
{
	const char *path = git->repository->path;
	if (outcome != WIRE_TIMED_OUT)
		return err_set(err, ERR_INTERNAL, "%s: the commit helper died: %s", path, why);
	if (git->watch.stuck == STUCK_FIFO)
		return err_set(err, ERR_CONFIG, "%s", why);
	return err_set(err, ERR_SYSTEM, "%s: the repository can't be read in %d s: %s", path,
		       LOOK_MS / 1000, why);
}

/* Asks something that is answered with `done` or an error. 0, or -1 and *err. */
static int ask_simply(struct git *git, const struct wire_frame *question, struct wire_frame *answer,
		      struct err *err)
{
	char why[WHY_SIZE];
	if (question->broken)
		return err_set(err, ERR_CONFIG, "%s: the repository's settings are too long",
			       git->repository->path);
	const enum wire_outcome outcome = ask(git, question, answer, LOOK_MS);
	if (outcome != WIRE_OK) {
		give_up(git, outcome, why, sizeof(why));
		return tell_end(git, outcome, why, err);
	}
	if (strcmp(wire_get(answer, TALK_ANSWER, ""), TALK_DONE) == 0)
		return 0;
	talk_get_err(answer, err);
	return -1;
}

/* Makes sure that a helper runs and knows the repository. */
static int ready(struct git *git, struct err *err)
{
	struct wire_frame question, answer;
	if (git->helper.pid)
		return 0;
	if (companion_start(&git->helper, &companion_git, err) != 0)
		return -1;
	wire_init(&question);
	wire_init(&answer);
	wire_put(&question, TALK_DO, TALK_OPEN);
	talk_put_repository(&question, git->repository);
	if (git->seen)
		talk_put_print(&question, &git->was);
	const int failed = ask_simply(git, &question, &answer, err);
	if (!failed && !git->seen)
		git->seen = talk_get_print(&answer, &git->was) == 0;
	if (!failed && !git->head[0])
		snprintf(git->head, sizeof(git->head), "%.64s", wire_get(&answer, "head", ""));
	wire_release(&question);
	wire_release(&answer);
	if (failed)
		companion_stop(&git->helper, END_MS, NULL, 0);
	return failed;
}

int git_new(const struct conf_repository *repository, struct git **git, struct err *err)
{
	struct git *new = calloc(1, sizeof(*new));
	if (!new)
		return err_set(err, ERR_INTERNAL, "out of memory");
	new->repository = repository;
	companion_init(&new->helper);
	if (ready(new, err) != 0) {
		git_free(new);
		return -1;
	}
	*git = new;
	return 0;
}

void git_free(struct git *git)
{
	if (!git)
		return;
	companion_stop(&git->helper, END_MS, NULL, 0);
	free(git->log);
	free(git);
}

static int ask_view(struct git *git, bool closely, struct git_view *view, struct err *err)
{
	struct wire_frame question, answer;
	struct git_view seen;
	if (ready(git, err) != 0)
		return -1;
	wire_init(&question);
	wire_init(&answer);
	wire_put(&question, TALK_DO, TALK_VIEW);
	wire_put_number(&question, TALK_CLOSELY, closely);
	int failed = ask_simply(git, &question, &answer, err);
	if (!failed && talk_get_view(&answer, &seen) != 0)
		failed = err_set(err, ERR_INTERNAL, "%s: the commit helper's view can't be read",
				 git->repository->path);
	wire_release(&question);
	wire_release(&answer);
	if (!failed)
		*view = seen;
	return failed;
}

int git_view(struct git *git, struct git_view *view, struct err *err)
{
	return ask_view(git, false, view, err);
}

int git_inspect(struct git *git, struct git_view *view, struct err *err)
{
	return ask_view(git, true, view, err);
}

/* What is true where nothing was heard of a commit. */
static void fail(struct receipt_facts *facts, enum receipt_result result, const char *why)
{
	facts->result = result;
	text_clean(why, strlen(why), facts->why, sizeof(facts->why));
}

static enum wire_outcome receive_facts(struct git *git, struct wire_frame *answer,
				       struct receipt_facts *facts, int64_t patience_ms)
{
	struct receipt_facts heard;
	const int64_t deadline = clock_monotonic_ms() + patience_ms;
	const enum wire_outcome got = hear(git, answer, deadline);
	if (got != WIRE_OK)
		return got;
	if (talk_get_facts(answer, &heard) != 0)
		return WIRE_GARBAGE;
	*facts = heard;
	struct print was;
	if (talk_get_print(answer, &was) == 0)
		git->was = was;
	const char *log = wire_get(answer, TALK_LOG, NULL);
	if (log) {
		free(git->log);
		git->log = strdup(log);
	}
	return WIRE_OK;
}

/* The receipt where the helper ended while it pushed what `facts` has. */
static void push_died(struct receipt_facts *facts, enum receipt_result result, const char *why)
{
	if (facts->result == RECEIPT_SALVAGED) /* the work is safe on its ref all the same */
		snprintf(facts->why, sizeof(facts->why), "%s: %.400s", receipt_words(result), why);
	else
		fail(facts, result, why);
}

/* True where a second helper may have better luck: this one died over it by itself, or its answer
 * could not be taken, so that what it did is to be found out. */
static bool save(struct git *git, const struct wire_frame *question, struct receipt_facts *facts)
{
	char why[WHY_SIZE];
	struct wire_frame answer;
	const struct conf_repository *repository = git->repository;
	const int64_t sending = clock_monotonic_ms() + LOOK_MS;
	bool pushing = false;

	wire_init(&answer);
	enum wire_outcome outcome = wire_send(git->helper.fd, question, sending);
	if (outcome == WIRE_OK)
		outcome = receive_facts(git, &answer, facts,
					repository->lock_timeout_ms +
						CALLS_WITH_HOOKS * repository->hook_timeout_ms +
						COMMIT_MS);
	if (outcome == WIRE_OK && strcmp(wire_get(&answer, TALK_ANSWER, ""), TALK_PUSHING) == 0) {
		pushing = true;
		outcome = receive_facts(git, &answer, facts, repository->push_timeout_ms + PUSH_MS);
	}
	wire_release(&answer);
	if (outcome == WIRE_OK)
		return false;
	give_up(git, outcome, why, sizeof(why));
	const bool waited = outcome == WIRE_TIMED_OUT && git->watch.stuck == STUCK_FIFO;
	if (pushing)
		push_died(facts, waited ? RECEIPT_PUSH_ERROR : RECEIPT_PUSH_DIED, why);
	else
		fail(facts, waited ? RECEIPT_COMMIT_ERROR : RECEIPT_DIED, why);
	return outcome != WIRE_TIMED_OUT;
}

/* One try, with a helper that is started for it where none runs. Whether another is worth it. */
static bool try(struct git *git, const struct git_request *request, struct receipt_facts *facts)
{
	struct err err = {.code = ERR_NONE};
	struct wire_frame question;
	bool died = false;
	git->watch = (struct stuck_watch){.stuck = STUCK_NOWHERE};
	if (ready(git, &err) != 0) {
		if (err.code == ERR_CONFIG)
			fail(facts,
			     git->watch.stuck == STUCK_FIFO ? RECEIPT_COMMIT_ERROR
							    : RECEIPT_NO_REPOSITORY,
			     err.text);
		else
			fail(facts, RECEIPT_DIED, err.text);
		return false;
	}
	wire_init(&question);
	wire_put(&question, TALK_DO, TALK_SAVE);
	talk_put_request(&question, request);
	wire_put(&question, TALK_BASE, git->head);
	if (git->seen)
		talk_put_print(&question, &git->was);
	if (question.broken)
		fail(facts, RECEIPT_COMMIT_ERROR, "the commit message is too long");
	else
		died = save(git, &question, facts);
	wire_release(&question);
	return died;
}

/* What the helper that died over it may have done is looked for from where things stood before. */
static void try_again(struct git *git, const struct git_request *request,
		      struct receipt_facts *facts)
{
	struct git_request second = *request;
	struct receipt_facts heard = {.result = RECEIPT_DIED};
	if (!second.again && git->head[0])
		second.since = git->head;
	second.again = true;
	try(git, &second, &heard);
	/* A second one that did not come as far as the first takes nothing back. */
	if (heard.commit[0] || !facts->commit[0])
		*facts = heard;
}

void git_save(struct git *git, const struct git_request *request, struct receipt_facts *facts)
{
	*facts = (struct receipt_facts){.result = RECEIPT_OFF};
	free(git->log);
	git->log = NULL;
	if (!git->repository->commit)
		return;
	if (try(git, request, facts))
		try_again(git, request, facts);
	if (facts->commit[0] && !request->salvage_ref)
		memcpy(git->head, facts->commit, sizeof(git->head));
}

void git_settings(const struct git *git, char *out)
{
	size_t used = 0;
	out[0] = '\0';
	for (int i = 0; git->seen && i < PRINT_COUNT; i++)
		used += (size_t)snprintf(out + used, GIT_SETTINGS - used, "%016" PRIx64,
					 git->was.of[i]);
}

void git_expect(struct git *git, const char *settings)
{
	struct print was;
	char one[17] = "";
	const size_t length = (size_t)PRINT_COUNT * 16;
	if (strlen(settings) != length || strspn(settings, "0123456789abcdef") != length)
		return;
	for (int i = 0; i < PRINT_COUNT; i++) {
		memcpy(one, settings + 16 * (size_t)i, 16);
		was.of[i] = strtoull(one, NULL, 16);
	}
	git->was = was;
	git->seen = true;
}

const char *git_log(const struct git *git)
{
	return git->log ? git->log : "";
}
