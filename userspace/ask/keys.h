/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a key does to the question on the screen. Pure: it must never read,
 * write, or let a single key decide anything.
 */
#ifndef SNITCH_ASK_KEYS_H
#define SNITCH_ASK_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define ASK_GUARD_NS	500000000ULL	/* keys so soon after a question came are not meant for it */

#define ASK_KEY_ENTER	'\n'
#define ASK_KEY_ESC	27
#define ASK_KEY_BACK	127

enum ask_stage {
	ASK_VERDICT,		/* allow or deny? */
	ASK_LIFETIME,		/* how long? */
	ASK_CONFIRM,		/* this rule will be written: sure? */
};

enum ask_act {
	ASK_NOTHING,
	ASK_REDRAW,
	ASK_ANSWER,		/* @verdict, @scope and @lifetime are final */
	ASK_LATER,
};

/**
 * struct ask_keys - where a person is with one question
 * @since: CLOCK_BOOTTIME ns at which the question came on the screen
 * @details: more of it is shown
 * @verdict: "allow" or "deny"; NULL before one was chosen
 * @scope: what the answer covers, of ask_scopes()
 * @lifetime: "once"...; NULL before one was chosen
 */
struct ask_keys {
	enum ask_stage stage;
	uint64_t since;
	bool details;
	const char *verdict;
	const char *scope;
	const char *lifetime;
};

#define ASK_SCOPES_MAX	9	/* a digit each */

/**
 * struct ask_scope - something an answer may cover; its key is its place in the list
 * @scope: word of the interface
 * @text: for the card; of "port" the card says which
 * @port: means nothing where there are no ports
 */
struct ask_scope {
	const char *scope, *text;
	bool port;
};

/** ask_scopes - what an answer to @q may cover, the one that people mean first; as long as @q asks */
const struct ask_scope *ask_scopes(const json_t *q, size_t *n);
/** ask_scope_fits - of those, does this one mean anything for @q? */
bool ask_scope_fits(const struct ask_scope *scope, const json_t *q);
/** ask_scope_usual - the first that does */
const char *ask_scope_usual(const json_t *q);

/** ask_keys_start - a question comes on the screen at @now */
void ask_keys_start(struct ask_keys *k, const json_t *q, uint64_t now);

/**
 * ask_keys_press - one key
 * @q: the question on the screen
 * @key: a character, or ASK_KEY_*
 * @now: CLOCK_BOOTTIME ns
 *
 * A verdict takes at least two keys, a rule that stays three, the last of
 * them Enter; a key without a meaning takes the choice back.
 */
enum ask_act ask_keys_press(struct ask_keys *k, const json_t *q, int key, uint64_t now);

#endif
