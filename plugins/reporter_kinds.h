/* The kinds of reporters. A new one is a function here, a file, and a row in reporter.c. */
#ifndef PLUGINS_REPORTER_KINDS_H
#define PLUGINS_REPORTER_KINDS_H

#include <stddef.h>

#include "conf/conf.h"
#include "plugins/host.h"

/* Sends one line of JSON, its newline being the last of `length` bytes. 0, or -1 and *err. */
typedef int reporter_kind(const struct conf_report *to, const char *line, size_t length,
			  const struct host *host, struct err *err);

/* Appends it to the regular file to->path with one write, made durable. The file is made where it
 * is missing; symbolic links, FIFOs and devices are refused, and nothing is waited for. Where the
 * file's last line is not whole, it is ended first. */
reporter_kind reporter_file;

/* Gives it to the program to->command on its stdin; what that prints is dropped. */
reporter_kind reporter_program;

#endif
