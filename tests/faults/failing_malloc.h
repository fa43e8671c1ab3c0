/*
 * The allocations of a program, one of which fails. To be included by the one file of a test
 * program: it takes the place of malloc, calloc, realloc and free there, in the C library's own
 * functions too. Not for use under a sanitizer, which has its own.
 */
#ifndef TESTS_FAULTS_FAILING_MALLOC_H
#define TESTS_FAULTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);
/* Where the test program itself begins and ends; a library that is preloaded doesn't know. */
#ifndef ALLOCATIONS_PRELOADED
extern char __executable_start, etext;
#endif

static struct {
	long count;   /* allocations so far */
	long failing; /* the number of the one that fails, from 1; 0: none */
	long live;    /* allocated and not yet freed */
	bool failed;  /* it did */
	bool spared;  /* only calls from the test program itself count and fail */
} allocations;

static bool allocation_fails(const void *caller)
{
#ifndef ALLOCATIONS_PRELOADED
	const char *address = caller;
	if (allocations.spared && (address < &__executable_start || address >= &etext))
		return false;
#else
	(void)caller;
#endif
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
	allocations.live += result != NULL;
	return result;
}

void *malloc(size_t size)
{
	if (allocation_fails(__builtin_return_address(0)))
		return NULL;
	return allocated(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (allocation_fails(__builtin_return_address(0)))
		return NULL;
	return allocated(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (allocation_fails(__builtin_return_address(0)))
		return NULL;
	void *result = __libc_realloc(old, size);
	return old ? result : allocated(result);
}

void free(void *old)
{
	allocations.live -= old != NULL;
	__libc_free(old);
}

#endif
