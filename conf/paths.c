#include "conf/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *path_absolute(struct arena *arena, const struct word *value)
{
	const char *text = value->text;
	if (text[0] == '/')
		return text;
	while (strncmp(text, "./", 2) == 0)
		text += 2 + strspn(text + 2, "/");
	if (text[0] == '\0' || strcmp(text, ".") == 0)
		return value->file->folder;
	const char *slash = strcmp(value->file->folder, "/") == 0 ? "" : "/";
	return arena_format(arena, "%s%s%s", value->file->folder, slash, text);
}

static const char *reason(const char *missing)
{
	return errno == ENOENT || errno == ENOTDIR ? missing : strerror(errno);
}

const char *path_no_folder(const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return reason("there is no such folder");
	if (!S_ISDIR(status.st_mode))
		return "it is no folder";
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? NULL : strerror(errno);
}

const char *path_no_input(const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return reason("there is no such file");
	if (S_ISDIR(status.st_mode))
		return "it is a folder";
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ? NULL : "it can't be read";
}

const char *path_no_program(const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return reason("there is no such program");
	if (!S_ISREG(status.st_mode))
		return "it is no program";
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? NULL : "it is not executable";
}

/* The folder that our own program lies in, without a slash at its end; NULL when it can't be told.
 */
static const char *own_folder(struct arena *arena)
{
	char path[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length <= 0)
		return NULL;
	path[length] = '\0';
	const char *slash = strrchr(path, '/');
	return slash ? arena_text(arena, path, (size_t)(slash - path)) : NULL;
}

const char *path_own_modules(struct arena *arena)
{
	const char *folder = own_folder(arena);
	const char *built = arena_format(arena, "%s/modules", folder ? folder : "");
	if (built && access(built, F_OK) == 0)
		return built;
	return arena_format(arena, "%s/../lib/stepgate", folder ? folder : "");
}

bool path_is_module_name(const char *text)
{
	const size_t length = strlen(text);
	return !strchr(text, '/') && (length < 3 || strcmp(text + length - 3, ".so") != 0);
}

const char *path_module(struct arena *arena, const struct word *value)
{
	if (!path_is_module_name(value->text))
		return path_absolute(arena, value);
	const char *folder = path_own_modules(arena);
	return folder ? arena_format(arena, "%s/%s.so", folder, value->text) : NULL;
}

static bool is_ours(const struct stat *status)
{
	return status->st_uid == geteuid() || status->st_uid == 0;
}

static const char *no_safe_folder(const char *path, bool nearest)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return strerror(errno);
	if (!is_ours(&status))
		return nearest ? "its folder belongs to someone else"
			       : "a folder above it belongs to someone else";
	if (!(status.st_mode & 022))
		return NULL;
	if (nearest)
		return "others can write its folder: chmod go-w";
	return status.st_mode & S_ISVTX ? NULL : "others can write a folder above it: chmod go-w";
}

/* Of the real path of a module, which is taken apart. */
static const char *no_safe_folders(char *path)
{
	const char *wrong = NULL;
	bool nearest = true;
	for (char *slash; !wrong && (slash = strrchr(path, '/')); nearest = false) {
		*slash = '\0';
		wrong = no_safe_folder(path[0] ? path : "/", nearest);
	}
	return wrong;
}

const char *path_no_module(const char *path)
{
	struct stat status;
	char *real = realpath(path, NULL);
	const char *wrong = NULL;
	if (!real)
		return reason("there is no such module");
	if (stat(real, &status) != 0)
		wrong = reason("there is no such module");
	else if (!S_ISREG(status.st_mode))
		wrong = "it is no module";
	else if (!is_ours(&status))
		wrong = "it belongs to someone else";
	else if (status.st_mode & 022)
		wrong = "others can write it: chmod go-w";
	else if (faccessat(AT_FDCWD, real, R_OK, AT_EACCESS) != 0)
		wrong = "it can't be read";
	if (!wrong)
		wrong = no_safe_folders(real);
	free(real);
	return wrong;
}

static const char *search_path(const char *const *environment)
{
	const char *path = NULL;
	for (; *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			path = *environment + 5;
	if (!path)
		path = getenv("PATH");
	return path ? path : "/bin:/usr/bin";
}

const char *path_find_command(const char *name, const char *cwd, const char *const *environment,
			      char *path, size_t size)
{
	const char *why = "there is no such program in PATH";
	const char *folder = search_path(environment);
	for (;;) {
		const int length = (int)strcspn(folder, ":");
		const int needs = snprintf(path, size, "%s%s%.*s%s%s", folder[0] == '/' ? "" : cwd,
					   folder[0] == '/' ? "" : "/", length, folder,
					   length ? "/" : "", name);
		if (needs > 0 && (size_t)needs < size) {
			const char *here = path_no_program(path);
			if (!here)
				return NULL;
			if (strcmp(here, "it is not executable") == 0)
				why = here;
		}
		if (folder[length] == '\0')
			return why;
		folder += length + 1;
	}
}

const char *path_no_command(const char *name, const char *cwd, const char *const *environment)
{
	char path[2 * PATH_MAX];
	return path_find_command(name, cwd, environment, path, sizeof(path));
}

const char *const *path_environment(const char *const *own, const char *const *top)
{
	for (const char *const *setting = own; *setting; setting++)
		if (strncmp(*setting, "PATH=", 5) == 0)
			return own;
	return top;
}
