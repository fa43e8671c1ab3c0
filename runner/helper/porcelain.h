/* What `git push --porcelain` prints, and what it means. An exit code alone proves nothing. */
#ifndef RUNNER_HELPER_PORCELAIN_H
#define RUNNER_HELPER_PORCELAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "fsm/receipt.h"

/*
 * Judges a push to `ref` of the remote by its stdout and stderr (NUL ended):
 *
 *   FLAG TAB FROM:TO TAB SUMMARY (REASON)     one line for the ref; flag ' ' + * = went well, ! not
 *   Done                                      at the end, where nothing was rejected
 *
 * RECEIPT_PUSHED only where the ref's line says that it went well and "Done" follows; else the
 * reason as a NOT_PUSHED result, and the line that tells most, cleaned, into why[size].
 */
enum receipt_result porcelain_judge(const char *output, const char *complaint, const char *ref,
				    char *why, size_t size);

/* Whether a push that failed with this on stderr may go well in a moment: the line was cut, the
 * host is not there just now, somebody holds the ref. */
bool porcelain_may_pass(const char *complaint);

#endif
