#include "status/monitor/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 256

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* "HOST:PORT" or "[HOST]:PORT" taken apart. -1 where it is neither. */
static int take_apart(const char *address, char *host, size_t size, char *port, size_t port_size)
{
	const char *colon = strrchr(address, ':');
	size_t length = colon ? (size_t)(colon - address) : 0;
	if (length == 0 || length >= size || !colon[1] || strlen(colon + 1) >= port_size ||
	    colon[1 + strspn(colon + 1, "0123456789")])
		return -1;
	if (*address == '[') {
		if (length < 3 || address[length - 1] != ']')
			return -1;
		address++;
		length -= 2;
	} else if (memchr(address, ':', length)) {
		return -1;
	}
	memcpy(host, address, length);
	host[length] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

static void show(struct listener *listener)
{
	struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
	socklen_t length = sizeof(bound);
	char host[100] = "?", port[8] = "?";
	if (getsockname(listener->fd, (struct sockaddr *)&bound, &length) == 0)
		getnameinfo((struct sockaddr *)&bound, length, host, sizeof(host), port,
			    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	const bool v6 = bound.ss_family == AF_INET6;
	snprintf(listener->host, sizeof(listener->host), v6 ? "[%s]" : "%s", host);
	snprintf(listener->shown, sizeof(listener->shown), "%s:%s", listener->host, port);
}

static int bind_there(struct listener *listener, const char *address, const struct addrinfo *found,
		      struct err *err)
{
	const int on = 1;
	listener->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return err_errno(err, "%s: no socket", address);
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener->fd, found->ai_addr, found->ai_addrlen) == 0 &&
	    listen(listener->fd, BACKLOG) == 0)
		return 0;
	err_errno(err, "%s: can't be listened on", address);
	close(listener->fd);
	return -1;
}

static int open_network(struct listener *listener, const char *address, bool far, struct err *err)
{
	char host[128], port[8];
	struct addrinfo *found = NULL;
	const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	if (take_apart(address, host, sizeof(host), port, sizeof(port)) != 0)
		return err_set(err, ERR_USAGE,
			       "%s: not an address to listen on: HOST:PORT or unix:PATH is",
			       address);
	const int why = getaddrinfo(host, port, &wanted, &found);
	if (why != 0)
		return err_set(err, ERR_USAGE, "%s: not an address: %s", address,
			       gai_strerror(why));
	listener->local = is_loopback(found->ai_addr);
	int failed = 0;
	if (!listener->local && !far)
		failed = err_set(
			err, ERR_USAGE,
			"%s: refused: others can reach this address: name a --token-file to "
			"listen there all the same",
			address);
	else
		failed = bind_there(listener, address, found, err);
	freeaddrinfo(found);
	if (!failed)
		show(listener);
	return failed;
}

/* Whether somebody listens on it. */
static bool in_use(const struct sockaddr_un *place)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool used =
		fd >= 0 && connect(fd, (const struct sockaddr *)place, sizeof(*place)) == 0;
	if (fd >= 0)
		close(fd);
	return used;
}

/* 0600 from the first moment on: the folder may be anybody's. */
static int bind_closed(int fd, const struct sockaddr_un *place)
{
	const mode_t before = umask(0177);
	const int failed = bind(fd, (const struct sockaddr *)place, sizeof(*place));
	umask(before);
	return failed;
}

static int open_unix(struct listener *listener, const char *path, struct err *err)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	struct stat found;
	if (strlen(path) == 0 || strlen(path) >= sizeof(place.sun_path))
		return err_set(err, ERR_USAGE, "unix:%s: the path must have 1 to %zu bytes", path,
			       sizeof(place.sun_path) - 1);
	memcpy(place.sun_path, path, strlen(path));
	if (lstat(path, &found) == 0 && (!S_ISSOCK(found.st_mode) || in_use(&place)))
		return err_set(err, ERR_REFUSED, "%s: can't be listened on: it is in use", path);
	unlink(path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return err_errno(err, "%s: no socket", path);
	if (bind_closed(listener->fd, &place) != 0 || listen(listener->fd, BACKLOG) != 0) {
		err_errno(err, "%s: can't be listened on", path);
		close(listener->fd);
		return -1;
	}
	listener->local = true;
	snprintf(listener->shown, sizeof(listener->shown), "unix:%s", path);
	snprintf(listener->unlinked, sizeof(listener->unlinked), "%s", path);
	return 0;
}

int listen_open(struct listener *listener, const char *address, bool far, struct err *err)
{
	struct listener made = {.fd = -1};
	const int failed = strncmp(address, "unix:", 5) == 0
				   ? open_unix(&made, address + 5, err)
				   : open_network(&made, address, far, err);
	if (failed)
		return -1;
	*listener = made;
	return 0;
}

void listen_close(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->unlinked[0])
		unlink(listener->unlinked);
	listener->fd = -1;
	listener->unlinked[0] = '\0';
}
