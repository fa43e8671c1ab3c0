/* What is likely to be a secret: by the name of its file, or by what stands in it. */
#ifndef RUNNER_HELPER_SECRETS_H
#define RUNNER_HELPER_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

#define SECRETS_READ 1048576 /* of a file, so many bytes are looked at */

/* Whether a path of the repository is one that the patterns hold back. A pattern without a slash is
 * for the name alone, one with a slash for the whole path; `allow` lets through. */
bool secret_name(const struct conf_secrets *secrets, const char *path);

/* Whether `allow` lets a path through, whatever it is. */
bool secret_allowed(const struct conf_secrets *secrets, const char *path);

/* What the first token in bytes[0..length) looks like ("AWS access key"), or NULL: there is none.
 * Static text. */
const char *secret_in(const char *bytes, size_t length);

/* Both, for a file at FOLDER/PATH: why it is likely to be a secret ("its name", or as secret_in),
 * or NULL. `named`: its name counts too. What can't be read is none. */
const char *secret_file(const struct conf_secrets *secrets, const char *folder, const char *path,
			bool named);

#endif
