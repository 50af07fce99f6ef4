// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes .lsrules files. It must never write a rule that says more than ours: what the format has
 * no words for is left out, and reported.
 */
#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../policy/program.h"
#include "../util/format.h"
#include "lsrules.h"

static int say(struct exchange *x, size_t at, enum exchange_fate fate, const char *reason)
{
	const struct rule *rule = x->rules[at].rule;
	char text[RULE_TEXT_MAX], name[32];
	struct source src = { .x = x, .rule = at + 1 };
	struct place p = { .line = rule->line };

	src.file = rule->file ? rule->file : rule_scope_name(rule, name, sizeof(name));
	if (exchange_rule_text(rule, text, sizeof(text)) < 0)
		text[0] = '\0';
	return source_say(&src, fate, p, NULL, text, "%s", reason);
}

int export_leave(struct exchange *x, size_t at, const char *reason)
{
	x->n_left++;
	return say(x, at, EXCHANGE_LEFT, reason);
}

int export_change(struct exchange *x, size_t at, const char *reason)
{
	return say(x, at, EXCHANGE_CHANGED, reason);
}

/* ---- what cannot be said --------------------------------------------------------------------- */

static const char *program_why(const struct rule_program *p)
{
	if (p->and_children)
		return "children of a program have no words there";
	if (p->child_of && (p->child_of->child_of || p->child_of->kind != RULE_P_PATH ||
			    p->kind != RULE_P_PATH))
		return "of programs that start others it has only 'A via B', two paths";
	if (p->kind != RULE_P_ANY && p->kind != RULE_P_PATH && p->kind != RULE_P_SCRIPT)
		return "programs are any, a path or a script there";
	return NULL;
}

static const char *remote_why(const struct rule *rule)
{
	size_t i;

	if (rule->negated)
		return "'to not' has no words there";
	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind == RULE_I_LIST)
			return "lists are files of their own there";
		if (rule->items[i].kind == RULE_I_LOOPBACK)
			return "loopback has no word there";
	}
	return NULL;
}

/* Why a rule cannot be written at all, or NULL. */
static const char *why_not(const struct rule *rule)
{
	const char *why = program_why(&rule->program);

	if (rule->scope == RULE_S_BUILTIN)
		return "built-in rules come with the program";
	if (why)
		return why;
	why = remote_why(rule);
	if (why)
		return why;
	if (rule->who == RULE_W_GROUP || (rule->who == RULE_W_USER && rule->scope != RULE_S_USER))
		return "rules for other users have no words there";
	if (rule->proto == RULE_PROTO_PACKET)
		return "packet sockets have no words there";
	if (rule->interface)
		return "interfaces have no words there";
	if (rule->profile)
		return "profiles are not part of a file there";
	if (rule->lifetime != RULE_L_FOREVER)
		return "rules that end have no words there";
	return NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int set(json_t *obj, const char *key, const char *value)
{
	return json_object_set_new(obj, key, json_string(value));
}

static int add_program(json_t *obj, const struct rule_program *p)
{
	const char *first = p->child_of ? p->child_of->name : p->name;
	char *script;
	int r;

	if (p->kind == RULE_P_ANY)
		return set(obj, "process", "any");
	if (p->kind == RULE_P_SCRIPT) {
		script = snitch_format("script.%s", p->name);
		r = script ? set(obj, "process", script) : -1;
		free(script);
		return r;
	}
	r = set(obj, "process", first);
	return !r && p->child_of ? set(obj, "via", p->name) : r;
}

static int add_ports(json_t *obj, const struct rule *rule)
{
	char text[RULE_ITEMS_MAX * 13] = "";
	struct text t = { .buf = text, .size = sizeof(text) };
	size_t i;

	for (i = 0; i < rule->n_ports; i++) {
		text_addf(&t, "%s%u", i ? "," : "", rule_ports(rule)[i].first);
		if (rule_ports(rule)[i].last != rule_ports(rule)[i].first)
			text_addf(&t, "-%u", rule_ports(rule)[i].last);
	}
	return rule->n_ports ? set(obj, "ports", text) : 0;
}

static int add_proto(json_t *obj, const struct rule *rule)
{
	const char *word = rule->proto < 0 ? NULL : proto_word(rule->proto);
	char number[16];

	if (rule->proto < 0)
		return 0;
	snprintf(number, sizeof(number), "%d", rule->proto);
	if (rule->proto == 58)
		word = "ipv6-icmp";
	return set(obj, "protocol", word ? word : number);
}

/* Everything but the remotes. */
static json_t *common(const struct rule *rule)
{
	static const char *const actions[] = {
		[SNITCH_ALLOW] = "allow", [SNITCH_DENY] = "deny", [SNITCH_DROP] = "deny",
		[SNITCH_ASK] = "ask",
	};
	json_t *obj = json_object();
	int r;

	if (!obj)
		return NULL;
	r = set(obj, "action", actions[rule->action]) || add_program(obj, &rule->program) ||
	    add_ports(obj, rule) || add_proto(obj, rule);
	if (!r && rule->flags & RULE_F_IN)
		r = set(obj, "direction", "incoming");
	if (!r && rule->flags & RULE_F_HIGH)
		r = set(obj, "priority", "high");
	if (!r && rule->flags & RULE_F_DISABLED)
		r = json_object_set_new(obj, "disabled", json_true());
	if (!r && rule->scope == RULE_S_USER)
		r = set(obj, "owner", "me");
	if (!r && rule->note)
		r = set(obj, "notes", rule->note);
	if (!r)
		return obj;
	json_decref(obj);
	return NULL;
}

/* Which key an item stands under; "remote" holds one word only. */
static const char *item_key(const struct rule_item *item)
{
	if (item_is_address(item))
		return "remote-addresses";
	return item->kind == RULE_I_HOST ? "remote-hosts" :
	       item->kind == RULE_I_DOMAIN ? "remote-domains" : "remote";
}

static json_t *item_json(const struct rule_item *item)
{
	char text[RULE_NAME_MAX + 128] = "";
	struct text t = { .buf = text, .size = sizeof(text) };

	if (item_is_name(item))
		return json_string(item->name);
	item_print(item, &t);
	return json_string(text);
}

/* The items of @rule that stand under @key: one as a string, several as an array. */
static json_t *items_json(const struct rule *rule, const char *key)
{
	json_t *all = json_array();
	json_t *one;
	size_t i;

	for (i = 0; all && i < rule->n_items; i++) {
		if (strcmp(item_key(&rule->items[i]), key))
			continue;
		if (json_array_append_new(all, item_json(&rule->items[i]))) {
			json_decref(all);
			return NULL;
		}
	}
	if (json_array_size(all) != 1)
		return all;
	one = json_incref(json_array_get(all, 0));
	json_decref(all);
	return one;
}

static int append(json_t *rules, const struct rule *rule, const char *key, json_t *remote)
{
	json_t *obj = common(rule);

	if (!obj || json_object_set(obj, key, remote) || json_array_append(rules, obj)) {
		json_decref(obj);
		return -ENOMEM;
	}
	json_decref(obj);
	return 0;
}

static bool covers_all(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind == RULE_I_ANY)
			return true;
	}
	return false;
}

/* A rule of theirs has remotes of one kind: ours may become several. */
static int add_rule(json_t *rules, const struct rule *rule)
{
	static const char *const keys[] = {
		"remote", "remote-domains", "remote-hosts", "remote-addresses",
	};
	json_t *word;
	size_t i, k;
	int r = 0;

	if (covers_all(rule)) {
		word = json_string("any");
		r = word ? append(rules, rule, "remote", word) : -ENOMEM;
		json_decref(word);
		return r;
	}
	for (i = 0; i < 4 && !r; i++) {
		json_t *remote = items_json(rule, keys[i]), *one;

		if (!remote)
			return -ENOMEM;
		if (i || json_is_string(remote)) {
			if (json_is_string(remote) || json_array_size(remote))
				r = append(rules, rule, keys[i], remote);
		} else {
			json_array_foreach(remote, k, one) {
				r = r ? r : append(rules, rule, keys[i], one);
			}
		}
		json_decref(remote);
	}
	return r;
}

/* What is written, but with less than it said. */
static int say_less(struct exchange *x, size_t at)
{
	const struct rule *rule = x->rules[at].rule;
	int r = 0;

	if (rule->action == SNITCH_DROP)
		r = export_change(x, at, "written as deny: that tells the program");
	if (!r && rule->flags & RULE_F_NOLOG)
		r = export_change(x, at, "written without nolog");
	if (!r && rule->flags & RULE_F_LOCKDOWN)
		r = export_change(x, at, "written without lockdown");
	return r;
}

int export_lsrules(struct exchange *x, char **out)
{
	json_t *rules = json_array(), *root;
	const char *why;
	size_t i;
	int r = rules ? 0 : -ENOMEM;

	for (i = 0; i < x->n_rules && !r; i++) {
		why = why_not(x->rules[i].rule);
		if (why) {
			r = export_leave(x, i, why);
			continue;
		}
		r = say_less(x, i);
		if (!r)
			r = add_rule(rules, x->rules[i].rule);
	}
	root = json_pack("{s:s,s:s,s:o}", "name", "snitch", "description", "Rules of snitch",
			 "rules", rules);
	*out = root && !r ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	return r ? r : *out ? 0 : -ENOMEM;
}
