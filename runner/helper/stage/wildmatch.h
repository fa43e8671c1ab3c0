/*
 * git's patterns for paths, as gitignore(5) describes them and git 2.39 reads them: ? * ** [a-z]
 * [!a-z] [[:alpha:]] and a backslash before what is meant literally.
 */
#ifndef RUNNER_HELPER_STAGE_WILDMATCH_H
#define RUNNER_HELPER_STAGE_WILDMATCH_H

#include <stdbool.h>

/* Whether the whole text matches. In a path only "**" beside slashes matches a slash; else "*" and
 * "**" alike match anything. Bytes are compared as they are. */
bool wildmatch(const char *pattern, const char *text, bool path);

/* The length of what stands before the first sign with a meaning. */
unsigned wildmatch_plain(const char *pattern);

#endif
