/* What went wrong: typed, in words, told once by main. Nobody deeper down prints or exits. */
#ifndef CONF_ERR_H
#define CONF_ERR_H

#include <stdarg.h>

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,    /* the arguments are wrong: nothing was started */
	ERR_CONFIG,   /* the configuration is wrong: nothing was started */
	ERR_BUSY,     /* another cycle has the repository */
	ERR_REFUSED,  /* the machine or the gate says no */
	ERR_DAMAGED,  /* a file or database of ours can't be read as what it should be */
	ERR_SYSTEM,   /* the operating system said no */
	ERR_UNSYNCED, /* a sync failed: not to be tried again, and nothing after it is certain */
	ERR_INTERNAL, /* memory ran out, or a part of ours did not answer */
};

struct err {
	enum err_code code;
	char text[1024]; /* "PATH:LINE: what is wrong: why", without the program's name, no newline
			  */
};

/* Fills *err (which may be NULL) and gives -1, so that `return err_set(…)` fails a function. A text
 * too long is cut with "…". */
int err_set(struct err *err, enum err_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int err_setv(struct err *err, enum err_code code, const char *format, va_list args)
	__attribute__((format(printf, 3, 0), nonnull(3)));

/* As err_set with ERR_SYSTEM and ": " and the words of errno behind it. errno is kept. */
int err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An analyzer looks at one file at a time, and is told here what it can't see there. */
#ifdef __clang_analyzer__
#define err_set(...)   ((err_set)(__VA_ARGS__), -1)
#define err_setv(...)  ((err_setv)(__VA_ARGS__), -1)
#define err_errno(...) ((err_errno)(__VA_ARGS__), -1)
#endif

/* The process's exit code for it: 2 usage or config, 3 busy, 1 all else, 0 for ERR_NONE. */
int err_exit_code(const struct err *err);

#endif
