/* The end by SIGBUS: what a process has mapped of a file is not there any more, since somebody cut
 * the file short or its disk is full. (SQLite maps one file of the journal:
 * status/journal_index.h.)
 */
#ifndef RUNNER_PROCESS_BUS_H
#define RUNNER_PROCESS_BUS_H

/* From now on it is an end with words, which name the file, and exit code 1: as if killed, but
 * said. A SIGBUS of another kind is what it was. */
void bus_say(void);

#endif
