/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's mind: events of the kernel in, verdicts out, questions in between. No event loop,
 * no bus, no clock of its own but CLOCK_BOOTTIME; it must never block.
 */
#ifndef SNITCH_DAEMON_CORE_H
#define SNITCH_DAEMON_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../lib/snitch.h"
#include "../names/learn.h"
#include "../names/segments.h"
#include "../policy/mode.h"
#include "../question/question.h"
#include "changed.h"
#include "live.h"
#include "loan.h"
#include "once.h"
#include "owners.h"
#include "rights.h"
#include "rulebook.h"

struct history;

#define CORE_WAITING_MAX	256	/* flows whose owner is being fetched */
#define CORE_REPEATS		64	/* refusals remembered for coalescing in the log */

/* Somebody who puts questions to a person. */
struct agent {
	struct caller who;
	bool watch;		/* only listens */
	uint64_t loan;		/* asks only what rules of that loan ask; 0: everything */
	char name[64];
	void *peer;		/* the bus's */
	TAILQ_ENTRY(agent) link;
};

enum core_counter {
	CORE_FLOWS, CORE_ALLOWED, CORE_REFUSED, CORE_HELD, CORE_ASKED, CORE_ANSWERED,
	CORE_CANCELLED, CORE_RECORDED, CORE_LOST, CORE_ERRORS, CORE_DNS, CORE_NAMES,
	__CORE_COUNTERS
};

struct hello;

struct core_repeat {
	uint64_t key, when;
	unsigned long count;
};

/**
 * struct core - all the daemon knows
 * @dev: the kernel, or NULL while there is none
 * @welcome: what it said
 * @sink: where policies go
 * @generation: of the policy in force; 0: none
 * @fail, @kernel_default: SNITCH_ALLOW or SNITCH_DENY; @fail 0: by mode
 * @forward: enum snitch_forward, as configured
 * @own_userns: inode of the initial user namespace as far as known, 0: not known
 * @waiting: flows whose owner has to be fetched first
 * @changed: executables being looked into, and the flows that wait for that
 * @names: what programs looked up, with @queries: questions to name servers without an answer, and
 *	   @streams: what they ask over TCP
 * @sni: what programs say first may be read, see hello.c
 * @hellos: flows whose first data are read, or were
 * @live: flows that go already, under new rules
 * @mode_path: where the mode is kept; NULL: nowhere
 * @history: what was decided; somebody else's; NULL: none
 * @history_flushed: CLOCK_BOOTTIME ns: how far its writes are paid for
 */
struct core {
	struct snitch_device *dev;
	struct snitch_welcome welcome;
	struct snitch_policy_sink sink;
	uint64_t generation;
	struct owners owners;
	struct once once;
	struct questions *questions;
	struct rulebook *rules;
	struct changed changed;
	struct names *names;
	struct dns_queries *queries;
	struct dns_streams *streams;
	struct mode mode;
	uint32_t fail;
	uint32_t kernel_default;
	uint32_t forward;
	uint32_t own_userns;
	TAILQ_HEAD(agents, agent) agents;
	struct snitch_flow_event waiting[CORE_WAITING_MAX];
	unsigned int n_waiting;
	bool sni;
	TAILQ_HEAD(hellos, hello) hellos;
	unsigned int n_hellos;
	struct live live;
	struct core_repeat repeats[CORE_REPEATS];
	char *mode_path;
	struct history *history;
	uint64_t history_flushed;
	uint64_t counters[__CORE_COUNTERS];
};

/* A sentence that says why something was refused, for the asker. */
struct core_error {
	const char *name;	/* last part of the D-Bus error name: "NotPermitted"... */
	char text[256];
	enum right lacks;	/* what would have done; RIGHT_NONE: nothing that can be given */
};

struct core_answer {
	uint64_t id;
	uint32_t action;	/* ALLOW, DENY, DROP */
	enum question_scope scope;
	enum wish_lifetime lifetime;
	uint64_t seconds;
};

struct core_answered {
	uint32_t flows;		/* that were decided by it */
	struct rulebook_made made;	/* id 0: nothing was written */
};

/**
 * core_init() - everything empty, mode observe
 * @core: to be filled in
 * @root: prefix of all folders, "" for none
 * @ops: told about questions; NULL members are fine
 * @ctx: for @ops
 *
 * Return: 0 or -ENOMEM.
 */
int core_init(struct core *core, const char *root, const struct questions_ops *ops, void *ctx);
void core_done(struct core *core);

/* The callbacks for snitch_device_read(), with the core as their context. */
extern const struct snitch_handler core_handler;

/* A new connection to the kernel (NULL: it is lost): what waited is forgotten. */
void core_attach(struct core *core, struct snitch_device *dev,
		 const struct snitch_welcome *welcome);

/* Compiles and loads the policy for the rules and the mode as they are. Return: 0 or -errno. */
int core_install(struct core *core);
/* Lists that rules name are others: the same for them, with as little as will do. */
int core_lists_changed(struct core *core);

/* Judges all that waits again: after new rules, a new mode. */
void core_rejudge(struct core *core);

/*
 * Reads the rules again, installs them, judges again. Return: 0 or -errno (the old ones stay).
 * What is good is installed even where nothing changed, or a file is bad now: the kernel may hold
 * something else, after `snitch panic`.
 */
int core_reload(struct core *core);

/* The same for files that were touched: nothing is installed where the rules are the same. */
int core_files_changed(struct core *core);

/* Changes the mode, keeps it, installs. Return: 0 or -errno: in force is what @core->mode says. */
int core_set_mode(struct core *core, uint32_t mode, uint64_t seconds);

/* Falls back from a timed mode when it is time. Return: true when the mode changed. */
bool core_expire_mode(struct core *core);

/**
 * core_answer() - a person answers
 * @who: the person
 * @answer: what is said
 * @done: what came of it
 * @error: filled in on failure
 *
 * Return: 0; -ENOENT, -EPERM, -EINVAL, or what writing the rule said: nothing was done then.
 */
int core_answer(struct core *core, const struct caller *who, const struct core_answer *answer,
		struct core_answered *done, struct core_error *error);

/* Takes a question off; waiting flows are refused. Return: as core_answer(). */
int core_dismiss(struct core *core, const struct caller *who, uint64_t id,
		 struct core_error *error);

/* Reads "once", "until quit", "for 1h", "until reboot", "forever". Return: 0 or -EINVAL. */
int core_parse_lifetime(const char *text, struct core_answer *answer);
/* Reads "allow", "deny", "drop". Return: 0 or -EINVAL. */
int core_parse_verdict(const char *text, struct core_answer *answer);

/* True when somebody is there who may answer for @belongs; @loan: of the rule that asks, or 0. */
bool core_has_agent(const struct core *core, uint32_t belongs, uint64_t loan);

/* Fills in @error. Return: @code. */
int core_fail(struct core_error *error, int code, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same, NotPermitted, where @right is what lacks. Return: -EPERM. */
int core_lacks(struct core_error *error, enum right right, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- of judge.c, for core.c and answer.c --------------------------------------- */

/* Decides a flow of a known owner: verdict, or a question. */
void core_judge_flow(struct core *core, const struct snitch_flow_event *ev, struct owner *owner);

/* For questions_judge(): decides a waiting flow when rules or mode do by now. */
bool core_judge_again(void *ctx, const struct question *q, const struct question_flow *flow);

/* Queues a verdict. */
void core_verdict(struct core *core, const struct snitch_flow_event *ev, const struct owner *owner,
		  uint32_t action, uint32_t origin, uint64_t origin_id);

/* Uid that may answer for a flow: its effective uid, or the owner of its user namespace. */
uint32_t core_belongs(const struct core *core, const struct owner *owner, uint32_t uid);

/* ---- of changed.c ---------------------------------------------------------------- */

/*
 * Before a flow is judged: is its executable the file that its rules were made for? Tells the kernel
 * so. Return: false: it is being looked into; rules that need the answer do not count yet.
 */
bool core_know_executable(struct core *core, const struct snitch_flow_event *ev,
			  struct owner *owner);

/* @ev waits for that. Return: false without room. */
bool core_wait_for_finding(struct core *core, const struct snitch_flow_event *ev,
			   struct owner *owner);
void core_cancel_wait(struct core *core, uint64_t flow);

/* Has the files looked into that rules name and that are not known. */
void core_look_into(struct core *core);

/* The inspector has found something. */
void core_finding(struct core *core, const struct inspect_finding *finding);

/* There is no inspector any more: what it was asked is unknown for good. */
void core_no_inspector(struct core *core);

/* There is another one: it is asked what the one before did not answer. */
void core_new_inspector(struct core *core);

/* ---- of remember.c --------------------------------------------------------------- */

/* A decision goes into the history. */
void core_remember(struct core *core, const struct snitch_flow_event *ev, const struct owner *owner,
		   uint32_t action, uint32_t origin, uint64_t rule);

/* The kernel gave up on a flow: what became of it, if a person was asked. */
void core_remember_cancel(struct core *core, const struct snitch_cancel *cancel);

/* ---- of naming.c ------------------------------------------------------------------ */

/* A DNS message of the kernel's: what follows from it is learnt, and told to the kernel. */
void core_dns(struct core *core, const struct snitch_dns *dns);

/* Does it go to a name server's port? What does it want to know there? NULL: nobody knows. */
bool core_is_lookup(const struct snitch_flow_event *ev);
const char *core_looks_up(const struct core *core, const struct snitch_flow_event *ev);

/* ", looked up as a.example (dns)", ", looks up a.example" or "" into @buf. */
void core_name_in_words(const struct core *core, const struct snitch_flow_event *ev,
			const struct owner *owner, char *buf, size_t size);

/* The names that people are to be shown with a flow. */
void core_question_names(const struct core *core, const struct snitch_flow_event *ev,
			 const struct owner *owner, struct question_names *names);

/* ---- of hello.c -------------------------------------------------------------------- */

/* Does the name matter that the program gives the remote, and can it be seen? @j: without it. */
bool core_wants_hello(const struct core *core, const struct snitch_flow_event *ev,
		      const struct owner *owner, const struct judgement *j);

/* Can what the program says first be read? */
bool core_can_hear(const struct core *core, const struct snitch_flow_event *ev);

/* A flow whose first data follow. Return: true: it is judged when they have been read. */
bool core_wait_for_hello(struct core *core, const struct snitch_flow_event *ev,
			 struct owner *owner);
void core_hello_data(struct core *core, const struct snitch_data *data);

/* The name that was said on a flow; NULL: none, or it is not known. */
const char *core_said(const struct core *core, const struct snitch_flow_event *ev);

/* The flow has its verdict, or is gone; 0: all. */
void core_forget_hello(struct core *core, uint64_t flow);

/* ---- of record.c ----------------------------------------------------------------- */

/* One line about a flow for the journal; repeats within 10 s are counted, not written. */
void core_record(struct core *core, int priority, const char *what,
		 const struct snitch_flow_event *ev, const struct owner *owner, uint64_t rule);

#endif
