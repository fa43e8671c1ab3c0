/*
 * stepgate-git, the commit helper of stepgate: started by it with one end of a socket, answers its
 * questions one after another, and ends when the other end is closed.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/git_program.h"
#include "runner/helper/save.h"
#include "runner/helper/talk.h"
#include "status/clock.h"

#define SAVE_ON_S 5 /* how long a commit may go on after the client's death */

/* What is open between questions. */
struct helper {
	struct wire_frame opening; /* what `repository` borrows from */
	struct talk_repository repository;
	bool open;
	pid_t client; /* who started it */
	struct saver saver;
};

static bool answer(const struct wire_frame *frame)
{
	return wire_send(TALK_FD, frame, -1) == WIRE_OK;
}

static bool answer_err(const struct err *err)
{
	struct wire_frame frame;
	wire_init(&frame);
	wire_put(&frame, TALK_ANSWER, TALK_ERROR);
	talk_put_err(&frame, err);
	const bool sent = answer(&frame);
	wire_release(&frame);
	return sent;
}

/* `log` and `was` may be NULL. */
static bool answer_facts(const char *kind, const struct receipt_facts *facts,
			 const struct git_log *log, const struct print *was)
{
	struct wire_frame frame;
	wire_init(&frame);
	wire_put(&frame, TALK_ANSWER, kind);
	talk_put_facts(&frame, facts);
	if (was)
		talk_put_print(&frame, was);
	if (log)
		talk_put_log(&frame, log->text, log->length);
	const bool sent = answer(&frame);
	wire_release(&frame);
	return sent;
}

static bool answer_view(const struct git_view *view, const struct print *was)
{
	struct wire_frame frame;
	wire_init(&frame);
	wire_put(&frame, TALK_ANSWER, TALK_DONE);
	talk_put_view(&frame, view);
	talk_put_print(&frame, was);
	const bool sent = answer(&frame);
	wire_release(&frame);
	return sent;
}

static bool answer_nonsense(void)
{
	struct err err;
	err_set(&err, ERR_INTERNAL, "the commit helper was asked something it does not know");
	return answer_err(&err);
}

static void before_push(void *context, const struct receipt_facts *facts)
{
	(void)context;
	answer_facts(TALK_PUSHING, facts, NULL, NULL);
}

static bool view(struct helper *helper, bool closely)
{
	struct git_view seen;
	struct err err = {.code = ERR_NONE};
	if (save_look(&helper->saver, closely, &seen, &err) != 0)
		return answer_err(&err);
	return answer_view(&seen, &helper->saver.was);
}

/* Keeps the frame: the repository's strings live in it. */
static bool open_repository(struct helper *helper, struct wire_frame *frame)
{
	wire_release(&helper->opening);
	helper->opening = *frame;
	wire_init(frame);
	helper->open = talk_get_repository(&helper->opening, &helper->repository) == 0;
	helper->saver.conf = &helper->repository.conf;
	helper->saver.seen = talk_get_print(&helper->opening, &helper->saver.was) == 0;
	return helper->open ? view(helper, false) : answer_nonsense();
}

static bool save_work(struct helper *helper, const struct wire_frame *frame)
{
	struct talk_request request;
	struct receipt_facts facts;
	if (talk_get_request(frame, &request) != 0)
		return answer_nonsense();
	snprintf(helper->saver.base, sizeof(helper->saver.base), "%.64s",
		 wire_get(frame, TALK_BASE, ""));
	helper->saver.seen = talk_get_print(frame, &helper->saver.was) == 0 || helper->saver.seen;
	save(&helper->saver, &request.request, &facts);
	return answer_facts(TALK_DONE, &facts, &helper->saver.log, &helper->saver.was);
}

static bool handle(struct helper *helper, struct wire_frame *frame)
{
	const char *what = wire_get(frame, TALK_DO, "");
	int64_t closely = 0;
	if (strcmp(what, TALK_OPEN) == 0)
		return open_repository(helper, frame);
	if (helper->open && strcmp(what, TALK_VIEW) == 0)
		return view(helper,
			    wire_get_number(frame, TALK_CLOSELY, &closely) == 0 && closely == 1);
	if (helper->open && strcmp(what, TALK_SAVE) == 0)
		return save_work(helper, frame);
	return answer_nonsense();
}

/* The client has died meanwhile. */
static void end_soon(int sig)
{
	(void)sig;
	alarm(SAVE_ON_S); /* its action is the default one: the end */
}

/*
 * While it waits for a question or looks for the answer it dies with its client at once. While it
 * saves it does not: a commit is brought to its end, so that no lock is left behind, unless that
 * takes too long, as where a FIFO is waited for; a push is ended when the socket closes.
 */
static void die_with_client(const struct helper *helper, bool at_once)
{
	prctl(PR_SET_PDEATHSIG, at_once ? SIGKILL : SIGUSR1);
	if (!at_once && getppid() != helper->client)
		end_soon(0);
}

static bool is_save(const struct wire_frame *frame)
{
	return strcmp(wire_get(frame, TALK_DO, ""), TALK_SAVE) == 0;
}

static void serve(struct helper *helper)
{
	struct wire_frame frame;
	bool go_on = true;
	wire_init(&frame);
	while (go_on) {
		die_with_client(helper, true);
		go_on = wire_receive(TALK_FD, &frame, -1) == WIRE_OK;
		if (!go_on || is_save(&frame))
			die_with_client(helper, false);
		if (go_on)
			go_on = handle(helper, &frame);
	}
	wire_release(&frame);
}

/* Who stops a cycle stops stepgate; the helper goes on to save what there is. */
static void ignore_signals(void)
{
	/* SIGIO: somebody opens a file on which a lease was taken, to see whether anybody has it.
	 */
	const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGIO};
	const struct sigaction death = {.sa_handler = end_soon, .sa_flags = SA_RESTART};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	sigaction(SIGUSR1, &death, NULL); /* see die_with_client */
}

/* What a commit needed of memory the next one needs again: to give it back in between would have
 * the system clear it anew each time, which is one part in twenty of a large repository's commit.
 */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
	struct stat client;
	struct helper helper = {.open = false, .client = getppid()};
	(void)argv;
	if (argc != 1 || fstat(TALK_FD, &client) != 0 || !S_ISSOCK(client.st_mode)) {
		fputs("stepgate-git: the commit helper of stepgate, which starts it\n", stderr);
		return 2;
	}
	ignore_signals();
	keep_memory();
	git_program_forget_repository();
	helper.saver = (struct saver){
		.libgit2 = engine_libgit2_new(),
		.client = TALK_FD,
		.before_push = before_push,
		.started = clock_now(),
	};
	serve(&helper);
	save_end(&helper.saver);
	git_log_release(&helper.saver.log);
	engine_libgit2_free(helper.saver.libgit2);
	wire_release(&helper.opening);
	return 0;
}
