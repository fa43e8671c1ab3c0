/* When a usage limit is reset, where an agent tells it in words alone. */
#ifndef PLUGINS_RESET_WORDS_H
#define PLUGINS_RESET_WORDS_H

#include <stdint.h>

/*
 * The time that `said` tells, seconds since 1970, or 0 where it tells none, or not clearly. `at`:
 * when it was said, 0 where that is not known: then only a whole date is clear. Forms, as agents
 * print them:
 *
 *	resets 9:38pm (UTC)                          Claude Code; "resets Oct 6, 1pm
 *(Europe/Berlin)" usage limit reached|1735689600               Claude Code before 2 try again at
 *Mar 17th, 2030 5:46 PM.         Codex, in local time; "try again at 5:46 PM." Suggested retry
 *after 3600s.                 Gemini CLI; "Please retry in 40.5s." Your quota will reset after
 *2h31m49s.        Gemini CLI "resets_at":1735689600                       the service, as OpenCode
 *passes it on
 *
 * A zone that is neither UTC nor the one of this machine is not clear. A time of day is the next
 * one after `at`. Times told by the minute are those of its end.
 */
int64_t reset_words(const char *said, int64_t at);

#endif
