/* What a signing program has to say, where git keeps it to itself. */
#ifndef RUNNER_HELPER_SIGNER_H
#define RUNNER_HELPER_SIGNER_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/helper/look.h"

/* Has gpg try to sign nothing, as git would have it sign a commit but without asking anybody for a
 * passphrase, and takes its first complaint, cleaned, into out[size]. False where it has none, or
 * another kind of signature is made. Takes some seconds at most. */
bool signer_words(const struct look *look, char *out, size_t size);

#endif
