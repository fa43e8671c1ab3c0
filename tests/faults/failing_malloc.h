/*
 * The allocations of a program, one of which fails. To be included by the one file of a test
 * program: it takes the place of malloc, calloc, realloc and free there, in the C library's own
 * functions too. Not for use under a sanitizer, which has its own.
 *
 * They are counted together with those of the processes that are forked from it, from
 * allocations_shared on.
 */
#ifndef TESTS_FAULTS_FAILING_MALLOC_H
#define TESTS_FAULTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

static struct {
	long count;   /* allocations so far */
	long failing; /* the number of the one that fails, from 1; 0: none */
	bool failed;  /* it did */
	char rest[4096 - 2 * sizeof(long) - sizeof(bool)]; /* of its page */
} allocations __attribute__((aligned(4096)));
/* Allocated and not yet freed: by each process for itself. */
static long allocations_live;

/* Makes the page one that is shared with what is forked from now on. */
static inline void allocations_shared(void)
{
	const long count = allocations.count;
	if (mmap(&allocations, sizeof(allocations), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != (void *)&allocations)
		abort();
	allocations.count = count;
}

static bool allocation_fails(void)
{
	if (++allocations.count != allocations.failing)
		return false;
	allocations.failed = true;
#ifdef ALLOCATION_FAILED
	ALLOCATION_FAILED();
#endif
	errno = ENOMEM;
	return true;
}

static void *allocated(void *result)
{
	allocations_live += result != NULL;
	return result;
}

void *malloc(size_t size)
{
	if (allocation_fails())
		return NULL;
	return allocated(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (allocation_fails())
		return NULL;
	return allocated(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (allocation_fails())
		return NULL;
	void *result = __libc_realloc(old, size);
	return old ? result : allocated(result);
}

void free(void *old)
{
	allocations_live -= old != NULL;
	__libc_free(old);
}

#endif
