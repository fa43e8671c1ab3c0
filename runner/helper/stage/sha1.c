#include "runner/helper/stage/sha1.h"

#include <endian.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

/* One round; the letters are those of the RFC. */
#define ROUND(f, k, t)                                                     \
	do {                                                               \
		const uint32_t next = rotate(a, 5) + (f) + e + (k) + w[t]; \
		e = d;                                                     \
		d = c;                                                     \
		c = rotate(b, 30);                                         \
		b = a;                                                     \
		a = next;                                                  \
	} while (0)

static void take_block(uint32_t state[5], const unsigned char *bytes)
{
	uint32_t w[80];
	memcpy(w, bytes, 64);
	for (unsigned t = 0; t < 16; t++)
		w[t] = be32toh(w[t]);
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (unsigned t = 0; t < 20; t++)
		ROUND((b & c) | (~b & d), 0x5a827999U, t);
	for (unsigned t = 20; t < 40; t++)
		ROUND(b ^ c ^ d, 0x6ed9eba1U, t);
	for (unsigned t = 40; t < 60; t++)
		ROUND((b & c) | (b & d) | (c & d), 0x8f1bbcdcU, t);
	for (unsigned t = 60; t < 80; t++)
		ROUND(b ^ c ^ d, 0xca62c1d6U, t);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

static void take_plainly(uint32_t state[5], const unsigned char *bytes, size_t blocks)
{
	for (; blocks; blocks--, bytes += 64)
		take_block(state, bytes);
}

#if defined(__x86_64__)
/* The processor's own instructions (Intel's manual, volume 2, SHA1RNDS4): four rounds at a time. A
 * group's words are made from the four groups before it. */
#define GROUP(n, f)                                                                             \
	do {                                                                                    \
		if ((n) >= 4)                                                                   \
			w[(n) % 4] = _mm_sha1msg2_epu32(                                        \
				_mm_xor_si128(_mm_sha1msg1_epu32(w[(n) % 4], w[((n) + 1) % 4]), \
					      w[((n) + 2) % 4]),                                \
				w[((n) + 3) % 4]);                                              \
		const __m128i in =                                                              \
			(n) ? _mm_sha1nexte_epu32(e, w[(n) % 4]) : _mm_add_epi32(e, w[0]);      \
		e = abcd;                                                                       \
		abcd = _mm_sha1rnds4_epu32(abcd, in, f);                                        \
	} while (0)

__attribute__((target("sha,sse4.1"))) static void take_by_processor(uint32_t state[5],
								    const unsigned char *bytes,
								    size_t blocks)
{
	const __m128i turn = _mm_set_epi64x(0x0001020304050607LL, 0x08090a0b0c0d0e0fLL);
	__m128i abcd =
		_mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1b);
	__m128i e = _mm_set_epi32((int)state[4], 0, 0, 0);
	for (; blocks; blocks--, bytes += 64) {
		const __m128i abcd_before = abcd, e_before = e;
		__m128i w[4];
		for (size_t i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)),
				turn);
		GROUP(0, 0);
		GROUP(1, 0);
		GROUP(2, 0);
		GROUP(3, 0);
		GROUP(4, 0);
		GROUP(5, 1);
		GROUP(6, 1);
		GROUP(7, 1);
		GROUP(8, 1);
		GROUP(9, 1);
		GROUP(10, 2);
		GROUP(11, 2);
		GROUP(12, 2);
		GROUP(13, 2);
		GROUP(14, 2);
		GROUP(15, 3);
		GROUP(16, 3);
		GROUP(17, 3);
		GROUP(18, 3);
		GROUP(19, 3);
		e = _mm_sha1nexte_epu32(e, e_before);
		abcd = _mm_add_epi32(abcd, abcd_before);
	}
	_mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(abcd, 0x1b));
	state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

static int processor_can(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3))
		return 0;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Asked once: in a virtual machine the question takes longer than many blocks. */
static void take_blocks(uint32_t state[5], const unsigned char *bytes, size_t blocks)
{
	static _Atomic int can = -1;
	if (can < 0)
		can = processor_can();
	(can ? take_by_processor : take_plainly)(state, bytes, blocks);
}
#else
static void take_blocks(uint32_t state[5], const unsigned char *bytes, size_t blocks)
{
	take_plainly(state, bytes, blocks);
}
#endif

void sha1_init(struct sha1 *sum)
{
	static const uint32_t start[5] = {0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U,
					  0xc3d2e1f0U};
	memcpy(sum->state, start, sizeof(start));
	sum->length = 0;
}

void sha1_add(struct sha1 *sum, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	const size_t held = sum->length % 64;
	sum->length += length;
	if (held) {
		const size_t most = 64 - held, n = length < most ? length : most;
		memcpy(sum->block + held, at, n);
		if (n < most)
			return;
		take_blocks(sum->state, sum->block, 1);
		at += n;
		length -= n;
	}
	if (length >= 64)
		take_blocks(sum->state, at, length / 64);
	memcpy(sum->block, at + length / 64 * 64, length % 64);
}

void sha1_end(struct sha1 *sum, unsigned char id[SHA1_SIZE])
{
	static const unsigned char padding[64] = {0x80};
	const uint64_t bits = htobe64(sum->length * 8);
	sha1_add(sum, padding, 1 + (64 + 55 - sum->length % 64) % 64);
	sha1_add(sum, &bits, 8);
	for (size_t i = 0; i < 5; i++) {
		const uint32_t word = htobe32(sum->state[i]);
		memcpy(id + 4 * i, &word, 4);
	}
}
