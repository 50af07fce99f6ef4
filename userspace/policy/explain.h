/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a flow is judged as it is: the rule that decides, and those that nearly did. Pure: it must
 * never judge by itself: policy_decide() and the compiled table do.
 */
#ifndef SNITCH_POLICY_EXPLAIN_H
#define SNITCH_POLICY_EXPLAIN_H

#include "app.h"
#include "policy.h"

#define EXPLAIN_MISSES	16	/* at most that many are told of */
#define EXPLAIN_WHY	240	/* bytes of a clause */

/* A rule that does not decide, and why. */
struct explain_miss {
	const struct rule *rule;	/* the set's */
	bool matches;			/* all of it does, but it has no say */
	char why[EXPLAIN_WHY];
};

/**
 * struct explanation - about one flow
 * @decision: as policy_decide() says
 * @daemon: the kernel puts the flow to the daemon; else it decides alone
 * @misses: those that match first, the strongest first
 * @more: further near misses, not told of
 */
struct explanation {
	struct policy_decision decision;
	bool daemon;
	struct explain_miss misses[EXPLAIN_MISSES];
	size_t n_misses;
	size_t more;
};

/**
 * policy_explain() - explain a judgement
 * @set: the rules
 * @env: as for policy_decide()
 * @q: the flow
 * @may_see: which rules may be told of; NULL: all
 * @ctx: for @may_see
 * @out: filled in; points into @set
 *
 * Return: 0 or -ENOMEM.
 */
int policy_explain(const struct ruleset *set, const struct policy_env *env,
		   const struct flow_query *q,
		   bool (*may_see)(void *ctx, const struct rule *rule), void *ctx,
		   struct explanation *out);

#define DESCRIBE_AS_MAX	5	/* one of each kind */

/* A flow as people describe it; all owned. Zero it before first use. */
struct flow_description {
	struct flow_query query;
	struct rule *rule;		/* what was read; @query points into it */
	struct rule_program as[DESCRIBE_AS_MAX];	/* and into these */
	size_t n_as;
	struct app app;
	const char *images[1];
	char snap[RULE_NAME_MAX + 1];
	const char *parents[RULE_CHILD_MAX];
	const char *names[RULE_ITEMS_MAX];
	uint32_t gid;
};

/**
 * describe_flow() - read "PROGRAM [as PROGRAM...] [user U] to REMOTE [port N] [PROTOCOL]
 *	[via-interface I]"
 * @text: in the words of the grammar
 * @uid: of the flow, when no user is named
 * @out: for description_free(), also on failure
 * @err: filled in on failure
 *
 * The program is a path, with what it runs as behind it: "/usr/bin/python3 as unit backup as script
 * /opt/x.py"; that alone will do, too. It is believed. The remote is one address, or a host, or both ("example.com,192.0.2.7"); without an address no
 * rule about addresses is known to match. The protocol is tcp unless one is named.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int describe_flow(const char *text, uint32_t uid, struct flow_description *out,
		  struct rule_error *err);
void description_free(struct flow_description *d);

/* The flow in those words, into @buf, which is returned. */
char *flow_sentence(const struct flow_query *q, char *buf, size_t size);

#endif
