/*
 * What stepgate and its commit helper say to each other, both directions side by side so that they
 * can't drift. The client asks, the helper answers; there is never more than one question open.
 *
 *   asks  do=open  a repository's config          answers  done, or error
 *         do=view                                           done with a view, or error
 *         do=save  a request                                pushing with facts so far (only where
 * it goes on to push), then done with facts
 */
#ifndef RUNNER_HELPER_TALK_H
#define RUNNER_HELPER_TALK_H

#include "conf/conf.h"
#include "runner/helper/git.h"
#include "runner/helper/look.h"
#include "runner/helper/wire.h"

#define TALK_FD       3   /* the helper's end of the socket */
#define TALK_TRAILERS 128 /* at most, of a config or a request */
#define TALK_DO       "do"
#define TALK_OPEN     "open"
#define TALK_VIEW     "view"
#define TALK_CLOSELY  "closely" /* of a view: programs are asked who they are */
#define TALK_SAVE     "save"
#define TALK_BASE     "base" /* of a request: a commit that HEAD must still have */
#define TALK_LOG      "log"  /* with facts: what git and the hooks said, for the step's log */
#define TALK_PRINT    "print"
#define TALK_ANSWER   "answer"
#define TALK_DONE     "done"
#define TALK_PUSHING  "pushing"
#define TALK_ERROR    "error"

/* A config or a request as it came: its strings live in the frame, which must outlive it. */
struct talk_repository {
	struct conf_repository conf;
	const char *trailers[TALK_TRAILERS + 1];
	const char *patterns[TALK_TRAILERS + 1];
	const char *allow[TALK_TRAILERS + 1];
};

struct talk_request {
	struct git_request request;
	const char *trailers[TALK_TRAILERS + 1];
};

/* Each get gives 0, or -1 where something is missing or out of range; what it fills is then not to
 * be used. */
void talk_put_repository(struct wire_frame *frame, const struct conf_repository *repository);
int talk_get_repository(const struct wire_frame *frame, struct talk_repository *repository);

void talk_put_request(struct wire_frame *frame, const struct git_request *request);
int talk_get_request(const struct wire_frame *frame, struct talk_request *request);

void talk_put_facts(struct wire_frame *frame, const struct receipt_facts *facts);
int talk_get_facts(const struct wire_frame *frame, struct receipt_facts *facts);

/* Nothing where length is 0. */
void talk_put_log(struct wire_frame *frame, const char *bytes, size_t length);

void talk_put_view(struct wire_frame *frame, const struct git_view *view);
/* FRAME's view may have features, each a name, a way and words. */
int talk_get_view(const struct wire_frame *frame, struct git_view *view);

/* How the repository was when the cycle began, with what has been accepted since: a helper tells
 * it, with a view and with the last facts, and is told it with each request. */
void talk_put_print(struct wire_frame *frame, const struct print *print);
int talk_get_print(const struct wire_frame *frame, struct print *print);

void talk_put_err(struct wire_frame *frame, const struct err *err);
/* Always gives an error; one that could not be read says so. */
void talk_get_err(const struct wire_frame *frame, struct err *err);

#endif
