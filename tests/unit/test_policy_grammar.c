// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The grammar as a property: every sentence that it makes is read, written back and read as the
 * same rule; every spoiled one is read or refused at a place. It must never resolve a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/program.h"
#include "rulegen.h"

#define SENTENCES	20000
#define SPOILED		50000

/* ---- every production of snitch-rules(5), GRAMMAR -------------------------------------- */

struct sentence {
	char text[RULE_LINE_MAX];
	size_t len;
};

static void add(struct sentence *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->len += vsnprintf(s->text + s->len, sizeof(s->text) - s->len, fmt, ap);
	va_end(ap);
	assert_true(s->len < sizeof(s->text));
}

static void gap(struct sentence *s)
{
	static const char *const gaps[] = { " ", " ", " ", "  ", "\t", " \t " };

	add(s, "%s", GEN_PICK(gaps));
}

/* Bytes of every kind but NUL, in quotes. */
static void quoted(struct sentence *s, const char *first)
{
	static const char *const parts[] = {
		"a", "Z", "0", " ", ",", "#", "\\\"", "\\\\\\\\", "\\x0a", "\\xff", "\xc3\xa4",
		"\x80", "\\x7f",
		"\\\\*", "\\\\[", "]", "to", "=", "\\xe2\\x80\\xae", ".",
	};
	unsigned int n = 1 + gen_pick(8);

	add(s, "\"%s", first);
	while (n--)
		add(s, "%s", GEN_PICK(parts));
	add(s, "e\"");
}

static void word(struct sentence *s)
{
	static const char *const words[] = {
		"x", "alice", "to", "any", "not", "1000", "\xc3\xa4", "a.service", "in", "port",
		"a=b",
		"a\\b", "[", "*",
	};

	if (gen_once_in(3))
		quoted(s, "");
	else
		add(s, "%s", GEN_PICK(words));
}

static void path(struct sentence *s)
{
	static const char *const paths[] = {
		"/bin/a", "/usr/lib/x-y_z/a.b", "/a\\*b", "/a\\\\b", "/\xff", "/opt/\xc3\xa4",
		"/a=b", "/a\\[x]",
	};

	if (gen_once_in(4))
		quoted(s, "/");
	else
		add(s, "%s", GEN_PICK(paths));
}

/* One that may have children. */
static void parent(struct sentence *s)
{
	static const char *const patterns[] = { "/usr/*/x", "/bin/[ab]", "/b?", "\"/opt/a */x\"" };
	static const char *const kinds[] = { "unit ", "flatpak ", "snap " };

	switch (gen_pick(7)) {
	case 0:
		add(s, "%s", GEN_PICK(patterns));
		break;
	case 1:
		add(s, "%s", GEN_PICK(kinds));
		word(s);
		break;
	case 2:
		add(s, "container img%s:/bin/a", gen_once_in(2) ? ":12" : "@sha256:00");
		break;
	case 3:
		add(s, "script ");
		path(s);
		break;
	default:
		path(s);
	}
}

/* Return: true for the kernel. */
static bool program(struct sentence *s)
{
	static const char *const kinds[] = {
		"any", "icmp-error", "icmp-reply", "nd", "igmp", "mld", "tcp", "wireguard", "nfs",
		"vxlan",
		"relayed", "forwarded", "other",
	};
	unsigned int n;

	if (gen_once_in(8)) {
		add(s, "kernel %s", GEN_PICK(kinds));
		return true;
	}
	if (gen_once_in(3))
		add(s, "any");
	else
		parent(s);
	for (n = gen_once_in(4) ? gen_pick(RULE_CHILD_MAX + 1) : 0; n; n--) {
		add(s, " child-of ");
		parent(s);
	}
	if (gen_once_in(5))
		add(s, " and children");
	return false;
}

static void item(struct sentence *s)
{
	static const char *const items[] = {
		"any", "example.com", "WWW.Example.Com.", "a-b_c.x", "*.example.com", "*.com",
		"192.0.2.1",
		"0.0.0.0", "255.255.255.255", "fe80::1", "::", "::ffff:192.0.2.9",
		"192.0.2.1-192.0.2.9",
		"::1-::2", "192.0.2.1-192.0.2.1", "10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "::/0",
		"192.0.2.1/32", "fd00::/8", "::ffff:10.0.0.0/104", "::ffff:0:0/96",
		"2001:db8::5/127",
		"local-net", "loopback", "multicast", "broadcast", "bonjour", "dns-servers",
		"list:x",
		"list:A-b_c.9", "\"any\"", "\"not\"", "\"loopback\"", "\"192.0.2.1\"",
		"xn--bcher-kva.example",
	};

	add(s, "%s", GEN_PICK(items));
}

static void list_of(struct sentence *s, void (*one)(struct sentence *s))
{
	unsigned int n = gen_once_in(3) ? 1 + gen_pick(6) : 1;

	for (one(s); --n; one(s))
		add(s, gen_once_in(3) ? " , " : ",");
}

static void port(struct sentence *s)
{
	unsigned int a = 1 + gen_pick(65535);

	if (gen_once_in(2))
		add(s, "%u", a);
	else
		add(s, "%u-%u", a, a + gen_pick(65536 - a));
}

/* A date, in one of its forms. */
static void date(struct sentence *s)
{
	add(s, "until 20%02u-%02u-%02u", 10 + gen_pick(80), 1 + gen_pick(12), 1 + gen_pick(28));
	if (gen_once_in(2))
		add(s, "T%02u:%02u", gen_pick(24), gen_pick(60));
	else if (gen_once_in(2))
		add(s, "T%02u:%02u:%02u", gen_pick(24), gen_pick(60), gen_pick(60));
	add(s, gen_once_in(2) ? "Z" : "");
}

static void lifetime(struct sentence *s)
{
	static const char *const lifetimes[] = {
		"until quit", "until reboot", "for 90s", "for 10m", "for 1h30m", "for 2d",
		"for 1d1h1m1s",
		"for 3600s",
	};

	if (gen_once_in(3))
		date(s);
	else
		add(s, "%s", GEN_PICK(lifetimes));
}

static void protocol(struct sentence *s, bool ports)
{
	static const char *const protos[] = {
		"tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "136",
	};
	static const char *const others[] = {
		"icmp", "icmpv6", "igmp", "gre", "esp", "0", "255", "99", "1",
	};

	if (gen_once_in(8))
		add(s, "packet");
	else
		add(s, "%s", ports || gen_once_in(2) ? GEN_PICK(protos) : GEN_PICK(others));
}

enum {
	OPT_PORT, OPT_PROTO, OPT_WHO, OPT_LIFETIME, OPT_PRIORITY, OPT_PROFILE, OPT_INTERFACE,
	OPT_FLAG, __OPTS
};

static void option(struct sentence *s, unsigned int which, bool ports)
{
	static const char *const flags[] = { "in", "nolog", "disabled", "lockdown" };
	static const char *const interfaces[] = {
		"eth0", "wg-1.2", "\xff\x80", "\"e\\xff\"", "tcp",
	};

	switch (which) {
	case OPT_PORT:
		add(s, "port ");
		if (ports)
			list_of(s, port);
		else
			add(s, "any");
		break;
	case OPT_PROTO:
		protocol(s, ports);
		break;
	case OPT_WHO:
		add(s, gen_once_in(2) ? "user " : "group ");
		word(s);
		break;
	case OPT_LIFETIME:
		lifetime(s);
		break;
	case OPT_PRIORITY:
		add(s, "priority %s", gen_once_in(2) ? "high" : "regular");
		break;
	case OPT_PROFILE:
		add(s, "profile ");
		word(s);
		break;
	case OPT_INTERFACE:
		add(s, "via-interface %s", GEN_PICK(interfaces));
		break;
	default:
		add(s, "%s", GEN_PICK(flags));
	}
}

/* What may follow the remote: each once, in any order. @who: a user may still be named. */
static void options(struct sentence *s, bool who)
{
	unsigned int order[__OPTS], i, k;
	bool ports = gen_once_in(3);

	for (i = 0; i < __OPTS; i++) {
		k = gen_pick(i + 1);
		order[i] = order[k];
		order[k] = i;
	}
	for (i = 0; i < __OPTS; i++) {
		if (order[i] == OPT_PORT ? !ports && !gen_once_in(8) : !gen_once_in(3))
			continue;
		if (order[i] == OPT_WHO && !who)
			continue;
		gap(s);
		option(s, order[i], ports);
	}
}

static void keys(struct sentence *s)
{
	add(s, "[id=%08x%08x", gen_pick(1U << 31), 1 + gen_pick(1U << 30));
	if (gen_once_in(2))
		add(s, " until=%u", gen_pick(1U << 31));
	if (gen_once_in(2))
		add(s, " pid=%u start=%u exec=%u", gen_pick(1000), gen_pick(1000), gen_pick(1000));
	if (gen_once_in(2))
		add(s, "  by=a/b-%u x-y=Z", gen_pick(10));
	add(s, "]%s", gen_once_in(2) ? " " : "");
}

static void make_sentence(struct sentence *s)
{
	static const char *const actions[] = { "allow", "deny", "drop", "ask" };
	bool kernel, who = false;

	s->len = 0;
	if (gen_once_in(4))
		keys(s);
	/* the kernel's own traffic is never asked about: that is thrown away below */
	add(s, "%s ", GEN_PICK(actions));
	kernel = program(s);
	if (!kernel && gen_once_in(3)) {
		add(s, gen_once_in(2) ? " user " : " group ");
		word(s);
		who = true;
	}
	if (gen_once_in(4)) {
		add(s, gen_once_in(2) ? " to any" : "\tto loopback");
	} else {
		add(s, gen_once_in(3) ? "  to not " : " to ");
		list_of(s, item);
	}
	options(s, !kernel && !who);
	if (gen_once_in(4))
		add(s, " # note \\ \" %s", gen_once_in(2) ? "\xc3\xa4" : "#");
}

/* ---- the same rule ----------------------------------------------------------------------- */

static void same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void same_program(const struct rule_program *a, const struct rule_program *b)
{
	for (; a && b; a = a->child_of, b = b->child_of) {
		assert_int_equal(a->kind, b->kind);
		same_text(a->name, b->name);
		same_text(a->path, b->path);
		assert_int_equal(a->kernel, b->kernel);
		assert_int_equal(a->and_children, b->and_children);
	}
	assert_true(!a && !b);
}

/* Every field, not what the printer makes of it. */
static void same_rule(const struct rule *a, const struct rule *b)
{
	size_t i;

	assert_true(a->id == b->id);
	same_text(a->keys, b->keys);
	assert_int_equal(a->action, b->action);
	same_program(&a->program, &b->program);
	assert_int_equal(a->who, b->who);
	same_text(a->who_name, b->who_name);
	assert_true(a->who_id == b->who_id && a->who_known == b->who_known);
	assert_int_equal(a->negated, b->negated);
	assert_int_equal(a->n_items, b->n_items);
	for (i = 0; i < a->n_items; i++) {
		assert_int_equal(a->items[i].kind, b->items[i].kind);
		assert_int_equal(a->items[i].family, b->items[i].family);
		assert_int_equal(a->items[i].len, b->items[i].len);
		if (item_is_name(&a->items[i])) {
			same_text(a->items[i].name, b->items[i].name);
			continue;
		}
		assert_memory_equal(a->items[i].first, b->items[i].first, 16);
		assert_memory_equal(a->items[i].last, b->items[i].last, 16);
	}
	assert_int_equal(a->n_ports, b->n_ports);
	if (a->n_ports)
		assert_memory_equal(rule_ports(a), rule_ports(b),
				    a->n_ports * sizeof(struct rule_ports));
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->flags, b->flags);
	same_text(a->interface, b->interface);
	same_text(a->profile, b->profile);
	same_text(a->note, b->note);
	assert_int_equal(a->lifetime, b->lifetime);
	assert_true(a->seconds == b->seconds && a->until == b->until);
	assert_true(a->image.pid == b->image.pid && a->image.start == b->image.start &&
		    a->image.exec_id == b->image.exec_id);
}

/* Written and read it is the same, as stored and as people see it; writing it again, too. */
static void check_written(const struct rule *rule, const char *line)
{
	char text[RULE_TEXT_MAX], again_text[RULE_TEXT_MAX], error[1024];
	struct rule *again = NULL;
	struct rule_error err;
	int len = rule_print(rule, text, sizeof(text));

	if (len < 0 || len >= RULE_LINE_MAX)
		fail_msg("cannot be written: %s", line);
	if (rule_parse(text, NULL, 0, &again, &err) || !again)
		fail_msg("'%s' became '%s': %s", line, text,
			 rule_error_print(&err, error, sizeof(error)));
	same_rule(rule, again);
	assert_true(rule_equal(rule, again));
	assert_int_equal(rule_print(again, again_text, sizeof(again_text)), len);
	assert_string_equal(text, again_text);
	rule_free(again);
	assert_true(rule_print_plain(rule, text, sizeof(text)) > 0);
	if (rule_parse(text, NULL, 0, &again, &err) || !again)
		fail_msg("'%s' became '%s'", line, text);
	assert_true(rule->program.kind == again->program.kind && rule->seconds == again->seconds);
	rule_free(again);
}

/* A refusal names the place, what was found and what was expected. */
static void check_refusal(const struct rule_error *err, const char *line)
{
	char text[1024], place[64];

	if (strcmp(err->file, "f") || err->line != 7 || !err->column ||
	    err->column > strlen(line) + 1 || !err->expected[0])
		fail_msg("'%s': %s", line, rule_error_print(err, text, sizeof(text)));
	snprintf(place, sizeof(place), "f:7:%u: ", err->column);
	rule_error_print(err, text, sizeof(text));
	assert_memory_equal(text, place, strlen(place));
	assert_non_null(strstr(text, "expected "));
}

static void test_sentences(void **state)
{
	unsigned int left = gen_rounds(SENTENCES), asked = 0, addressed = 0, frames = 0;
	struct sentence s;

	(void)state;
	gen_seed("sentences");
	while (left--) {
		struct rule *rule = NULL;
		struct rule_error err;
		char error[1024];

		make_sentence(&s);
		if (!rule_parse(s.text, "f", 7, &rule, &err)) {
			assert_non_null(rule);
			check_written(rule, s.text);
			frames += rule->proto == RULE_PROTO_PACKET;
			rule_free(rule);
			continue;
		}
		check_refusal(&err, s.text);
		/* what the grammar alone does not say */
		if (!strcmp(err.found, "packet")) {
			addressed++;
			continue;
		}
		if (!strstr(err.next, "never asked about"))
			fail_msg("'%s': %s", s.text, rule_error_print(&err, error, sizeof(error)));
		asked++;
	}
	assert_true(asked > 0 && addressed > 0 && frames > 0);
}

/* ---- spoiled ------------------------------------------------------------------------------- */

static void spoil_byte(struct sentence *s)
{
	static const char bytes[] = " \t,\"\\[]#=-./:*x0";
	size_t at = s->len ? gen_pick(s->len) : 0;

	switch (gen_pick(4)) {
	case 0:
		if (!s->len)
			break;
		memmove(s->text + at, s->text + at + 1, s->len-- - at);
		break;
	case 1:
		if (s->len + 2 > sizeof(s->text))
			break;
		memmove(s->text + at + 1, s->text + at, s->len++ - at + 1);
		s->text[at] = bytes[gen_pick(sizeof(bytes) - 1)];
		break;
	case 2:
		s->text[at] = s->len ? 1 + gen_pick(255) : 0;
		break;
	default:
		s->text[at] = '\0';
	}
	s->len = strlen(s->text);
}

/* A word of another sentence in the place of what follows here. */
static void spoil_word(struct sentence *s)
{
	struct sentence other;
	size_t here, there;

	make_sentence(&other);
	here = s->len ? gen_pick(s->len) : 0;
	there = gen_pick(other.len);
	here += strcspn(s->text + here, " ");
	there += strcspn(other.text + there, " ");
	if (here + other.len - there >= sizeof(s->text))
		return;
	strcpy(s->text + here, other.text + there);
	s->len = strlen(s->text);
}

static void test_spoiled(void **state)
{
	unsigned int left = gen_rounds(SPOILED), n_read = 0, n_refused = 0, k;
	struct sentence s;

	(void)state;
	gen_seed("spoiled");
	while (left--) {
		struct rule *rule = NULL;
		struct rule_error err;

		make_sentence(&s);
		for (k = 1 + gen_pick(4); k; k--)
			gen_once_in(4) ? spoil_word(&s) : spoil_byte(&s);
		if (rule_parse(s.text, "f", 7, &rule, &err)) {
			assert_null(rule);
			check_refusal(&err, s.text);
			n_refused++;
		} else if (rule) {
			check_written(rule, s.text);
			rule_free(rule);
			n_read++;
		}
	}
	print_message("%u read, %u refused\n", n_read, n_refused);
	assert_true(n_read > n_refused / 20);
	assert_true(n_refused > n_read / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_spoiled),
	};

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
