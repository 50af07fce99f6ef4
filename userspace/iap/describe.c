// SPDX-License-Identifier: GPL-2.0-or-later
/* What a policy says of a selection, as values; see describe.h. */
#include "describe.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"

static void set_text(json_t *obj, const char *key, const char *raw)
{
	_cleanup_free_ char *text = iap_text(raw);

	if (text)
		json_object_set_new(obj, key, json_string(text));
}

static const char *proto_word(int proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return "icmp";
	}
}

static json_t *connection(const struct iap_connection *c)
{
	json_t *out = json_object();

	set_text(out, "host", c->host);
	set_text(out, "port", c->port);
	if (c->proto >= 0)
		set_text(out, "protocol", proto_word(c->proto));
	set_text(out, "direction", c->incoming ? "in" : "out");
	set_text(out, "relevance", c->essential ? "essential" : "default");
	set_text(out, "purpose", c->purpose);
	set_text(out, "deny_consequences", c->consequences);
	return out;
}

static json_t *selected(const struct iap_policy *policy, const struct iap_selection *sel)
{
	_cleanup_free_ const struct iap_connection **list =
		calloc(policy->n_connections + 1, sizeof(*list));
	json_t *out = json_array();
	size_t n = 0, i;

	if (!list)
		return out;
	if (sel) {
		n = iap_select(policy, sel, list);
	} else {
		for (; n < policy->n_connections; n++)
			list[n] = &policy->connections[n];
	}
	for (i = 0; i < n; i++)
		json_array_append_new(out, connection(list[i]));
	return out;
}

static json_t *services(const struct iap_policy *policy)
{
	json_t *out = json_array(), *one;
	size_t i;

	for (i = 0; i < policy->n_services; i++) {
		one = json_object();
		set_text(one, "name", policy->services[i].name);
		set_text(one, "purpose", policy->services[i].purpose);
		set_text(one, "identifier", policy->services[i].identifier);
		json_array_append_new(out, one);
	}
	return out;
}

json_t *iap_describe(const struct iap_found *found, const struct iap_selection *sel)
{
	const struct iap_policy *policy = found->policy;
	_cleanup_free_ char *source = iap_source(found);
	json_t *out = json_object();

	if (!out)
		return NULL;
	set_text(out, "source", source);
	set_text(out, "file", found->path);
	set_text(out, "application", policy->description);
	set_text(out, "developer", policy->developer);
	set_text(out, "website", policy->website);
	set_text(out, "established", policy->established);
	json_object_set_new(out, "no_connections",
			    json_boolean(!policy->n_connections && !policy->n_services));
	json_object_set_new(out, "connections", selected(policy, sel));
	json_object_set_new(out, "services", services(policy));
	return out;
}

const char *iap_next_text(const json_t *description, const char *key, size_t *at)
{
	const json_t *list = json_object_get(description, "connections");
	const char *text, *before;
	size_t i;

	while (*at < json_array_size(list)) {
		text = json_string_value(json_object_get(json_array_get(list, (*at)++), key));
		if (!text)
			continue;
		for (i = 0; i + 1 < *at; i++) {
			before = json_string_value(json_object_get(json_array_get(list, i), key));
			if (before && !strcmp(before, text))
				break;
		}
		if (i + 1 == *at)
			return text;
	}
	return NULL;
}
