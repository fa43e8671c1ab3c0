#include "runner/helper/tracking.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LOCK_TRIES 10 /* for the 100 ms that git waits by default */
#define LOCK_MS    10

/* The name into out[size] that the first fitting refspec gives the ref here; "" none. For pushes
 * git passes over those that take refs out, "^REF". */
static void find_name(git_config *settings, const struct look *look, const char *ref, char *out,
		      size_t size)
{
	git_config_iterator *iterator = NULL;
	git_config_entry *entry;
	char key[LOOK_NAME + 32];
	out[0] = '\0';
	snprintf(key, sizeof(key), "remote.%s.fetch", look->remote);
	if (git_config_multivar_iterator_new(&iterator, settings, key, NULL) != 0)
		return;
	while (git_config_next(&entry, iterator) == 0) {
		git_refspec *spec = NULL;
		git_buf name = GIT_BUF_INIT;
		if (entry->value[0] != '^' && !out[0] &&
		    git_refspec_parse(&spec, entry->value, 1) == 0 &&
		    git_refspec_src_matches(spec, ref) && *git_refspec_dst(spec) &&
		    git_refspec_transform(&name, spec, ref) == 0 && strlen(name.ptr) < size)
			memcpy(out, name.ptr, strlen(name.ptr) + 1);
		git_buf_dispose(&name);
		git_refspec_free(spec);
	}
	git_config_iterator_free(iterator);
}

void tracking_follow(git_repository *repository, const struct look *look, const char *ref,
		     const git_oid *commit)
{
	git_config *settings = NULL;
	git_reference *moved = NULL;
	git_oid is;
	char name[2 * LOOK_NAME] = "";
	if (git_repository_config_snapshot(&settings, repository) == 0)
		find_name(settings, look, ref, name, sizeof(name));
	git_config_free(settings);
	if (!name[0] ||
	    (git_reference_name_to_id(&is, repository, name) == 0 && git_oid_equal(&is, commit)))
		return;
	if (look->committer.name[0] && look->committer.email[0])
		git_repository_set_ident(repository, look->committer.name, look->committer.email);
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (git_reference_create(&moved, repository, name, commit, 1, "update by push") !=
		    GIT_ELOCKED)
			break;
		poll(NULL, 0, LOCK_MS);
	}
	git_reference_free(moved);
	git_error_clear();
}
