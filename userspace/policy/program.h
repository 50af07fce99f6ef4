/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the rule language share: words read, text written, programs and remotes. */
#ifndef SNITCH_POLICY_PROGRAM_H
#define SNITCH_POLICY_PROGRAM_H

#include "policy.h"

enum word_kind {
	WORD_END,
	WORD_PLAIN,
	WORD_QUOTED,
	WORD_COMMA,
	WORD_NOTE,			/* text is all after the '#' */
};

/* A line cut into words; kind, column and text are those of the word just read. */
struct words {
	const char *line;
	size_t pos;
	enum word_kind kind;
	unsigned int column;		/* from 1 */
	char text[RULE_LINE_MAX];
	const char *file;
	unsigned int lineno;
	struct rule_error *err;
};

/* Read the next word; 0 or -EINVAL with the error told. */
int words_next(struct words *w);
/* Whether it is the plain (not quoted) word @text. */
bool words_is(const struct words *w, const char *text);
/* Tell what should have stood there instead; -EINVAL. */
int words_fail(struct words *w, const char *expected, const char *next);

/* Fill @err (NULL is allowed) but for column and found; returns @r. @found may be NULL. */
int rule_fail(struct rule_error *err, int r, const char *file, unsigned int line,
	      const char *found, const char *expected, const char *next);

/* Text being written; full: it did not fit. */
struct text {
	char *buf;
	size_t size;
	size_t len;
	bool full;
};

void text_add(struct text *t, const char *s);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *t, const char *fmt, ...);
/* A name, in double quotes if it would not be one word otherwise. */
void text_add_word(struct text *t, const char *s);

/* The word just read begins a program; on success the word after it is read. */
int program_parse(struct words *w, struct rule_program *p);
void program_print(const struct rule_program *p, struct text *t);
void program_clear(struct rule_program *p);
/* Whether its path alone says whether it matches. */
bool program_is_plain_path(const struct rule_program *p);
bool program_matches(const struct rule_program *p, const struct flow_query *q);
/* The same, and nobody can have made it look so: an allow rule asks for this. */
bool program_is_vouched(const struct rule_program *p, const struct flow_query *q);
/* How specific it is: 0 is the most. */
unsigned int program_order(const struct rule_program *p);

/* Read "quit", "reboot" or a date, after "until". */
bool lifetime_until(struct rule *rule, const char *s);

/* Read one remote; -EINVAL with @why (what was expected), or -ENOMEM. */
int item_parse(const char *word, bool quoted, struct rule_item *item, const char **why);
void item_print(const struct rule_item *item, struct text *t);
bool item_is_address(const struct rule_item *item);	/* address, range or prefix */
bool item_is_name(const struct rule_item *item);	/* host, domain or list */
void item_clear(struct rule_item *item);	/* frees what it owns */

/* An IP protocol by name or number, or -1. */
int proto_parse(const char *word);
const char *proto_word(int proto);		/* or NULL */
bool proto_has_ports(int proto);		/* any (-1) has */

#endif
