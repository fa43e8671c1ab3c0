/*
 * Calls that are easy to misuse, banned at compile time. The build includes this before every file.
 *
 *   sprintf vsprintf           snprintf, and look at what it gives
 *   strcpy stpcpy strcat       snprintf or memcpy: they overrun
 *   strncpy strncat            the same: they leave the NUL out, or count it wrong
 *   gets, the scanf family     read the bytes, then parse them
 *   atoi atol atoll atof       a parser that says where it failed
 *   strtok                     strtok_r: this one has hidden state
 *   system popen               runner/process/child.h: no shell, no descriptor of ours, a deadline
 *   mktemp tempnam tmpnam      mkstemp: these give a name that anybody can take
 */
#ifndef FSM_BANNED_H
#define FSM_BANNED_H

/* The system's own headers come first: they declare these names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Some C libraries wrap them in macros, which can't be poisoned. */
#undef sprintf
#undef vsprintf
#undef strcpy
#undef stpcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok

#pragma GCC poison sprintf vsprintf strcpy stpcpy strcat strncpy strncat gets
#pragma GCC poison scanf sscanf fscanf vscanf vsscanf vfscanf
#pragma GCC poison atoi atol atoll atof strtok system popen mktemp tempnam tmpnam

#endif
