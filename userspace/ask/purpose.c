// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policy of a question's program says of it; see purpose.h. */
#include "purpose.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "../cli/cli.h"
#include "../daemon/places.h"
#include "../iap/describe.h"
#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "keys.h"
#include "words.h"

#define KNOWN_MAX	64	/* programs remembered; then all are forgotten */

/* One program; @found.policy NULL: it has none. */
struct known {
	char *program;
	char *cgroup;
	struct iap_found found;
	SLIST_ENTRY(known) link;
};

struct purposes {
	struct iap_root root;
	struct iap_langs langs;
	struct places places;
	SLIST_HEAD(, known) list;
	unsigned int n;
};

static void forget(struct purposes *p)
{
	struct known *k;

	while ((k = SLIST_FIRST(&p->list))) {
		SLIST_REMOVE_HEAD(&p->list, link);
		iap_found_clear(&k->found);
		free(k->program);
		free(k->cgroup);
		free(k);
	}
	p->n = 0;
}

struct purposes *purposes_new(const char *root, const char *lang)
{
	struct purposes *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	SLIST_INIT(&p->list);
	iap_langs_init(&p->langs, lang);
	if (iap_root_open(&p->root, root)) {
		free(p);
		return NULL;
	}
	/* without them only local-net and the like match less */
	if (places_read(&p->places, p->root.prefix))
		memset(&p->places, 0, sizeof(p->places));
	return p;
}

void purposes_free(struct purposes *p)
{
	if (!p)
		return;
	forget(p);
	iap_root_close(&p->root);
	free(p);
}

/*
 * Is the program of the question the file of its path here? A container has others under the same
 * names, and what hides its file may be anything.
 */
static bool is_this_file(const struct purposes *p, const json_t *q, const char *program)
{
	static const char *const hidden[] = { "disguised", "memfd", "deleted", "unknown",
					      "served" };
	uint64_t dev = (uint64_t)value_int(q, "exe_dev", 0);
	struct stat st;
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(hidden); i++)
		if (words_flag(q, hidden[i]))
			return false;
	if (*program != '/')
		return false;
	if (!dev)
		return true;
	return !fstatat(p->root.fd, program + 1, &st, 0) && st.st_dev == dev &&
	       st.st_ino == (uint64_t)value_int(q, "exe_ino", 0);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static const struct known *look_up(struct purposes *p, const char *program, const char *cgroup)
{
	struct iap_search search = {
		.root = &p->root, .path = program, .cgroup = cgroup, .langs = &p->langs,
	};
	struct known *k;

	SLIST_FOREACH(k, &p->list, link)
		if (same(k->program, program) && same(k->cgroup, cgroup))
			return k;
	if (p->n >= KNOWN_MAX)
		forget(p);
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->program = strdup(program);
	k->cgroup = strdup(cgroup);
	iap_find(&search, &k->found);
	SLIST_INSERT_HEAD(&p->list, k, link);
	p->n++;
	return k;
}

/* What a person selects with a scope: a host, its domain, or any connection. */
static void select_by(const json_t *q, const char *scope, struct iap_selection *sel)
{
	bool ports = strstr(scope, "port");
	int64_t port = value_int(q, "port", 0);

	sel->kind = !strcmp(scope, "any") || !strcmp(scope, "port") ? IAP_SELECT_ANY :
		    !strncmp(scope, "domain", 6) && sel->name ? IAP_SELECT_DOMAIN : IAP_SELECT_HOST;
	sel->proto = ports ? proto_parse(value_str(q, "proto", "")) : -1;
	sel->port = ports && port > 0 ? (int)port : -1;
}

json_t *purpose_of(struct purposes *p, const json_t *q, const char *scope)
{
	const char *name = value_str(q, !strncmp(scope, "domain", 6) ? "domain" :
				     !strncmp(scope, "host", 4) ? "host" : "name", NULL);
	const char *address = value_str(q, "address", "");
	_cleanup_free_ char *plain = NULL, *compared = name ? iap_name(name) : NULL;
	struct iap_selection sel = { .name = compared };
	const struct known *known;
	struct policy_env env;
	size_t len;

	plain = p ? snitch_unescape(value_str(q, "program", ""), &len) : NULL;
	if (!plain || strlen(plain) != len || !is_this_file(p, q, plain))
		return NULL;
	known = look_up(p, plain, value_str(q, "cgroup", ""));
	if (!known || !known->found.policy)
		return NULL;
	env = (struct policy_env){
		.local = p->places.local, .n_local = p->places.n_local, .dns = p->places.dns,
		.n_dns = p->places.n_dns, .broadcast = p->places.broadcast,
		.n_broadcast = p->places.n_broadcast,
	};
	sel.env = &env;
	if (inet_pton(AF_INET, address, sel.addr) == 1)
		sel.family = AF_INET;
	else if (inet_pton(AF_INET6, address, sel.addr) == 1)
		sel.family = AF_INET6;
	select_by(q, scope, &sel);
	return iap_describe(&known->found, &sel);
}

void purpose_attach(struct purposes *p, json_t *q)
{
	json_t *policy = purpose_of(p, q, ask_scope_usual(q));

	if (policy)
		json_object_set_new(q, "policy", policy);
}
