/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few kernel words that the pure files of kmod/ use, so that the same
 * files compile into user space. It must never change what those files do.
 */
#ifndef SNITCH_SHIM_H
#define SNITCH_SHIM_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/types.h>
#include <linux/snitch.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#endif
#define noinline	__attribute__((__noinline__))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1UL << (n))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define sizeof_field(t, m)	sizeof(((t *)0)->m)
#define offsetofend(t, m)	(offsetof(t, m) + sizeof_field(t, m))
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#ifndef static_assert
#define static_assert	_Static_assert
#endif

#define min(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define swap(a, b) do { __typeof__(a) _t = (a); (a) = (b); (b) = _t; } while (0)

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0

/* Kernel code has it from limits.h. */
#ifndef U32_MAX
#define U32_MAX			UINT32_MAX
#endif

static inline void *kmalloc(size_t n, int gfp)
{
	(void)gfp;
	return malloc(n);
}

static inline void *kzalloc(size_t n, int gfp)
{
	(void)gfp;
	return calloc(1, n);
}

static inline void *kcalloc(size_t n, size_t size, int gfp)
{
	(void)gfp;
	return calloc(n, size);
}

static inline void *kmalloc_array(size_t n, size_t size, int gfp)
{
	(void)gfp;
	return reallocarray(NULL, n, size);
}

#define kvmalloc(n, gfp)		kmalloc(n, gfp)
#define kvzalloc(n, gfp)		kzalloc(n, gfp)
#define kvcalloc(n, size, gfp)		kcalloc(n, size, gfp)
#define kvmalloc_array(n, size, gfp)	kmalloc_array(n, size, gfp)
#define kfree(p)			free((void *)(p))
#define kvfree(p)			free((void *)(p))

static inline void *memchr_inv(const void *start, int c, size_t n)
{
	const u8 *p = start;

	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

#define scnprintf(buf, size, ...) ({					\
	size_t _size = (size);						\
	int _n = snprintf(buf, _size, __VA_ARGS__);			\
	_size ? (size_t)_n < _size ? _n : (int)_size - 1 : 0; })

#endif /* SNITCH_SHIM_H */
