/* What an earlier process held back from the commit that it made, and did not live to tell. */
#ifndef RUNNER_HELPER_HELD_H
#define RUNNER_HELPER_HELD_H

#include "conf/conf.h"
#include "fsm/receipt.h"
#include "runner/helper/look.h"

/* Looks for likely secrets among what the work tree has and no commit does, since there they were
 * left: new files, and changed ones, as a commit would take them. They are added to facts->held. 0,
 * or -1 where git can't say what there is. */
int held_find(const struct look *look, const struct conf_secrets *secrets,
	      struct receipt_facts *facts);

#endif
