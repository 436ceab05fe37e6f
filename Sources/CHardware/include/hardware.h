// The few things Swift cannot say: CRC-32C, CRC-64 and SHA-256 by the CPU's own instructions, and C's `long double`.
// Imported by Sources/Bytes/Hardware.swift only.
#ifndef HOLDFAST_HARDWARE_H
#define HOLDFAST_HARDWARE_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected 0x82F63B78) of `count` bytes, continuing from `seed` (0 to begin).
/// Uses SSE4.2 or ARMv8-CRC where the CPU has it, a table of eight otherwise.
uint32_t holdfast_crc32c(uint32_t seed, const void *bytes, size_t count);

/// The table form of the above, whatever the CPU has: tests compare the two.
uint32_t holdfast_crc32c_portable(uint32_t seed, const void *bytes, size_t count);

/// Whether `holdfast_sha256` may be called: the CPU has the instructions for it.
int holdfast_has_sha256(void);

/// The SHA-256 of `count` bytes, as 32 bytes in `out`; only where `holdfast_has_sha256` says so.
void holdfast_sha256(const void *bytes, size_t count, void *out);

/// Whether `holdfast_crc64_fold` may be called: the CPU multiplies without carries.
int holdfast_has_crc64_fold(void);

/// Turns the first bytes of an input into 16 that have the same reflected CRC-64 when begun from 0, `seed` taken in.
/// `keys` are x^(512+63), x^(512-1), x^(128+63), x^(128-1) modulo the polynomial, reflected.
/// Returns how many bytes `out` stands for: all but the last 15, or 0 where there are fewer than 64; only where
/// `holdfast_has_crc64_fold` says so.
size_t holdfast_crc64_fold(uint64_t seed, const void *bytes, size_t count, const uint64_t keys[4],
                           unsigned char out[16]);

/// Adds two decimal texts as `long double` and writes the sum as the shortest fixed notation with at
/// most 17 decimals, trailing zeros dropped (the arithmetic of INCRBYFLOAT).
/// Returns the length written, -1 where a text is no float, -2 where the sum is NaN or infinite.
int holdfast_add_long_double(const char *a, size_t a_count, const char *b, size_t b_count,
                             char *out, size_t capacity);

/// `strtod` over the whole text (no blanks, no hexadecimal-only forms refused): 0 on success, -1 otherwise.
int holdfast_parse_double(const char *text, size_t count, double *out);

/// `strtod` of the text up to its first NUL, blanks in front and an empty text allowed: 0 on success, -1
/// where something follows the number or it is NaN.
int holdfast_parse_double_loosely(const char *text, size_t count, double *out);

/// `%.17g` of a double; returns the length written.
int holdfast_format_double(double value, char *out, size_t capacity);

/// `%.*f` of a double, exact and with this many decimals (at most 17); returns the length written, no more than
/// 400 bytes.
int holdfast_format_fixed(double value, int decimals, char *out, size_t capacity);

/// Bytes that the allocator set aside for a block from `malloc`.
size_t holdfast_usable_size(const void *block);

/// Asks the CPU to bring the cache line at `address` closer; any address will do, nothing is read.
static inline void holdfast_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Sets the allocator up for a process that fills its memory with small blocks: one arena for all
/// threads, grown a few megabytes at a time; and turns transparent huge pages off, whose first touch
/// stops a command for as long as two megabytes take to clear.
void holdfast_prepare_memory(void);

/// Has the allocator put in order what was freed lately: merged and sorted by size, which glibc otherwise leaves to a later
/// allocation, whoever's that is.
void holdfast_settle_memory(void);

/// Gives unused memory of the allocator back to the system (MEMORY PURGE).
void holdfast_trim_memory(void);
#endif
