// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be asked of one rule, and rules made for a flow. It must never look at a set. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "print.h"
#include "../util/timespan.h"

/* Room for a rule that answers make: id and keys must still go before it. */
#define MADE_MAX	(RULE_LINE_MAX - 128)

void rule_free(struct rule *rule)
{
	size_t i;

	if (!rule)
		return;
	for (i = 0; i < rule->n_items; i++)
		item_clear(&rule->items[i]);
	program_clear(&rule->program);
	free(rule->keys);
	free(rule->who_name);
	free(rule->items);
	rule_clear_ports(rule);
	free(rule->interface);
	free(rule->profile);
	free(rule->note);
	free(rule);
}

int rule_add_ports(struct rule *rule, uint16_t first, uint16_t last)
{
	struct rule_ports range = { first, last }, *many;

	if (rule->n_ports == RULE_ITEMS_MAX)
		return -E2BIG;
	if (!rule->n_ports) {
		rule->ports.one = range;
		rule->n_ports = 1;
		return 0;
	}
	many = reallocarray(rule->n_ports > 1 ? rule->ports.many : NULL, rule->n_ports + 1,
			    sizeof(*many));
	if (!many)
		return -ENOMEM;
	if (rule->n_ports == 1)
		many[0] = rule->ports.one;
	many[rule->n_ports++] = range;
	rule->ports.many = many;
	return 0;
}

void rule_clear_ports(struct rule *rule)
{
	if (rule->n_ports > 1)
		free(rule->ports.many);
	rule->n_ports = 0;
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	char x[RULE_TEXT_MAX], y[RULE_TEXT_MAX];

	if (a->until != b->until || a->image.pid != b->image.pid ||
	    a->image.start != b->image.start || a->image.exec_id != b->image.exec_id)
		return false;
	if (print_rule(a, x, sizeof(x), false, true) < 0 ||
	    print_rule(b, y, sizeof(y), false, true) < 0)
		return false;
	return !strcmp(x, y);
}

/* FNV-1a; the id of a rule without one must be the same after every start. */
uint64_t rule_hash(const struct rule *rule)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	char text[RULE_TEXT_MAX];
	const char *p;

	print_rule(rule, text, sizeof(text), false, false);
	for (p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
	h ^= h >> 32;
	return h ? h : 1;
}

int rule_id_parse(const char *text, uint64_t *id)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return -EINVAL;
	*id = strtoull(text, NULL, 16);
	return *id ? 0 : -EINVAL;
}

char *rule_id_print(uint64_t id, char *buf, size_t size)
{
	snprintf(buf, size, "%016" PRIx64, id);
	return buf;
}

char *rule_scope_name(const struct rule *rule, char *buf, size_t size)
{
	static const char *const names[] = {
		[RULE_S_ADMIN] = "admin", [RULE_S_SYSTEM] = "system", [RULE_S_BUILTIN] = "builtin",
	};

	if (rule->scope == RULE_S_USER)
		snprintf(buf, size, "user %u", rule->scope_uid);
	else
		snprintf(buf, size, "%s", rule->runtime ? "runtime" : names[rule->scope]);
	return buf;
}

uint32_t rule_tier(const struct rule *rule)
{
	if (rule->scope == RULE_S_BUILTIN)
		return 2;
	return rule->flags & RULE_F_HIGH ? 0 : 1;
}

bool rule_is_whole(const struct rule *rule)
{
	const struct rule_program *p = &rule->program;

	if (rule->action != SNITCH_DENY && rule->action != SNITCH_DROP)
		return false;
	if (p->kind == RULE_P_ANY || p->kind == RULE_P_KERNEL)
		return false;
	return !rule->negated && rule->n_items == 1 && rule->items[0].kind == RULE_I_ANY &&
	       !rule->n_ports && rule->proto < 0 && !rule->interface &&
	       !(rule->flags & RULE_F_IN);
}

bool rule_needs_daemon(const struct rule *rule)
{
	const struct rule_program *p = &rule->program;
	size_t i;

	if (p->child_of || p->and_children)
		return true;
	if (p->kind != RULE_P_ANY && p->kind != RULE_P_PATH && p->kind != RULE_P_KERNEL)
		return true;
	if (rule->who == RULE_W_GROUP || rule->lifetime == RULE_L_QUIT ||
	    (rule->interface && rule->proto != RULE_PROTO_PACKET && p->kind != RULE_P_KERNEL))
		return true;
	for (i = 0; i < rule->n_items; i++) {
		if (item_is_name(&rule->items[i]) ||
		    (rule->negated && rule->items[i].kind == RULE_I_LOOPBACK))
			return true;
	}
	return false;
}

const char *rule_why_inactive(const struct rule *rule, uint64_t now, uint64_t boottime)
{
	if (rule->flags & RULE_F_DISABLED)
		return "disabled";
	if (rule->flags & RULE_F_IN)
		return "rules for incoming connections are not enforced";
	if (rule->who == RULE_W_USER && !rule->who_known)
		return "no such user";
	if (rule->who == RULE_W_GROUP && !rule->who_known)
		return "no such group";
	switch (rule->lifetime) {
	case RULE_L_DATE:
		return now >= rule->seconds ? "expired" : NULL;
	case RULE_L_FOR:
		if (!rule->until)
			return "not begun";
		return boottime >= rule->until ? "expired" : NULL;
	case RULE_L_QUIT:
		return rule->image.pid ? NULL : "not begun";
	default:
		return NULL;
	}
}

const char *rule_why_not_enforced(const struct rule *rule)
{
	const struct rule_program *p;

	if (rule->flags & RULE_F_IN)
		return "rules for incoming connections are not enforced";
	for (p = rule->program.child_of; p; p = p->child_of) {
		if (p->kind != RULE_P_PATH && p->kind != RULE_P_PATTERN)
			return "after child-of only paths and patterns are recognised";
	}
	return NULL;
}

/* Whether what is written for it would be read as the same rule. */
static int check_readable(const struct rule *rule)
{
	char text[MADE_MAX];
	struct rule_error err;
	struct rule *back;
	int r;

	if (print_rule(rule, text, sizeof(text), false, true) < 0)
		return -EINVAL;
	r = rule_parse(text, NULL, 0, &back, &err);
	if (r)
		return r;
	if (!back)
		return -EINVAL;
	r = rule_equal(rule, back) ? 0 : -EINVAL;
	rule_free(back);
	return r;
}

static int fill_flow_rule(struct rule *rule, const char *exe, uint32_t uid, uint8_t family,
			  const uint8_t *addr, uint16_t port)
{
	struct rule_item *item;
	char number[16];

	rule->items = item = calloc(1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	rule->n_items = 1;
	if (family) {
		item->kind = RULE_I_ADDRESS;
		item->family = family;
		memcpy(item->first, addr, family == AF_INET ? 4 : 16);
		memcpy(item->last, item->first, sizeof(item->last));
	}
	if (exe) {
		rule->program.kind = RULE_P_PATH;
		rule->program.name = strdup(exe);
		if (!rule->program.name)
			return -ENOMEM;
	}
	if (uid != (uint32_t)-1) {
		snprintf(number, sizeof(number), "%u", uid);
		rule->who = RULE_W_USER;
		rule->who_id = uid;
		rule->who_known = true;
		rule->who_name = strdup(number);
		if (!rule->who_name)
			return -ENOMEM;
	}
	return port ? rule_add_ports(rule, port, port) : 0;
}

/* Gives @rule out if @r is 0 and it can be read back, or frees it. */
static int give_made(struct rule *rule, int r, struct rule **out)
{
	if (!r)
		r = check_readable(rule);
	if (r) {
		rule_free(rule);
		return r;
	}
	rule->id = rule_hash(rule);
	*out = rule;
	return 0;
}

int rule_for_flow(uint32_t action, const char *exe, uint32_t uid, uint8_t family,
		  const uint8_t *addr, uint16_t port, int proto, struct rule **out)
{
	struct rule *rule = calloc(1, sizeof(*rule));
	int r;

	*out = NULL;
	if (!rule)
		return -ENOMEM;
	rule->action = action;
	rule->proto = proto;
	r = fill_flow_rule(rule, exe, uid, family, addr, port);
	return give_made(rule, r, out);
}

int rule_for_name(uint32_t action, const char *exe, uint32_t uid, const char *name, bool domain,
		  int proto, struct rule **out)
{
	struct rule *rule;
	const char *why;
	int r = rule_for_flow(action, exe, uid, 0, NULL, 0, proto, &rule);

	*out = NULL;
	if (r)
		return r;
	r = item_parse(name, true, &rule->items[0], &why);
	/* a name that reads like an address would be one in the file */
	if (!r && rule->items[0].kind != RULE_I_HOST)
		r = -EINVAL;
	if (!r && domain)
		rule->items[0].kind = RULE_I_DOMAIN;
	return give_made(rule, r, out);
}

void rule_begin(struct rule *rule, uint64_t boottime, const struct rule_image *image)
{
	if (rule->lifetime == RULE_L_FOR)
		rule->until = boottime + rule->seconds * SNITCH_NSEC_PER_SEC;
	else if (rule->lifetime == RULE_L_QUIT && image)
		rule->image = *image;
}
