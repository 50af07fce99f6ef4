/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the rulebook share. No other file may include it.
 */
#ifndef SNITCH_DAEMON_RULEBOOK_PRIVATE_H
#define SNITCH_DAEMON_RULEBOOK_PRIVATE_H

#include "../lists/lists.h"
#include "../policy/known.h"
#include "../policy/policy.h"
#include "../policy/refusals.h"
#include "../policy/shape.h"
#include "../policy/suspend.h"
#include "loan.h"
#include "places.h"
#include "rights.h"
#include "rulebook.h"

#define RULEBOOK_GROUPS_MAX	64
#define RULEBOOK_NAME_PORTS	16

/**
 * struct rulebook - see rulebook.h
 * @lists: what "list:NAME" means; never NULL
 * @hits: how often they decided
 * @compiled: what is in force; only its executables are kept
 * @shape: what the kernel has, so that other contents of sets need no other policy
 * @names_differ: since then lists got other names
 * @suspended: executables that changed since their rules were loaded; kept in a file
 * @known: the files that programs of rules are; kept in a file
 * @unsaved: that file could not be written; the next load tries again
 * @unsure: executables whose file is not known, and not yet judged
 * @news: @unsure has grown
 * @doubt: what was kept could not be read: nothing is believed without a look
 * @loaded: @set came from the folders
 * @by_group: some rule names a group
 * @by_interface: some rule names a network interface
 * @by_identity: some rule asks for more than one executable by its path, see identity.h
 * @by_parents: some rule asks who started it
 * @userns: inode of the initial user namespace; 0: not known
 * @groups: of @groups_uid
 * @names: borrowed; NULL: there are none
 * @refusals: what refused when rulebook_refuses_more() was asked last
 * @meant_else: since then, words and lists that rules use mean something else
 * @hosts: hash of /etc/hosts as it was learnt, for @hosts_netns
 * @name_ports: see rulebook_name_ports(); none without rules that speak of names
 * @by_name: some rule speaks of names, or of a list, which may have some
 * @loans: rules that are in no file
 * @profile: the active one, or NULL
 * @tested: rules of the set that are only tried out, see rulebook_test(); the pointers are owned
 */
struct rulebook {
	char *root;
	struct policy_paths paths;
	struct policy_env env;
	struct places places;
	struct ruleset *set;
	struct lists *lists;
	struct list_hits *hits;
	struct policy_compiled compiled;
	struct policy_shape shape;
	bool names_differ;
	struct policy_refusals refusals;
	bool meant_else;
	struct suspended suspended;
	struct known known;
	bool unsaved;
	struct suspended unsure;
	bool news;
	bool doubt;
	bool loaded;
	bool by_group;
	bool by_interface;
	bool by_identity;
	bool by_parents;
	uint32_t userns;
	uint32_t groups_uid;
	uint32_t groups[RULEBOOK_GROUPS_MAX];
	unsigned int n_groups;
	struct names *names;
	uint64_t hosts;
	uint32_t hosts_netns;
	struct rulebook_port name_ports[RULEBOOK_NAME_PORTS];
	unsigned int n_name_ports;
	bool by_name;
	struct loans loans;
	char *profile;
	struct rule **tested;
	size_t n_tested;
	char bad_files[1024];	/* what is wrong with the folders, "" when nothing is */
	char error[1024];	/* why the last change is not in force, "" when it is */
	char refusal[1024];	/* why the last change was not made */
};

/* Reads a rule that somebody wrote. Return: 0, or an error with a sentence in @error. */
int rulebook_read_rule(const char *text, struct rule **out, char *error, size_t size);

/* The set is another one: what do its rules need to know? */
void rulebook_note_set(struct rulebook *rb);

/* ---- rulebook-loan.c ---- */

/* Puts what is on loan into @set, just loaded. Return: 0, or why not with rb->error filled. */
int rulebook_put_loans(struct rulebook *rb, struct ruleset *set);
void rulebook_clear_loans(struct rulebook *rb);
/* What holds the rules of a loan, as shown. */
const char *rulebook_loan_name(const struct rulebook *rb, uint64_t loan);

/* The environment, with the clocks as they are. */
struct policy_env *rulebook_env(struct rulebook *rb);

/* The first list that @rule names and that is not there, or NULL. */
const char *rulebook_missing_list(const struct rulebook *rb, const struct rule *rule);

/* Counts that @rule decided @q, where a list made it match. */
void rulebook_count_hit(struct rulebook *rb, const struct rule *rule, const struct flow_query *q);

/* Compares what lies at the paths of rules with what is known; says in @rb->news, @rb->unsure. */
void rulebook_compare(struct rulebook *rb);

/*
 * The program is right as it is now: its allow rules count, and it is known anew at the next load.
 * Where the files cannot be written, not after a restart.
 */
void rulebook_unsuspend(struct rulebook *rb, const char *exe);

/* "Until quit" rules of processes that are gone only take room. */
void rulebook_sweep_quit(struct rulebook *rb);

/* Room for what a query refers to. */
struct query_room {
	const char *parents[SNITCH_ANCESTORS];
	struct rule_image images[SNITCH_ANCESTORS];
	bool strangers[SNITCH_ANCESTORS];
};

/* A flow as rules see it. @room is kept as long as @q. */
void rulebook_query(struct rulebook *rb, const struct owner *owner,
		    const struct snitch_flow_event *ev, struct query_room *room,
		    struct flow_query *q);

/* The groups of a flow, from the local file, kept for the next flow of the same user. */
void rulebook_groups(struct rulebook *rb, uint32_t uid, uint32_t gid, struct flow_query *q);

/* A rule as it is shown; @text and @scope are room for strings that @row points to. */
void rulebook_fill_row(const struct rulebook *rb, const struct rule *rule, char *text,
		       size_t text_size, char *scope, size_t scope_size, struct rulebook_row *row);

/* ---- rulebook-names.c ---- */

/* Names in pieces that live as long as a struct flow_query; @until: when the first one ends. */
struct rulebook_names {
	const char *names[NAMES_FOUND_MAX];
	const char *claims[NAMES_FOUND_MAX + 1];	/* and what was said */
	uint64_t until;
};

void rulebook_name_query(const struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now,
			 struct rulebook_names *names, struct flow_query *q);
/* The same, with those that are over. */
void rulebook_past_name_query(const struct rulebook *rb, const struct owner *owner,
			      const struct snitch_flow_event *ev, uint64_t now,
			      struct rulebook_names *names, struct flow_query *q);
/* Is one of the remote's names allowed, and another one not? */
bool rulebook_names_differ(const struct rulebook *rb, const struct flow_query *all);
/* Takes in what the program says of the remote; NULL: nothing. */
void rulebook_take_said(struct rulebook_names *names, const char *said, struct flow_query *q);
bool rulebook_rule_is_by_name(const struct rule *rule);
void rulebook_note_name_ports(struct rulebook *rb);

/* Reads /etc/hosts again. Return: 1 when it says something else, 0, or -ENOMEM. */
int rulebook_read_hosts(struct rulebook *rb);

#endif
