/* For programs that use failing_malloc.h: SANITIZED is defined where a sanitizer has allocations of
 * its own. The program is then what stands here, which skips the test, and nothing else. */
#ifndef TESTS_FAULTS_SANITIZED_H
#define TESTS_FAULTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
#include <stdio.h>

int main(void)
{
	puts("a sanitizer has its own malloc: nothing to try");
	return 77;
}
#endif

#endif
