/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses as two words in host order, the more significant first; an IPv4
 * address is the first word, the second is 0. Pure. Included after the types.
 */
#ifndef SNITCH_ADDR_H
#define SNITCH_ADDR_H

/* Written out, for compilers turn this into one load and one swap. */
static inline u32 snitch_load_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline u64 snitch_load_be64(const u8 *p)
{
	return (u64)snitch_load_be32(p) << 32 | snitch_load_be32(p + 4);
}

static inline void snitch_load_addr(u64 out[2], u8 family, const u8 *addr)
{
	if (family == AF_INET) {
		out[0] = snitch_load_be32(addr);
		out[1] = 0;
	} else {
		out[0] = snitch_load_be64(addr);
		out[1] = snitch_load_be64(addr + 8);
	}
}

static inline bool snitch_addr_less(const u64 a[2], const u64 b[2])
{
	return a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]);
}

#endif
