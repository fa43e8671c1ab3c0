#include "runner/helper/stage/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define WORTH 8 /* calls; for fewer no thread is started */

struct crew {
	void (*each)(void *context, size_t i, unsigned hand);
	void *context;
	size_t count;
	atomic_size_t next;
	atomic_uint hands;
};

struct both {
	void (*beside)(void *context);
	void *context;
};

unsigned crew_size(void)
{
	cpu_set_t set;
	const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return count < 1 ? 1 : count > CREW_MOST ? CREW_MOST : (unsigned)count;
}

static void *work(void *context)
{
	struct crew *crew = context;
	const unsigned hand = atomic_fetch_add(&crew->hands, 1);
	for (;;) {
		const size_t i = atomic_fetch_add(&crew->next, 1);
		if (i >= crew->count)
			return NULL;
		crew->each(crew->context, i, hand);
	}
}

void crew_each(size_t count, void (*each)(void *context, size_t i, unsigned hand), void *context)
{
	struct crew crew = {.each = each, .context = context, .count = count};
	pthread_t threads[CREW_MOST];
	unsigned started = 0;
	const unsigned wanted = count < WORTH ? 0 : crew_size() - 1;
	while (started < wanted && pthread_create(&threads[started], NULL, work, &crew) == 0)
		started++;
	work(&crew);
	while (started)
		pthread_join(threads[--started], NULL);
}

static void *work_beside(void *context)
{
	const struct both *both = context;
	both->beside(both->context);
	return NULL;
}

void crew_both(void (*beside)(void *context), void (*here)(void *context), void *context)
{
	struct both both = {.beside = beside, .context = context};
	pthread_t thread;
	const bool started =
		crew_size() > 1 && pthread_create(&thread, NULL, work_beside, &both) == 0;
	here(context);
	if (started)
		pthread_join(thread, NULL);
	else
		beside(context);
}
