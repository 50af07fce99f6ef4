// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Judging a flow in user space, in the order that the kernel's table uses. It must never let an
 * allow rule count where the kernel would not.
 */
#include "decide.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "../lists/lists.h"
#include "places.h"
#include "program.h"
#include "set.h"

bool rule_in_profile(const struct rule *rule, const struct policy_env *env)
{
	return !rule->profile || (env->profile && !strcmp(rule->profile, env->profile));
}

bool rule_in_force(const struct rule *rule, const struct policy_env *env)
{
	if (rule_why_inactive(rule, env->now, env->boottime))
		return false;
	if (!rule_in_profile(rule, env))
		return false;
	return env->mode != SNITCH_MODE_LOCKDOWN || rule->scope == RULE_S_BUILTIN ||
	       (rule->flags & RULE_F_LOCKDOWN) || rule_is_refusal(rule);
}

bool rule_is_general(const struct rule *rule)
{
	return rule->program.kind == RULE_P_ANY;
}

bool rule_is_refusal(const struct rule *rule)
{
	return rule->action == SNITCH_DENY || rule->action == SNITCH_DROP;
}

static bool who_matches(const struct rule *rule, const struct flow_query *q)
{
	size_t i;

	if (rule->who == RULE_W_ANYONE)
		return true;
	if (rule->who == RULE_W_USER)
		return rule->who_id == q->uid;
	for (i = 0; i < q->n_gids; i++) {
		if (rule->who_id == q->gids[i])
			return true;
	}
	return false;
}

static bool proto_matches(const struct rule *rule, const struct flow_query *q)
{
	int proto = q->family == AF_PACKET ? RULE_PROTO_PACKET : q->proto;

	/* "icmp" means that of both families */
	return rule->proto < 0 || rule->proto == proto ||
	       (rule->proto == IPPROTO_ICMP && proto == IPPROTO_ICMPV6);
}

static bool port_matches(const struct rule *rule, const struct flow_query *q)
{
	size_t i;

	for (i = 0; i < rule->n_ports; i++) {
		if (q->port >= rule_ports(rule)[i].first && q->port <= rule_ports(rule)[i].last)
			return true;
	}
	return !rule->n_ports;
}

static bool interface_matches(const struct rule *rule, const struct flow_query *q)
{
	return !rule->interface || (q->interface && !strcmp(rule->interface, q->interface));
}

/* The same process, whatever it executes; what /proc tells of its start is that rough. */
static bool same_process(const struct rule_image *a, const struct rule_image *b)
{
	return a->pid == b->pid && a->start / RULE_TICK == b->start / RULE_TICK;
}

/* "until quit": that image alone, or, with its children, that process and what it started. */
static bool image_matches(const struct rule *rule, const struct flow_query *q)
{
	size_t i;

	if (rule->lifetime != RULE_L_QUIT)
		return true;
	if (!rule->program.and_children)
		return rule->image.pid == q->image.pid && rule->image.start == q->image.start &&
		       rule->image.exec_id == q->image.exec_id;
	if (same_process(&rule->image, &q->image))
		return true;
	for (i = 0; q->parent_images && i < q->n_parents; i++) {
		if (same_process(&rule->image, &q->parent_images[i]))
			return true;
	}
	return false;
}

void policy_frame_addr(uint32_t ifindex, uint32_t netns, uint8_t addr[16])
{
	const uint32_t words[4] = { htonl(ifindex), htonl(netns) };

	memcpy(addr, words, sizeof(words));
}

/* As the kernel has it: to allow frames a rule must speak of them, to refuse them it is enough
 * not to speak of one address, port or protocol.
 */
bool rule_covers_frames(const struct rule *rule)
{
	if (rule->proto == RULE_PROTO_PACKET || rule->action == SNITCH_ALLOW)
		return rule->proto == RULE_PROTO_PACKET;
	return rule->proto < 0 && !rule->n_ports && !rule->negated;
}

static bool app_matches(const struct rule *rule, const struct flow_query *q)
{
	return rule->action == SNITCH_ALLOW ? program_is_vouched(&rule->program, q) :
					      program_matches(&rule->program, q);
}

static bool frames_match(const struct rule *rule, const struct flow_query *q)
{
	return q->family != AF_PACKET || rule_covers_frames(rule);
}

bool policy_matches(const struct rule *rule, const struct policy_env *env,
		    const struct flow_query *q)
{
	return frames_match(rule, q) && rule_in_force(rule, env) && proto_matches(rule, q) &&
	       port_matches(rule, q) && who_matches(rule, q) && image_matches(rule, q) &&
	       interface_matches(rule, q) && app_matches(rule, q) &&
	       rule_remote_matches(rule, env, q);
}

unsigned int policy_unmet(const struct rule *rule, const struct policy_env *env,
			  const struct flow_query *q)
{
	return (rule_in_force(rule, env) ? 0 : UNMET_FORCE) |
	       (app_matches(rule, q) ? 0 : UNMET_PROGRAM) |
	       (who_matches(rule, q) ? 0 : UNMET_WHO) |
	       (image_matches(rule, q) ? 0 : UNMET_IMAGE) |
	       (rule_remote_matches(rule, env, q) ? 0 : UNMET_REMOTE) |
	       (port_matches(rule, q) ? 0 : UNMET_PORT) |
	       (proto_matches(rule, q) ? 0 : UNMET_PROTO) |
	       (interface_matches(rule, q) ? 0 : UNMET_INTERFACE) |
	       (frames_match(rule, q) ? 0 : UNMET_FRAMES);
}

/* Rules that may match, strongest first: those of the executable, and those of no one path. */
struct candidates {
	struct rule **paths;
	struct rule **others;
	size_t n_paths;
	size_t n_others;
};

static const struct rule *next_candidate(struct candidates *c)
{
	if (c->n_paths && (!c->n_others || c->paths[0]->rank < c->others[0]->rank)) {
		c->n_paths--;
		return *c->paths++;
	}
	if (!c->n_others)
		return NULL;
	c->n_others--;
	return *c->others++;
}

/* The tiers, as bits, in which the program is denied as a whole. */
static unsigned int find_whole(struct candidates c, const struct policy_env *env,
			       const struct flow_query *q)
{
	const struct rule *rule;
	unsigned int whole = 0;

	while ((rule = next_candidate(&c))) {
		if (rule_is_whole(rule) && policy_matches(rule, env, q))
			whole |= 1U << rule_tier(rule);
	}
	return whole;
}

/* Does it speak of an executable, which may be another by now? */
static bool names_file(const struct rule *rule)
{
	return rule->program.kind == RULE_P_PATH || rule->program.kind == RULE_P_PATTERN;
}

/* Why a rule that matches has no say, or NULL. */
static const char *why_passed_over(const struct rule *rule, const struct flow_query *q,
				   unsigned int whole)
{
	if (rule->action != SNITCH_ALLOW)
		return NULL;
	if (q->no_allow)
		return "no allow rule counts for a deleted or disguised executable";
	if (q->suspended && names_file(rule))
		return "the executable changed since its rules were made";
	/* a rule until that process quits speaks of the process, not of its file */
	if (q->served && names_file(rule) && rule->lifetime != RULE_L_QUIT)
		return "the executable is on a file system that a program serves";
	if (rule_is_general(rule) && (whole & 1U << rule_tier(rule)))
		return "the program is denied as a whole";
	return NULL;
}

/* A weaker refusal that a user's allow may not overrule, or NULL. */
static const struct rule *find_refusal(struct candidates c, const struct policy_env *env,
				       const struct flow_query *q)
{
	const struct rule *rule;

	while ((rule = next_candidate(&c))) {
		if (rule_is_refusal(rule) && rule->scope != RULE_S_USER &&
		    policy_matches(rule, env, q))
			return rule;
	}
	return NULL;
}

static void follow(const struct rule *rule, const struct candidates *rest,
		   const struct policy_env *env, const struct flow_query *q,
		   struct policy_decision *d)
{
	const struct rule *refusal = NULL;

	if (rule->action == SNITCH_ALLOW && rule->scope == RULE_S_USER)
		refusal = find_refusal(*rest, env, q);
	if (refusal) {
		d->rule = refusal;
		d->beaten = rule;
		d->reason = "no user's rule beats the administrator's refusal";
	} else {
		d->rule = rule;
		if (!d->reason)
			d->reason = "the strongest rule that matches";
	}
	d->action = d->rule->action;
}

/* Return: false without memory. */
static bool find_candidates(const struct ruleset *set, const struct flow_query *q,
			    struct candidates *c)
{
	const struct set_index *index = set_index(set);

	*c = (struct candidates){ .n_paths = 0 };
	if (!index)
		return false;
	if (q->exe && !q->kernel)
		c->paths = set_paths(index, q->exe, &c->n_paths);
	c->others = index->others;
	c->n_others = index->n_others;
	return true;
}

const char *policy_passed_over(const struct ruleset *set, const struct policy_env *env,
			       const struct flow_query *q, const struct rule *rule)
{
	struct candidates c;

	if (!find_candidates(set, q, &c))
		return NULL;
	return why_passed_over(rule, q, find_whole(c, env, q));
}

void policy_decide(const struct ruleset *set, const struct policy_env *env,
		   const struct flow_query *q, struct policy_decision *d)
{
	const struct rule *rule;
	struct candidates c;
	unsigned int whole;

	memset(d, 0, sizeof(*d));
	if (!find_candidates(set, q, &c)) {
		d->action = SNITCH_DENY;
		d->reason = "no memory";
		return;
	}
	whole = find_whole(c, env, q);
	while ((rule = next_candidate(&c))) {
		const char *why;

		if (!policy_matches(rule, env, q))
			continue;
		why = why_passed_over(rule, q, whole);
		if (!why) {
			follow(rule, &c, env, q, d);
			return;
		}
		if (!d->beaten) {
			d->beaten = rule;
			d->reason = why;
		}
	}
	if (!d->reason)
		d->reason = "no rule matches";
}

/* Does it say something of names? */
static bool speaks_of_names(const struct rule *rule, const struct policy_env *env)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		const struct rule_item *item = &rule->items[i];
		const struct list *list;

		if (item->kind == RULE_I_HOST || item->kind == RULE_I_DOMAIN)
			return true;
		list = item->kind == RULE_I_LIST ? lists_find(env->lists, item->name) : NULL;
		if (list && list_facts(list)->names)
			return true;
	}
	return false;
}

bool policy_name_may_refuse(const struct ruleset *set, const struct policy_env *env,
			    const struct flow_query *q, const struct policy_decision *d)
{
	const struct rule *rule;
	struct candidates c;
	bool weaker = false;

	if (!find_candidates(set, q, &c))
		return false;
	while ((rule = next_candidate(&c))) {
		if (rule == d->rule) {
			/* only a user's allow is beaten by what is weaker */
			if (rule->scope != RULE_S_USER)
				return false;
			weaker = true;
		}
		if (!rule_is_refusal(rule) || (weaker && rule->scope == RULE_S_USER))
			continue;
		if (!rule->negated && speaks_of_names(rule, env) &&
		    policy_unmet(rule, env, q) == UNMET_REMOTE)
			return true;
	}
	return false;
}

bool policy_name_may_allow(const struct ruleset *set, const struct policy_env *env,
			   const struct flow_query *q, const struct policy_decision *d, uint64_t id)
{
	const struct rule *rule = ruleset_find(set, id);

	if (!rule || !d->rule || rule->action != SNITCH_ALLOW || rule->rank > d->rule->rank ||
	    (rule->scope == RULE_S_USER && d->rule->scope != RULE_S_USER))
		return false;
	return speaks_of_names(rule, env) && policy_unmet(rule, env, q) == UNMET_REMOTE &&
	       !policy_passed_over(set, env, q, rule);
}
