// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled .lsrules files at their reader: whatever comes out are rules that can be read and
 * a report that can be shown. It must never write a file.
 */
#include "exchange.h"

int main(void)
{
	static const char *const words[] = {
		"\"action\"", "\"process\"", "\"remote\"", "\"remote-hosts\"", "\"ports\"",
		"\"via\"", "{", "}", "[", "]", ",", ":", "\"", "null", "true", "-", "1e9",
		"\\u202e", "\"any\"", "*.", "::1", "/0", "list:", NULL,
	};

	return fuzz_exchange(EXCHANGE_LSRULES, "lsrules", words);
}
