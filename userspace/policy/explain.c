// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a flow is judged as it is. It must never judge by itself: what decides is asked of
 * policy_decide() and of the kernel's own table.
 */
#include "explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "decide.h"
#include "order.h"
#include "program.h"
#include "snitch.h"
#include "table.h"

/* ---- a rule that matches, and lost --------------------------------------------------------- */

static const char *class_word(const struct rule *rule)
{
	static const char *const words[] = {
		"an address", "a host", "a domain", "a list", "dns-servers", "broadcast",
		"multicast", "bonjour", "loopback", "local-net", "", "all but some", "any",
	};

	return words[rule_order_class(rule)];
}

static const char *program_word(const struct rule_program *p)
{
	switch (p->kind) {
	case RULE_P_ANY:
		return "any program";
	case RULE_P_PATTERN:
		return "a pattern";
	case RULE_P_PATH:
	case RULE_P_SCRIPT:
		return "a path";
	case RULE_P_KERNEL:
		return p->kernel ? "one kind of the kernel's traffic" : "all kinds of it";
	default:
		return "a unit or app";
	}
}

static void program_step(const struct rule *winner, const struct rule *rule, struct text *t)
{
	const struct rule_program *p = &winner->program, *q = &rule->program;

	if (strcmp(program_word(p), program_word(q)))
		text_addf(t, "%s is more specific than %s", program_word(p), program_word(q));
	else if (p->and_children != q->and_children)
		text_add(t, "a rule without 'and children' comes before one with it");
	else
		text_add(t, "a rule with 'child-of' comes before one without");
}

static void describe_step(const struct rule *winner, const struct rule *rule, struct text *t)
{
	switch (rule_order_step(winner, rule)) {
	case ORDER_TIER:
		text_add(t, winner->flags & RULE_F_HIGH && winner->scope != RULE_S_BUILTIN ?
			 "priority high comes first" : "a built-in rule gives way to all others");
		return;
	case ORDER_REMOTE:
		text_addf(t, "%s is more specific than %s", class_word(winner), class_word(rule));
		return;
	case ORDER_COUNT:
		text_addf(t, "a shorter list of remotes is more specific (%u, not %u)",
			  winner->n_items, rule->n_items);
		return;
	case ORDER_SIZE:
		text_add(t, rule_order_class(rule) ? "a longer domain is more specific" :
			 "a smaller range is more specific");
		return;
	case ORDER_PROGRAM:
		program_step(winner, rule, t);
		return;
	case ORDER_PORTS:
		text_add(t, "fewer ports are more specific");
		return;
	case ORDER_PROTO:
		text_add(t, "one protocol is more specific than any");
		return;
	case ORDER_WHO:
		text_add(t, "a user comes before a group, a group before anyone");
		return;
	case ORDER_INTERFACE:
		text_add(t, "one interface is more specific than any");
		return;
	case ORDER_ACTION:
		text_addf(t, "of rules alike %s comes before %s",
			  snitch_action_name(winner->action), snitch_action_name(rule->action));
		return;
	case ORDER_SCOPE:
		text_add(t, "of equal rules the administrator's, then the system's comes first");
		return;
	default:
		text_add(t, "of equal rules the one with the smaller id comes first");
	}
}

/* @rule matches, but is not the one that decides. */
static void say_lost(const struct ruleset *set, const struct policy_env *env,
		     const struct flow_query *q, const struct policy_decision *d,
		     const struct rule *rule, struct text *t)
{
	const char *why = policy_passed_over(set, env, q, rule);

	text_add(t, "matches, but ");
	if (why)
		text_add(t, why);
	else if (d->rule && rule->rank > d->rule->rank)
		describe_step(d->rule, rule, t);
	else if (rule == d->beaten)
		text_add(t, d->reason);
	else
		text_add(t, "a stronger rule comes before it, which a refusal then overrules");
}

/* ---- a rule that nearly matches -------------------------------------------------------------- */

/* Cut where there is no more room; it is a clause for people. */
static void add_remotes(const struct rule *rule, struct text *t)
{
	char list[120];
	struct text l = { .buf = list, .size = sizeof(list) };
	size_t i;

	list[0] = '\0';
	for (i = 0; i < rule->n_items && !l.full; i++) {
		if (i)
			text_add(&l, ",");
		item_print(&rule->items[i], &l);
	}
	text_addf(t, l.full ? "%s..." : "%s", list);
}

static bool has_names(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (item_is_name(&rule->items[i]))
			return true;
	}
	return false;
}

/* Nothing can be in it. */
static bool is_one(const struct rule_item *item)
{
	return item->kind == RULE_I_HOST || (item->kind == RULE_I_ADDRESS &&
					     !memcmp(item->first, item->last, sizeof(item->first)));
}

static void say_remote(const struct rule *rule, const struct flow_query *q, struct text *t)
{
	char addr[INET6_ADDRSTRLEN] = "a frame";

	if (has_names(rule) && !q->n_names) {
		text_add(t, "needs DNS names: none is known for this address");
		return;
	}
	if (!q->family) {
		text_add(t, "needs the address, which is not known");
		return;
	}
	if (q->family != AF_PACKET)
		inet_ntop(q->family, q->addr, addr, sizeof(addr));
	text_addf(t, "%s%s%s%s", addr, q->n_names ? " (" : "", q->n_names ? q->names[0] : "",
		  q->n_names ? ")" : "");
	if (!rule->negated && rule->n_items == 1 && is_one(&rule->items[0]))
		text_add(t, " is not ");
	else
		text_add(t, rule->negated ? " is in " : " is not in ");
	add_remotes(rule, t);
}

static void say_port(const struct rule *rule, const struct flow_query *q, struct text *t)
{
	const struct rule_ports *first = rule_ports(rule);
	bool one = rule->n_ports == 1 && first->first == first->last;
	size_t i;

	if (q->port)
		text_addf(t, "port %u is not %s", q->port, one ? "" : "in ");
	else
		text_add(t, "the flow has no port, and this is for ");
	for (i = 0; i < rule->n_ports && i < 8; i++) {
		text_addf(t, "%s%u", i ? "," : "", rule_ports(rule)[i].first);
		if (rule_ports(rule)[i].last != rule_ports(rule)[i].first)
			text_addf(t, "-%u", rule_ports(rule)[i].last);
	}
	if (i < rule->n_ports)
		text_add(t, "...");
}

static void add_proto(int proto, struct text *t)
{
	if (proto_word(proto))
		text_add(t, proto_word(proto));
	else
		text_addf(t, "%d", proto);
}

static void say_proto(const struct rule *rule, const struct flow_query *q, struct text *t)
{
	text_add(t, "the protocol is ");
	add_proto(q->family == AF_PACKET ? RULE_PROTO_PACKET : q->proto, t);
	text_add(t, ", not ");
	add_proto(rule->proto, t);
}

static void say_force(const struct rule *rule, const struct policy_env *env, struct text *t)
{
	const char *why = rule_why_inactive(rule, env->now, env->boottime);

	if (!why && !rule_in_profile(rule, env)) {
		text_addf(t, "only in profile %s", rule->profile);
		return;
	}
	if (!why)
		why = "lockdown leaves it out: it is not marked lockdown";
	text_add(t, strcmp(why, "expired") ? why : "ended");
}

static void say_program(const struct rule *rule, const struct flow_query *q, struct text *t)
{
	struct rule_program base = rule->program;
	struct flow_query alone = { .exe = q->exe, .app = q->app };

	if (program_matches(&rule->program, q)) {
		text_add(t, "nothing vouches for the program: it only claims to be this one");
		return;
	}
	base.child_of = NULL;
	base.and_children = false;
	if (rule->program.child_of && program_matches(&base, &alone)) {
		text_add(t, "only as a child of ");
		program_print(rule->program.child_of, t);
		return;
	}
	text_add(t, "the program is another one, ");
	program_print(&base, t);
}

static void say_unmet(const struct rule *rule, const struct policy_env *env,
		      const struct flow_query *q, unsigned int unmet, struct text *t)
{
	switch (unmet) {
	case UNMET_FORCE:
		say_force(rule, env, t);
		return;
	case UNMET_PROGRAM:
		say_program(rule, q, t);
		return;
	case UNMET_WHO:
		text_addf(t, "only for %s ", rule->who == RULE_W_USER ? "user" : "group");
		text_add_word(t, rule->who_name);
		return;
	case UNMET_IMAGE:
		text_addf(t, "only for process %u, until it quits", rule->image.pid);
		return;
	case UNMET_REMOTE:
		say_remote(rule, q, t);
		return;
	case UNMET_PORT:
		say_port(rule, q, t);
		return;
	case UNMET_PROTO:
		say_proto(rule, q, t);
		return;
	case UNMET_INTERFACE:
		text_add(t, "only via-interface ");
		text_add_word(t, rule->interface);
		return;
	default:
		text_add(t, "says nothing of the frames of packet sockets");
	}
}

/* The same name in another folder, or the program itself with other ancestors. */
static bool program_is_near(const struct rule *rule, const struct flow_query *q)
{
	const struct rule_program *p = &rule->program;

	if (!q->exe || q->kernel || p->kind != RULE_P_PATH)
		return false;
	return !strcmp(strrchr(p->name, '/'), strrchr(q->exe, '/'));
}

/* How near: 1 a rule that names the program, 2 one of all programs; 0: not at all. */
static unsigned int nearness(const struct rule *rule, const struct flow_query *q,
			     unsigned int unmet)
{
	bool general = rule_is_general(rule) && !rule->program.child_of;

	if (unmet & (unmet - 1))
		return 0;		/* more than one */
	if (unmet == UNMET_PROGRAM)
		return program_is_near(rule, q) || program_matches(&rule->program, q);
	/* other remotes of all programs are no near misses, unless a name may be meant */
	if (general && unmet == UNMET_REMOTE && !has_names(rule))
		return 0;
	return general || rule->program.kind == RULE_P_KERNEL ? 2 : 1;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void add_miss(struct explanation *out, const struct rule *rule, bool matches,
		     struct text *t)
{
	struct explain_miss *miss;

	if (out->n_misses == EXPLAIN_MISSES) {
		out->more++;
		return;
	}
	miss = &out->misses[out->n_misses++];
	miss->rule = rule;
	miss->matches = matches;
	*t = (struct text){ .buf = miss->why, .size = sizeof(miss->why) };
	miss->why[0] = '\0';
}

struct seeing {
	bool (*may_see)(void *ctx, const struct rule *rule);
	void *ctx;
};

static void find_misses(const struct ruleset *set, const struct policy_env *env,
			const struct flow_query *q, const struct seeing *seeing, unsigned int pass,
			struct explanation *out)
{
	size_t i;

	for (i = 0; i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];
		unsigned int unmet = policy_unmet(rule, env, q);
		struct text t = { .size = 0 };

		if (rule == out->decision.rule || (pass ? nearness(rule, q, unmet) : 0) != pass ||
		    !unmet != !pass || (seeing->may_see && !seeing->may_see(seeing->ctx, rule)))
			continue;
		add_miss(out, rule, !unmet, &t);
		if (!t.size)
			continue;
		if (unmet)
			say_unmet(rule, env, q, unmet, &t);
		else
			say_lost(set, env, q, &out->decision, rule, &t);
	}
}

/* What the kernel does with it, by its own table. */
static int ask_kernel(const struct ruleset *set, const struct policy_env *env,
		      const struct flow_query *q, bool *daemon)
{
	struct snitch_query kq = {
		.bound = !q->suspended && !q->served, .no_allow = q->no_allow, .kernel = q->kernel,
		.family = q->family, .proto = q->proto, .loopback = q->loopback, .port = q->port,
		.uid = q->uid,
	};
	struct policy_compiled c;
	struct snitch_decision kd;
	struct policy_table table;
	size_t i;
	int r = policy_compile(set, env, &c);

	if (!r) {
		if (q->kernel)
			kq.app = SNITCH_APP_KERNEL;
		else if (q->exe && !q->suspended && !q->strange)
			kq.app = policy_app(&c, q->exe);
		memcpy(kq.addr, q->addr, sizeof(kq.addr));
		for (i = 0; q->interface && i < env->n_links; i++) {
			if (strcmp(env->links[i].name, q->interface))
				continue;
			kq.ifindex = env->links[i].index;
			if (q->family == AF_PACKET)
				policy_frame_addr(env->links[i].index, env->netns, kq.addr);
		}
		r = policy_table_build(&c, &table);
		if (!r) {
			policy_table_lookup(&table, &kq, &kd);
			/* without a rule the mode says: but of the kernel's nobody is asked */
			*daemon = kd.consult || (!kd.action && !q->kernel) ||
				  kd.action == SNITCH_ASK;
			policy_table_free(&table);
		}
	}
	policy_compiled_free(&c);
	return r;
}

int policy_explain(const struct ruleset *set, const struct policy_env *env,
		   const struct flow_query *q,
		   bool (*may_see)(void *ctx, const struct rule *rule), void *ctx,
		   struct explanation *out)
{
	const struct seeing seeing = { may_see, ctx };
	unsigned int pass;
	int r;

	memset(out, 0, sizeof(*out));
	policy_decide(set, env, q, &out->decision);
	r = ask_kernel(set, env, q, &out->daemon);
	for (pass = 0; pass <= 2 && !r; pass++)
		find_misses(set, env, q, &seeing, pass, out);
	return r;
}
