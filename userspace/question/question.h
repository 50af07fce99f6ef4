/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question model: what people are asked. A question is one program of one user and one
 * destination group (for now a remote address); flows join it and wait in it. Everything is
 * bounded. Pure: no I/O, no clock, no rules, no verdicts; it must never be the place where it is
 * decided what a flow deserves.
 */
#ifndef SNITCH_QUESTION_QUESTION_H
#define SNITCH_QUESTION_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <linux/snitch.h>

#include "owner.h"
#include "../util/netname.h"

#define SNITCH_QUESTIONS_LISTED		256	/* more wait unlisted: "and N more" */
#define SNITCH_QUESTIONS_LISTED_UID	192	/* of one user, so that others get a turn */
#define SNITCH_QUESTIONS_MAX		1024	/* listed or not */
#define SNITCH_QUESTIONS_MAX_UID	512
#define SNITCH_QUESTION_PEERS		16	/* protocol and port pairs kept in one question */

enum question_state {
	QUESTION_HELD,		/* flows wait */
	QUESTION_MISSED,	/* flows waited, nobody answered in time */
	QUESTION_PENDING,	/* flows were refused at once, to be looked at */
};

enum question_gone {
	QUESTION_ANSWERED,
	QUESTION_BY_RULE,	/* new rules or a new mode decided it */
	QUESTION_DISMISSED,
	QUESTION_REPLACED,	/* an older one made room */
};

/*
 * What an answer covers: a place, with all ports or with the protocols and ports seen. A rule is
 * about that place; of what waits, and of "once", names cover what goes to the question's address.
 */
enum question_scope {
	SCOPE_ADDRESS,
	SCOPE_ADDRESS_PORT,
	SCOPE_HOST,		/* the name, wherever it leads */
	SCOPE_HOST_PORT,
	SCOPE_DOMAIN,		/* all names of who owns that name */
	SCOPE_DOMAIN_PORT,
	SCOPE_ANY,
	SCOPE_PORT,
	__SCOPE_MAX
};

/**
 * struct question_flow - one flow that waits
 * @owner: a reference
 * @deadline: when the kernel will refuse it, CLOCK_BOOTTIME ns
 */
struct question_flow {
	struct snitch_flow_event ev;
	struct owner *owner;
	struct question *question;
	uint64_t deadline;
	TAILQ_ENTRY(question_flow) link;
};

#define QUESTION_NAMES	4	/* candidates that are kept with a question */

/* @source: constant text; @claimed: nobody vouches for it */
struct question_name {
	char text[256];
	const char *source;
	bool claimed;
};

/**
 * struct question_names - what a destination is called
 * @name: the likeliest first
 * @lookup: what a question to a name server wants to know, "": it is none, or not known
 */
struct question_names {
	struct question_name name[QUESTION_NAMES];
	unsigned int n;
	char lookup[256];
};

struct question_peer {
	uint8_t proto;
	uint16_t port;
};

/**
 * struct question_target - a destination group
 * @family: of @addr
 * @addr: v4 in the first four bytes
 * @peers: what is wanted there; more than fits is not kept, and not covered by a port scope
 */
struct question_target {
	uint8_t family;
	uint8_t addr[16];
	struct question_peer peers[SNITCH_QUESTION_PEERS];
	unsigned int n_peers;
};

/**
 * struct question - one program and one destination group
 * @id: never reused
 * @listed: shown to people; else one of "N more"
 * @changed: the executable changed since its rules were loaded
 * @uid: effective uid of the flows
 * @belongs: uid that may answer: @uid, or the owner of its user namespace
 * @owner: of the newest flow; a reference
 * @target: its destination group
 * @names: of the newest flow that had any, but @host stays the first
 * @host: the name that rules are about, "": none: the likeliest of its first flow that somebody
 *	vouched for. It stays, or what people have seen would not be what they say
 * @netns: inode number, of the first flow
 * @flow_flags: SNITCH_F_* of any flow
 * @ask_rule: id of the "ask" rule that wanted it, else 0
 * @n_flows: waiting
 * @attempts: seen in all
 * @data: the user's of the model
 */
struct question {
	uint64_t id;
	enum question_state state;
	bool listed;
	bool changed;
	uint32_t uid;
	uint32_t belongs;
	struct owner *owner;
	struct question_target target;
	struct question_names names;
	struct question_name host;
	uint32_t netns;
	uint32_t flow_flags;
	uint64_t ask_rule;
	uint32_t n_flows;
	uint64_t attempts;
	uint64_t first_seen;
	uint64_t last_seen;
	void *data;
	TAILQ_HEAD(question_flows, question_flow) flows;
	TAILQ_ENTRY(question) link;
};

struct questions;

/**
 * struct questions_ops - told at once about listed questions; must not call back into the model
 *
 * @removed: the question is still whole, but gone from the model
 */
struct questions_ops {
	void (*added)(void *ctx, struct question *q);
	void (*changed)(void *ctx, struct question *q);
	void (*removed)(void *ctx, struct question *q, enum question_gone why);
};

/* What a new flow brings along. */
struct question_request {
	const struct snitch_flow_event *ev;
	const struct question_names *names;	/* NULL: none */
	struct owner *owner;	/* the model takes its own reference */
	uint32_t belongs;
	uint64_t deadline;	/* 0: it does not wait, it was refused: PENDING */
	uint64_t ask_rule;	/* the rule that asks; 0: none */
	bool changed;
};

struct questions *questions_new(const struct questions_ops *ops, void *ctx);
void questions_free(struct questions *qs);

/**
 * questions_add() - a flow that nothing decided
 * @qs: the model
 * @req: the flow; a redelivered one that waits already only gets its new deadline
 * @ret: gets the question it joined; may be NULL
 *
 * A question that was missed or pending comes alive again when a flow waits in it.
 *
 * Return: 0, -ENOSPC (all bounds reached: refuse the flow; counted as "more"), -ENOMEM.
 */
int questions_add(struct questions *qs, const struct question_request *req, struct question **ret);

/**
 * questions_cancel() - the kernel gave up on a flow
 * @qs: the model
 * @flow: its id
 * @why: enum snitch_cancel_why
 *
 * A question without waiting flows stays as missed, unless a new policy decided its last flow.
 * One whose program gave up stays as missed too: people shall see that it was asked.
 *
 * Return: true when the flow was known.
 */
bool questions_cancel(struct questions *qs, uint64_t flow, uint32_t why);

/* Called for a flow that leaves; @flow dies after it. */
typedef void (*question_flow_fn)(void *ctx, const struct question_flow *flow);

/**
 * questions_answer() - a person answered
 * @qs: the model
 * @q: one of its questions; gone afterwards, unless flows wait that @scope does not cover
 * @scope: what the answer covers
 * @fn: called for each flow that it decides, in the order of arrival
 * @ctx: for @fn
 *
 * Return: true when @q is gone.
 */
bool questions_answer(struct questions *qs, struct question *q, enum question_scope scope,
		      question_flow_fn fn, void *ctx);

/**
 * questions_judge() - look at all waiting flows and remembered questions again
 * @qs: the model
 * @fn: returns true when the flow is decided now (and has sent its verdict); for a question
 *      without waiting flows @flow is NULL and true means: no longer a question
 * @ctx: for @fn
 *
 * For new rules, a new mode, agents that left. Questions that lose their last flow go as "rule".
 */
typedef bool (*question_judge_fn)(void *ctx, const struct question *q,
				  const struct question_flow *flow);
void questions_judge(struct questions *qs, question_judge_fn fn, void *ctx);

/* Takes @q off; each waiting flow goes through @fn first (may be NULL when none waits). */
void questions_remove(struct questions *qs, struct question *q, enum question_gone why,
		      question_flow_fn fn, void *ctx);

/* Forgets all waiting flows without a word (a new connection to the kernel): state missed. */
void questions_reset(struct questions *qs);

struct question *questions_find(struct questions *qs, uint64_t id);

/* The flow with this id, if it waits in a question; or NULL. */
const struct question_flow *questions_find_flow(const struct questions *qs, uint64_t flow);
/* A flow like those of @q, as far as it remembers them. */
void question_event(const struct question *q, struct snitch_flow_event *ev);

/* In order of age, listed ones only; @prev NULL: the first. */
struct question *questions_next(struct questions *qs, const struct question *prev);

struct questions_count {
	uint32_t held, missed, pending;	/* listed */
	uint64_t more;			/* questions that wait unlisted */
	uint64_t refused;		/* flows refused for want of room, ever */
	uint32_t flows;			/* waiting in all */
};
void questions_count(const struct questions *qs, struct questions_count *count);

/* Does a scope mean the protocols and ports seen? */
bool question_scope_has_ports(enum question_scope scope);

/* Is it about a name? */
static inline bool question_scope_is_name(enum question_scope scope)
{
	return scope >= SCOPE_HOST && scope <= SCOPE_DOMAIN_PORT;
}

/* What most people mean: the name if somebody vouches for one, and the ports seen. @q may be NULL */
enum question_scope question_scope_usual(const struct question *q);

/* The name that such a scope means, as long as @q; NULL: it has none that a rule could count on. */
const char *question_scope_name_in(const struct question *q, enum question_scope scope);

/* True when an answer of @scope about @target covers the flow @ev. */
bool question_covers(const struct question_target *target, enum question_scope scope,
		     const struct snitch_flow_event *ev);

/* When the last waiting flow of @q will be refused; 0: none waits. */
uint64_t question_deadline(const struct question *q);

/* Words of the interface: "held", "answered", "address-port"... */
const char *question_state_name(enum question_state state);
const char *question_gone_name(enum question_gone why);
const char *question_scope_name(enum question_scope scope);

/* Return: 0 or -EINVAL. */
int question_scope_parse(const char *text, enum question_scope *scope);

#endif
