/* Text from outside, made fit to be shown. */
#ifndef STATUS_TEXT_H
#define STATUS_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Copies `length` bytes into out[size] (size >= 1; NUL ended, cut at a whole character): control
 * characters (C0, DEL, C1, also as UTF-8) and terminal escape sequences are left out, broken UTF-8
 * becomes U+FFFD, runs of white space and line ends become one space, none at the ends, and bidi
 * controls (U+202A..202E, U+2066..2069) are left out. The result is one line. Gives out. */
char *text_clean(const char *bytes, size_t length, char *out, size_t size);

/* The same for a text of many lines: tabs and line ends stay, and so does all white space. `out`
 * has room for 3 x length; gives how many bytes it wrote. */
size_t text_plain(const char *bytes, size_t length, char *out);

/* Writes n with a comma at every third digit ("50,000") into out[32]; gives out. n >= 0. */
char *text_grouped(long long n, char *out);

/* Goes on with a hash (FNV-1a, 64 bits: Fowler, Noll and Vo), begun with TEXT_HASH. The NUL is part
 * of it, so that two texts can't run together. */
#define TEXT_HASH UINT64_C(0xcbf29ce484222325)
uint64_t text_hash(uint64_t hash, const char *text);

#endif
