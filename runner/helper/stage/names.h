/* Names that git may refuse to have in a tree. */
#ifndef RUNNER_HELPER_STAGE_NAMES_H
#define RUNNER_HELPER_STAGE_NAMES_H

#include <stdbool.h>

/* Whether a path from the root is beyond doubt one that git takes, for a symbolic link or for a
 * file. What git forbids are names that some file system takes for ".git" (core.protectHFS,
 * core.protectNTFS), and links with the names of git's own files; here all that looks alike is in
 * doubt. */
bool names_are_plain(const char *path, bool link);

#endif
