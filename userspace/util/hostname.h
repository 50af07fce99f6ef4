/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of hosts, as text, in the form that goes over the wire: ASCII. It never resolves one.
 */
#ifndef SNITCH_UTIL_HOSTNAME_H
#define SNITCH_UTIL_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

#define SNITCH_HOSTNAME_MAX	253	/* bytes, without a final dot */

/*
 * Letters, digits, '-' and '_', at most 63 at a time, with dots between; the last part is no
 * number. A final dot is not part of it.
 */
bool snitch_hostname_valid(const char *s, size_t len);

/*
 * The part of a name that was registered by one owner, by the Public Suffix List: points into
 * @name; NULL: it has none, as "localhost" or "co.uk".
 */
const char *snitch_hostname_domain(const char *name);

#endif
