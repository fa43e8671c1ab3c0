/* UTF-8, one character at a time. */
#ifndef CONF_UTF8_H
#define CONF_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character that bytes[0..length) begin with (1 to 4), its number in *code; or 0
 * where they begin with none: a stray or missing byte, an overlong form, a surrogate, a number
 * above U+10FFFF, or length 0. `code` may be NULL. */
size_t utf8_character(const char *bytes, size_t length, uint32_t *code);

/* The offset of the first byte that belongs to no character; `length` where all do. */
size_t utf8_valid(const char *bytes, size_t length);

/* True for what would change how a terminal shows the text around it: the control characters (C0,
 * DEL, C1) and the bidi controls (U+202A..202E, U+2066..2069). */
bool utf8_control(uint32_t code);

/* True if the text, which is UTF-8, has such a character in it. */
bool utf8_has_control(const char *text);

#endif
