/* The lines that mark our block in a crontab; the config's path follows. */
#ifndef RUNNER_SCHEDULE_SCHEDULE_CRONTAB_H
#define RUNNER_SCHEDULE_SCHEDULE_CRONTAB_H

#define SCHEDULE_BEGIN "# BEGIN stepgate "
#define SCHEDULE_END   "# END stepgate "

#endif
