/* A wrong order is a bug in the program, not bad luck: it is told and ends the process at once. */
#ifndef FSM_BUG_H
#define FSM_BUG_H

#include <stdio.h>
#include <stdlib.h>

/* Aborts with the place and the broken condition on stderr when `broken` is true. Kept in every
 * flavour of the build. */
#define BUG_ON(broken)                                          \
	do {                                                    \
		if (broken)                                     \
			bug_found(__FILE__, __LINE__, #broken); \
	} while (0)

_Noreturn static inline void bug_found(const char *file, int line, const char *broken)
{
	fprintf(stderr, "stepgate: %s:%d: BUG: %s\n", file, line, broken);
	abort();
}

#endif
