#define _GNU_SOURCE
#include "hardware.h"

#include <ctype.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
        table[0][i] = crc;
    }
    for (int row = 1; row < 8; row++)
        for (int i = 0; i < 256; i++)
            table[row][i] = (table[row - 1][i] >> 8) ^ table[0][table[row - 1][i] & 0xFF];
}

uint32_t holdfast_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
    pthread_once(&table_once, fill_table);
    const unsigned char *p = bytes;
    uint32_t crc = ~seed;
    while (count >= 8) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        low = __builtin_bswap32(low);
        high = __builtin_bswap32(high);
#endif
        low ^= crc;
        crc = table[7][low & 0xFF] ^ table[6][(low >> 8) & 0xFF] ^ table[5][(low >> 16) & 0xFF] ^
              table[4][low >> 24] ^ table[3][high & 0xFF] ^ table[2][(high >> 8) & 0xFF] ^
              table[1][(high >> 16) & 0xFF] ^ table[0][high >> 24];
        p += 8;
        count -= 8;
    }
    while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *p++) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t seed, const void *bytes,
                                                               size_t count) {
    const unsigned char *p = bytes;
    uint64_t crc = (uint32_t)~seed;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = _mm_crc32_u64(crc, word);
        p += 8;
        count -= 8;
    }
    uint32_t narrow = (uint32_t)crc;
    while (count--) narrow = _mm_crc32_u8(narrow, *p++);
    return ~narrow;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
static uint32_t crc32c_arm(uint32_t seed, const void *bytes, size_t count) {
    const unsigned char *p = bytes;
    uint32_t crc = ~seed;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = __crc32cd(crc, word);
        p += 8;
        count -= 8;
    }
    while (count--) crc = __crc32cb(crc, *p++);
    return ~crc;
}
#endif

uint32_t holdfast_crc32c(uint32_t seed, const void *bytes, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(seed, bytes, count);
    return holdfast_crc32c_portable(seed, bytes, count);
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
    return crc32c_arm(seed, bytes, count);
#else
    return holdfast_crc32c_portable(seed, bytes, count);
#endif
}

// Reads a whole text as `long double`; leading blanks, an empty text and trailing bytes are refused.
static int parse_long_double(const char *text, size_t count, long double *out) {
    char copy[5 * 1024];
    if (count == 0 || count >= sizeof copy || isspace((unsigned char)text[0])) return -1;
    memcpy(copy, text, count);
    copy[count] = 0;
    char *end;
    errno = 0;
    *out = strtold(copy, &end);
    if (end != copy + count || isnan(*out)) return -1;
    if (errno == ERANGE && (*out == HUGE_VALL || *out == -HUGE_VALL || fpclassify(*out) == FP_ZERO)) return -1;
    return 0;
}

int holdfast_add_long_double(const char *a, size_t a_count, const char *b, size_t b_count,
                             char *out, size_t capacity) {
    long double left, right;
    if (parse_long_double(a, a_count, &left) || parse_long_double(b, b_count, &right)) return -1;
    long double sum = left + right;
    if (isnan(sum) || isinf(sum)) return -2;
    int length = snprintf(out, capacity, "%.17Lf", sum);
    if (length < 0 || (size_t)length >= capacity) return -2;
    if (memchr(out, '.', (size_t)length)) {
        while (out[length - 1] == '0') length--;
        if (out[length - 1] == '.') length--;
    }
    if (length == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        length = 1;
    }
    return length;
}

int holdfast_parse_double(const char *text, size_t count, double *out) {
    char copy[512];
    if (count == 0 || count >= sizeof copy || isspace((unsigned char)text[0])) return -1;
    memcpy(copy, text, count);
    copy[count] = 0;
    char *end;
    errno = 0;
    *out = strtod(copy, &end);
    if (end != copy + count || isnan(*out)) return -1;
    if (errno == ERANGE && (*out == HUGE_VAL || *out == -HUGE_VAL || fpclassify(*out) == FP_ZERO)) return -1;
    return 0;
}

int holdfast_parse_double_loosely(const char *text, size_t count, double *out) {
    char copy[512];
    if (count >= sizeof copy) return -1;
    memcpy(copy, text, count);
    copy[count] = 0;
    char *end;
    *out = strtod(copy, &end);
    return *end != 0 || isnan(*out) ? -1 : 0;
}

int holdfast_format_double(double value, char *out, size_t capacity) {
    return snprintf(out, capacity, "%.17g", value);
}

int holdfast_format_fixed(double value, int decimals, char *out, size_t capacity) {
    return snprintf(out, capacity, "%.*f", decimals, value);
}

size_t holdfast_usable_size(const void *block) { return malloc_usable_size((void *)block); }

void holdfast_prepare_memory(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

void holdfast_trim_memory(void) { malloc_trim(0); }

void holdfast_settle_memory(void) {
    // A request too large for the small bins merges the fast ones and sorts the list of what was freed since the last.
    void *volatile block = malloc(40000);
    free(block);
}
