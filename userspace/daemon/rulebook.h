/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules in force: read from their folders, judged in user space, compiled for the kernel. The
 * last good set stays whatever the files say. It never decides what happens to flows without a
 * rule: that is the mode's.
 */
#ifndef SNITCH_DAEMON_RULEBOOK_H
#define SNITCH_DAEMON_RULEBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/snitch.h>

#include "../lib/snitch.h"
#include "../names/memory.h"
#include "../question/question.h"
#include "inspect.h"

struct rulebook;

/**
 * struct judgement - what the rules say about a flow
 * @action: ALLOW, DENY, DROP or ASK; 0: nothing matched
 * @rule: id of the rule
 * @loan: it is on loan (loan.h); 0: it is not
 * @suspended: the executable is not the file that its rules were made for
 * @by_name: the rule speaks of names
 * @named: one name of the remote is known, from a lookup, and no other
 * @until: when the first name of the remote ends, CLOCK_BOOTTIME ns
 */
struct judgement {
	uint32_t action;
	uint64_t rule;
	bool by_name;
	bool named;
	uint64_t until;
	uint64_t loan;
	bool suspended;
};

/* A lasting answer. */
struct rule_wish {
	const struct question *question;
	uint32_t action;
	enum question_scope scope;
	enum wish_lifetime {
		WISH_ONCE,	/* never a rule */
		WISH_QUIT,
		WISH_SPAN,
		WISH_REBOOT,
		WISH_FOREVER,
	} lifetime;
	uint64_t seconds;	/* WISH_SPAN */
};

struct rulebook_made {
	uint64_t id;		/* of the first rule made */
	char text[1024];	/* all of them, a line each, cut when too long */
};

/* What a policy says besides its rules. */
struct rulebook_policy {
	uint32_t mode;		/* enum snitch_mode */
	uint32_t fail;		/* ALLOW or DENY */
	uint32_t kernel;	/* ALLOW or DENY */
	uint32_t forward;	/* enum snitch_forward */
};

/* Where a rule may be put by hand. */
enum rulebook_scope { RULEBOOK_ADMIN, RULEBOOK_SYSTEM, RULEBOOK_USER, RULEBOOK_RUNTIME };

/* One rule as told to people. All strings escaped nowhere yet, valid for the callback only. */
struct rulebook_row {
	uint64_t id;
	const char *text, *note, *file, *why, *scope;
	unsigned int line, rank;
	bool active;
	bool user;	/* it is the rule of the user @uid */
	uint32_t uid;
};

/**
 * rulebook_new() - an empty rulebook
 * @out: release with rulebook_free()
 * @root: prefix of all folders, "" for none; copied
 *
 * Return: 0 or -ENOMEM.
 */
int rulebook_new(struct rulebook **out, const char *root);
void rulebook_free(struct rulebook *rb);

/*
 * Reads the folders again. Return: 1 when the rules differ from those before, 0 when they do not; or
 * a negative errno: the set before stays. When there is none yet, the files without errors are taken.
 */
int rulebook_load(struct rulebook *rb);

/*
 * Reads again what keywords mean on this machine: its subnets, its name servers. Return: 1 when they
 * differ from before, 0, or a negative errno (as before).
 */
int rulebook_look_around(struct rulebook *rb);

/* What its control group and the like say of an image; NULL: no memory. */
struct identity;
const struct identity *rulebook_identity(const struct rulebook *rb, struct image *image);

/* Why the newest files or the last change are not in force, "" when they are. */
const char *rulebook_error(const struct rulebook *rb);
/* Why rulebook_wish() or rulebook_remove() failed the last time: nothing has changed by that. */
const char *rulebook_refusal(const struct rulebook *rb);

/* Is `snitch panic` in force? It loads its policy past the daemon. */
bool rulebook_panic(const struct rulebook *rb);

/* Folders to watch; @i from 0 until NULL. */
const char *rulebook_folder(const struct rulebook *rb, unsigned int i);

unsigned int rulebook_count(const struct rulebook *rb);

/**
 * rulebook_install() - compile for the kernel and load
 * @rb: rulebook
 * @sink: where to
 * @as: what else the policy says
 * @generation: gets the number in force
 *
 * Return: 0, or a negative errno: what was in force stays, rulebook_error() tells why.
 */
int rulebook_install(struct rulebook *rb, const struct snitch_policy_sink *sink,
		     const struct rulebook_policy *as, uint64_t *generation);

/*
 * The lists are others: gives the sets of the policy in force their new contents, so that nothing
 * else of it is touched and live flows are judged again where a set matters. Return: how many sets;
 * or a negative errno: rulebook_install() is needed.
 */
int rulebook_change_sets(struct rulebook *rb, const struct snitch_policy_sink *sink);

/* The number of the executable @exe in the policy installed last; 0: it has no rules of its own. */
uint32_t rulebook_app(const struct rulebook *rb, const char *exe);

/* ---- rulebook-lists.c: what "list:NAME" means ---- */

struct lists;
struct list_hits;

const struct lists *rulebook_lists(const struct rulebook *rb);
struct list_hits *rulebook_hits(const struct rulebook *rb);

/* Puts @lists, which is taken, in the place of those before. */
void rulebook_take_lists(struct rulebook *rb, struct lists *lists);

/* Counts for lists that @rule decided @ev, which the kernel did by itself. */
void rulebook_count_decided(struct rulebook *rb, uint64_t rule, const struct snitch_flow_event *ev);

/* Does a rule name any list? */
bool rulebook_names_lists(const struct rulebook *rb);

/* ---- rulebook-known.c: executables that changed ---- */

/*
 * Reads which files programs of rules were, and which were suspended, when the daemon ended last.
 * Return: 0, or a negative errno: what could be read counts.
 */
int rulebook_recall(struct rulebook *rb);

/*
 * From now on allow rules of @exe do not count: its executable changed since they were made. Ends
 * with a new allow rule for the program, by an answer or by hand, and when its file is found to be
 * right; a restart of the daemon does not end it. Return: 1 when that is news, 0, -ENOMEM, or what
 * writing said: then a restart ends it.
 */
int rulebook_suspend(struct rulebook *rb, const char *exe);
bool rulebook_suspended(const struct rulebook *rb, const char *exe);

/* The file at @exe is not known and has not been looked at yet: its allow rules do not count. */
bool rulebook_unsure(const struct rulebook *rb, const char *exe);

/* @image runs a file that is known to be the program that its path names; or known not to be. */
bool rulebook_knows(const struct rulebook *rb, const struct image *image);
bool rulebook_knows_wrong(const struct rulebook *rb, const struct image *image);
/* The file at @exe is on a file system that a program serves: seen so at a load, or of a sender. */
void rulebook_note_served(struct rulebook *rb, const char *exe);
bool rulebook_served(const struct rulebook *rb, const char *exe);

/* How rules name @exe, a path without links: @exe, or a path that leads there. */
const char *rulebook_name(const struct rulebook *rb, const char *exe);

/* The next program at or after @at, from 0, whose file is to be looked at; NULL: no more. */
const char *rulebook_next_unread(const struct rulebook *rb, size_t *at);

/**
 * struct rulebook_found - what became of a finding
 * @is_program: the file is the program
 * @same: its contents are as before
 * @lifted: allow rules count again that did not: install them
 * @suspended: they do not count
 */
struct rulebook_found {
	bool is_program;
	bool same;
	bool lifted;
	bool suspended;
};

/**
 * rulebook_found() - take a finding in
 * @exe: path
 * @image: whose executable was looked into; NULL: the file at @exe was
 * @own: it was that executable, not whatever is at @exe
 * @finding: what the inspector says
 * @found: gets what that means
 *
 * Return: with @found->suspended as rulebook_suspend(), else 0.
 */
int rulebook_found(struct rulebook *rb, const char *exe, const struct image *image, bool own,
		   const struct inspect_finding *finding, struct rulebook_found *found);

/* What the rules say. @now: CLOCK_BOOTTIME ns. */
void rulebook_judge(struct rulebook *rb, const struct owner *owner,
		    const struct snitch_flow_event *ev, uint64_t now, struct judgement *out);

/* What @image belongs to, as app_print() writes it, to @buf. Return: @buf. */
const char *rulebook_app_text(const struct rulebook *rb, struct image *image, char *buf,
			      size_t size);

/* The same when the program has named the remote itself: @said, or NULL. See rulebook-names.c. */
void rulebook_judge_said(struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now, const char *said,
			 struct judgement *out);

/* ---- rulebook-names.c ---- */

struct rulebook_port {
	uint8_t proto;
	uint16_t port;
};

/* From now on the names of @names, which is borrowed, count. */
void rulebook_use_names(struct rulebook *rb, struct names *names);

/* Whether names from this server may satisfy allow rules. */
bool rulebook_believes(const struct rulebook *rb, const struct snitch_dns *dns);

/* A text of systemd-resolved's monitor; as resolved_learn(). */
int rulebook_take_resolved(struct rulebook *rb, const char *text, size_t len, uint64_t now);

/* The names that the remote of @ev has for @owner, claims of all kinds too, as names_find(). */
size_t rulebook_find_names(const struct rulebook *rb, const struct owner *owner,
			   const struct snitch_flow_event *ev, uint64_t now,
			   struct name_found *out, size_t max);

/*
 * Would the name that the program gives the remote make a difference? It would where names that it
 * has looked up differ in what they are allowed, or where none is known and a rule could refuse one.
 */
bool rulebook_wants_said(struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now);

/*
 * What may be concluded when a program has its answer: whether at all, and for which protocols and
 * ports.
 */
bool rulebook_may_foresee(const struct rulebook *rb, const struct owner *owner);
const struct rulebook_port *rulebook_name_ports(const struct rulebook *rb, unsigned int *n);

/**
 * rulebook_wish() - make rules from a lasting answer
 * @made: what was made
 *
 * Written and synced before it returns; all or nothing. The caller installs afterwards.
 * Return: 0; -EINVAL (no rule can name the program); or what writing said: rulebook_refusal() tells.
 */
int rulebook_wish(struct rulebook *rb, const struct rule_wish *wish, struct rulebook_made *made);

/* The sentence that @wish would write, without its lifetime, to @buf. Return: @buf. */
const char *rulebook_preview(struct rulebook *rb, const struct rule_wish *wish, char *buf,
			     size_t size);

/*
 * Adds one rule by hand; @id gets its id. @error gets a sentence on failure. Return: 0, -EINVAL
 * (grammar), or what writing said.
 */
int rulebook_add(struct rulebook *rb, const char *text, enum rulebook_scope scope, uint32_t uid,
		 uint64_t *id, char *error, size_t size);

/*
 * Adds @n rules by hand, all or none, with one write. @ids gets theirs. Else as rulebook_add().
 */
int rulebook_add_all(struct rulebook *rb, char **texts, size_t n, enum rulebook_scope scope,
		     uint32_t uid, uint64_t *ids, char *error, size_t size);

/*
 * Takes a rule away. Return: 0, -ENOENT, -EACCES (@may said no), -EPERM (a built-in), or what
 * writing said.
 */
int rulebook_remove(struct rulebook *rb, uint64_t id,
		    bool (*may)(void *ctx, const struct rulebook_row *row), void *ctx);

/* When rules end next by themselves, CLOCK_BOOTTIME ns; 0: never. */
uint64_t rulebook_next_change(const struct rulebook *rb);

/* Takes away rules that have ended. Return: how many, or a negative errno. */
int rulebook_expire(struct rulebook *rb);

/* Makes @name (NULL: none) the active profile. Return: true when it is another than before. */
bool rulebook_set_profile(struct rulebook *rb, const char *name);
/* The active profile, NULL: none. */
const char *rulebook_profile(const struct rulebook *rb);
/* Profiles that rules name, some twice; of users' rules those of @uid only, or (-1) all. */
void rulebook_each_profile(const struct rulebook *rb, uint32_t uid,
			   void (*fn)(void *ctx, const char *name), void *ctx);

/* Every rule, in order of precedence. */
void rulebook_each(const struct rulebook *rb, void (*fn)(void *ctx, const struct rulebook_row *row),
		   void *ctx);

/* ---- rulebook-live.c: flows that go already ---- */

/*
 * May what is in force now refuse something that was not refused when this was asked last? With
 * rulebook_install() and rulebook_change_sets() before it.
 */
bool rulebook_refuses_more(struct rulebook *rb);

/**
 * struct rulebook_live - how a flow was let go
 * @rule: by which rule; 0: by none
 * @reads: the names that programs say themselves would be read
 */
struct rulebook_live {
	uint64_t rule;
	bool reads;
};

/*
 * Would another flow like this one, which goes already, be refused by a rule? False where that depends
 * on what is not known of it any more. @ev: with the way it leaves by where that is loopback. @out is
 * filled in where it is true.
 */
bool rulebook_refuses_live(struct rulebook *rb, const struct owner *owner,
			   const struct snitch_flow_event *ev, const struct rulebook_live *how,
			   uint64_t now, struct judgement *out);

/* ---- rulebook-past.c ---- */

struct history_flow;

/* Does the history know enough of it? */
bool rulebook_can_judge_past(const struct history_flow *f);
/* What the rules say now about a flow of the past; only action and rule are filled in. */
void rulebook_judge_past(struct rulebook *rb, const struct history_flow *f, struct judgement *out);

/**
 * rulebook_test() - rules, a line each, that are tried out on flows of the past
 * @of_user: as rules of @uid; else as the system's
 *
 * They are in the set from here to rulebook_test_end(): nothing may be judged or installed in
 * between but by rulebook_judge_past(), for which rulebook_test_on() says whether they count.
 * Return: 0, or a negative errno with a sentence in @error: there is nothing to end.
 */
int rulebook_test(struct rulebook *rb, const char *text, bool of_user, uint32_t uid, char *error,
		  size_t size);
void rulebook_test_on(struct rulebook *rb, bool on);
void rulebook_test_end(struct rulebook *rb);

/* ---- rulebook-explain.c ---- */

/* About a flow: what happens to it. Valid for the callback only. */
struct rulebook_verdict {
	const char *flow;	/* in the words of the grammar */
	const char *why;	/* a clause */
	uint32_t action;	/* 0: no rule decides */
	bool daemon;		/* the kernel does not decide alone */
	size_t more;		/* near misses that are not told of */
};

/**
 * struct rulebook_teller - who is told an explanation
 * @may_see: whether a user's rule may be told of
 * @verdict: called first
 * @rule: called for the rule that decides (@why NULL), then for each near miss
 */
struct rulebook_teller {
	void *ctx;
	bool (*may_see)(void *ctx, uint32_t uid);
	void (*verdict)(void *ctx, const struct rulebook_verdict *verdict);
	void (*rule)(void *ctx, const struct rulebook_row *row, bool matches, const char *why);
};

/* Explains a flow. Return: 0 or -ENOMEM. */
int rulebook_explain_flow(struct rulebook *rb, const struct owner *owner,
			  const struct snitch_flow_event *ev,
			  const struct rulebook_teller *teller);

/*
 * Explains a flow of the user @uid, or of another one that @text names (then may_see() says whether
 * it may). Return: 0; -EINVAL (grammar) or -EPERM, with a sentence in @error; -ENOMEM.
 */
int rulebook_explain_text(struct rulebook *rb, const char *text, uint32_t uid,
			  const struct rulebook_teller *teller, char *error, size_t size);

#endif
