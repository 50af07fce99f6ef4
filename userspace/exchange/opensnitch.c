// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the rules of OpenSnitch, one a file. A rule is a conjunction of conditions: it must never
 * be carried over without one of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "lsrules.h"
#include "plain.h"

#define CONDITIONS_MAX	64
#define DATA_MAX	65536	/* bytes of conditions that stand as text in "data" */

/* What a condition is about; of each there may be one. */
enum about {
	ABOUT_PROGRAM, ABOUT_PARENT, ABOUT_USER, ABOUT_REMOTE, ABOUT_PORT, ABOUT_PROTO,
	ABOUT_INTERFACE, ABOUT_ALL, ABOUT_NOTHING,
};

static const char *const abouts[] = {
	[ABOUT_PROGRAM] = "program", [ABOUT_PARENT] = "parent", [ABOUT_USER] = "user",
	[ABOUT_REMOTE] = "remote", [ABOUT_PORT] = "port", [ABOUT_PROTO] = "protocol",
	[ABOUT_INTERFACE] = "interface",
};

/* Operands that a rule of ours can say something about, or why it cannot. */
static const struct operand {
	const char *name;
	enum about about;
	const char *why;	/* why not, of ABOUT_NOTHING */
} operands[] = {
	{ "true", ABOUT_ALL, NULL },
	{ "process.path", ABOUT_PROGRAM, NULL },
	{ "process.parent.path", ABOUT_PARENT, NULL },
	{ "user.id", ABOUT_USER, NULL },
	{ "user.name", ABOUT_USER, NULL },
	{ "dest.ip", ABOUT_REMOTE, NULL },
	{ "dest.host", ABOUT_REMOTE, NULL },
	{ "dest.network", ABOUT_REMOTE, NULL },
	{ "lists.domains", ABOUT_REMOTE, NULL },
	{ "lists.ips", ABOUT_REMOTE, NULL },
	{ "lists.nets", ABOUT_REMOTE, NULL },
	{ "dest.port", ABOUT_PORT, NULL },
	{ "protocol", ABOUT_PROTO, NULL },
	{ "iface.out", ABOUT_INTERFACE, NULL },
	{ "process.command", ABOUT_NOTHING, "a program writes its command line as it likes" },
	{ "process.id", ABOUT_NOTHING, "the process is gone" },
	{ "process.env.", ABOUT_NOTHING, "a program writes its environment as it likes" },
	{ "process.hash.", ABOUT_NOTHING, "a rule ends by itself here when its program changes; "
					  "name the program by its path" },
	{ "source.", ABOUT_NOTHING, "a rule has no source address here" },
	{ "iface.in", ABOUT_NOTHING, "a rule has no interface of incoming packets" },
	{ "lists.domains_regexp", ABOUT_NOTHING, "lists hold names, not regular expressions" },
	{ "lists.hash.", ABOUT_NOTHING, "lists hold names and addresses, not checksums" },
};

/**
 * struct conditions - what a rule asks for, besides what is in the draft already
 * @seen: bit 1 << enum about
 * @programs: each makes a rule of its own; owned
 * @protos: each makes a rule of its own
 * @six: IPv6 only
 */
struct conditions {
	unsigned int seen;
	char *programs[PLAIN_MAX];
	size_t n_programs;
	int protos[PLAIN_MAX];
	size_t n_protos;
	bool six;
};

/* One condition with the strings that may stand there. */
struct condition {
	const char *operand, *type;
	char *values[PLAIN_MAX];
	size_t n_values;
	bool domain, apex;
};

static const struct operand *find_operand(const char *name)
{
	size_t i, len;

	for (i = 0; i < SNITCH_ARRAY_SIZE(operands); i++) {
		len = strlen(operands[i].name);
		if (!strcmp(operands[i].name, name) ||
		    (operands[i].name[len - 1] == '.' && !strncmp(name, operands[i].name, len)))
			return &operands[i];
	}
	return NULL;
}

static const char *get(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* Where the data cannot be what the operand wants. */
static void no_value(struct draft *d, const struct condition *c, const char *value,
		     const char *expected)
{
	draft_leave(d, c->operand, value, "%s is expected here", expected);
}

static void on_program(struct draft *d, struct conditions *all, struct condition *c)
{
	size_t i;

	for (i = 0; i < c->n_values; i++) {
		if (*c->values[i] != '/') {
			no_value(d, c, c->values[i], "an absolute path");
			return;
		}
	}
	memcpy(all->programs, c->values, c->n_values * sizeof(c->values[0]));
	all->n_programs = c->n_values;
	c->n_values = 0;
}

static void on_parent(struct draft *d, struct condition *c)
{
	if (c->n_values != 1 || *c->values[0] != '/') {
		no_value(d, c, c->values[0], "one absolute path");
		return;
	}
	d->rule->program.child_of = calloc(1, sizeof(struct rule_program));
	if (!d->rule->program.child_of)
		d->r = -ENOMEM;
	else
		draft_path(d, d->rule->program.child_of, c->values[0]);
}

/* The user is looked up when the rule is read back. */
static void on_user(struct draft *d, struct condition *c)
{
	struct rule *rule = d->rule, *probe = NULL;
	_cleanup_free_ char *line = NULL;
	struct rule_error err;

	line = c->n_values == 1 && !strpbrk(c->values[0], "\"\\\n") ?
	       snitch_format("deny any user \"%s\" to any", c->values[0]) : NULL;
	if (!line || rule_parse(line, NULL, 0, &probe, &err) || !probe) {
		no_value(d, c, c->values[0], "one user");
		return;
	}
	rule->who = probe->who;
	rule->who_known = probe->who_known;
	rule->who_id = probe->who_id;
	rule->who_name = snitch_take_ptr(probe->who_name);
	rule_free(probe);
}

static void add_network(struct draft *d, struct condition *c, const char *value)
{
	const char *why;

	if (!strcmp(value, "LAN"))
		draft_keyword(d, RULE_I_LOCAL_NET);
	else if (!strcmp(value, "MULTICAST"))
		draft_keyword(d, RULE_I_MULTICAST);
	else if (!strchr(value, '/') || !draft_item(d, value, &why))
		no_value(d, c, value, "a network, LAN or MULTICAST");
}

/* A folder of lists that OpenSnitch reads by itself; here somebody has to add it as a list. */
static void add_list(struct draft *d, struct condition *c, const char *value)
{
	size_t len = strlen(value), from;
	_cleanup_free_ char *name = NULL;
	const char *why;

	while (len && value[len - 1] == '/')
		len--;
	for (from = len; from && value[from - 1] != '/'; from--)
		;
	name = snitch_format("list:%.*s", (int)(len - from), value + from);
	if (!name)
		d->r = -ENOMEM;
	else if (!draft_item(d, name, &why))
		no_value(d, c, value, "a folder with a name of letters, digits, '-', '_' and '.'");
	else
		draft_disable(d, c->operand, value,
			      "make a list of this folder, under the name '%s'", name + 5);
}

static void on_remote(struct draft *d, struct condition *c)
{
	const char *why;
	size_t i;

	if (c->domain && strcmp(c->operand, "dest.host")) {
		no_value(d, c, NULL, "a plain string");
		return;
	}
	if (c->domain && !c->apex)
		draft_change(d, c->operand, NULL, "*.example.com covers example.com itself here");
	for (i = 0; i < c->n_values && !d->r && !d->left; i++) {
		const char *value = c->values[i];

		if (!strncmp(c->operand, "lists.", 6)) {
			add_list(d, c, value);
		} else if (!strcmp(c->operand, "dest.network") || !strcmp(c->type, "network")) {
			add_network(d, c, value);
		} else if (c->domain) {
			_cleanup_free_ char *name = snitch_format("*.%s", value);

			if (!name)
				d->r = -ENOMEM;
			else if (!draft_item(d, name, &why))
				no_value(d, c, value, "a name");
		} else if (!strncmp(value, "list:", 5) || !draft_item(d, value, &why) ||
			   (!strcmp(c->operand, "dest.ip") &&
			    !item_is_address(&d->rule->items[d->rule->n_items - 1]))) {
			no_value(d, c, value, c->operand[5] == 'i' ? "an address" : "a name");
		}
	}
}

static void on_ports(struct draft *d, struct condition *c)
{
	size_t i;

	for (i = 0; i < c->n_values && !d->r && !d->left; i++)
		draft_ports(d, c->operand, c->values[i]);
}

/* A final 6 says IPv6, none IPv4: names that ours do not tell apart. */
static void on_proto(struct draft *d, struct conditions *all, struct condition *c)
{
	size_t i, k, six = 0;

	for (i = 0; i < c->n_values && !d->r && !d->left; i++) {
		_cleanup_free_ char *word = draft_word(c->values[i], true);
		size_t len = word ? strlen(word) : 0;

		if (!word) {
			d->r = -ENOMEM;
			return;
		}
		if (len > 1 && word[len - 1] == '6' && proto_parse(word) < 0) {
			word[len - 1] = '\0';
			six++;
		}
		if (!strcmp(word, "icmp") && strchr(c->values[i], '6'))
			strcpy(word, "58");
		d->rule->proto = -1;
		draft_proto(d, c->operand, word);
		for (k = 0; k < all->n_protos && all->protos[k] != d->rule->proto; k++)
			;
		if (k == all->n_protos)
			all->protos[all->n_protos++] = d->rule->proto;
	}
	d->rule->proto = -1;
	all->six = six && six == c->n_values;
	if (!six && !d->left)
		draft_change(d, c->operand, c->values[0], "it covers IPv6 as well here");
}

static void on_interface(struct draft *d, struct condition *c)
{
	if (c->n_values != 1) {
		no_value(d, c, NULL, "one interface");
		return;
	}
	d->rule->interface = c->values[0];
	c->n_values = 0;
}

static void apply(struct draft *d, struct conditions *all, struct condition *c, enum about about)
{
	switch (about) {
	case ABOUT_PROGRAM:
		on_program(d, all, c);
		break;
	case ABOUT_PARENT:
		on_parent(d, c);
		break;
	case ABOUT_USER:
		on_user(d, c);
		break;
	case ABOUT_REMOTE:
		on_remote(d, c);
		break;
	case ABOUT_PORT:
		on_ports(d, c);
		break;
	case ABOUT_PROTO:
		on_proto(d, all, c);
		break;
	case ABOUT_INTERFACE:
		on_interface(d, c);
		break;
	default:
		break;
	}
}

/* ---- operators ------------------------------------------------------------------------------- */

/* The strings of @data, by the operator's type. False: told, or no memory. */
static bool read_values(struct draft *d, struct condition *c, const char *data)
{
	int n;

	if (!strcmp(c->type, "regexp")) {
		n = plain_read(data, &c->domain, &c->apex, c->values);
		if (n < 0)
			d->r = n;
		if (!n)
			draft_leave(d, c->operand, data,
				    "no plain strings from ^ to $: it has no counterpart here");
		c->n_values = n > 0 ? n : 0;
		if (n > 0 && c->domain && strcmp(c->operand, "dest.host"))
			draft_leave(d, c->operand, data, "only names may begin with anything");
		return n > 0 && !d->left;
	}
	if (strcmp(c->type, "simple") && strcmp(c->type, "network") && strcmp(c->type, "range") &&
	    strcmp(c->type, "lists")) {
		draft_leave(d, c->operand, c->type, "no type of operator that is known here");
		return false;
	}
	if (!strcmp(c->type, "range") && strcmp(c->operand, "dest.port")) {
		draft_leave(d, c->operand, data, "only ports have ranges");
		return false;
	}
	c->values[0] = strdup(data);
	if (!c->values[0])
		d->r = -ENOMEM;
	else
		c->n_values = 1;
	return !d->r;
}

static void read_condition(struct draft *d, struct conditions *all, const json_t *op)
{
	struct condition c = { .operand = get(op, "operand"), .type = get(op, "type") };
	const struct operand *known = find_operand(c.operand);
	const json_t *value = json_object_get(op, "data");
	_cleanup_free_ char *data = value ? source_text(value) : strdup("");

	if (!data) {
		d->r = -ENOMEM;
	} else if (!known) {
		draft_leave(d, "operand", c.operand, "no operand that is known here");
	} else if (known->about == ABOUT_NOTHING) {
		draft_leave(d, c.operand, data, "%s", known->why);
	} else if (known->about == ABOUT_ALL) {
		return;
	} else if (all->seen & 1U << known->about) {
		draft_leave(d, c.operand, data, "two conditions about the %s at once",
			    abouts[known->about]);
	} else if (read_values(d, &c, data)) {
		all->seen |= 1U << known->about;
		apply(d, all, &c, known->about);
	}
	while (c.n_values)
		free(c.values[--c.n_values]);
}

/* The conditions of type "list", which older versions wrote as text into "data". */
static void read_list(struct draft *d, struct conditions *all, const json_t *op)
{
	const json_t *list = json_object_get(op, "list"), *one;
	const char *data = get(op, "data");
	struct place p = place_first(place_member(d->at, "list")), at = d->at;
	json_t *parsed = NULL;
	size_t i;

	if (!json_array_size(list) && *data == '[' && strlen(data) < DATA_MAX) {
		parsed = json_loads(data, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
		list = parsed;
	}
	if (!json_array_size(list) || json_array_size(list) > CONDITIONS_MAX)
		draft_leave(d, "list", NULL, "1 to 64 conditions are expected here");
	json_array_foreach(list, i, one) {
		if (d->r || d->left)
			break;
		if (p.line)
			d->at = p;
		if (json_is_object(one))
			read_condition(d, all, one);
		else
			draft_leave(d, "list", NULL, "a condition is an object");
		p = place_next(p);
	}
	d->at = at;
	json_decref(parsed);
}

static void read_operator(struct draft *d, struct conditions *all, const json_t *root)
{
	const json_t *op = json_object_get(root, "operator");
	struct place at = d->at;

	if (!json_is_object(op)) {
		draft_leave(d, "operator", NULL, "an object is expected here");
		return;
	}
	d->at = place_member(at, "operator");
	if (!strcmp(get(op, "type"), "list"))
		read_list(d, all, op);
	else
		read_condition(d, all, op);
	d->at = at;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void read_action(struct draft *d, const json_t *root)
{
	const char *action = get(root, "action");

	if (!strcmp(action, "allow"))
		d->rule->action = SNITCH_ALLOW;
	else if (!strcmp(action, "deny"))
		d->rule->action = SNITCH_DROP;	/* the program is not told */
	else if (!strcmp(action, "reject"))
		d->rule->action = SNITCH_DENY;
	else
		draft_leave(d, "action", action, "allow, deny or reject is expected here");
}

static void read_duration(struct draft *d, const json_t *root)
{
	const char *duration = get(root, "duration");
	_cleanup_free_ char *text = NULL;

	if (!*duration || !strcmp(duration, "always"))
		return;
	if (!strcmp(duration, "until restart"))
		text = strdup("until reboot");
	else
		text = snitch_format("for %s", duration);
	if (!text)
		d->r = -ENOMEM;
	else if (rule_set_lifetime(d->rule, text))
		draft_leave(d, "duration", duration, "no time that a rule can last");
	else
		draft_change(d, "duration", duration, "it counts from the import on");
}

static void read_switches(struct draft *d, const json_t *root)
{
	const char *note = get(root, "description");

	if (json_is_false(json_object_get(root, "enabled")))
		d->rule->flags |= RULE_F_DISABLED;
	if (json_is_true(json_object_get(root, "precedence")))
		d->rule->flags |= RULE_F_HIGH;
	if (json_is_true(json_object_get(root, "nolog")))
		d->rule->flags |= RULE_F_NOLOG;
	draft_note(d, *note ? note : get(root, "name"));
}

static void read_unknown(struct draft *d, const json_t *root)
{
	static const char *const keys[] = {
		"created", "updated", "name", "description", "enabled", "precedence", "nolog",
		"action", "duration", "operator", NULL,
	};
	const char *key, *const *known;
	json_t *value;

	json_object_foreach((json_t *)root, key, value) {
		for (known = keys; *known && strcmp(*known, key); known++)
			;
		if (!*known)
			draft_change(d, key, NULL, "a key without meaning here");
	}
}

/* A rule for each program and protocol. */
static void finish(struct draft *d, struct conditions *all)
{
	static const char six[] = "::/0";
	size_t i, k;
	const char *why;

	if (d->r)
		return;
	if (!d->rule->n_items && all->six)
		draft_item(d, six, &why);
	else if (!d->rule->n_items)
		draft_keyword(d, RULE_I_ANY);
	else if (all->six && !item_is_address(&d->rule->items[0]))
		draft_change(d, "protocol", NULL, "it covers IPv4 as well here");
	for (i = 0; i == 0 || i < all->n_programs; i++) {
		if (all->n_programs)
			draft_path(d, &d->rule->program, all->programs[i]);
		for (k = 0; k == 0 || k < all->n_protos; k++) {
			d->rule->proto = all->n_protos ? all->protos[k] : -1;
			draft_finish(d);
		}
	}
}

int opensnitch_read(struct source *src, const json_t *root)
{
	struct conditions all = { .seen = 0 };
	struct draft d;
	int r;

	if (!json_is_object(root) || !json_object_get(root, "operator")) {
		r = source_leave(src, src->start, NULL, NULL,
				 "no rule of OpenSnitch: it has no operator");
		return r ? r : -EINVAL;
	}
	draft_begin(&d, src, src->start);
	if (!d.r) {
		read_action(&d, root);
		read_operator(&d, &all, root);
		read_duration(&d, root);
		read_switches(&d, root);
		read_unknown(&d, root);
		if (!d.left && !d.r)
			finish(&d, &all);
	}
	while (all.n_programs)
		free(all.programs[--all.n_programs]);
	r = d.r;
	draft_clear(&d);
	return r;
}
