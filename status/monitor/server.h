/*
 * HTTP for the monitor, on one thread: libmicrohttpd, a table of routes, and limits so that no
 * client can harm the others. What a route is asked has been checked before: Host, Origin, token,
 * method, size.
 */
#ifndef STATUS_MONITOR_SERVER_H
#define STATUS_MONITOR_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "status/monitor/guard.h"

#define SERVER_BODY_MOST 4096 /* bytes of a request's body */

struct server;
struct request;

/* What an answer's body comes from piece by piece. */
struct stream {
	/* Up to `most` bytes into `out`: how many; 0: none yet (it is asked again after
	 * server_wake); -1: that was all. */
	ssize_t (*read)(void *context, char *out, size_t most);
	void (*free)(void *context);
	void *context;
	bool lasting; /* it waits for what is to come: counted, and limited in number */
};

struct reply {
	int status;           /* 0: 200 */
	const char *type;     /* NULL: application/json */
	char *body;           /* malloc, taken over; or NULL */
	const char *constant; /* in place of body: lives as long as the program */
	size_t length;        /* of body or constant */
	const char *tag;      /* an ETag, or NULL; lives as long as the program */
	const char *file;     /* the name to save it by, or NULL; copied at once */
	struct stream stream; /* in place of both, where `read` is set */
};

struct route {
	const char *method; /* "GET" or "POST" */
	const char *path;   /* exactly */
	bool open;          /* needs no token */
	bool page;          /* may be opened by a link from anywhere */
	void (*answer)(void *app, const struct request *request, struct reply *reply);
};

/* The value of a parameter of the query, decoded; NULL where there is none. */
const char *request_query(const struct request *request, const char *name);
/* A header's value, or NULL. */
const char *request_header(const struct request *request, const char *name);
const char *request_path(const struct request *request);
/* The body: `length` bytes. */
const char *request_body(const struct request *request, size_t *length);

/* {"error": "…"} with that status. */
void reply_error(struct reply *reply, int status, const char *words);

struct server_setup {
	int fd; /* that listens; stays the caller's */
	const struct guard *guard;
	const struct route *routes; /* ends with a NULL path */
	/* For a path that is no route's: false where there is nothing of that name. */
	bool (*other)(void *app, const struct request *request, struct reply *reply);
	/* The page that is answered in place of a page that needs the token. */
	void (*locked)(void *app, const char *words, struct reply *reply);
	void *app;
};

/* 0 and *server (server_free), or -1 and *err. */
int server_new(const struct server_setup *setup, struct server **server, struct err *err);
void server_free(struct server *server);

/* A descriptor that is readable when server_turn has something to do. */
int server_descriptor(const struct server *server);
/* Does what there is to do, without waiting. Gives in how many milliseconds it wants to be called
 * again at the latest; -1: only when the descriptor says so. */
int64_t server_turn(struct server *server);
/* Streams that gave nothing are asked again. */
void server_wake(struct server *server);

#endif
