/* A word as a shell takes it. */
#ifndef RUNNER_SCHEDULE_SHELL_WORD_H
#define RUNNER_SCHEDULE_SHELL_WORD_H

#include <stdio.h>

/* Writes it plain where it can be, else in single quotes. */
void shell_word(FILE *out, const char *word);

#endif
