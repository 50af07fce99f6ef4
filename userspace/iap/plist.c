// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies in property lists, XML or binary, read by libplist. It must never give that library
 * bytes that make it recurse or copy without a bound.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <plist/plist.h>

#include "../util/cleanup.h"
#include "iap.h"

#define CONTAINERS_MAX	4096	/* <dict> and <array> in all: no deeper can they be */

/* What libplist gives, as values: what has no equal becomes null. */
struct reader {
	struct iap_report *report;
	size_t nodes;
};

static json_t *convert(struct reader *r, plist_t node, unsigned int depth);

static json_t *fail(struct reader *r, json_t *partial, const char *why)
{
	iap_fault(r->report, true, NULL, "%s", why);
	json_decref(partial);
	return NULL;
}

static json_t *convert_dict(struct reader *r, plist_t node, unsigned int depth)
{
	_cleanup_free_ plist_dict_iter iter = NULL;
	json_t *out = json_object(), *value;
	plist_t child;

	plist_dict_new_iter(node, &iter);
	for (;;) {
		_cleanup_free_ char *key = NULL;

		child = NULL;
		plist_dict_next_item(node, iter, &key, &child);
		if (!child)
			return out;
		if (!key || json_object_get(out, key))
			return fail(r, out, key ? "a key stands twice in a dictionary" :
				    "a dictionary has a value without a key");
		value = convert(r, child, depth);
		if (!value) {
			json_decref(out);
			return NULL;
		}
		if (json_object_set_new(out, key, value))
			return fail(r, out, "a key is not UTF-8");
	}
}

static json_t *convert_array(struct reader *r, plist_t node, unsigned int depth)
{
	_cleanup_free_ plist_array_iter iter = NULL;
	json_t *out = json_array(), *value;
	plist_t child;

	plist_array_new_iter(node, &iter);
	for (;;) {
		child = NULL;
		plist_array_next_item(node, iter, &child);
		if (!child)
			return out;
		value = convert(r, child, depth);
		if (!value || json_array_append_new(out, value)) {
			json_decref(out);
			return NULL;
		}
	}
}

static json_t *convert_string(struct reader *r, plist_t node)
{
	uint64_t len = 0;
	const char *s = plist_get_string_ptr(node, &len);
	json_t *out;

	if (!s || memchr(s, '\0', len))
		return fail(r, NULL, "a string with a NUL in it");
	out = json_stringn(s, len);
	return out ? out : fail(r, NULL, "a string that is not UTF-8");
}

static json_t *convert(struct reader *r, plist_t node, unsigned int depth)
{
	uint8_t yes = 0;
	uint64_t n = 0;

	if (depth > IAP_DEPTH_MAX || ++r->nodes > IAP_NODES_MAX)
		return fail(r, NULL, "too many values, or nested too deep");
	switch (plist_get_node_type(node)) {
	case PLIST_DICT:
		return convert_dict(r, node, depth + 1);
	case PLIST_ARRAY:
		return convert_array(r, node, depth + 1);
	case PLIST_STRING:
		return convert_string(r, node);
	case PLIST_BOOLEAN:
		plist_get_bool_val(node, &yes);
		return json_boolean(yes);
	case PLIST_UINT:
		plist_get_uint_val(node, &n);
		return json_integer((json_int_t)n);
	default:
		return json_null();
	}
}

static size_t occurrences(const char *text, size_t len, const char *word)
{
	size_t n = 0;
	const char *at;

	while ((at = memmem(text, len, word, strlen(word)))) {
		n++;
		len -= at + 1 - text;
		text = at + 1;
	}
	return n;
}

/* A NUL, as it is or as "&#0;": libplist ends the whole program over one in a key. */
static bool has_nul(const char *text, size_t len)
{
	static const char reference[] = "&#";
	const char *end = text + len, *at = text;

	if (memchr(text, '\0', len))
		return true;
	while ((at = memmem(at, end - at, reference, sizeof(reference) - 1))) {
		at += sizeof(reference) - 1;
		while (at < end && strchr("xX0", *at))
			at++;
		if (at == end || !isxdigit((unsigned char)*at))
			return true;
	}
	return false;
}

static bool bounded(const char *bytes, size_t len, bool binary)
{
	if (binary)
		return iap_bplist_bounded((const uint8_t *)bytes, len);
	return !has_nul(bytes, len) && occurrences(bytes, len, "<dict") + occurrences(bytes, len, "<array") <=
	       CONTAINERS_MAX;
}

json_t *iap_read_plist(const char *bytes, size_t len, struct iap_report *report)
{
	struct reader r = { .report = report };
	bool binary = len >= 6 && !memcmp(bytes, "bplist", 6);
	plist_t plist = NULL;
	json_t *root;

	if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		len -= 3;
	}
	if (!bounded(bytes, len, binary))
		return fail(&r, NULL, binary ? "a binary property list, broken or too large" :
			    "too many dictionaries and arrays, or a NUL");
	if (binary)
		plist_from_bin(bytes, (uint32_t)len, &plist);
	else
		plist_from_xml(bytes, (uint32_t)len, &plist);
	if (!plist)
		return fail(&r, NULL, binary ? "not a valid binary property list" :
			    "not a valid XML property list");
	root = convert(&r, plist, 0);
	plist_free(plist);
	return root;
}
