/*
 * Memory that several threads touch under --parallel, and how. The only place with atomic operations: on an x86 host most of these are
 * plain instructions, so the deterministic mode uses them, too, where it is simpler.
 *
 * Guest memory: each element of a guest access is one host access (ram_get, ram_put); what one guest races for with itself is its
 * own matter. ThreadSanitizer is told so by relaxed atomics; elsewhere memcpy() of a constant size is one instruction, and the
 * compiler may use it as a memory operand.
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include <string.h>
#include "base/types.h"

#define atomic_peek(p)	   __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_poke(p, v)  __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_read(p)	   __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_write(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_or(p, v)	   __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_and(p, v)   __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_swap(p, v)  __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
/* The value that was at p; it is now `want` if that was `old`. */
#define atomic_cas(p, old, want) __sync_val_compare_and_swap(p, old, want)

/* Everything before is seen by everybody before anything after. */
static inline void fence_full(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
/* The same but for stores before and loads after: free on hosts that order the rest by themselves (x86). */
static inline void fence_light(void)
{
	__atomic_thread_fence(__ATOMIC_ACQ_REL);
}
/* In a loop that waits for another thread. */
static inline void spin_pause(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

/* 16 aligned bytes at p become want[] if they are old[]. */
static inline bool atomic_cas16(void *p, const u64 old[2], const u64 want[2])
{
#ifdef __x86_64__
	u64 lo = old[0], hi = old[1];
	bool done;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(done), "+m"(*(u128 *)p), "+a"(lo), "+d"(hi)
			 : "b"(want[0]), "c"(want[1])
			 : "memory");
	return done;
#else
	u128 o = (u128)old[1] << 64 | old[0], w = (u128)want[1] << 64 | want[0];

	return __sync_bool_compare_and_swap((u128 *)p, o, w);
#endif
}

#ifdef __SANITIZE_THREAD__
#define RAM_GET(name, T)  static inline T name(const void *p) { return __atomic_load_n((const T *)p, __ATOMIC_RELAXED); }
#define RAM_PUT(name, T)  static inline void name(void *p, T v) { __atomic_store_n((T *)p, v, __ATOMIC_RELAXED); }
#else
#define RAM_GET(name, T)  static inline T name(const void *p) { T v; memcpy(&v, p, sizeof(v)); return v; }
#define RAM_PUT(name, T)  static inline void name(void *p, T v) { memcpy(p, &v, sizeof(v)); }
#endif
RAM_GET(ram_get8, u8)
RAM_GET(ram_get16, u16)
RAM_GET(ram_get32, u32)
RAM_GET(ram_get64, u64)
RAM_PUT(ram_put8, u8)
RAM_PUT(ram_put16, u16)
RAM_PUT(ram_put32, u32)
RAM_PUT(ram_put64, u64)
#undef RAM_GET
#undef RAM_PUT

/* n bytes out of and into guest memory, in whole words where both sides are aligned alike. */
static inline void ram_read(void *to, const void *from, size_t n)
{
#ifdef __SANITIZE_THREAD__
	for (size_t i = 0; i < n; i++)
		((u8 *)to)[i] = ram_get8((const u8 *)from + i);
#else
	memcpy(to, from, n);
#endif
}
static inline void ram_write(void *to, const void *from, size_t n)
{
#ifdef __SANITIZE_THREAD__
	for (size_t i = 0; i < n; i++)
		ram_put8((u8 *)to + i, ((const u8 *)from)[i]);
#else
	memcpy(to, from, n);
#endif
}
static inline void ram_fill(void *to, int byte, size_t n)
{
#ifdef __SANITIZE_THREAD__
	for (size_t i = 0; i < n; i++)
		ram_put8((u8 *)to + i, (u8)byte);
#else
	memset(to, byte, n);
#endif
}

#endif
