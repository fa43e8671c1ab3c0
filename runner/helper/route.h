/* The way that a push takes: the commit helper's own, or the git program's and why. */
#ifndef RUNNER_HELPER_ROUTE_H
#define RUNNER_HELPER_ROUTE_H

#include "runner/helper/look.h"

/*
 * Fills look->route by the settings; all else of the look must stand. What git-push(1),
 * git-config(1) and git(1) have that makes a push something else than the talk with a program that
 * receives it in one folder is in the tables there, and goes git's way.
 */
void route_find(struct look *look, const struct look_source *source);

#endif
