/* The kinds of reporters. A new one is a function here, a file, and a row in reporter.c. */
#ifndef PLUGINS_REPORTER_KINDS_H
#define PLUGINS_REPORTER_KINDS_H

#include <stddef.h>

#include "plugins/reporter.h"

/* Sends it. 0, or -1 and *err. */
typedef int reporter_kind(const struct conf_report *to, const struct reporter_mail *mail,
			  const struct host *host, struct err *err);

/* Appends it to the regular file to->path with one write, made durable. The file is made where it
 * is missing; symbolic links, FIFOs and devices are refused, and nothing is waited for. Where the
 * file's last line is not whole, it is ended first. */
reporter_kind reporter_file;

/* Gives it to the program to->command on its stdin; what that prints is dropped. */
reporter_kind reporter_program;

/* Shows it on the desktop by notify-send. Where there is no desktop or no such program nothing is
 * shown, and that is no failure. */
reporter_kind reporter_desktop;

/* In a job of GitHub Actions: adds a line to its summary, and says an annotation for what went
 * wrong or closed the cycle. Elsewhere nothing is done, and that is no failure. */
reporter_kind reporter_github;

/* Asks to->plugin to deliver it; see plugins/protocol.h. */
reporter_kind reporter_plugin;

/* Replaces the file to->path by what is measured of the repository, for Prometheus. */
reporter_kind reporter_prometheus;

/* Makes the body that is posted; see reporter_request. */
typedef char *reporter_body(const struct conf_report *to, const struct reporter_mail *mail);
reporter_body reporter_slack;
reporter_body reporter_webhook;

/* For the kinds: the line with the key as its first member and a newline at its end (malloc), or
 * NULL when memory is short. */
char *reporter_keyed(const struct reporter_mail *mail, size_t *length);

/* Appends `length` bytes, as reporter_file does. */
int reporter_append(const char *path, const char *bytes, size_t length, struct err *err);

#endif
