// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A policy out of the values that were read. What is unknown is ignored, what is wrong in an entry
 * costs that entry; it must never do without an ApplicationDescription.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "iap.h"

#define APPNAME	"%APPNAME%"

/* @at: path of keys of the dictionary being read, "" or "Connections[2]" */
struct building {
	const struct iap_texts *texts;
	struct iap_report *report;
	char at[40];
};

static char *path(const struct building *b, const char *key, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", b->at, *b->at ? "." : "", key);
	return buf;
}

static void fault(const struct building *b, bool fatal, const char *key, const char *why)
{
	char where[128];

	iap_fault(b->report, fatal, path(b, key, where, sizeof(where)), "%s", why);
}

/* ---- strings ----------------------------------------------------------------------------- */

/* The string @key of @dict; NULL (with a fault where it is there, but no good). */
static const char *string(const struct building *b, const json_t *dict, const char *key)
{
	const json_t *v = json_object_get(dict, key);

	if (!v)
		return NULL;
	if (!json_is_string(v)) {
		fault(b, false, key, "not a string");
		return NULL;
	}
	if (json_string_length(v) > IAP_TEXT_MAX) {
		fault(b, false, key, "too long");
		return NULL;
	}
	return json_string_value(v);
}

static const char *translated(const struct iap_texts *texts, const char *key)
{
	const char *text;
	size_t i;

	for (i = 0; i < texts->n; i++) {
		text = json_string_value(json_object_get(texts->tables[i], key));
		if (text && *text && strlen(text) <= IAP_TEXT_MAX)
			return text;
	}
	return key;
}

/* @text with each %APPNAME% replaced; for free(). */
static char *with_app(const char *text, const char *app)
{
	const char *at = app ? strstr(text, APPNAME) : NULL;
	size_t size = 0;
	char *out = NULL;
	FILE *f;

	if (!at)
		return strdup(text);
	f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	for (; at; at = strstr(text, APPNAME)) {
		fprintf(f, "%.*s%s", (int)(at - text), text, app);
		text = at + strlen(APPNAME);
	}
	fputs(text, f);
	if (!fclose(f))
		return out;
	free(out);
	return NULL;
}

/* A text for people, in their language; NULL: there is none. */
static char *text_of(const struct building *b, const json_t *dict, const char *key)
{
	const char *raw = string(b, dict, key);

	return raw && *raw ? with_app(translated(b->texts, raw), b->texts->app) : NULL;
}

static char *copy_of(const struct building *b, const json_t *dict, const char *key)
{
	const char *raw = string(b, dict, key);

	return raw && *raw ? strdup(raw) : NULL;
}

/* ---- connections ------------------------------------------------------------------------- */

static bool boolean(const struct building *b, const json_t *dict, const char *key)
{
	static const struct { const char *word; bool value; } known[] = {
		{ "yes", true }, { "true", true }, { "1", true },
		{ "no", false }, { "false", false }, { "0", false },
	};
	const json_t *v = json_object_get(dict, key);
	const char *s = json_string_value(v);
	size_t i;

	if (!v || json_is_boolean(v))
		return json_is_true(v);
	fault(b, false, key, "not a boolean");
	if (json_is_integer(v))
		return json_integer_value(v) == 1;
	for (i = 0; s && i < SNITCH_ARRAY_SIZE(known); i++)
		if (!strcasecmp(s, known[i].word))
			return known[i].value;
	return false;
}

/* False: a protocol that is none, and what it would match is not known. */
static bool protocol(const struct building *b, const json_t *dict, int *proto)
{
	static const struct { const char *word; int proto; } known[] = {
		{ "TCP", IPPROTO_TCP }, { "UDP", IPPROTO_UDP }, { "ICMP", IPPROTO_ICMP },
	};
	const char *s = string(b, dict, "NetworkProtocol");
	size_t i;

	*proto = -1;
	if (!json_object_get(dict, "NetworkProtocol"))
		return true;
	for (i = 0; s && i < SNITCH_ARRAY_SIZE(known); i++) {
		if (strcasecmp(s, known[i].word))
			continue;
		*proto = known[i].proto;
		return true;
	}
	fault(b, false, "NetworkProtocol", "not TCP, UDP or ICMP: the description is left out");
	return false;
}

static bool relevance(const struct building *b, const json_t *dict)
{
	const char *s = string(b, dict, "Relevance");

	if (!s || !strcasecmp(s, "Default"))
		return false;
	if (!strcasecmp(s, "Essential"))
		return true;
	fault(b, false, "Relevance", "neither Essential nor Default: read as Default");
	return false;
}

static int ports(const struct building *b, const json_t *dict, struct iap_connection *c)
{
	const json_t *v = json_object_get(dict, "Port");
	char where[128];

	c->any_port = true;
	if (!v)
		return 0;
	if (json_is_integer(v)) {
		fault(b, false, "Port", "a number: should be a string");
		c->port = snitch_format("%lld", (long long)json_integer_value(v));
	} else {
		c->port = copy_of(b, dict, "Port");
	}
	if (!c->port) {
		fault(b, false, "Port", "no port is left: the description matches none");
		c->any_port = false;
		return 0;
	}
	iap_ports_parse(c->port, path(b, "Port", where, sizeof(where)), c, b->report);
	return 0;
}

static void connection_clear(struct iap_connection *c)
{
	iap_items_free(c->items, c->n_items);
	free(c->host);
	free(c->port);
	free(c->purpose);
	free(c->consequences);
	memset(c, 0, sizeof(*c));
}

static void unknown_keys(const struct building *b, const json_t *dict, const char *const *known)
{
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)dict, key, v) {
		for (i = 0; known[i] && strcmp(known[i], key); i++)
			;
		if (!known[i] && strncmp(key, "X-", 2))
			fault(b, false, key, "an unknown key: ignored");
	}
}

/* Return: 0, -EINVAL (the entry is left out), -ENOMEM. */
static int connection(const struct building *b, const json_t *dict, struct iap_connection *c)
{
	static const char *const known[] = {
		"Host", "Purpose", "DenyConsequences", "IsIncoming", "NetworkProtocol", "Port",
		"Relevance", NULL,
	};
	char where[128];
	int r;

	unknown_keys(b, dict, known);
	c->host = copy_of(b, dict, "Host");
	c->purpose = text_of(b, dict, "Purpose");
	if (!c->host || !c->purpose) {
		fault(b, false, c->host ? "Purpose" : "Host",
		      "missing or empty: the description is left out");
		return -EINVAL;
	}
	c->consequences = text_of(b, dict, "DenyConsequences");
	c->incoming = boolean(b, dict, "IsIncoming");
	c->essential = relevance(b, dict);
	c->nested = b->texts->app;
	r = ports(b, dict, c);
	if (r || !protocol(b, dict, &c->proto))
		return r ? r : -EINVAL;
	r = iap_host_parse(c->host, path(b, "Host", where, sizeof(where)), &c->items, &c->n_items,
			   b->report);
	if (r == -EINVAL)
		fault(b, false, "Host", "no item is left: the description is left out");
	return r;
}

/* ---- arrays ------------------------------------------------------------------------------ */

/* The array @key of @dict, cut to @max entries; NULL: there is none. */
static const json_t *array(struct building *b, const json_t *dict, const char *key, size_t max,
			   size_t *n)
{
	const json_t *v = json_object_get(dict, key);

	*b->at = '\0';
	*n = json_array_size(v);
	if (v && !json_is_array(v))
		fault(b, false, key, "not an array: ignored");
	if (*n > max) {
		fault(b, false, key, "too many entries: the rest is left out");
		*n = max;
	}
	return *n ? v : NULL;
}

/* Entry @i, with @b->at naming it; NULL: it is no dictionary. */
static const json_t *entry(struct building *b, const json_t *list, const char *key, size_t i)
{
	const json_t *v = json_array_get(list, i);

	snprintf(b->at, sizeof(b->at), "%s[%zu]", key, i);
	if (json_is_object(v))
		return v;
	iap_fault(b->report, false, b->at, "not a dictionary: left out");
	return NULL;
}

static int connections(struct building *b, const json_t *root, struct iap_policy *policy)
{
	const json_t *list, *dict;
	size_t n, i;
	int r;

	list = array(b, root, "Connections", IAP_CONNECTIONS_MAX, &n);
	policy->connections = calloc(n ? n : 1, sizeof(*policy->connections));
	if (!policy->connections)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct iap_connection *c = &policy->connections[policy->n_connections];

		dict = entry(b, list, "Connections", i);
		if (!dict)
			continue;
		r = connection(b, dict, c);
		if (r)
			connection_clear(c);
		else
			policy->n_connections++;
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

static void service_clear(struct iap_service *s)
{
	free(s->name);
	free(s->purpose);
	free(s->identifier);
	memset(s, 0, sizeof(*s));
}

static int services(struct building *b, const json_t *root, struct iap_policy *policy)
{
	static const char *const known[] = { "Name", "Purpose", "Identifier", NULL };
	const json_t *list, *dict;
	size_t n, i;

	list = array(b, root, "Services", IAP_SERVICES_MAX, &n);
	policy->services = calloc(n ? n : 1, sizeof(*policy->services));
	if (!policy->services)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct iap_service *s = &policy->services[policy->n_services];

		dict = entry(b, list, "Services", i);
		if (!dict)
			continue;
		unknown_keys(b, dict, known);
		s->name = text_of(b, dict, "Name");
		s->purpose = text_of(b, dict, "Purpose");
		s->identifier = copy_of(b, dict, "Identifier");
		if (s->name && s->purpose) {
			policy->n_services++;
			continue;
		}
		fault(b, false, s->name ? "Purpose" : "Name",
		      "missing or empty: the service is left out");
		service_clear(s);
	}
	return 0;
}

static int keys(struct building *b, const json_t *root, struct iap_policy *policy)
{
	const json_t *list, *v;
	size_t n, i;

	list = array(b, root, IAP_KEY_FOR, IAP_KEYS_MAX, &n);
	for (i = 0; i < n; i++) {
		v = json_array_get(list, i);
		if (!json_is_string(v) || json_string_length(v) > IAP_TEXT_MAX) {
			fault(b, false, IAP_KEY_FOR, "has an entry that is no string");
			continue;
		}
		policy->keys[policy->n_keys] = strdup(json_string_value(v));
		if (!policy->keys[policy->n_keys])
			return -ENOMEM;
		policy->n_keys++;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int whole(struct building *b, const json_t *root, struct iap_policy *policy)
{
	static const char *const known[] = {
		"ApplicationDescription", "DeveloperName", "Website", "Connections", "Services",
		"Localizations", NULL,
	};
	int r;

	unknown_keys(b, root, known);
	policy->description = text_of(b, root, "ApplicationDescription");
	if (!policy->description) {
		fault(b, true, "ApplicationDescription", "missing or empty: it is required");
		return -EINVAL;
	}
	policy->developer = copy_of(b, root, "DeveloperName");
	policy->website = copy_of(b, root, "Website");
	policy->established = copy_of(b, root, IAP_KEY_SOURCE);
	if (policy->website && !iap_is_link(policy->website, strlen(policy->website))) {
		fault(b, false, "Website", "not a URL with http:// or https://: ignored");
		free(policy->website);
		policy->website = NULL;
	}
	r = connections(b, root, policy);
	if (!r)
		r = services(b, root, policy);
	return r ? r : keys(b, root, policy);
}

int iap_build(const json_t *root, const struct iap_texts *texts, struct iap_policy **out,
	      struct iap_report *report)
{
	struct building b = { .texts = texts, .report = report };
	struct iap_policy *policy = calloc(1, sizeof(*policy));
	int r = policy ? whole(&b, root, policy) : -ENOMEM;

	if (r) {
		iap_free(policy);
		policy = NULL;
	}
	*out = policy;
	return r;
}

int iap_merge(struct iap_policy *policy, struct iap_policy *nested)
{
	size_t nc = nested->n_connections, ns = nested->n_services;
	struct iap_connection *c;
	struct iap_service *s;

	if (nc > IAP_CONNECTIONS_MAX - policy->n_connections)
		nc = IAP_CONNECTIONS_MAX - policy->n_connections;
	if (ns > IAP_SERVICES_MAX - policy->n_services)
		ns = IAP_SERVICES_MAX - policy->n_services;
	c = reallocarray(policy->connections, policy->n_connections + nc + 1, sizeof(*c));
	if (c)
		policy->connections = c;
	s = reallocarray(policy->services, policy->n_services + ns + 1, sizeof(*s));
	if (s)
		policy->services = s;
	if (!c || !s) {
		iap_free(nested);
		return -ENOMEM;
	}
	memcpy(c + policy->n_connections, nested->connections, nc * sizeof(*c));
	memcpy(s + policy->n_services, nested->services, ns * sizeof(*s));
	memset(nested->connections, 0, nc * sizeof(*c));
	memset(nested->services, 0, ns * sizeof(*s));
	policy->n_connections += nc;
	policy->n_services += ns;
	iap_free(nested);
	return 0;
}

void iap_free(struct iap_policy *policy)
{
	if (!policy)
		return;
	while (policy->n_connections)
		connection_clear(&policy->connections[--policy->n_connections]);
	while (policy->n_services)
		service_clear(&policy->services[--policy->n_services]);
	while (policy->n_keys)
		free(policy->keys[--policy->n_keys]);
	free(policy->connections);
	free(policy->services);
	free(policy->description);
	free(policy->developer);
	free(policy->website);
	free(policy->established);
	free(policy);
}
