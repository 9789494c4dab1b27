/*
 * Integer and address types that every folder shares.
 *
 * The three kinds of address are three struct types so that the compiler refuses to mix them. An ipa
 * or pa carries its address space in bits 63:62 (enum space); addresses themselves have at most 52 bits.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned __int128 u128;
typedef __int128 s128;

typedef struct {
	u64 a;
} va; /* what the instruction named */
typedef struct {
	u64 a;
} ipa; /* what stage 1 produced */
typedef struct {
	u64 a;
} pa; /* what the bus understands */

enum space { SPACE_NS = 0, SPACE_S = 1 }; /* Root and Realm would be 2 and 3 */

#define SPACE_SHIFT 62
#define ADDR_MASK   ((1ull << 52) - 1)

static inline pa pa_make(enum space s, u64 addr)
{
	return (pa){ (u64)s << SPACE_SHIFT | (addr & ADDR_MASK) };
}
static inline ipa ipa_make(enum space s, u64 addr)
{
	return (ipa){ (u64)s << SPACE_SHIFT | (addr & ADDR_MASK) };
}
static inline u64 pa_addr(pa p)
{
	return p.a & ADDR_MASK;
}
static inline u64 ipa_addr(ipa p)
{
	return p.a & ADDR_MASK;
}
static inline enum space pa_space(pa p)
{
	return (enum space)(p.a >> SPACE_SHIFT);
}
static inline enum space ipa_space(ipa p)
{
	return (enum space)(p.a >> SPACE_SHIFT);
}

#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)
#define must_check     __attribute__((warn_unused_result))
#define noinline_      __attribute__((noinline))
#define cold_          __attribute__((cold, noinline))
#define printf_(f, a)  __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#endif
