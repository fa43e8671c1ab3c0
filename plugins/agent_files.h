/* The files that an agent writes for itself, read and never written. */
#ifndef PLUGINS_AGENT_FILES_H
#define PLUGINS_AGENT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "plugins/scan.h"

enum { AGENT_PATH = 4096 };

/* Feeds a whole regular file to the scanner, and ends that. 0, or -1 where there is none or it
 * can't be read. Nothing is waited for: what is no regular file is not opened to be read. */
int agent_file_scan(const char *path, struct scan *scan);

/* The same for its beginning: until one of the scanner's records makes *done true, or for `most`
 * bytes or some more. */
int agent_file_scan_until(const char *path, struct scan *scan, const bool *done, size_t most);

/* Called with each file below a folder, its path and the last part of it, in the order of names,
 * folders where their names stand. */
typedef void agent_file_visit(void *context, const char *path, const char *name);
/* Folders in it are gone into `depth` deep, links are not followed. A folder that is not there has
 * no files. */
void agent_files_walk(const char *folder, int depth, agent_file_visit *visit, void *context);

bool ends_with(const char *text, const char *end);

#endif
