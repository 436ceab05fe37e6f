// SHA-256 (FIPS 180-4) of one message by the x86 CPU's own instructions, without allocating anything.
//
// The digest of a dataset is two hashes a key of some 50 bytes each. A library's call for one costs more
// in setting up and copying its state than the hash itself does. Where the CPU lacks the instructions
// (`holdfast_has_sha256`) swift-crypto does it all. Tests compare the two on every length.
#include "hardware.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// The state as the instructions want it: the words a, b, e, f in one register and c, d, g, h in the other.
typedef struct {
    __m128i abef, cdgh;
} state;

__attribute__((target("sha,sse4.1,ssse3"))) static inline state take_block(state from,
                                                                           const unsigned char *block) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef = from.abef, cdgh = from.cdgh;
    __m128i words[4];
    for (int i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        // The schedule: words[i % 4] holds what stood four steps before, and becomes what is next.
        if (i >= 4) {
            __m128i next = _mm_sha256msg1_epu32(words[i % 4], words[(i + 1) % 4]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(words[(i + 3) % 4], words[(i + 2) % 4], 4));
            words[i % 4] = _mm_sha256msg2_epu32(next, words[(i + 3) % 4]);
        }
        __m128i sum = _mm_add_epi32(
            words[i % 4], _mm_loadu_si128((const __m128i *)(round_constants + 4 * i)));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    return (state){_mm_add_epi32(abef, from.abef), _mm_add_epi32(cdgh, from.cdgh)};
}

__attribute__((target("sha,sse4.1,ssse3"))) static void hash(const unsigned char *bytes, size_t count,
                                                             unsigned char *out) {
    // The first words of the state, a to h: 6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19.
    state now = {
        _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
        _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
    };
    size_t rest = count;
    for (; rest >= 64; rest -= 64, bytes += 64) now = take_block(now, bytes);
    // The end: a bit, zeros, and the length in bits, the highest byte first; one block or two.
    unsigned char end[128] = {0};
    if (rest) memcpy(end, bytes, rest);
    end[rest] = 0x80;
    size_t last = rest < 56 ? 64 : 128;
    uint64_t bits = __builtin_bswap64((uint64_t)count * 8);
    memcpy(end + last - 8, &bits, 8);
    now = take_block(now, end);
    if (last == 128) now = take_block(now, end + 64);
    // In the registers the highest word stands first: (a b e f), (c d g h).
    uint32_t low[4], high[4];
    _mm_storeu_si128((__m128i *)low, now.abef);
    _mm_storeu_si128((__m128i *)high, now.cdgh);
    const uint32_t words[8] = {low[3], low[2], high[3], high[2], low[1], low[0], high[1], high[0]};
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(words[i]);
        memcpy(out + 4 * i, &word, 4);
    }
}

// CPUID leaf 7, EBX bit 29; `__builtin_cpu_supports("sha")` is too young for compilers in use.
#include <cpuid.h>
static int has_instructions(void) {
    unsigned a, b, c, d;
    if (!__builtin_cpu_supports("sse4.1") || !__builtin_cpu_supports("ssse3")) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

int holdfast_has_sha256(void) {
    // 0: not asked yet. Whoever asks first on several threads finds the same answer.
    static int answer;
    int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
    if (known == 0) {
        known = has_instructions() ? 2 : 1;
        __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
    }
    return known == 2;
}

void holdfast_sha256(const void *bytes, size_t count, void *out) { hash(bytes, count, out); }
#else
int holdfast_has_sha256(void) { return 0; }
void holdfast_sha256(const void *bytes, size_t count, void *out) {
    (void)bytes, (void)count, (void)out;
    __builtin_trap();
}
#endif
