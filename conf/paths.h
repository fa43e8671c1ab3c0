/* The files, folders and programs that a config names. */
#ifndef CONF_PATHS_H
#define CONF_PATHS_H

#include <stdbool.h>

#include "conf/arena.h"
#include "conf/settings.h"

/* The value as an absolute path, relative to the folder of the file that it stands in; "./" at its
 * beginning is dropped. In the arena; NULL when memory is short. */
const char *path_absolute(struct arena *arena, const struct word *value);

/* Each gives NULL where the path is what it should be, or why it is not. */
const char *path_no_folder(const char *path);
const char *path_no_input(const char *path);   /* a file that can be read */
const char *path_no_program(const char *path); /* a file that can be executed */

/* The folder of the modules that come with stepgate: ../lib/stepgate from that of our own program,
 * or modules/ beside it where that is there. In the arena; NULL when memory is short. */
const char *path_own_modules(struct arena *arena);

/* The path of a module: as path_absolute; but a name with neither a slash nor ".so" is one of those
 * that come with stepgate. */
const char *path_module(struct arena *arena, const struct word *value);
bool path_is_module_name(const char *text);

/* A file to be loaded as a module: it, and all folders above it, belong to us or to root and can be
 * written by no one else (a folder with the sticky bit may be, but for the nearest one). Links are
 * followed first. */
const char *path_no_module(const char *path);

/*
 * Finds a program as execvp does that is called in `cwd` with the PATH of `environment` (or, where
 * that has none, our own): NULL where it is found, or why it is not. `name` has no slash.
 */
const char *path_no_command(const char *name, const char *cwd, const char *const *environment);
/* The same, with the path of what is found in path[size]. */
const char *path_find_command(const char *name, const char *cwd, const char *const *environment,
			      char *path, size_t size);
/* The one of two environments whose PATH counts: the step's `own` where it has one, else `top`. */
const char *const *path_environment(const char *const *own, const char *const *top);

#endif
