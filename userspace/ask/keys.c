// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a key does to the question on the screen. Pure: it must never read,
 * write, or let a single key decide anything.
 */
#include <string.h>

#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "keys.h"

static const struct ask_scope of_addresses[] = {
	{ "address-port", "address+port", true }, { "address", "address", false },
	{ "port", "port", true }, { "any", "anything", false },
};

/* Somebody vouches for a name: that is what people mean, addresses come and go. */
static const struct ask_scope of_names[] = {
	{ "host-port", "name+port", true }, { "host", "name", false },
	{ "domain", "domain", false }, { "address-port", "address+port", true },
	{ "port", "port", true }, { "any", "anything", false },
};

static const struct {
	int key;
	const char *lifetime;
} lifetimes[] = {
	{ 'o', "once" }, { 'q', "until quit" }, { 'h', "for 1h" },
	{ 'r', "until reboot" }, { 'f', "forever" },
};

static bool has_port(const json_t *q)
{
	return value_int(q, "port", 0) != 0;
}

const struct ask_scope *ask_scopes(const json_t *q, size_t *n)
{
	bool named = json_object_get(q, "host");

	*n = named ? SNITCH_ARRAY_SIZE(of_names) : SNITCH_ARRAY_SIZE(of_addresses);
	return named ? of_names : of_addresses;
}

bool ask_scope_fits(const struct ask_scope *scope, const json_t *q)
{
	if (!strcmp(scope->scope, "domain"))
		return json_object_get(q, "domain");
	return !scope->port || has_port(q);
}

const char *ask_scope_usual(const json_t *q)
{
	const struct ask_scope *scopes;
	size_t i, n;

	scopes = ask_scopes(q, &n);
	for (i = 0; i < n - 1 && !ask_scope_fits(&scopes[i], q); i++)
		;
	return scopes[i].scope;
}

static void take_back(struct ask_keys *k)
{
	k->stage = ASK_VERDICT;
	k->verdict = NULL;
	k->lifetime = NULL;
}

void ask_keys_start(struct ask_keys *k, const json_t *q, uint64_t now)
{
	memset(k, 0, sizeof(*k));
	k->since = now;
	k->scope = ask_scope_usual(q);
}

static bool choose_scope(struct ask_keys *k, const json_t *q, int key)
{
	const struct ask_scope *scopes;
	size_t i = key - '1', n;

	scopes = ask_scopes(q, &n);
	if (key < '1' || i >= n || !ask_scope_fits(&scopes[i], q))
		return false;
	k->scope = scopes[i].scope;
	return true;
}

static bool choose_verdict(struct ask_keys *k, int key)
{
	if (key != 'a' && key != 'd')
		return false;
	k->verdict = key == 'a' ? "allow" : "deny";
	k->lifetime = NULL;
	k->stage = ASK_LIFETIME;
	return true;
}

/* "once" writes no rule and is final; all else is shown as a rule first. */
static enum ask_act choose_lifetime(struct ask_keys *k, int key)
{
	size_t i;

	for (i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++) {
		if (lifetimes[i].key != key)
			continue;
		k->lifetime = lifetimes[i].lifetime;
		if (key == 'o')
			return ASK_ANSWER;
		k->stage = ASK_CONFIRM;
		return ASK_REDRAW;
	}
	return ASK_NOTHING;
}

enum ask_act ask_keys_press(struct ask_keys *k, const json_t *q, int key, uint64_t now)
{
	enum ask_act act;

	if (now < k->since + ASK_GUARD_NS)
		return ASK_NOTHING;
	if (key == '\r')
		key = ASK_KEY_ENTER;
	if (key == 'l' || key == '\t')
		return ASK_LATER;
	if (key == '?') {
		k->details = !k->details;
		return ASK_REDRAW;
	}
	if (k->stage == ASK_VERDICT)
		return choose_verdict(k, key) ? ASK_REDRAW : ASK_NOTHING;
	if (key == ASK_KEY_ENTER)
		return k->stage == ASK_CONFIRM ? ASK_ANSWER : ASK_NOTHING;
	if (choose_scope(k, q, key))
		return ASK_REDRAW;
	act = choose_lifetime(k, key);
	if (act == ASK_NOTHING && (k->stage == ASK_CONFIRM || !choose_verdict(k, key)))
		take_back(k);
	return act == ASK_NOTHING ? ASK_REDRAW : act;
}
