/* What has to be on the disk before it is built upon. A sync that fails is an error and is not
 * tried again: the kernel forgets what it could not write. */
#ifndef RUNNER_HELPER_DURABLE_H
#define RUNNER_HELPER_DURABLE_H

/* Waits until all that was written to the file system of a folder is on its disk: files, names, and
 * renames. For a few small files this costs as much as an fsync of one. 0, or -1 and errno. */
int durable_sync(const char *folder);

#endif
