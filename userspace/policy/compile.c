// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From rules to the kernel's table. It must never make a rule final in the kernel that only the
 * daemon can judge, nor give two lines of the table the same rank.
 */
#include "compile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "places.h"
#include "program.h"

/**
 * struct compiler - work in progress
 * @room: of @out->rules
 * @seq: rank of the next line, without its tier
 * @ifindex: device of the lines that are put now; 0: any
 * @barred: tiers, as bits, whose whole denials for the daemon stand before general allow rules
 * @conflict: by rank: see conflicts_find()
 * @error: the first; nothing is put after it
 */
struct compiler {
	const struct ruleset *set;
	const struct policy_env *env;
	struct policy_compiled *out;
	size_t room;
	uint32_t seq;
	uint32_t ifindex;
	unsigned int barred;
	bool *conflict;
	int error;
};

/* ---- executables ----------------------------------------------------------------- */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_apps(struct policy_compiled *out)
{
	size_t i, n = 0;

	if (!out->n_apps)
		return;
	qsort(out->apps, out->n_apps, sizeof(char *), compare_strings);
	for (i = 0; i < out->n_apps; i++) {
		if (n && !strcmp(out->apps[n - 1], out->apps[i]))
			free(out->apps[i]);
		else
			out->apps[n++] = out->apps[i];
	}
	out->n_apps = n;
}

static int find_apps(const struct ruleset *set, const struct policy_env *env,
		     struct policy_compiled *out)
{
	size_t i;

	out->apps = calloc(set->n_rules + 1, sizeof(char *));
	if (!out->apps)
		return -ENOMEM;
	for (i = 0; i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];

		if (rule->program.kind != RULE_P_PATH || !rule_in_force(rule, env))
			continue;
		out->apps[out->n_apps] = strdup(rule->program.name);
		if (!out->apps[out->n_apps])
			return -ENOMEM;
		out->n_apps++;
	}
	sort_apps(out);
	return out->n_apps > SNITCH_APPS_MAX ? -E2BIG : 0;
}

uint32_t policy_app(const struct policy_compiled *c, const char *exe)
{
	char **found;

	if (!c->n_apps)
		return 0;
	found = bsearch(&exe, c->apps, c->n_apps, sizeof(char *), compare_strings);
	return found ? found - c->apps + 1 : 0;
}

/* ---- lines ----------------------------------------------------------------------- */

static void put(struct compiler *c, struct snitch_rule *line, const struct rule *rule)
{
	struct policy_compiled *out = c->out;

	if (c->error)
		return;
	if (out->n_rules == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct snitch_rule *more = reallocarray(out->rules, room, sizeof(*more));

		if (!more) {
			c->error = -ENOMEM;
			return;
		}
		out->rules = more;
		c->room = room;
	}
	if (out->n_rules == SNITCH_RULES_MAX) {
		c->error = -E2BIG;
		return;
	}
	line->rank = rule_tier(rule) << 30 | c->seq++;
	out->rules[out->n_rules++] = *line;
}

static void put_proto(struct compiler *c, struct snitch_rule *line, const struct rule *rule)
{
	if (rule->proto >= 0 && rule->proto != RULE_PROTO_PACKET) {
		line->flags |= SNITCH_R_PROTO;
		line->proto = rule->proto;
		if (rule->proto == IPPROTO_ICMP) {
			/* "icmp" means that of both families */
			put(c, line, rule);
			line->proto = IPPROTO_ICMPV6;
		}
	}
	put(c, line, rule);
}

static void put_ports(struct compiler *c, const struct snitch_rule *line, const struct rule *rule)
{
	struct snitch_rule copy;
	size_t i;

	for (i = 0; i < rule->n_ports; i++) {
		copy = *line;
		copy.port_first = rule_ports(rule)[i].first;
		copy.port_last = rule_ports(rule)[i].last;
		put_proto(c, &copy, rule);
	}
	if (rule->n_ports)
		return;
	copy = *line;
	copy.port_first = 0;
	copy.port_last = 65535;
	put_proto(c, &copy, rule);
}

/* Lines for frames: of any device, or of one that is there now. */
static void put_frames(struct compiler *c, const struct snitch_rule *line, const struct rule *rule)
{
	struct snitch_rule copy = *line;
	size_t i;

	copy.family = AF_PACKET;
	if (rule->items[0].kind == RULE_I_LOOPBACK)
		copy.flags |= SNITCH_R_LOOPBACK;
	if (!rule->interface) {
		memset(copy.last, 0xff, sizeof(copy.last));
		put_ports(c, &copy, rule);
		return;
	}
	for (i = 0; i < c->env->n_links; i++) {
		const struct policy_link *link = &c->env->links[i];

		if (strcmp(link->name, rule->interface))
			continue;
		policy_frame_addr(link->index, c->env->netns, copy.first);
		memcpy(copy.last, copy.first, sizeof(copy.last));
		put_ports(c, &copy, rule);
	}
}

/*
 * One line about a set instead of many; what a set cannot say is left in @ranges. Without room for
 * the set a few lines do as well; what would be too many of them is the daemon's.
 */
static void put_set(struct compiler *c, const struct snitch_rule *line, const struct rule *rule,
		    struct ranges *ranges)
{
	struct snitch_range *in = calloc(ranges->n, sizeof(*in));
	struct snitch_rule copy = *line;
	size_t i, n = 0, rest = 0;

	for (i = 0; in && i < ranges->n; i++) {
		const struct range *r = &ranges->range[i];

		if (!r->family || r->loopback)
			continue;
		in[n].family = r->family;
		memcpy(in[n].first, r->first, sizeof(in[n].first));
		memcpy(in[n].last, r->last, sizeof(in[n].last));
		n++;
	}
	c->error = in ? compiled_set(c->out, c->env, in, n, &copy.set) : -ENOMEM;
	if (c->error)
		return;
	if (!copy.set) {
		if (ranges->n > POLICY_LINES_MAX) {
			ranges->names = true;
			ranges->n = 0;
		}
		return;
	}
	copy.flags |= SNITCH_R_SET;
	put_ports(c, &copy, rule);
	for (i = 0; i < ranges->n; i++) {
		if (!ranges->range[i].family || ranges->range[i].loopback)
			ranges->range[rest++] = ranges->range[i];
	}
	ranges->n = rest;
}

static void put_remote(struct compiler *c, const struct snitch_rule *line, const struct rule *rule)
{
	struct snitch_rule copy;
	struct ranges ranges;
	size_t i;

	if (rule->proto == RULE_PROTO_PACKET) {
		put_frames(c, line, rule);
		return;
	}
	rule_ranges(rule, c->env, &ranges);
	if (ranges.failed)
		c->error = -ENOMEM;
	/* where the daemon is asked whatever the address is, no address needs a line */
	if (ranges.names && line->flags & SNITCH_R_DAEMON)
		ranges.n = 0;
	if (!c->error && ranges.n > POLICY_SET_FROM)
		put_set(c, line, rule, &ranges);
	for (i = 0; i < ranges.n; i++) {
		copy = *line;
		copy.family = ranges.range[i].family;
		memcpy(copy.first, ranges.range[i].first, sizeof(copy.first));
		memcpy(copy.last, ranges.range[i].last, sizeof(copy.last));
		if (ranges.range[i].loopback)
			copy.flags |= SNITCH_R_LOOPBACK;
		put_ports(c, &copy, rule);
	}
	if (ranges.names) {
		/* any address may be one of the names */
		copy = *line;
		copy.flags = (line->flags & ~(SNITCH_R_WHOLE | SNITCH_R_BUILTIN)) |
			     SNITCH_R_DAEMON;
		put_ports(c, &copy, rule);
	}
	ranges_free(&ranges);
}

/* @barrier: only lines for the daemon, which are to stand before weaker allow rules. */
static void put_target(struct compiler *c, const struct rule *rule, uint32_t app, uint32_t flags,
		       bool barrier)
{
	struct snitch_rule line = {
		.id = rule->id,
		.app = app,
		.action = rule->action,
		.kernel = rule->program.kernel,
		.flags = flags | (c->ifindex ? SNITCH_R_IFINDEX : 0),
		.ifindex = c->ifindex,
	};

	if (rule->who == RULE_W_USER) {
		line.flags |= SNITCH_R_UID;
		line.uid = rule->who_id;
	}
	if (rule->who == RULE_W_GROUP || rule->lifetime == RULE_L_QUIT ||
	    (rule->interface && rule->proto != RULE_PROTO_PACKET && !c->ifindex) ||
	    c->conflict[rule->rank])
		line.flags |= SNITCH_R_DAEMON;
	if (!(line.flags & SNITCH_R_DAEMON)) {
		if (barrier)
			return;
		if (app == SNITCH_APP_ANY && rule->scope == RULE_S_BUILTIN)
			line.flags |= SNITCH_R_BUILTIN;
		if (app != SNITCH_APP_ANY && app != SNITCH_APP_KERNEL && rule_is_whole(rule))
			line.flags |= SNITCH_R_WHOLE;
	}
	put_remote(c, &line, rule);
}

/* Nobody is asked about the kernel's own traffic: by the devices that are there now. */
static void put_kernel(struct compiler *c, const struct rule *rule, bool barrier)
{
	size_t i;

	if (!rule->interface)
		put_target(c, rule, SNITCH_APP_KERNEL, 0, barrier);
	for (i = 0; rule->interface && i < c->env->n_links; i++) {
		if (strcmp(c->env->links[i].name, rule->interface))
			continue;
		c->ifindex = c->env->links[i].index;
		put_target(c, rule, SNITCH_APP_KERNEL, 0, barrier);
	}
	c->ifindex = 0;
}

static void put_rule(struct compiler *c, const struct rule *rule, bool barrier)
{
	const struct rule_program *p = &rule->program;
	uint32_t ancestry = p->child_of ? SNITCH_R_DAEMON : 0;

	switch (p->kind) {
	case RULE_P_KERNEL:
		put_kernel(c, rule, barrier);
		return;
	case RULE_P_ANY:
		put_target(c, rule, SNITCH_APP_ANY, ancestry, barrier);
		return;
	case RULE_P_PATH:
		put_target(c, rule, policy_app(c->out, p->name), ancestry, barrier);
		if (!p->and_children)
			return;
		break;
	default:
		break;
	}
	put_target(c, rule, SNITCH_APP_ANY, SNITCH_R_DAEMON | SNITCH_R_NAMED, barrier);
}

/*
 * A whole denial beats the general allow rules of its tier, also those of a better rank. Where
 * only the daemon can judge the denial, lines of it come before the first such allow.
 */
static void put_barriers(struct compiler *c, size_t i)
{
	const struct rule *rule = c->set->rules[i];
	unsigned int tier = rule_tier(rule);

	if (rule->action != SNITCH_ALLOW || !rule_is_general(rule) || (c->barred & 1U << tier))
		return;
	c->barred |= 1U << tier;
	while (++i < c->set->n_rules) {
		rule = c->set->rules[i];
		if (rule_tier(rule) == tier && rule_is_whole(rule) && rule_in_force(rule, c->env))
			put_rule(c, rule, true);
	}
}

static void fill_policy(const struct policy_env *env, struct policy_compiled *out)
{
	uint32_t fail = env->mode == SNITCH_MODE_OFF || env->mode == SNITCH_MODE_OBSERVE ?
			SNITCH_ALLOW : SNITCH_DENY;

	out->policy = (struct snitch_policy){
		.mode = env->mode,
		.fail = env->fail ? env->fail : fail,
		.kernel = env->kernel ? env->kernel : SNITCH_ALLOW,
		.rules = out->n_rules,
		.apps = out->n_apps,
		.sets = out->n_sets,
		.forward = env->forward,
		.unmatched = env->mode == SNITCH_MODE_LOCKDOWN ? SNITCH_DENY : SNITCH_ASK,
	};
}

int policy_compile(const struct ruleset *set, const struct policy_env *env,
		   struct policy_compiled *out)
{
	struct compiler c = { .set = set, .env = env, .out = out };
	size_t i;

	memset(out, 0, sizeof(*out));
	c.conflict = calloc(set->n_rules + 1, sizeof(bool));
	if (!c.conflict)
		return -ENOMEM;
	c.error = conflicts_find(set, env, c.conflict);
	if (!c.error)
		c.error = find_apps(set, env, out);
	for (i = 0; i < set->n_rules && !c.error; i++) {
		if (!rule_in_force(set->rules[i], env))
			continue;
		put_barriers(&c, i);
		put_rule(&c, set->rules[i], false);
	}
	free(c.conflict);
	fill_policy(env, out);
	return c.error;
}

void policy_compiled_keep_apps(struct policy_compiled *c)
{
	free(c->rules);
	c->rules = NULL;
	c->n_rules = 0;
	compiled_sets_free(c);
}

void policy_compiled_free(struct policy_compiled *c)
{
	size_t i;

	policy_compiled_keep_apps(c);
	for (i = 0; i < c->n_apps; i++)
		free(c->apps[i]);
	free(c->apps);
	memset(c, 0, sizeof(*c));
}
