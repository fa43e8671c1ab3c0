/* What a config sets of the environment. */
#ifndef RUNNER_PROCESS_ENVIRONMENT_H
#define RUNNER_PROCESS_ENVIRONMENT_H

#include "conf/conf.h"

/* Makes the settings at the config's top level our own, so that all that is started has them: the
 * commit helper, git, workers, meters and reporters. 0, or -1 and *err. */
int environment_apply(const struct conf *conf, struct err *err);

#endif
