/* Where the monitor listens: "127.0.0.1:8737", "[::1]:8737", "localhost:8737", "unix:PATH". */
#ifndef STATUS_MONITOR_LISTEN_H
#define STATUS_MONITOR_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

#define LISTEN_DEFAULT "127.0.0.1:8737"

struct listener {
	int fd;
	bool local;         /* loopback or a unix socket: nobody on the network gets there */
	char shown[160];    /* "127.0.0.1:8737", with the port that the system chose for 0 */
	char host[128];     /* without the port; "" for a unix socket */
	char unlinked[128]; /* the unix socket's path, to be removed in the end; or "" */
};

/* Binds and listens. An address that is not this host's alone is refused unless `far`. A unix
 * socket that is left over from a process that ended is replaced; one that is in use is not. 0
 * (listen_close), or -1 and *err: ERR_USAGE where the address is none. */
int listen_open(struct listener *listener, const char *address, bool far, struct err *err);
void listen_close(struct listener *listener);

#endif
