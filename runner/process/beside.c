#include "runner/process/beside.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As the folders lie in a build, and once installed, seen from bin and from libexec/stepgate. */
static const char *const places[] = {"", "../libexec/stepgate/", "../../bin/"};

static int try_place(const char *folder, const char *middle, const char *program, char *path,
		     size_t size)
{
	const int length = snprintf(path, size, "%s/%s%s", folder, middle, program);
	if (length < 0 || (size_t)length >= size)
		return -1;
	return access(path, X_OK);
}

int beside_find(const char *program, const char *what, char *path, size_t size, struct err *err)
{
	char own[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (length < 0)
		return err_errno(err, "/proc/self/exe: can't be read to find %s", program);
	own[length] = '\0';
	char *slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (try_place(own, places[i], program, path, size) == 0)
			return 0;
	return err_set(err, ERR_INTERNAL,
		       "%s: %s %s is neither here nor in ../libexec/stepgate: install the programs "
		       "together",
		       own, what, program);
}
