// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of hosts, as text. It must never resolve one. */
#include "hostname.h"

#include <ctype.h>
#include <libpsl.h>

bool snitch_hostname_valid(const char *s, size_t len)
{
	size_t i, label = 0;
	bool digits = true;

	if (!len || len > SNITCH_HOSTNAME_MAX)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c == '.') {
			if (!label)
				return false;
			label = 0;
			digits = true;
			continue;
		}
		if (c >= 0x80 || !(isalnum(c) || c == '-' || c == '_') || ++label > 63)
			return false;
		digits = digits && isdigit(c);
	}
	return label && !digits;
}

const char *snitch_hostname_domain(const char *name)
{
	const psl_ctx_t *psl = psl_builtin();

	return psl ? psl_registrable_domain(psl, name) : NULL;
}
