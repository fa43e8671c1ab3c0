/* The reference of the config file, from the option table. */
#ifndef CONF_MANUAL_H
#define CONF_MANUAL_H

#include <stdio.h>

/* Every key with its type, range, default and help, for a terminal. */
void manual_text(FILE *out);
/* The whole page stepgate.conf(5), as man(7) roff. */
void manual_roff(FILE *out);

#endif
