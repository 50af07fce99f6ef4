/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nettle's digests, whatever its version: before 4.0 their length is an argument, since then they
 * are always whole. The library allocates nothing, opens nothing and has nothing to initialise.
 */
#ifndef SNITCH_UTIL_NETTLE_H
#define SNITCH_UTIL_NETTLE_H

#include <nettle/version.h>

/* @end: sha256_digest() for one; @len: of the whole digest. */
#if NETTLE_VERSION_MAJOR >= 4
#define snitch_digest(end, ctx, len, out)	end(ctx, out)
#else
#define snitch_digest(end, ctx, len, out)	end(ctx, len, out)
#endif

#endif
