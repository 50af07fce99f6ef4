// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies in JSON. Strict: it must never make sense of a part of a document that is not valid. */
#include "iap.h"

json_t *iap_read_json(const char *text, size_t len, struct iap_report *report)
{
	json_error_t err;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);

	if (!root)
		iap_fault_at(report, true, err.line > 0 ? err.line : 1,
			     err.column > 0 ? err.column : 1, "not valid JSON: %s", err.text);
	return root;
}
