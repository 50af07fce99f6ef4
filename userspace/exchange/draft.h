/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule in the making: what readers of other formats find is put in piece by piece, with what is
 * to be said about it. Private to userspace/exchange.
 */
#ifndef SNITCH_EXCHANGE_DRAFT_H
#define SNITCH_EXCHANGE_DRAFT_H

#include "source.h"

/**
 * struct draft - a rule that is not yet one
 * @src: for the report
 * @at: where it stands
 * @rule: so far; owned
 * @room: of its items
 * @why: the first reason to disable it; owned, or NULL
 * @left: it will not be carried over
 * @noted: @why is in the rule's note
 * @r: 0, or -ENOMEM: nothing is done any more
 */
struct draft {
	struct source *src;
	struct place at;
	struct rule *rule;
	size_t room;
	char *why;
	bool left;
	bool noted;
	int r;
};

/* Begin with a rule that allows any to nothing. For draft_clear(). */
void draft_begin(struct draft *d, struct source *src, struct place at);
void draft_clear(struct draft *d);

/* Report what stands under @key, and do that with the rule. @found may be NULL. */
__attribute__((format(printf, 4, 5)))
void draft_change(struct draft *d, const char *key, const char *found, const char *reason, ...);
__attribute__((format(printf, 4, 5)))
void draft_disable(struct draft *d, const char *key, const char *found, const char *reason, ...);
__attribute__((format(printf, 4, 5)))
void draft_leave(struct draft *d, const char *key, const char *found, const char *reason, ...);

/*
 * Put a remote in, as the language writes it; true when it is one. @why: what else it should be.
 */
bool draft_item(struct draft *d, const char *word, const char **why);
/* An address family's or any other keyword's item. */
void draft_keyword(struct draft *d, enum rule_item_kind kind);
/* Ports like "80, 443,8000-8080"; leaves the rule where they are none. */
void draft_ports(struct draft *d, const char *key, const char *text);
/* A protocol by name or number; leaves the rule where it is none. */
void draft_proto(struct draft *d, const char *key, const char *text);
/* A path, copied. */
void draft_path(struct draft *d, struct rule_program *program, const char *path);
/* One line, without what could mislead its reader. */
void draft_note(struct draft *d, const char *text);

/*
 * draft_finish() - hand the rule to the exchange, or say why not
 * May be called again for a rule that differs in its flags.
 * Return: 0 or -ENOMEM.
 */
int draft_finish(struct draft *d);

/* The one of @words (up to NULL) that @word could be a slip for, or NULL. */
const char *draft_near(const char *word, const char *const *words);
/* A copy without outer blanks and, with @lower, in lower case; typographic dashes are '-'. */
char *draft_word(const char *text, bool lower);

/* A new list of the exchange, its name made of @name. NULL: no memory. */
struct exchange_list *list_new(struct exchange *x, const char *name, const char *about);
int list_add(struct exchange_list *list, const struct rule_item *item);
/* Sort, each entry once. */
void list_finish(struct exchange_list *list);

#endif
