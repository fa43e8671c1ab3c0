/* The names in a folder, in the order in which an index has them. Of scan.c alone. */
#ifndef RUNNER_HELPER_STAGE_SCAN_FOLDER_H
#define RUNNER_HELPER_STAGE_SCAN_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "runner/helper/stage/bytes.h"

enum scan_kind {
	SCAN_FILE,
	SCAN_LINK,
	SCAN_FOLDER,
	SCAN_OTHER, /* a FIFO, a socket, a device: git sees none of these */
};

struct scan_name {
	const char *name; /* a folder's ends with a slash; NUL-ended */
	uint32_t length;
	enum scan_kind kind;
};

/* Used again for each folder. All zero at first. */
struct scan_names {
	struct scan_name *list;
	size_t count, room;
	struct bytes text, buffer;
};

/* Reads an open folder. "." and ".." are left out. 0, or -1 and errno. */
int scan_names_read(struct scan_names *names, int folder);
/* Makes room for so many in the list. 0, or -1 and errno. */
int scan_names_room(struct scan_names *names, size_t count);
void scan_names_release(struct scan_names *names);

#endif
