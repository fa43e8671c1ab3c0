#include "conf/err.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conf/utf8.h"

#define CUT "\xe2\x80\xa6" /* … */

/* What is in an error came from outside as often as not. It is to be shown on a terminal, on one
 * line: a control character, or a byte that is no UTF-8, becomes a '?'. */
static void copy_clean(char *out, size_t size, const char *text)
{
	const size_t length = strlen(text);
	size_t used = 0, fits = 0, at = 0;
	while (at < length) {
		uint32_t code = 0;
		const size_t bytes = utf8_character(text + at, length - at, &code);
		const size_t need = bytes && !utf8_control(code) ? bytes : 1;
		if (used + need >= size)
			break;
		if (bytes && !utf8_control(code))
			memcpy(out + used, text + at, bytes);
		else
			out[used] = '?';
		used += need;
		at += bytes ? bytes : 1;
		if (used + sizeof(CUT) <= size)
			fits = used;
	}
	out[used] = '\0';
	if (at < length)
		memcpy(out + fits, CUT, sizeof(CUT));
}

int(err_setv)(struct err *err, enum err_code code, const char *format, va_list args)
{
	if (!err)
		return -1;
	/* More than fits: so that a cut is seen as one, and what is quoted may be *err's own text.
	 */
	char raw[4 * sizeof(err->text)];
	const int length = vsnprintf(raw, sizeof(raw), format, args);
	err->code = code;
	copy_clean(err->text, sizeof(err->text), length < 0 ? format : raw);
	return -1;
}

int(err_set)(struct err *err, enum err_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	err_setv(err, code, format, args);
	va_end(args);
	return -1;
}

int(err_errno)(struct err *err, const char *format, ...)
{
	const int number = errno;
	char words[1024];
	va_list args;
	va_start(args, format);
	if (vsnprintf(words, sizeof(words), format, args) < 0)
		words[0] = '\0';
	va_end(args);
	err_set(err, ERR_SYSTEM, "%s: %s", words, strerror(number));
	errno = number;
	return -1;
}

int err_exit_code(const struct err *err)
{
	switch (err->code) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
	case ERR_CONFIG:
		return 2;
	case ERR_BUSY:
		return 3;
	case ERR_REFUSED:
	case ERR_DAMAGED:
	case ERR_SYSTEM:
	case ERR_UNSYNCED:
	case ERR_INTERNAL:
		break;
	}
	return 1;
}
