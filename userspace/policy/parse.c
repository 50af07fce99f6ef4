// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a line of a file of rules. It must never take half a line for a rule. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "../util/escape.h"
#include "../util/timespan.h"

#define SEEN_PORTS	(1U << 0)
#define SEEN_PROTO	(1U << 1)
#define SEEN_LIFETIME	(1U << 2)
#define SEEN_PRIORITY	(1U << 3)

/* What stood after the remote already; @proto_column: where the protocol stood. */
struct seen {
	unsigned int bits;
	unsigned int proto_column;
};

static const char *const actions[] = {
	[SNITCH_ALLOW] = "allow", [SNITCH_DENY] = "deny", [SNITCH_DROP] = "drop",
	[SNITCH_ASK] = "ask",
};

static const struct {
	const char *word;
	uint32_t flag;
} flag_words[] = {
	{ "in", RULE_F_IN },
	{ "nolog", RULE_F_NOLOG },
	{ "disabled", RULE_F_DISABLED },
	{ "lockdown", RULE_F_LOCKDOWN },
};

static int fail_at(struct words *w, unsigned int column, const char *found,
		   const char *expected, const char *next)
{
	rule_fail(w->err, -EINVAL, w->file, w->lineno, found, expected, next);
	if (w->err)
		w->err->column = column;
	return -EINVAL;
}

static int no_memory(struct words *w)
{
	return rule_fail(w->err, -ENOMEM, w->file, w->lineno, NULL, "more memory", NULL);
}

static bool is_name(const struct words *w)
{
	return w->kind == WORD_PLAIN || w->kind == WORD_QUOTED;
}

/* A decimal number up to @max, nothing else. */
static bool read_number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtoull(s, &end, 10);
	return !errno && !*end && *out <= max;
}

/* One key=value of the brackets. */
static int parse_key(struct words *w, struct rule *rule, char *word)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char values[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.:/+@";
	size_t n = strspn(word, names), old;
	uint64_t pid;
	bool known = true, good = false;
	char *keys;

	if (!n || word[n] != '=' || !word[n + 1] || word[n + 1 + strspn(word + n + 1, values)])
		return words_fail(w, "key=value, as in [id=0123456789abcdef]",
				  "correct it, or leave out the brackets");
	if (!strncmp(word, "id=", 3)) {
		good = !rule->id_written && !rule_id_parse(word + 3, &rule->id);
		rule->id_written = true;
	} else if (!strncmp(word, "until=", 6)) {
		good = !rule->until && read_number(word + 6, UINT64_MAX, &rule->until);
	} else if (!strncmp(word, "pid=", 4)) {
		good = !rule->image.pid && read_number(word + 4, UINT32_MAX, &pid);
		rule->image.pid = good ? pid : 0;
	} else if (!strncmp(word, "start=", 6)) {
		good = !rule->image.start &&
		       read_number(word + 6, UINT64_MAX, &rule->image.start);
	} else if (!strncmp(word, "exec=", 5)) {
		good = !rule->image.exec_id &&
		       read_number(word + 5, UINT64_MAX, &rule->image.exec_id);
	} else {
		known = false;
	}
	if (known)
		return good ? 0 : words_fail(w, "key=value, as in [id=0123456789abcdef]",
					     "correct it, or leave out the brackets");
	old = rule->keys ? strlen(rule->keys) + 1 : 0;
	keys = realloc(rule->keys, old + strlen(word) + 1);
	if (!keys)
		return no_memory(w);
	rule->keys = keys;
	if (old)
		keys[old - 1] = ' ';
	strcpy(keys + old, word);
	return 0;
}

/* "[id=... key=value ...]" before the action; the brackets need not be there. */
static int parse_keys(struct words *w, struct rule *rule)
{
	const char *s = w->line + strspn(w->line, " \t");
	int r;

	if (*s != '[')
		return 0;
	s++;
	for (;;) {
		size_t n;

		s += strspn(s, " \t");
		n = strcspn(s, " \t]");
		w->kind = WORD_PLAIN;
		w->column = s - w->line + 1;
		memcpy(w->text, s, n);
		w->text[n] = '\0';
		if (!*s) {
			w->kind = WORD_END;
			return words_fail(w, "']' after the keys", "close the brackets");
		}
		if (!n)
			break;
		r = parse_key(w, rule, w->text);
		if (r)
			return r;
		s += n;
	}
	if (!rule->id_written) {
		strcpy(w->text, "]");
		return words_fail(w, "id= in the brackets",
				  "correct it, or leave out the brackets");
	}
	w->pos = s + 1 - w->line;
	return 0;
}

static int parse_action(struct words *w, struct rule *rule)
{
	uint32_t i;

	for (i = SNITCH_ALLOW; i <= SNITCH_ASK; i++) {
		if (words_is(w, actions[i])) {
			rule->action = i;
			return words_next(w);
		}
	}
	return words_fail(w, "allow, deny, drop or ask", "begin the rule with its action");
}

static void find_who(struct rule *rule)
{
	uint64_t id;

	rule->who_known = true;
	if (read_number(rule->who_name, UINT32_MAX - 1, &id)) {
		rule->who_id = id;
	} else if (rule->who == RULE_W_USER) {
		const struct passwd *pw = getpwnam(rule->who_name);

		rule->who_known = pw;
		rule->who_id = pw ? pw->pw_uid : 0;
	} else {
		const struct group *gr = getgrnam(rule->who_name);

		rule->who_known = gr;
		rule->who_id = gr ? gr->gr_gid : 0;
	}
}

static int parse_who(struct words *w, struct rule *rule)
{
	int r;

	if (words_is(w, "user"))
		rule->who = RULE_W_USER;
	else if (words_is(w, "group"))
		rule->who = RULE_W_GROUP;
	else
		return 0;
	if (rule->program.kind == RULE_P_KERNEL)
		return words_fail(w, "no user or group with 'kernel'",
				  "the kernel's own traffic belongs to nobody");
	r = words_next(w);
	if (r)
		return r;
	if (!is_name(w) || !w->text[0] || strlen(w->text) > RULE_NAME_MAX)
		return words_fail(w, "the name or number of a user or group",
				  "see snitch-rules(5)");
	rule->who_name = strdup(w->text);
	if (!rule->who_name)
		return no_memory(w);
	find_who(rule);
	return words_next(w);
}

static int parse_item(struct words *w, struct rule *rule)
{
	struct rule_item *items;
	const char *why;
	int r;

	if (!is_name(w))
		return words_fail(w, "a remote", "name one, like any, 10.0.0.0/8 or example.com");
	if (rule->n_items == RULE_ITEMS_MAX)
		return words_fail(w, "at most 256 remotes in one rule", "make a second rule");
	items = reallocarray(rule->items, rule->n_items + 1, sizeof(*items));
	if (!items)
		return no_memory(w);
	rule->items = items;
	r = item_parse(w->text, w->kind == WORD_QUOTED, &items[rule->n_items], &why);
	if (r == -ENOMEM)
		return no_memory(w);
	if (r)
		return words_fail(w, why, "see snitch-rules(5)");
	rule->n_items++;
	return words_next(w);
}

static int parse_remote(struct words *w, struct rule *rule)
{
	int r;

	if (!words_is(w, "to"))
		return words_fail(w, "'to' and a remote", "write ACTION PROGRAM [user NAME] to "
				  "REMOTE; names with blanks or commas stand in double quotes");
	r = words_next(w);
	if (r)
		return r;
	if (words_is(w, "not")) {
		rule->negated = true;
		r = words_next(w);
		if (r)
			return r;
	}
	r = parse_item(w, rule);
	while (!r && w->kind == WORD_COMMA) {
		r = words_next(w);
		if (!r)
			r = parse_item(w, rule);
	}
	return r;
}

/* "443" or "8000-8080" */
static bool read_ports(const char *s, struct rule_ports *out)
{
	char first[8];
	size_t n = strcspn(s, "-");
	uint64_t a, b;

	if (n >= sizeof(first))
		return false;
	memcpy(first, s, n);
	first[n] = '\0';
	if (!read_number(first, 65535, &a))
		return false;
	b = a;
	if (s[n] && !read_number(s + n + 1, 65535, &b))
		return false;
	*out = (struct rule_ports){ a, b };
	return a && a <= b;
}

static int parse_port(struct words *w, struct rule *rule)
{
	struct rule_ports range;
	int r;

	if (w->kind != WORD_PLAIN || !read_ports(w->text, &range))
		return words_fail(w, "'any', or ports from 1 to 65535 like 443 or 8000-8080",
				  "put commas between them");
	r = rule_add_ports(rule, range.first, range.last);
	if (r == -E2BIG)
		return words_fail(w, "at most 256 ranges of ports", "make a second rule");
	return r ? no_memory(w) : words_next(w);
}

/* After "port". */
static int parse_ports(struct words *w, struct rule *rule)
{
	int r = words_next(w);

	if (r)
		return r;
	if (words_is(w, "any"))
		return words_next(w);
	if (!proto_has_ports(rule->proto))
		return words_fail(w, "a protocol with ports: tcp, udp, sctp, dccp, udplite or packet",
				  "leave out 'port' or the protocol");
	r = parse_port(w, rule);
	while (!r && w->kind == WORD_COMMA) {
		r = words_next(w);
		if (!r)
			r = parse_port(w, rule);
	}
	return r;
}

/* The word after an option, which @good (NULL: any name) must like. */
static int parse_name_option(struct words *w, char **out, bool (*good)(const char *name),
			     const char *expected)
{
	int r;

	if (*out)
		return words_fail(w, "each option once", "leave out the second");
	r = words_next(w);
	if (r)
		return r;
	if (!is_name(w) || !w->text[0] || strlen(w->text) > RULE_NAME_MAX ||
	    (good && !good(w->text)))
		return words_fail(w, expected, "see snitch-rules(5)");
	*out = strdup(w->text);
	return *out ? words_next(w) : no_memory(w);
}

/* As the kernel lets them be called. */
static bool interface_valid(const char *name)
{
	return strlen(name) <= 15 && !strpbrk(name, "/: \t") && strcmp(name, ".") &&
	       strcmp(name, "..");
}

static int parse_lifetime(struct words *w, struct rule *rule, bool until, struct seen *seen)
{
	int r;

	if (seen->bits & SEEN_LIFETIME)
		return words_fail(w, "one lifetime at most", "leave out one of them");
	seen->bits |= SEEN_LIFETIME;
	r = words_next(w);
	if (r)
		return r;
	if (until) {
		if (w->kind != WORD_PLAIN || !lifetime_until(rule, w->text))
			return words_fail(w, "quit, reboot or a date after 'until'",
					  "write a date as 2026-12-31 or 2026-12-31T18:00");
		return words_next(w);
	}
	if (w->kind != WORD_PLAIN || snitch_span_parse(w->text, &rule->seconds))
		return words_fail(w, "a span of time after 'for'", "write one like 90s, 1h or 2d");
	rule->lifetime = RULE_L_FOR;
	return words_next(w);
}

static int parse_priority(struct words *w, struct rule *rule, struct seen *seen)
{
	int r;

	if (seen->bits & SEEN_PRIORITY)
		return words_fail(w, "each option once", "leave out the second");
	seen->bits |= SEEN_PRIORITY;
	r = words_next(w);
	if (r)
		return r;
	if (words_is(w, "high"))
		rule->flags |= RULE_F_HIGH;
	else if (!words_is(w, "regular"))
		return words_fail(w, "high or regular after 'priority'", "see snitch-rules(5)");
	return words_next(w);
}

static int parse_flag(struct words *w, struct rule *rule)
{
	size_t i;

	for (i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (!words_is(w, flag_words[i].word))
			continue;
		if (rule->flags & flag_words[i].flag)
			return words_fail(w, "each option once", "leave out the second");
		rule->flags |= flag_words[i].flag;
		return words_next(w);
	}
	return words_fail(w, "port, a protocol, user, group, an option (for, until, priority, "
			  "profile, via-interface, lockdown, nolog, disabled, in), # or the end",
			  "see snitch-rules(5)");
}

/* A protocol or an option, or an error. */
static int parse_other(struct words *w, struct rule *rule, struct seen *seen)
{
	int proto = w->kind == WORD_PLAIN ? proto_parse(w->text) : -1;

	if (proto < 0)
		return parse_flag(w, rule);
	if (seen->bits & SEEN_PROTO)
		return words_fail(w, "each option once", "leave out the second");
	if (rule->n_ports && !proto_has_ports(proto))
		return words_fail(w, "a protocol with ports: tcp, udp, sctp, dccp, udplite or packet",
				  "leave out 'port' or the protocol");
	seen->bits |= SEEN_PROTO;
	seen->proto_column = w->column;
	rule->proto = proto;
	return words_next(w);
}

static int parse_option(struct words *w, struct rule *rule, struct seen *seen)
{
	if (words_is(w, "port")) {
		if (seen->bits & SEEN_PORTS)
			return words_fail(w, "each option once", "leave out the second");
		seen->bits |= SEEN_PORTS;
		return parse_ports(w, rule);
	}
	if (words_is(w, "for") || words_is(w, "until"))
		return parse_lifetime(w, rule, words_is(w, "until"), seen);
	if (words_is(w, "priority"))
		return parse_priority(w, rule, seen);
	if (words_is(w, "profile"))
		return parse_name_option(w, &rule->profile, NULL, "the name of a profile");
	if (words_is(w, "via-interface"))
		return parse_name_option(w, &rule->interface, interface_valid,
					 "the name of a network interface");
	if (!words_is(w, "user") && !words_is(w, "group"))
		return parse_other(w, rule, seen);
	if (rule->who != RULE_W_ANYONE)
		return words_fail(w, "one user or group at most", "make a second rule");
	return parse_who(w, rule);
}

static int parse_note(struct words *w, struct rule *rule)
{
	const char *s = w->text;

	while (*s) {
		unsigned int code;
		size_t n = snitch_utf8_len(s, strlen(s), &code);

		if (!n || (snitch_code_is_unsafe(code) && *s != '\t' && *s != '\\'))
			return words_fail(w, "a note of printable UTF-8", "people will read it");
		s += n;
	}
	if (!w->text[0])
		return 0;
	rule->note = strdup(w->text);
	return rule->note ? 0 : no_memory(w);
}

/* Frames have no address, and from where they leave is not where they go. */
static int check_frames(struct words *w, const struct rule *rule, unsigned int column)
{
	if (rule->proto != RULE_PROTO_PACKET)
		return 0;
	if (rule->program.kind == RULE_P_KERNEL)
		return fail_at(w, column, "packet", "a program: the kernel has no packet sockets",
			       "leave out 'packet'");
	if (rule->negated || rule->n_items != 1 ||
	    (rule->items[0].kind != RULE_I_ANY && rule->items[0].kind != RULE_I_LOOPBACK))
		return fail_at(w, column, "packet",
			       "to any or to loopback: frames are not judged by address",
			       "write 'to any', perhaps with 'via-interface'");
	return 0;
}

/* Bytes that are no text take four each when they are written: even so it must be one line. */
static int check_length(struct words *w, const struct rule *rule)
{
	char text[RULE_LINE_MAX];

	if (rule_print(rule, text, sizeof(text)) >= 0)
		return 0;
	return fail_at(w, 1, NULL, "a rule of at most 4095 bytes as snitch writes it",
		       "make two rules of it");
}

static int parse_rule(struct words *w, struct rule *rule)
{
	struct seen seen = { .bits = 0 };
	int r = parse_keys(w, rule);

	if (!r)
		r = words_next(w);
	if (!r)
		r = parse_action(w, rule);
	if (!r)
		r = program_parse(w, &rule->program);
	if (!r && rule->program.kind == RULE_P_KERNEL && rule->action == SNITCH_ASK)
		r = words_fail(w, "allow, deny or drop with 'kernel'",
			       "the kernel's own traffic is never asked about");
	if (!r)
		r = parse_who(w, rule);
	if (!r)
		r = parse_remote(w, rule);
	while (!r && w->kind != WORD_END && w->kind != WORD_NOTE)
		r = parse_option(w, rule, &seen);
	if (!r && w->kind == WORD_NOTE)
		r = parse_note(w, rule);
	if (!r)
		r = check_frames(w, rule, seen.proto_column);
	return r ? r : check_length(w, rule);
}

/* The line without its newline; lengths and bytes that no rule may have are told. */
static int copy_line(struct words *w, const char *line, char **out)
{
	size_t n = strcspn(line, "\n"), i;
	char *copy;

	if (line[n] && line[n + 1])
		return fail_at(w, n + 1, NULL, "one line", "make two rules of it");
	if (n >= RULE_LINE_MAX)
		return fail_at(w, RULE_LINE_MAX, NULL, "a line of at most 4095 bytes",
			       "make two rules of it");
	for (i = 0; i < n; i++) {
		unsigned char c = line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return fail_at(w, i + 1, (char[]){ c, '\0' }, "no control characters",
				       "write them as \\xNN in double quotes");
	}
	copy = strndup(line, n);
	if (!copy)
		return no_memory(w);
	w->line = copy;
	*out = copy;
	return 0;
}

int rule_parse(const char *line, const char *file, unsigned int lineno, struct rule **out,
	       struct rule_error *err)
{
	struct rule *rule = NULL;
	char *copy = NULL;
	struct words *w;
	size_t n;
	int r;

	*out = NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return rule_fail(err, -ENOMEM, file, lineno, NULL, "more memory", NULL);
	w->file = file;
	w->lineno = lineno;
	w->err = err;
	r = copy_line(w, line, &copy);
	if (r)
		goto out;
	n = strspn(copy, " \t");
	if (!copy[n] || copy[n] == '#')
		goto out;
	rule = calloc(1, sizeof(*rule));
	if (!rule) {
		r = no_memory(w);
		goto out;
	}
	rule->proto = -1;
	r = parse_rule(w, rule);
	if (r)
		goto out;
	if (!rule->id_written)
		rule->id = rule_hash(rule);
	rule->line = lineno;
	*out = rule;
	rule = NULL;
out:
	rule_free(rule);
	free(copy);
	free(w);
	return r;
}
