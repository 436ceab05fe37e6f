// CRC-64 of reflected polynomials by carry-less multiplication: long inputs become 16 bytes of the same remainder.
//
// A register holds 128 coefficients, the first byte's lowest bit the highest of them. Multiplying its halves by
// x^(d+63) and x^(d-1) modulo the polynomial moves it d bits on (a product of reflected factors comes out times x), so
// that the bytes d bits behind are simply added. Four registers are under way at a time, since a multiplication takes
// several cycles. Described by Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009.
#include "hardware.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

int holdfast_has_crc64_fold(void) { return __builtin_cpu_supports("pclmul"); }

__attribute__((target("pclmul,sse2"))) static inline __m128i moved(__m128i value, __m128i keys) {
    return _mm_xor_si128(_mm_clmulepi64_si128(value, keys, 0x00), _mm_clmulepi64_si128(value, keys, 0x11));
}

__attribute__((target("pclmul,sse2"))) size_t holdfast_crc64_fold(uint64_t seed, const void *bytes, size_t count,
                                                                  const uint64_t keys[4],
                                                                  unsigned char out[16]) {
    if (count < 64) return 0;
    const unsigned char *from = bytes;
    const __m128i far = _mm_loadu_si128((const __m128i *)keys);
    const __m128i near = _mm_loadu_si128((const __m128i *)(keys + 2));
    __m128i lanes[4];
    for (int i = 0; i < 4; i++) lanes[i] = _mm_loadu_si128((const __m128i *)(from + 16 * i));
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long)seed));
    size_t done = 64;
    for (; count - done >= 64; done += 64) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            const __m128i next = _mm_loadu_si128((const __m128i *)(from + done + 16 * i));
            lanes[i] = _mm_xor_si128(moved(lanes[i], far), next);
        }
    }
    __m128i sum = lanes[0];
    for (int i = 1; i < 4; i++) sum = _mm_xor_si128(moved(sum, near), lanes[i]);
    for (; count - done >= 16; done += 16) {
        const __m128i next = _mm_loadu_si128((const __m128i *)(from + done));
        sum = _mm_xor_si128(moved(sum, near), next);
    }
    _mm_storeu_si128((__m128i *)out, sum);
    return done;
}
#else
int holdfast_has_crc64_fold(void) { return 0; }

size_t holdfast_crc64_fold(uint64_t seed, const void *bytes, size_t count, const uint64_t keys[4],
                           unsigned char out[16]) {
    (void)seed, (void)bytes, (void)count, (void)keys, (void)out;
    return 0;
}
#endif
