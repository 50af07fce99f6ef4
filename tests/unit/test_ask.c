// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pure parts of `snitch ask`: words, card, keys, queue. It must never
 * need a terminal, a bus or a clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "screens.h"
#include "userspace/ask/card.h"
#include "userspace/ask/keys.h"
#include "userspace/ask/queue.h"
#include "userspace/ask/words.h"

#define SEC 1000000000ULL
#define NOW (1000 * SEC)

static json_t *question(void)
{
	json_t *q = json_pack("{s:s,s:s,s:s,s:i,s:s,s:i,s:s,s:s,s:s,s:i,s:[i],s:s,s:i,s:i,s:I,s:I,"
			      "s:[s,s,s],s:[{s:i,s:s},{s:i,s:s}],s:[]}",
			      "id", "12", "state", "held", "program", "/usr/bin/curl", "pid", 4242,
			      "user", "alice", "uid", 1000, "comm", "curl", "destination",
			      "203.0.113.7", "address", "203.0.113.7", "port", 443, "ports", 443,
			      "proto", "tcp", "flows", 2, "attempts", 2, "first_seen_boottime",
			      (json_int_t)(NOW - 4 * SEC), "deadline_boottime",
			      (json_int_t)(NOW + 118 * SEC), "cmdline", "curl", "-sS",
			      "https://203.0.113.7/a b", "parents", "pid", 4200, "program",
			      "/usr/bin/make", "pid", 4100, "program", "/usr/bin/bash", "flags");

	assert_non_null(q);
	return q;
}

static void set(json_t *q, const char *key, json_t *value)
{
	assert_int_equal(json_object_set_new(q, key, value), 0);
}

static const struct card_view wide = {
	.columns = 80, .rows = 24, .utf8 = true, .position = 1, .total = 3, .now = NOW,
};

static char *text_of(const struct card *c)
{
	size_t size, i;
	char *out;
	FILE *f = open_memstream(&out, &size);

	for (i = 0; i < c->n; i++)
		fprintf(f, "%s\n", c->line[i].text);
	fclose(f);
	return out;
}

static char *show(json_t *q, struct ask_keys *k, const struct card_view *v)
{
	struct card c = { 0 };
	char *text;

	card_question(&c, q, k, v);
	text = text_of(&c);
	card_clear(&c);
	return text;
}

static void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in:\n%s", what, text);
}

/* Every line within the width, the whole within the height, nothing that steers a terminal. */
static void assert_tame(const char *text, const struct card_view *v)
{
	char *copy = strdup(text), *line, *save;
	unsigned int n = 0;
	const char *p;

	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n')
			fail_msg("control character %#x in:\n%s", *p, text);
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++)
		if (words_columns(line) >= v->columns)
			fail_msg("%u columns of %u: %s", words_columns(line), v->columns, line);
	if (n >= v->rows)
		fail_msg("%u lines of %u:\n%s", n, v->rows, text);
	free(copy);
}

static void says_who_and_whom(void **state)
{
	json_t *q = question();
	struct ask_keys k;
	char *text;

	(void)state;
	ask_keys_start(&k, q, NOW);
	text = show(q, &k, &wide);
	assert_says(text, "question 1 of 3");
	assert_says(text, "asked 4 s ago");
	assert_says(text, "curl wants to connect to 203.0.113.7");
	assert_says(text, "TCP 443 (https)");
	assert_says(text, "/usr/bin/curl");
	assert_says(text, "alice, pid 4242");
	assert_says(text, "bash > make > curl");
	assert_says(text, "curl -sS 'https://203.0.113.7/a b'");
	assert_says(text, "2 flows wait, refused in 118 s unless answered");
	assert_says(text, "a allow   d deny");
	assert_tame(text, &wide);
	free(text);
	json_decref(q);
}

static json_t *policy(void)
{
	return json_pack("{s:s,s:s,s:[{s:s,s:s},{s:s,s:s},{s:s}]}", "source", "shipped with snitch",
			 "application", "curl transfers data", "connections", "purpose",
			 "Connects to the server that was named on its command line, or to where "
			 "that one redirects it", "deny_consequences", "The transfer fails.",
			 "purpose", "Asks a key server", "deny_consequences",
			 "The transfer fails.", "purpose", "Asks a key server");
}

static unsigned int times(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* The purpose to who looks, what comes of it to who is about to deny, each text once. */
static void policies_are_told(void **state)
{
	json_t *q = question(), *d = policy();
	struct card_view v = wide;
	struct ask_keys k;
	char *text;

	(void)state;
	v.policy = d;
	v.rows = 40;
	ask_keys_start(&k, q, NOW);
	text = show(q, &k, &v);
	assert_says(text, "purpose  Connects to the server");
	assert_says(text, "command line, or to\n           where that one redirects it\n");
	assert_int_equal(times(text, "Asks a key server"), 1);
	assert_says(text, "so says  shipped with snitch");
	assert_null(strstr(text, "The transfer fails."));
	assert_tame(text, &v);
	assert_null(strstr(text, "uses"));
	free(text);
	set(d, "services", json_pack("[{s:s,s:s}]", "name", "systemd-resolved", "purpose",
				     "Looks up names."));
	k.details = true;
	text = show(q, &k, &v);
	assert_says(text, "it is    curl transfers data");
	assert_says(text, "denied   The transfer");
	assert_says(text, "uses     systemd-resolved: Looks up names.");
	free(text);
	k.details = false;
	ask_keys_press(&k, q, 'd', NOW + SEC);
	text = show(q, &k, &v);
	assert_int_equal(times(text, "denied:  The transfer fails."), 1);
	assert_null(strstr(text, "Asks a key server"));
	assert_tame(text, &v);
	free(text);
	ask_keys_press(&k, q, 'a', NOW + 2 * SEC);
	text = show(q, &k, &v);
	assert_null(strstr(text, "The transfer fails."));
	assert_says(text, "Asks a key server");
	free(text);
	json_decref(d);
	json_decref(q);
}

static void verbs_follow_the_protocol(void **state)
{
	json_t *q = question();

	(void)state;
	set(q, "proto", json_string("udp"));
	assert_string_equal(words_verb(q), "wants to send to");
	set(q, "proto", json_string("icmp"));
	assert_string_equal(words_verb(q), "wants to ping");
	set(q, "proto", json_string("253"));
	assert_string_equal(words_verb(q), "wants to send raw packets to");
	json_decref(q);
}

static void hostile_names_stay_tame(void **state)
{
	static const char *const evil[] = {
		"\x1b[2J\x1b]0;owned\x07", "a\nallow /bin/evil to any", "\xe2\x80\xaegnp.exe",
		"\xc2\x9b" "31m", "\xff\xfe", "\t\t\t\r",
	};
	char longest[9000];
	size_t i;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i <= sizeof(evil) / sizeof(evil[0]); i++) {
		const char *name = i < sizeof(evil) / sizeof(evil[0]) ? evil[i] : longest;
		json_t *q = question(), *s = json_stringn_nocheck(name, strlen(name));
		struct ask_keys k;
		char *text;

		set(q, "program", json_incref(s));
		set(q, "destination", json_incref(s));
		set(q, "user", json_incref(s));
		set(q, "proto", json_incref(s));
		set(q, "suspended_rule", json_incref(s));
		json_array_append(json_object_get(q, "cmdline"), s);
		json_array_append_new(json_object_get(q, "parents"),
				      json_pack("{s:O}", "program", s));
		ask_keys_start(&k, q, NOW);
		k.details = true;
		text = show(q, &k, &wide);
		assert_tame(text, &wide);
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strstr(text, "\xc2\x9b"));
		free(text);
		json_decref(s);
		json_decref(q);
	}
}

static enum ask_act press(struct ask_keys *k, json_t *q, const char *keys)
{
	enum ask_act act = ASK_NOTHING;

	for (; *keys; keys++)
		act = ask_keys_press(k, q, *keys, k->since + SEC);
	return act;
}

/* What is about to be written, and how to write it or not, is seen on every terminal. */
static void stages_fit(json_t *q, const struct card_view *v)
{
	struct ask_keys k;
	char *text;

	ask_keys_start(&k, q, NOW);
	ask_keys_press(&k, q, 'a', NOW + SEC);
	text = show(q, &k, v);
	assert_tame(text, v);
	assert_says(text, v->columns < 60 ? " -> " : "wants to connect to");
	assert_says(text, "o once");
	assert_says(text, "f forever");
	assert_says(text, "4 anything");
	assert_says(text, "Esc back");
	free(text);
	ask_keys_press(&k, q, 'q', NOW + SEC);
	text = show(q, &k, v);
	assert_tame(text, v);
	assert_says(text, v->columns < 60 ? " -> " : "wants to connect to");
	assert_says(text, "port 443 tcp");
	assert_says(text, "until");
	assert_says(text, "Enter write it");
	free(text);
}

static void fits_small_terminals(void **state)
{
	json_t *q = question();
	struct ask_keys k;
	unsigned int columns, rows;

	(void)state;
	set(q, "flags", json_pack("[s,s,s,s]", "changed", "disguised", "deleted", "shared"));
	set(q, "program", json_string("/opt/a very long folder name/that goes on/bin/program"));
	set(q, "destination", json_string("2001:db8:1111:2222:3333:4444:5555:6666"));
	for (columns = 40; columns <= 120; columns += 20)
		for (rows = 12; rows <= 24; rows += 6) {
			struct card_view v = wide;
			char *text;

			v.columns = columns;
			v.rows = rows;
			v.utf8 = false;
			ask_keys_start(&k, q, NOW);
			k.details = true;
			text = show(q, &k, &v);
			assert_tame(text, &v);
			assert_says(text, columns < 60 ? " -> " : "wants to connect to");
			assert_says(text, "a allow");
			assert_says(text, columns < 60 ? "^C leave" : "Ctrl-C leave");
			free(text);
			stages_fit(q, &v);
		}
	json_decref(q);
}

/* As somebody found them good to read: each size, each stage. */
static void screens(void **state)
{
	static const struct { unsigned int columns, rows; const char *keys; } shots[] = {
		{ 80, 24, "" }, { 80, 24, "?" }, { 80, 24, "d" }, { 80, 24, "af" },
		{ 40, 12, "" }, { 40, 12, "d" }, { 40, 12, "ar" }, { 120, 40, "" },
		{ 120, 40, "?" },
	};
	json_t *q = question(), *d = policy();
	size_t i, size = 0;
	char *all = NULL;
	FILE *f = open_memstream(&all, &size);

	(void)state;
	set(q, "program", json_string("/usr/bin/python3.11"));
	set(q, "script", json_string("/opt/tools/fetch"));
	set(q, "script_verified", json_false());
	set(q, "unit", json_string("nginx.service"));
	set(q, "container", json_string("0123456789abcdef0123456789abcdef"));
	set(q, "images", json_pack("[s,s]", "debian:12", "sha256:00112233"));
	set(q, "flatpak", json_string("org.example.App"));
	set(q, "flatpak_verified", json_true());
	set(q, "login_user", json_string("bob"));
	set(q, "loginuid", json_integer(1001));
	set(q, "destination", json_string("cdn.example.org"));
	set(q, "name", json_string("cdn.example.org"));
	set(q, "names", json_pack("[{s:s,s:s,s:b},{s:s,s:s,s:b}]", "name", "cdn.example.org",
				  "source", "dns", "claimed", 0, "name", "other.example", "source",
				  "sni", "claimed", 1));
	set(q, "flags", json_pack("[s,s,s]", "changed", "disguised", "claimed"));
	for (i = 0; i < sizeof(shots) / sizeof(shots[0]); i++) {
		struct card_view v = wide;
		struct ask_keys k;
		char *text;

		v.columns = shots[i].columns;
		v.rows = shots[i].rows;
		v.policy = d;
		ask_keys_start(&k, q, NOW);
		press(&k, q, shots[i].keys);
		text = show(q, &k, &v);
		assert_tame(text, &v);
		fprintf(f, "== %ux%u, keys: %s\n%s", v.columns, v.rows, shots[i].keys, text);
		free(text);
	}
	fclose(f);
	screens_compare("ask", all);
	free(all);
	json_decref(d);
	json_decref(q);
}

static void fit_cuts_in_the_middle(void **state)
{
	char *s = words_fit("/usr/lib/something/very/deep/program", 20, true, true);

	(void)state;
	assert_int_equal(words_columns(s), 20);
	assert_int_equal(strncmp(s, "/usr/", 5), 0);
	assert_string_equal(s + strlen(s) - 8, "/program");
	free(s);
	s = words_fit("gr\xc3\xbc\xc3\x9f", 20, true, false);
	assert_string_equal(s, "gr\\xc3\\xbc\\xc3\\x9f");
	free(s);
	s = words_fit("already \\x1b escaped", 40, true, true);
	assert_string_equal(s, "already \\x1b escaped");
	free(s);
}

static void early_keys_are_ignored(void **state)
{
	json_t *q = question();
	struct ask_keys k;

	(void)state;
	ask_keys_start(&k, q, NOW);
	assert_int_equal(ask_keys_press(&k, q, 'a', NOW), ASK_NOTHING);
	assert_int_equal(ask_keys_press(&k, q, 'a', NOW + 499999999), ASK_NOTHING);
	assert_int_equal(k.stage, ASK_VERDICT);
	assert_int_equal(ask_keys_press(&k, q, 'a', NOW + 500000000), ASK_REDRAW);
	assert_int_equal(k.stage, ASK_LIFETIME);
	json_decref(q);
}

static void no_single_key_answers(void **state)
{
	json_t *q = question();
	struct ask_keys k;
	int key;

	(void)state;
	for (key = 1; key < 256; key++) {
		ask_keys_start(&k, q, NOW);
		assert_int_not_equal(ask_keys_press(&k, q, key, NOW + SEC), ASK_ANSWER);
	}
	ask_keys_start(&k, q, NOW);
	assert_int_equal(press(&k, q, "\n\n\n"), ASK_NOTHING);
	assert_int_equal(k.stage, ASK_VERDICT);
	json_decref(q);
}

static void answers(void **state)
{
	static const struct {
		const char *keys, *verdict, *lifetime, *scope;
	} good[] = {
		{ "ao", "allow", "once", "address-port" }, { "do", "deny", "once", "address-port" },
		{ "aq\n", "allow", "until quit", "address-port" },
		{ "df2\n", "deny", "forever", "address" }, { "a4h\r", "allow", "for 1h", "any" },
		{ "ar3\n", "allow", "until reboot", "port" }, { "ado", "deny", "once", "address-port" },
		{ "aqf\n", "allow", "forever", "address-port" },
	};
	static const char *const bad[] = {
		"af", "dr", "ax", "a\n", "aq ", "aqx\n", "after\n", "are you there\n",
		"about it\n", "a\033f\n", "4", "ff\n",
	};
	static const struct { const char *keys, *scope; } named[] = {
		{ "ao", "host-port" }, { "a2o", "host" }, { "a3o", "domain" }, { "a4o", "address-port" },
		{ "a5o", "port" }, { "a6o", "any" },
	};
	json_t *q = question();
	struct ask_keys k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ask_keys_start(&k, q, NOW);
		assert_int_equal(press(&k, q, good[i].keys), ASK_ANSWER);
		assert_string_equal(k.verdict, good[i].verdict);
		assert_string_equal(k.lifetime, good[i].lifetime);
		assert_string_equal(k.scope, good[i].scope);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *p;

		ask_keys_start(&k, q, NOW);
		for (p = bad[i]; *p; p++)
			if (ask_keys_press(&k, q, *p, NOW + SEC) == ASK_ANSWER)
				fail_msg("'%s' answers", bad[i]);
	}
	set(q, "host", json_string("www.example.org"));
	set(q, "domain", json_string("example.org"));
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		ask_keys_start(&k, q, NOW);
		assert_int_equal(press(&k, q, named[i].keys), ASK_ANSWER);
		assert_string_equal(k.scope, named[i].scope);
	}
	json_object_del(q, "domain");
	ask_keys_start(&k, q, NOW);
	press(&k, q, "a3");	/* means nothing here */
	assert_int_equal(k.stage, ASK_VERDICT);
	json_decref(q);
}

static void without_ports_no_port_scope(void **state)
{
	json_t *q = question();
	struct ask_keys k;

	(void)state;
	set(q, "port", json_integer(0));
	set(q, "proto", json_string("icmp"));
	ask_keys_start(&k, q, NOW);
	assert_string_equal(k.scope, "address");
	press(&k, q, "a3");
	assert_string_equal(k.scope, "address");
	ask_keys_start(&k, q, NOW);
	assert_int_equal(press(&k, q, "a4o"), ASK_ANSWER);
	assert_string_equal(k.scope, "any");
	json_decref(q);
}

static void rule_is_shown_before_it_is_written(void **state)
{
	json_t *q = question();
	struct ask_keys k;
	char *text;

	(void)state;
	ask_keys_start(&k, q, NOW);
	press(&k, q, "aq");
	text = show(q, &k, &wide);
	assert_says(text, "allow /usr/bin/curl to 203.0.113.7 port 443 tcp until quit");
	assert_says(text, "Enter write it");
	assert_tame(text, &wide);
	free(text);
	press(&k, q, "2");
	text = show(q, &k, &wide);
	assert_says(text, "allow /usr/bin/curl to 203.0.113.7 until quit");
	free(text);
	set(q, "rule_preview", json_pack("{s:s}", "address", "allow /usr/bin/curl to example.org"));
	text = show(q, &k, &wide);
	assert_says(text, "allow /usr/bin/curl to example.org until quit");
	free(text);
	json_decref(q);
}

static void warnings_are_shown(void **state)
{
	json_t *q = question();
	struct ask_keys k;
	char *text;

	(void)state;
	set(q, "flags", json_pack("[s]", "deleted"));
	set(q, "state", json_string("missed"));
	set(q, "flows", json_integer(0));
	ask_keys_start(&k, q, NOW);
	text = show(q, &k, &wide);
	assert_says(text, "! the program's file has been deleted");
	assert_says(text, "missed: refused unanswered");
	free(text);
	json_decref(q);
}

static json_t *numbered(const char *id, int flows)
{
	json_t *q = question();

	set(q, "id", json_string(id));
	set(q, "flows", json_integer(flows));
	return q;
}

static void queue_puts_held_first(void **state)
{
	struct ask_queue queue = { 0 };
	json_t *old = numbered("1", 0), *held = numbered("2", 1), *more = numbered("3", 4);

	(void)state;
	assert_int_equal(ask_queue_next(&queue), 0);
	assert_int_equal(ask_queue_put(&queue, old), 1);
	assert_int_equal(ask_queue_put(&queue, held), 1);
	assert_int_equal(ask_queue_put(&queue, more), 1);
	assert_int_equal(ask_queue_put(&queue, more), 0);
	assert_int_equal(ask_queue_next(&queue), 2);
	ask_queue_later(&queue, 2);
	assert_int_equal(ask_queue_next(&queue), 3);
	assert_true(ask_queue_drop(&queue, 3));
	assert_false(ask_queue_drop(&queue, 3));
	assert_int_equal(ask_queue_next(&queue), 1);
	ask_queue_later(&queue, 1);
	assert_int_equal(ask_queue_next(&queue), 0);
	assert_int_equal(ask_queue_recall(&queue), 2);
	assert_int_equal(ask_queue_next(&queue), 2);
	assert_int_equal(ask_queue_count(&queue), 2);
	ask_queue_clear(&queue);
	json_decref(old);
	json_decref(held);
	json_decref(more);
}

static void queue_takes_many(void **state)
{
	struct ask_queue queue = { 0 };
	char id[16];
	int i;

	(void)state;
	for (i = 1; i <= 300; i++) {
		json_t *q;

		snprintf(id, sizeof(id), "%d", i);
		q = numbered(id, 1);
		assert_int_equal(ask_queue_put(&queue, q), 1);
		json_decref(q);
	}
	for (i = 1; i <= 300; i++) {
		assert_int_equal(ask_queue_next(&queue), i);
		assert_true(ask_queue_drop(&queue, (uint64_t)i));
	}
	ask_queue_clear(&queue);
}

static void odd_questions_do_no_harm(void **state)
{
	static const char *const keys[] = {
		"program", "destination", "proto", "port", "ports", "parents", "cmdline", "flags",
		"user", "flows", "deadline_boottime", "addresses", "rule_preview", "state",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (j = 0; j < 4; j++) {
			json_t *q = question();
			json_t *odd[] = { json_null(), json_integer(-1), json_string(""),
					  json_pack("[n,i,{}]", 7) };
			struct ask_keys k;
			char *text;
			size_t n;

			for (n = 0; n < 4; n++)
				if (n == j)
					set(q, keys[i], odd[n]);
				else
					json_decref(odd[n]);
			ask_keys_start(&k, q, NOW);
			k.details = true;
			press(&k, q, "a2q");
			text = show(q, &k, &wide);
			assert_tame(text, &wide);
			free(text);
			json_decref(q);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_who_and_whom),
		cmocka_unit_test(policies_are_told),
		cmocka_unit_test(verbs_follow_the_protocol),
		cmocka_unit_test(hostile_names_stay_tame),
		cmocka_unit_test(fits_small_terminals),
		cmocka_unit_test(screens),
		cmocka_unit_test(fit_cuts_in_the_middle),
		cmocka_unit_test(early_keys_are_ignored),
		cmocka_unit_test(no_single_key_answers),
		cmocka_unit_test(answers),
		cmocka_unit_test(without_ports_no_port_scope),
		cmocka_unit_test(rule_is_shown_before_it_is_written),
		cmocka_unit_test(warnings_are_shown),
		cmocka_unit_test(queue_puts_held_first),
		cmocka_unit_test(queue_takes_many),
		cmocka_unit_test(odd_questions_do_no_harm),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
