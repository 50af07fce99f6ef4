// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled rules of OpenSnitch at their reader: whatever comes out are rules that can be read
 * and a report that can be shown. It must never write a file.
 */
#include "exchange.h"

int main(void)
{
	static const char *const words[] = {
		"\"operator\"", "\"type\"", "\"list\"", "\"regexp\"", "\"simple\"", "\"network\"",
		"\"operand\"", "\"data\"", "\"dest.host\"", "\"dest.port\"", "\"protocol\"",
		"\"user.id\"", "\"true\"", "{", "}", "[", "]", ",", "\"", "^", "$", "(", ")", "|",
		".*\\\\.", "null", "tcp6", "LAN", "/", NULL,
	};

	return fuzz_exchange(EXCHANGE_OPENSNITCH, "opensnitch", words);
}
