/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of other firewalls, and ours for others: bytes in, rules and a report out. It must never
 * open a file or speak to a bus, nor leave anything out without saying so in the report.
 *
 * Functions returning int return 0 or a negative errno. One exchange is used by one thread.
 */
#ifndef SNITCH_EXCHANGE_H
#define SNITCH_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../policy/policy.h"

#define EXCHANGE_FILE_MAX	(64U << 20)	/* bytes of a file */
#define EXCHANGE_VALUES_MAX	2000000		/* JSON values of a file */
#define EXCHANGE_DEPTH_MAX	32		/* JSON values within JSON values */
#define EXCHANGE_ENTRIES_MAX	10000		/* entries of a report; more are only counted */

enum exchange_format {
	EXCHANGE_LSRULES,
	EXCHANGE_OPENSNITCH,
	EXCHANGE_JSON,		/* as `snitch rules list --json` prints them */
	EXCHANGE_SNITCH,	/* a file of rules, snitch-rules(5) */
	EXCHANGE_FORMATS,
};

/* What became of something. */
enum exchange_fate {
	EXCHANGE_CHANGED,	/* carried over, but not quite as it stood */
	EXCHANGE_DISABLED,	/* a rule that is disabled until somebody has looked at it */
	EXCHANGE_KEPT,		/* a rule that is kept, but not enforced by this version */
	EXCHANGE_LEFT,		/* not carried over */
	EXCHANGE_FATES,
};

/* One line of the report. Strings are owned and safe to print. */
struct exchange_entry {
	enum exchange_fate fate;
	char *file;
	unsigned int line;	/* 0: not known */
	unsigned int rule;	/* its place in the file, from 1; 0: no rule */
	char *key;		/* or NULL */
	char *found;		/* what stood there; or NULL */
	char *reason;
};

/* A rule that was read, and what is to be said about it. */
struct exchange_rule {
	struct rule *rule;	/* owned */
	bool review;		/* the import disabled it */
};

/* A list of remotes that rules name. */
struct exchange_list {
	char *name;		/* as in list:NAME */
	char *about;		/* where it comes from, one line; or NULL */
	char **entries;		/* sorted, each once */
	size_t n_entries;
	size_t room;
};

/**
 * struct exchange_options - what an import may do; all borrowed
 * @exists: whether there is a program of this path here; NULL: nobody knows
 * @ctx: for @exists
 * @reviewed: allow rules are taken as they stand; else they arrive disabled
 * @one_user: the rules are for the own programs of user @uid
 * @temporary: they will be kept where rules may end by themselves, and by nothing else
 * @lists: somebody will store the lists
 */
struct exchange_options {
	bool (*exists)(void *ctx, const char *path);
	void *ctx;
	bool reviewed;
	bool one_user;
	uint32_t uid;
	bool temporary;
	bool lists;
};

/**
 * struct exchange - what was read
 * @n_enforced: of the rules, those that this version can enforce, disabled ones counted
 * @n_review: of those, the ones that the import disabled
 * @n_kept: of the rules, those that it cannot enforce
 * @n_left: rules, and entries of lists, that are not carried over
 * @n_unsaid: entries beyond the bound
 */
struct exchange {
	struct exchange_options options;
	struct exchange_rule *rules;
	size_t n_rules, room_rules;
	struct exchange_list *lists;
	size_t n_lists;
	struct exchange_entry *entries;
	size_t n_entries, room_entries;
	size_t n_enforced, n_review, n_kept, n_left, n_unsaid;
};

struct exchange *exchange_new(const struct exchange_options *options);	/* NULL: no memory */
void exchange_free(struct exchange *x);					/* NULL is allowed */

/* "lsrules", "opensnitch", "json", "snitch"; NULL beyond. parse: -EINVAL for another word. */
const char *exchange_format_name(enum exchange_format format);
int exchange_format_parse(const char *word, enum exchange_format *format);
/* What a file of this name and contents is likely to be. */
enum exchange_format exchange_guess(const char *file, const char *bytes, size_t len);

/**
 * exchange_import() - read one file
 * @x: gets its rules, lists and report; may have those of other files
 * @file: its name, for the report and the names of lists
 * @bytes: its contents, NUL bytes and all
 *
 * Return: 0; -EINVAL: the file as a whole is none of this format, which the report says; -ENOMEM:
 * @x is only good for exchange_free().
 */
int exchange_import(struct exchange *x, enum exchange_format format, const char *file,
		    const char *bytes, size_t len);

/**
 * exchange_export() - write rules in another format
 * @x: its report gets what cannot be expressed; the rules are taken from it
 * @out: the text, for free()
 *
 * The formats are all but EXCHANGE_OPENSNITCH (-ENOTSUP).
 */
int exchange_export(struct exchange *x, enum exchange_format format, char **out, size_t *len);

/* A rule as it is stored, but without id, at most RULE_TEXT_MAX bytes. The length, or -ENOSPC. */
int exchange_rule_text(const struct rule *rule, char *buf, size_t size);

/* Where exporters and other readers put what they have. Takes @rule, also on failure. */
int exchange_add_rule(struct exchange *x, struct rule *rule, bool review);

/* One word for a fate: "changed", "disabled", "kept", "left". */
const char *exchange_fate_name(enum exchange_fate fate);
/* The line of the report about @entry into @buf, which is returned. */
char *exchange_entry_print(const struct exchange_entry *entry, char *buf, size_t size);
/* The text of a list file, for free(); NULL without memory. */
char *exchange_list_text(const struct exchange_list *list);

#endif
