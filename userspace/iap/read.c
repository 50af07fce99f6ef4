// SPDX-License-Identifier: GPL-2.0-or-later
/* Which format a file is in, and the bounds that hold for each of them. */
#include <string.h>

#include "iap.h"

static bool is_plist(const char *bytes, size_t len)
{
	size_t i = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;

	if (len >= 6 && !memcmp(bytes, "bplist", 6))
		return true;
	while (i < len && strchr(" \t\r\n", bytes[i]) && bytes[i])
		i++;
	return i < len && bytes[i] == '<';
}

/* Values in @v, itself counted; more than IAP_NODES_MAX for one that is nested too deep. */
static size_t count(const json_t *v, unsigned int depth)
{
	const json_t *child;
	const char *key;
	size_t n = 1, i;

	if (depth > IAP_DEPTH_MAX)
		return IAP_NODES_MAX + 1;
	json_array_foreach(v, i, child) {
		n += count(child, depth + 1);
		if (n > IAP_NODES_MAX)
			return n;
	}
	json_object_foreach((json_t *)v, key, child) {
		n += count(child, depth + 1);
		if (n > IAP_NODES_MAX)
			return n;
	}
	return n;
}

json_t *iap_read(const void *bytes, size_t len, struct iap_report *report)
{
	json_t *root;

	if (len > IAP_BYTES_MAX) {
		iap_fault(report, true, NULL, "larger than %u bytes", IAP_BYTES_MAX);
		return NULL;
	}
	root = is_plist(bytes, len) ? iap_read_plist(bytes, len, report) :
	       iap_read_json(bytes, len, report);
	if (!root)
		return NULL;
	if (!json_is_object(root))
		iap_fault(report, true, NULL, "the outermost value is not a dictionary");
	else if (count(root, 0) > IAP_NODES_MAX)
		iap_fault(report, true, NULL, "more than %u values, or nested deeper than %u",
			  IAP_NODES_MAX, IAP_DEPTH_MAX);
	else
		return root;
	json_decref(root);
	return NULL;
}
