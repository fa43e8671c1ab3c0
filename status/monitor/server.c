#include "status/monitor/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/monitor/http.h"

/*
 * How much of it all there may be. A stranger is a connection that has not shown the token yet:
 * when there are more than STRANGERS the one that has been there longest is cut off, so that
 * however many are held open the next one is served. Nobody may take longer than PATIENCE_MS over a
 * request.
 */
#define CONNECTIONS 640
#define STRANGERS   128
#define STREAMS     400
#define PATIENCE_MS 15000
#define IDLE_S      60
#define MEMORY      (16 * 1024) /* of a connection: what its headers may take, and a bit */

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	const char *method, *path;
	const struct route *route; /* NULL: setup.other is asked */
	char body[SERVER_BODY_MOST];
	size_t length;
};

/* A connection, in the order of arrival. */
struct visitor {
	struct visitor *older, *newer;
	int fd;
	bool trusted;  /* has shown the token */
	bool asking;   /* a request is under way */
	int64_t since; /* monotonic ms: of the connection, or of the request under way */
};

struct waiting {
	struct server *server;
	struct MHD_Connection *connection;
	struct stream stream;
	bool asleep;
	struct waiting *next;
	struct waiting **back;
};

struct server {
	struct server_setup setup;
	struct MHD_Daemon *daemon;
	char cookie[32];
	struct visitor *newest, *oldest;
	int strangers;
	struct waiting *streams;
	int nstreams;
	bool ending; /* streams end, since none may be left asleep */
};

const char *request_query(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *request_path(const struct request *request)
{
	return request->path;
}

const char *request_body(const struct request *request, size_t *length)
{
	*length = request->length;
	return request->body;
}

static void unlink_visitor(struct server *server, struct visitor *visitor)
{
	*(visitor->older ? &visitor->older->newer : &server->oldest) = visitor->newer;
	*(visitor->newer ? &visitor->newer->older : &server->newest) = visitor->older;
}

static void welcome(struct server *server, struct visitor *visitor)
{
	visitor->older = server->newest;
	visitor->newer = NULL;
	*(server->newest ? &server->newest->newer : &server->oldest) = visitor;
	server->newest = visitor;
}

/* MHD sees the end of it at its next turn, and closes it. */
static void cut_off(struct visitor *visitor)
{
	shutdown(visitor->fd, SHUT_RDWR);
}

static void trust(struct server *server, struct visitor *visitor)
{
	if (!visitor || visitor->trusted)
		return;
	visitor->trusted = true;
	server->strangers--;
}

static void make_room(struct server *server)
{
	int over = server->strangers - STRANGERS;
	for (struct visitor *v = server->oldest; v && over > 0; v = v->newer)
		if (!v->trusted) {
			/* It counts no more, though it takes a turn until it is gone. */
			trust(server, v);
			cut_off(v);
			over--;
		}
}

static void connection_changed(void *context, struct MHD_Connection *connection,
			       void **socket_context, enum MHD_ConnectionNotificationCode what)
{
	struct server *server = context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct visitor *visitor = calloc(1, sizeof(*visitor));
		*socket_context = visitor;
		if (!visitor || !info) {
			if (info)
				shutdown(info->connect_fd, SHUT_RDWR);
			free(visitor);
			*socket_context = NULL;
			return;
		}
		visitor->fd = info->connect_fd;
		visitor->asking = true;
		visitor->since = clock_monotonic_ms();
		welcome(server, visitor);
		server->strangers++;
		make_room(server);
		return;
	}
	struct visitor *visitor = *socket_context;
	if (!visitor)
		return;
	server->strangers -= !visitor->trusted;
	unlink_visitor(server, visitor);
	free(visitor);
	*socket_context = NULL;
}

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

/* Who takes too long over a request, byte by byte, is cut off: MHD's own time-out is of silence. */
static void hurry(struct server *server)
{
	const int64_t now = clock_monotonic_ms();
	for (struct visitor *v = server->oldest; v; v = v->newer)
		if (v->asking && now - v->since > PATIENCE_MS) {
			v->asking = false;
			cut_off(v);
		}
}

static void free_waiting(void *context)
{
	struct waiting *waiting = context;
	*waiting->back = waiting->next;
	if (waiting->next)
		waiting->next->back = waiting->back;
	waiting->server->nstreams -= waiting->stream.lasting;
	waiting->stream.free(waiting->stream.context);
	free(waiting);
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t most)
{
	struct waiting *waiting = context;
	(void)position;
	const ssize_t got = waiting->server->ending
				    ? -1
				    : waiting->stream.read(waiting->stream.context, out, most);
	if (got < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got == 0) {
		waiting->asleep = true;
		MHD_suspend_connection(waiting->connection);
	}
	return got;
}

static struct MHD_Response *stream_response(struct request *request, struct stream *stream)
{
	struct server *server = request->server;
	struct waiting *waiting = malloc(sizeof(*waiting));
	if (!waiting)
		return NULL;
	*waiting = (struct waiting){
		.server = server,
		.connection = request->connection,
		.stream = *stream,
		.next = server->streams,
		.back = &server->streams,
	};
	if (server->streams)
		server->streams->back = &waiting->next;
	server->streams = waiting;
	server->nstreams += stream->lasting;
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, 4096, read_stream, waiting, free_waiting);
	if (!response)
		free_waiting(waiting);
	if (stream->lasting)
		MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
	stream->read = NULL;
	return response;
}

void server_wake(struct server *server)
{
	for (struct waiting *w = server->streams; w; w = w->next)
		if (w->asleep) {
			w->asleep = false;
			MHD_resume_connection(w->connection);
		}
}

static struct MHD_Response *make_response(struct request *request, struct reply *reply)
{
	const char *tagged = request_header(request, "If-None-Match");
	if (reply->stream.read)
		return stream_response(request, &reply->stream);
	if (reply->tag && tagged && strcmp(tagged, reply->tag) == 0) {
		reply->status = MHD_HTTP_NOT_MODIFIED;
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	if (reply->constant)
		return MHD_create_response_from_buffer(reply->length, http_unconst(reply->constant),
						       MHD_RESPMEM_PERSISTENT);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(reply->length, reply->body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(reply->body);
	return response;
}

static enum MHD_Result send_reply(struct request *request, struct reply *reply, bool whole)
{
	struct server *server = request->server;
	if (reply->stream.read && reply->stream.lasting && server->nstreams >= STREAMS) {
		reply->stream.free(reply->stream.context);
		reply_error(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "too many event streams are open");
	}
	struct visitor *visitor = visitor_of(request->connection);
	if (visitor)
		visitor->asking = false;
	char *file = reply->file ? strdup(reply->file) : NULL;
	struct MHD_Response *response = make_response(request, reply);
	enum MHD_Result done = MHD_NO;
	if (response && http_add_headers(response, reply->type, reply->tag, file, !whole) == 0)
		done = MHD_queue_response(request->connection,
					  reply->status ? (unsigned int)reply->status : MHD_HTTP_OK,
					  response);
	free(file);
	if (response)
		MHD_destroy_response(response);
	return done;
}

static enum MHD_Result refuse(struct request *request, int status, const char *words)
{
	struct reply reply;
	struct server *server = request->server;
	if (status == MHD_HTTP_UNAUTHORIZED && request->route && request->route->page)
		server->setup.locked(server->setup.app, words, &reply);
	else
		reply_error(&reply, status, words);
	return send_reply(request, &reply, false);
}

/* Opened with the token in the address, which goes into a cookie at once. */
static enum MHD_Result give_cookie(struct request *request)
{
	char cookie[192];
	snprintf(cookie, sizeof(cookie),
		 "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000",
		 request->server->cookie, request->server->setup.guard->token);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	enum MHD_Result done = MHD_NO;
	if (http_add_headers(response, NULL, NULL, NULL, false) == 0 &&
	    MHD_add_response_header(response, "Set-Cookie", cookie) == MHD_YES &&
	    MHD_add_response_header(response, "Location", request->path) == MHD_YES)
		done = MHD_queue_response(request->connection, MHD_HTTP_SEE_OTHER, response);
	MHD_destroy_response(response);
	return done;
}

static const struct route *find_route(const struct server *server, const char *method,
				      const char *path, bool *known)
{
	*known = false;
	for (const struct route *route = server->setup.routes; route->path; route++) {
		if (strcmp(route->path, path) != 0)
			continue;
		*known = true;
		if (strcmp(route->method, method) == 0 ||
		    (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0))
			return route;
	}
	return NULL;
}

/* Whether the headers of a request let it pass. */
static struct guard_verdict check(const struct request *request)
{
	const struct server *server = request->server;
	const struct guard *guard = server->setup.guard;
	const struct guard_request seen = {
		.method = request->method,
		.hosts = http_count(request->connection, "Host"),
		.host = request_header(request, "Host"),
		.origin = request_header(request, "Origin"),
		.fetch_site = request_header(request, "Sec-Fetch-Site"),
		.content_type = request_header(request, "Content-Type"),
		.authorization = request_header(request, "Authorization"),
		.cookie = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND,
						      server->cookie),
		.page = request->route && request->route->page,
	};
	struct guard_verdict verdict = guard_origin(guard, &seen);
	if (verdict.status == 0 && !(request->route && request->route->open))
		verdict = guard_token(guard, &seen);
	return verdict;
}

/* What it says of its body: 0 where that is fine, else the status that refuses it. */
static int check_body(const struct request *request)
{
	const char *length = request_header(request, "Content-Length");
	char *end = NULL;
	if (request_header(request, "Transfer-Encoding"))
		return MHD_HTTP_LENGTH_REQUIRED;
	if (strcmp(request->method, "POST") != 0)
		return !length || strcmp(length, "0") == 0 ? 0 : MHD_HTTP_BAD_REQUEST;
	if (!length)
		return MHD_HTTP_LENGTH_REQUIRED;
	const unsigned long long bytes = strtoull(length, &end, 10);
	return *end || bytes > SERVER_BODY_MOST ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

/* The headers are there: may it go on? 1: it may; else what MHD is to be told is in *told. */
static bool begin(struct request *request, enum MHD_Result *told)
{
	struct server *server = request->server;
	struct visitor *visitor = visitor_of(request->connection);
	bool known;
	request->route = find_route(server, request->method, request->path, &known);
	const int body = check_body(request);
	if (body) {
		*told = refuse(request, body,
			       "the request's body is too long, or of no known length");
		return false;
	}
	const struct guard_verdict verdict = check(request);
	const bool page = request->route && request->route->page;
	const char *token = page ? request_query(request, "token") : NULL;
	if (token && guard_is_token(server->setup.guard, token) && verdict.status != 400 &&
	    verdict.status != 403) {
		trust(server, visitor);
		*told = give_cookie(request);
		return false;
	}
	if (verdict.status) {
		*told = refuse(request, verdict.status, verdict.words);
		return false;
	}
	if (!(request->route && request->route->open))
		trust(server, visitor);
	if (known && !request->route)
		*told = refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "not by this method");
	return !known || request->route;
}

static enum MHD_Result answer(struct request *request)
{
	struct server *server = request->server;
	struct reply reply = {.status = 0};
	if (request->route)
		request->route->answer(server->setup.app, request, &reply);
	else if (!server->setup.other(server->setup.app, request, &reply))
		reply_error(&reply, MHD_HTTP_NOT_FOUND, "there is nothing of that name");
	return send_reply(request, &reply, true);
}

static struct request *new_request(struct server *server, struct MHD_Connection *connection,
				   const char *path, const char *method)
{
	struct request *request = malloc(sizeof(*request));
	if (!request)
		return NULL;
	request->server = server;
	request->connection = connection;
	request->method = method;
	request->path = path;
	request->route = NULL;
	request->length = 0;
	return request;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *bytes,
			      size_t *length, void **kept)
{
	struct request *request = *kept;
	enum MHD_Result told = MHD_YES;
	(void)version;
	if (!request) {
		*kept = request = new_request(context, connection, path, method);
		if (!request)
			return MHD_NO;
		const bool passed = begin(request, &told);
		return passed ? MHD_YES : told;
	}
	if (*length == 0)
		return answer(request);
	if (*length > sizeof(request->body) - request->length)
		return MHD_NO;
	memcpy(request->body + request->length, bytes, *length);
	request->length += *length;
	*length = 0;
	return MHD_YES;
}

/* From the first byte of a request on its time runs. */
static void *asked(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct visitor *visitor = visitor_of(connection);
	(void)context;
	(void)uri;
	if (visitor && !visitor->asking) {
		visitor->asking = true;
		visitor->since = clock_monotonic_ms();
	}
	return NULL;
}

static void completed(void *context, struct MHD_Connection *connection, void **kept,
		      enum MHD_RequestTerminationCode how)
{
	(void)context;
	(void)connection;
	(void)how;
	free(*kept);
	*kept = NULL;
}

/* What clients do wrong is told to them, and to nobody else. */
static void say_nothing(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

/* As many descriptors as there may be connections, and some for ourselves. */
static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < CONNECTIONS + 256) {
		limit.rlim_cur =
			limit.rlim_max < CONNECTIONS + 256 ? limit.rlim_max : CONNECTIONS + 256;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int server_new(const struct server_setup *setup, struct server **server, struct err *err)
{
	struct server *made = calloc(1, sizeof(*made));
	const int fd = fcntl(setup->fd, F_DUPFD_CLOEXEC, 3); /* MHD closes its own */
	if (!made || fd < 0) {
		free(made);
		return err_set(err, ERR_INTERNAL, "out of memory or descriptors");
	}
	raise_limit();
	made->setup = *setup;
	guard_cookie_name(setup->guard, made->cookie);
	made->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, made,
		MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, made,
		MHD_OPTION_NOTIFY_COMPLETED, completed, made, MHD_OPTION_URI_LOG_CALLBACK, asked,
		made, MHD_OPTION_END);
	if (!made->daemon) {
		close(fd);
		free(made);
		return err_set(err, ERR_INTERNAL, "libmicrohttpd can't be started");
	}
	*server = made;
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	/* MHD ends no connection that is suspended. */
	server->ending = true;
	server_wake(server);
	MHD_run(server->daemon);
	MHD_stop_daemon(server->daemon);
	free(server);
}

int server_descriptor(const struct server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info ? info->epoll_fd : -1;
}

int64_t server_turn(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;
	hurry(server);
	MHD_run(server->daemon);
	return MHD_get_timeout(server->daemon, &wait) == MHD_YES ? (int64_t)wait : -1;
}
