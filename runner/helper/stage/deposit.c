#include "runner/helper/stage/deposit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS 4096

/* A loose file under its first name, and the one it will have. */
struct loose {
	struct loose *next;
	char path[PATHS + 64], final[PATHS + 64];
};

struct deposit {
	char folder[PATHS];
	struct loose *loose;
	struct pack *pack;
};

struct deposit *deposit_new(const char *folder)
{
	struct deposit *deposit = calloc(1, sizeof(*deposit));
	if (deposit)
		snprintf(deposit->folder, sizeof(deposit->folder), "%s", folder);
	return deposit;
}

void deposit_free(struct deposit *deposit)
{
	if (!deposit)
		return;
	pack_free(deposit->pack);
	while (deposit->loose) {
		struct loose *loose = deposit->loose;
		deposit->loose = loose->next;
		if (loose->path[0])
			unlink(loose->path);
		free(loose);
	}
	free(deposit);
}

/* A new file, open, to be a loose object; -1 and errno. */
static int make_loose(struct deposit *deposit, const unsigned char id[20])
{
	char name[2 * 20 + 1] = "";
	struct loose *loose = calloc(1, sizeof(*loose));
	if (!loose)
		return -1;
	for (size_t i = 0; i < 20; i++)
		snprintf(name + 2 * i, 3, "%02x", id[i]);
	snprintf(loose->path, sizeof(loose->path), "%s/%.2s", deposit->folder, name);
	snprintf(loose->final, sizeof(loose->final), "%s/%.2s/%s", deposit->folder, name, name + 2);
	int fd = mkdir(loose->path, 0777);
	if (fd != 0 && errno != EEXIST) {
		free(loose);
		return -1;
	}
	snprintf(loose->path, sizeof(loose->path), "%s/%.2s/tmp_obj_XXXXXX", deposit->folder, name);
	fd = mkstemp(loose->path);
	if (fd < 0) {
		free(loose);
		return -1;
	}
	loose->next = deposit->loose;
	deposit->loose = loose;
	return fd;
}

/* Ends the file, or takes it away again. */
static int end_loose(struct deposit *deposit, int fd, int failed)
{
	if (!failed && fchmod(fd, 0444) != 0)
		failed = -1;
	int error = errno;
	if (close(fd) != 0 && !failed) {
		failed = -1;
		error = errno;
	}
	if (failed) {
		struct loose *loose = deposit->loose;
		deposit->loose = loose->next;
		unlink(loose->path);
		free(loose);
	}
	errno = error;
	return failed;
}

int deposit_loose(struct deposit *deposit, const unsigned char id[20], const struct bytes *whole)
{
	const int fd = make_loose(deposit, id);
	int failed = 0;
	if (fd < 0)
		return -1;
	for (size_t done = 0; !failed && done < whole->length;) {
		const ssize_t n = write(fd, whole->at + done, whole->length - done);
		failed = n < 0 && errno != EINTR ? -1 : 0;
		done += n > 0 ? (size_t)n : 0;
	}
	return end_loose(deposit, fd, failed);
}

int deposit_file(struct deposit *deposit, const struct deposit_object *object, int level)
{
	const int fd = make_loose(deposit, object->id);
	if (fd < 0)
		return -1;
	return end_loose(deposit, fd, deposit_pass(object, fd, level));
}

int deposit_packed(struct deposit *deposit, const unsigned char id[20], const struct bytes *entry)
{
	char folder[PATHS + 16];
	if (!deposit->pack) {
		snprintf(folder, sizeof(folder), "%s/pack", deposit->folder);
		deposit->pack = pack_new(folder);
	}
	return deposit->pack ? pack_add(deposit->pack, id, entry) : -1;
}

int deposit_end(struct deposit *deposit)
{
	return deposit->pack ? pack_end(deposit->pack) : 0;
}

int deposit_place(struct deposit *deposit)
{
	for (struct loose *loose = deposit->loose; loose; loose = loose->next) {
		if (loose->path[0] && rename(loose->path, loose->final) != 0)
			return -1;
		loose->path[0] = '\0';
	}
	return deposit->pack ? pack_place(deposit->pack) : 0;
}
