/*
 * relay PORTFILE MODE [ARG…]: takes connections on a free port of 127.0.0.1, whose number it writes
 * to PORTFILE once it listens, and does with each:
 *
 *   exec PROGRAM [ARG…]   that program, with the connection as its stdin and stdout
 *   dead                  nothing: takes what comes and never answers
 *   unix PATH [BYTES [TIMES]]  hands on what goes to and fro to a socket; cuts the line after BYTES
 *                         from the client, but no more than TIMES times
 *   proxy LOG             an HTTP proxy: hands on to whom the first line names, which goes to LOG
 *
 * Ends, with all that it started, when it is killed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int *cuts; /* how often the line may still be cut; shared */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_somewhere(const char *port_file)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	char name[4096];
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		die("relay: can't listen");
	snprintf(name, sizeof(name), "%s.new", port_file);
	FILE *file = fopen(name, "we");
	if (!file || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0 ||
	    rename(name, port_file) != 0)
		die(port_file);
	return fd;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die(path);
	return fd;
}

static bool send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

/* One lump from one side to the other; 0 at its end. */
static ssize_t hand_on(int from, int to)
{
	char bytes[16384];
	const ssize_t got = recv(from, bytes, sizeof(bytes), 0);
	if (got > 0 && !send_all(to, bytes, (size_t)got))
		return 0;
	return got > 0 ? got : 0;
}

/* To and fro, until one side ends or `most` bytes (-1: any) came from the client. */
static void pump(int client, int server, long most)
{
	struct pollfd sides[] = {{.fd = client, .events = POLLIN},
				 {.fd = server, .events = POLLIN}};
	long from_client = 0;
	while (poll(sides, 2, -1) >= 0) {
		if (sides[1].revents && hand_on(server, client) == 0)
			return;
		if (!sides[0].revents)
			continue;
		const ssize_t got = hand_on(client, server);
		from_client += got;
		if (got == 0)
			return;
		if (most >= 0 && from_client > most &&
		    __atomic_fetch_sub(cuts, 1, __ATOMIC_SEQ_CST) > 0)
			return;
	}
}

/* "METHOD http://HOST:PORT/PATH …": who is meant. */
static int connect_named(const char *line)
{
	char host[256], port[16];
	struct addrinfo *found = NULL;
	if (sscanf(line, "%*s http://%255[^:/]:%15[0-9]", host, port) != 2 ||
	    getaddrinfo(host, port, NULL, &found) != 0)
		return -1;
	const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int failed = fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0;
	freeaddrinfo(found);
	return failed ? -1 : fd;
}

static void proxy(int client, const char *log_path)
{
	char first[4096];
	const ssize_t got = recv(client, first, sizeof(first) - 1, MSG_PEEK);
	if (got <= 0)
		return;
	first[got] = '\0';
	first[strcspn(first, "\r\n")] = '\0';
	const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	dprintf(log, "%s\n", first);
	const int server = connect_named(first);
	if (server >= 0)
		pump(client, server, -1);
}

static void swallow(int client)
{
	char bytes[4096];
	while (recv(client, bytes, sizeof(bytes), 0) > 0)
		;
}

static void serve(int client, int argc, char **argv)
{
	const char *mode = argv[2];
	if (strcmp(mode, "exec") == 0 && argc > 3) {
		dup2(client, 0);
		dup2(client, 1);
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	if (strcmp(mode, "dead") == 0)
		swallow(client);
	else if (strcmp(mode, "unix") == 0 && argc > 3)
		pump(client, connect_unix(argv[3]), argc > 4 ? strtol(argv[4], NULL, 10) : -1);
	else if (strcmp(mode, "proxy") == 0 && argc > 3)
		proxy(client, argv[3]);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	cuts = mmap(NULL, sizeof(*cuts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cuts == MAP_FAILED)
		die("mmap");
	*cuts = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 1 << 30;
	signal(SIGCHLD, SIG_IGN);
	const int listener = listen_somewhere(argv[1]);
	for (;;) {
		const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 || fork() != 0) {
			close(client);
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_DFL);
		serve(client, argc, argv);
		_exit(0);
	}
}
