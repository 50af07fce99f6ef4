// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch top` without a terminal: what it makes of answers, and every screen. It must never need
 * snitchd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "screens.h"
#include "top/screen.h"
#include "userspace/ask/words.h"

#define SEC	1000000000ULL
#define EVIL	"\xe2\x80\xaegnp\x1b[2J.exe"

static json_t *owner(int id, const char *program, const char *user, int pid)
{
	return json_pack("{s:i,s:s,s:s,s:i,s:i,s:[{s:s}],s:[],s:[s]}", "owner", id, "program",
			 program, "user", user, "uid", 1000, "pid", pid, "parents", "program",
			 "/usr/bin/bash", "flags", "cmdline", program);
}

static json_t *flow(int cookie, int id, const char *address, int port, long long sent,
		    long long received)
{
	return json_pack("{s:i,s:i,s:s,s:i,s:s,s:i,s:s,s:i,s:s,s:s,s:I,s:I,s:i,s:i,s:s}", "cookie",
			 cookie, "owner", id, "address", address, "port", port, "proto", "tcp",
			 "uid", 1000, "local", "10.0.0.5", "local_port", 40000 + cookie, "verdict",
			 "allow", "by", "rule", "sent", (json_int_t)sent, "received",
			 (json_int_t)received, "sent_packets", 3, "received_packets", 4, "rule",
			 "0123456789abcdef");
}

static json_t *with_name(json_t *f, const char *name, const char *source, bool claimed)
{
	json_object_set_new(f, "name", json_string(name));
	json_object_set_new(f, "name_source", json_string(source));
	json_object_set_new(f, "name_claimed", json_boolean(claimed));
	json_object_set_new(f, "names", json_pack("[{s:s,s:s,s:b}]", "name", name, "source", source,
						  "claimed", claimed));
	return f;
}

/* Six flows of five programs; @more: bytes that went since. */
static void answer(struct top *t, long long more, uint64_t now)
{
	json_t *owners = json_array(), *flows = json_array(), *o, *f;
	char longest[4096];
	size_t i;

	json_array_append_new(owners, owner(1, "/usr/bin/curl", "alice", 4242));
	o = owner(2, "/usr/bin/python3.11", "root", 4300);
	json_object_set_new(o, "unit", json_string("nginx.service"));
	json_object_set_new(o, "script", json_string("/opt/tools/fetch"));
	json_object_set_new(o, "script_verified", json_false());
	json_object_set_new(o, "login_user", json_string("alice"));
	json_array_append_new(owners, o);
	json_array_append_new(owners, owner(3, EVIL, "bob", 1));
	/* a path as long as they get, of characters two columns wide */
	strcpy(longest, "/opt/");
	for (i = 5; i + 4 < sizeof(longest); i += 3)
		strcpy(longest + i, "\xe6\x97\xa5");
	json_array_append_new(owners, owner(4, longest, "carol with a very long name", 2));

	f = with_name(flow(11, 1, "151.101.2.132", 443, 1200 + more, 3400000 + 20 * more),
		      "deb.debian.org", "dns", false);
	json_array_append_new(flows, f);
	json_array_append_new(flows, with_name(flow(12, 1, "2001:db8::7", 443, 500, 700),
					       "cdn.example.org", "sni", true));
	json_array_append_new(flows, flow(13, 2, "192.0.2.7", 22, 99999, 5));
	f = with_name(flow(14, 3, "198.51.100.7", 80, 0, 0), EVIL, "dns", true);
	json_object_set_new(f, "verdict", json_string("hold"));
	json_object_set_new(f, "by", json_string("question"));
	json_object_set_new(f, "question", json_integer(17));
	json_object_del(f, "rule");
	json_array_append_new(flows, f);
	json_array_append_new(flows, flow(15, 4, "192.0.2.8", 25, 10, 10));
	/* nobody knows whose that is */
	f = flow(16, 0, "192.0.2.9", 53, 60, 90);
	json_object_set_new(f, "comm", json_string("ntpd"));
	json_object_set_new(f, "lookup", json_string("pool.ntp.org"));
	json_array_append_new(flows, f);
	assert_int_equal(top_take(t, owners, flows, 0, now), 0);
}

static const struct top_program *program(const struct top *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_programs; i++)
		if (!strcmp(t->program[i].name, name))
			return &t->program[i];
	fail_msg("%s is not there", name);
	return NULL;
}

static void flows_are_grouped(void **state)
{
	struct top t = { 0 };
	const struct top_program *p;

	(void)state;
	answer(&t, 0, 10 * SEC);
	assert_int_equal(t.n_programs, 5);
	assert_int_equal(t.n_flows, 6);
	assert_int_equal(t.n_waiting, 1);
	p = program(&t, "/usr/bin/curl");
	assert_int_equal(p->n_flows, 2);
	assert_int_equal(p->total.sent, 1700);
	assert_int_equal(p->total.received, 3400700);
	assert_int_equal(p->total.sent_packets, 6);
	assert_string_equal(p->user, "alice");
	p = program(&t, "ntpd");
	assert_null(p->owner);
	assert_string_equal(p->user, "1000");
	assert_string_equal(program(&t, "/usr/bin/python3.11")->app, "unit nginx.service");
	/* what waits is first, whatever the order */
	assert_int_equal(t.program[0].n_waiting, 1);
	top_clear(&t);
}

static void rates(void **state)
{
	struct top t = { 0 };
	const struct top_program *p;
	json_t *flows;

	(void)state;
	answer(&t, 0, 10 * SEC);
	assert_int_equal(program(&t, "/usr/bin/curl")->rate.sent, 0);
	answer(&t, 3000, 12 * SEC);
	p = program(&t, "/usr/bin/curl");
	assert_int_equal(p->rate.sent, 1500);
	assert_int_equal(p->rate.received, 30000);
	assert_int_equal(p->rate.sent_packets, 0);
	/* the kernel forgot the flow and counts anew; another is new */
	flows = json_pack("[o,o]", flow(11, 1, "151.101.2.132", 443, 100, 0),
			  flow(99, 1, "151.101.2.132", 443, 300, 0));
	assert_int_equal(top_take(&t, json_pack("[o]", owner(1, "/usr/bin/curl", "alice", 1)),
				  flows, 7, 13 * SEC), 0);
	assert_int_equal(t.n_programs, 1);
	assert_int_equal(t.program[0].rate.sent, 400);
	assert_int_equal(t.more, 7);
	/* a clock that stands still divides by nothing */
	answer(&t, 0, 13 * SEC);
	assert_int_equal(program(&t, "/usr/bin/curl")->rate.sent, 0);
	top_clear(&t);
}

/* One executable of two users, in a unit and without, is not one program. */
static void what_keeps_programs_apart(void **state)
{
	struct top t = { 0 };
	json_t *owners = json_array(), *flows = json_array(), *o, *f;
	int i;

	(void)state;
	for (i = 1; i <= 4; i++) {
		o = owner(i, "/usr/bin/curl", i == 2 ? "bob" : "alice", i);
		if (i >= 3)
			json_object_set_new(o, "unit", json_string("x.service"));
		json_array_append_new(owners, o);
		f = flow(i, i, "192.0.2.1", 80, 1, 1);
		json_object_set_new(f, "uid", json_integer(i == 2 ? 1001 : 1000));
		json_array_append_new(flows, f);
	}
	assert_int_equal(top_take(&t, owners, flows, 0, SEC), 0);
	assert_int_equal(t.n_programs, 3);
	assert_int_equal(top_find(&t, "/usr/bin/curl", "carol", ""), -1);
	i = (int)top_find(&t, "/usr/bin/curl", "alice", "unit x.service");
	assert_true(i >= 0);
	assert_int_equal(t.program[i].n_flows, 2);
	top_clear(&t);
}

static void orders(void **state)
{
	static const struct { enum top_sort by; const char *first, *last; } cases[] = {
		{ TOP_BY_SENT, "/usr/bin/python3.11", "/opt/" },
		{ TOP_BY_RECEIVED, "/usr/bin/curl", "/usr/bin/python3.11" },
		{ TOP_BY_FLOWS, "/usr/bin/curl", "/opt/" },
		{ TOP_BY_NAME, "/usr/bin/curl", "/opt/" },
		{ TOP_BY_RATE, "/usr/bin/curl", "/opt/" },
	};
	struct top t = { .sort = TOP_BY_NAME };
	size_t i;

	(void)state;
	answer(&t, 0, 10 * SEC);
	answer(&t, 3000, 11 * SEC);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.sort = cases[i].by == TOP_BY_RATE ? TOP_BY_NAME : TOP_BY_RATE;
		top_order(&t, cases[i].by);
		assert_false(t.reverse);
		assert_int_equal(t.program[0].n_waiting, 1);
		assert_string_equal(t.program[1].name, cases[i].first);
		if (cases[i].by != TOP_BY_FLOWS && cases[i].by != TOP_BY_RATE)
			assert_int_equal(strncmp(t.program[4].name, cases[i].last,
						 strlen(cases[i].last)), 0);
		top_order(&t, cases[i].by);
		assert_true(t.reverse);
		assert_int_equal(t.program[0].n_waiting, 1);
		assert_string_equal(t.program[4].name, cases[i].first);
	}
	top_clear(&t);
}

/* Whatever an answer has: no more than so many flows, nothing that is none. */
static void odd_answers(void **state)
{
	static const char *const odd[] = {
		"[]", "[1, null, \"x\", []]", "[{}]", "[{\"owner\":-1,\"address\":7,\"sent\":-5}]",
		"[{\"verdict\":[],\"names\":7,\"name\":{},\"proto\":null,\"owner\":9}]",
	};
	struct top t = { 0 };
	struct top_view v = { .columns = 80, .rows = 24, .details = true, .mode = "" };
	struct top_screen s = { 0 };
	json_t *flows;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		for (k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
			assert_int_equal(top_take(&t, json_loads(odd[k], 0, NULL),
						  json_loads(odd[i], 0, NULL), 0, SEC), 0);
			v.program = 0;
			top_screen(&s, &t, &v);
			json_decref(top_json(&t));
		}
	}
	flows = json_array();
	for (i = 0; i < TOP_FLOWS_MAX + 10; i++)
		json_array_append_new(flows, flow((int)i, 0, "192.0.2.1", 1, 1, 1));
	assert_int_equal(top_take(&t, json_array(), flows, 5, SEC), 0);
	assert_int_equal(t.n_flows, TOP_FLOWS_MAX);
	assert_int_equal(t.more, 15);
	top_screen(&s, &t, &v);
	assert_true(s.n <= v.rows);
	top_screen_clear(&s);
	top_clear(&t);
}

static void numbers(void **state)
{
	static const struct { uint64_t bytes; const char *text; } cases[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1.0K" }, { 1234, "1.2K" }, { 9950, "10K" },
		{ 999499, "999K" }, { 999500, "1.0M" }, { 3400000, "3.4M" },
		{ UINT64_MAX, "18E" },
	};
	char text[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		top_bytes(cases[i].bytes, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

/* Appends the screen to @f; no line is wider than the terminal, nothing steers it. */
static void shoot(FILE *f, const char *what, const struct top *t, struct top_view *v)
{
	struct top_screen s = { 0 };
	unsigned int i;
	const char *p;

	top_screen(&s, t, v);
	fprintf(f, "== %s, %ux%u\n", what, v->columns, v->rows);
	for (i = 0; i < s.n; i++) {
		for (p = s.line[i].text; *p; p++)
			assert_true((unsigned char)*p >= 0x20);
		if (words_columns(s.line[i].text) >= v->columns)
			fail_msg("%u columns: %s", v->columns, s.line[i].text);
		assert_null(strstr(s.line[i].text, "\xe2\x80\xae"));
		for (p = s.line[i].text + strlen(s.line[i].text);
		     p > s.line[i].text && p[-1] == ' '; p--)
			;
		fprintf(f, "%s%.*s\n", (long)i == s.current ? ">" : "|",
			(int)(p - s.line[i].text), s.line[i].text);
	}
	assert_true(!v->rows || s.n <= v->rows);
	assert_true(v->help || v->details || v->program >= t->n_programs || s.current >= 0);
	top_screen_clear(&s);
}

static void screens(void **state)
{
	static const struct { unsigned int columns, rows; } sizes[] = {
		{ 80, 24 }, { 40, 12 }, { 120, 40 }, { 60, 16 }, { 20, 5 }, { 160, 0 },
	};
	json_t *rules = json_pack("{s:s}", "0123456789abcdef",
				  "allow /usr/bin/curl to *.debian.org port 443 tcp");
	json_t *policy = json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "source", "shipped with snitch",
				   "application", "curl transfers data", "connections", "purpose",
				   "Connects to the server that was named", "deny_consequences",
				   "The transfer fails.");
	struct top t = { 0 };
	size_t i, size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	answer(&t, 0, 10 * SEC);
	answer(&t, 3000, 11 * SEC);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct top_view v = {
			.columns = sizes[i].columns, .rows = sizes[i].rows, .utf8 = true,
			.mode = "ask", .selected = 1, .rules = rules,
		};

		shoot(f, "list", &t, &v);
		v.details = true;
		v.program = 1;
		v.policy = policy;
		shoot(f, "details", &t, &v);
		v.program = 0;
		v.policy = NULL;
		v.utf8 = false;
		shoot(f, "what waits", &t, &v);
		v.help = true;
		v.message = i % 2 ? "snitchd is not there; waiting for it" : NULL;
		shoot(f, "help", &t, &v);
	}
	fclose(f);
	screens_compare("top", text);
	free(text);
	json_decref(rules);
	json_decref(policy);
	top_clear(&t);
}

/* The selected line is on the screen wherever it is, and stays while the terminal gets smaller. */
static void scrolls(void **state)
{
	json_t *owners = json_array(), *flows = json_array();
	struct top_view v = { .columns = 80, .rows = 24, .utf8 = true, .mode = "" };
	struct top t = { .sort = TOP_BY_NAME };
	struct top_screen s = { 0 };
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "/opt/p%02d", i);
		json_array_append_new(owners, owner(i + 1, name, "a", i));
		json_array_append_new(flows, flow(i, i + 1, "192.0.2.1", 1, 1, 1));
	}
	assert_int_equal(top_take(&t, owners, flows, 0, SEC), 0);
	for (i = 0; i < 200; i++) {
		v.selected = (size_t)(i * 37 % 103);
		v.rows = 6 + (unsigned int)(i * 11 % 40);
		top_screen(&s, &t, &v);
		assert_true(s.current > 0 && s.current < (long)s.n);
		snprintf(name, sizeof(name), "  p%02zu ", v.selected);
		assert_int_equal(strncmp(s.line[s.current].text, name, strlen(name)), 0);
		assert_true(v.selected < 100);
	}
	top_screen_clear(&s);
	top_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_grouped),
		cmocka_unit_test(rates),
		cmocka_unit_test(what_keeps_programs_apart),
		cmocka_unit_test(orders),
		cmocka_unit_test(odd_answers),
		cmocka_unit_test(numbers),
		cmocka_unit_test(screens),
		cmocka_unit_test(scrolls),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_top", tests, NULL, NULL);
}
