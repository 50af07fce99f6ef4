// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of other firewalls: each hard file of tests/exchange gives the rules and the report that
 * stand beside it in FILE.golden. The word before its ending says how it is read: "user",
 * "reviewed", "temporary", "nolists". SNITCH_GOLDEN=write writes the golden files anew: read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange.h"
#include "exchange/plain.h"
#include "util/cleanup.h"
#include "util/format.h"

static const char *const here[] = {
	"/usr/bin/curl", "/usr/lib/firefox/firefox", "/opt/tool/bin/tool", NULL,
};

static bool exists(void *ctx, const char *path)
{
	const char *const *p;

	(void)ctx;
	for (p = here; *p; p++) {
		if (!strcmp(*p, path))
			return true;
	}
	return false;
}

static bool all_exist(void *ctx, const char *path)
{
	(void)ctx;
	(void)path;
	return true;
}

static char *read_file(const char *path, size_t *len)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	size_t room = 1 << 20;
	char *text = malloc(room);

	if (!f) {
		free(text);
		return NULL;
	}
	assert_non_null(text);
	*len = fread(text, 1, room - 1, f);
	assert_true(*len < room - 1);
	text[*len] = '\0';
	return text;
}

/* Everything an exchange has to say, as people would read it. */
static char *transcript(const struct exchange *x, int r)
{
	char text[RULE_TEXT_MAX], *out = NULL;
	size_t size, i;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	for (i = 0; i < x->n_rules; i++) {
		assert_true(exchange_rule_text(x->rules[i].rule, text, sizeof(text)) > 0);
		fprintf(f, "%s%s\n", text, x->rules[i].review ? "  [review]" : "");
	}
	for (i = 0; i < x->n_lists; i++) {
		_cleanup_free_ char *list = exchange_list_text(&x->lists[i]);

		assert_non_null(list);
		fprintf(f, "--- list %s\n%.400s", x->lists[i].name, list);
		if (strlen(list) > 400)
			fprintf(f, "...\n");
	}
	fprintf(f, "---\n");
	for (i = 0; i < x->n_entries; i++)
		fprintf(f, "%s\n", exchange_entry_print(&x->entries[i], text, sizeof(text)));
	fprintf(f, "--- %d: %zu enforced, %zu to review, %zu kept, %zu left\n", r, x->n_enforced,
		x->n_review, x->n_kept, x->n_left);
	fclose(f);
	return out;
}

static struct exchange *import_file(enum exchange_format format, const char *name,
				    const char *text, size_t len, int *r)
{
	struct exchange_options options = {
		.exists = exists,
		.reviewed = strstr(name, ".reviewed."),
		.one_user = strstr(name, ".user."),
		.uid = 1000,
		.temporary = strstr(name, ".temporary."),
		.lists = !strstr(name, ".nolists."),
	};
	struct exchange *x = exchange_new(&options);

	assert_non_null(x);
	*r = exchange_import(x, format, name, text, len);
	return x;
}

static void check_file(const char *folder, const char *name, enum exchange_format format)
{
	const char *write = getenv("SNITCH_GOLDEN");
	_cleanup_free_ char *path = snitch_format("%s/%s", folder, name);
	_cleanup_free_ char *golden = snitch_format("%s.golden", path);
	_cleanup_free_ char *text = NULL, *want = NULL, *got = NULL;
	struct exchange *x;
	size_t len;
	int r;

	text = read_file(path, &len);
	assert_non_null(text);
	x = import_file(format, name, text, len, &r);
	got = transcript(x, r);
	exchange_free(x);
	if (write && !strcmp(write, "write")) {
		_cleanup_fclose_ FILE *f = fopen(golden, "we");

		assert_non_null(f);
		fputs(got, f);
		return;
	}
	want = read_file(golden, &len);
	if (!want)
		fail_msg("there is no %s", golden);
	if (strcmp(got, want))
		fail_msg("%s: wanted\n%s\ngot\n%s", name, want, got);
}

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcmp(name + n - m, end);
}

static unsigned int check_folder(const char *sub)
{
	const char *top = getenv("SNITCH_TOP");
	_cleanup_free_ char *folder = snitch_format("%s/tests/exchange/%s", top ? top : ".", sub);
	DIR *dir = opendir(folder);
	const struct dirent *e;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || ends(e->d_name, ".golden"))
			continue;
		check_file(folder, e->d_name, !strcmp(sub, "opensnitch") ? EXCHANGE_OPENSNITCH :
			   ends(e->d_name, ".lsrules") ? EXCHANGE_LSRULES :
			   ends(e->d_name, ".json") ? EXCHANGE_JSON : EXCHANGE_SNITCH);
		n++;
	}
	closedir(dir);
	return n;
}

static void test_lsrules(void **state)
{
	(void)state;
	assert_true(check_folder("lsrules") > 20);
}

static void test_opensnitch(void **state)
{
	(void)state;
	assert_true(check_folder("opensnitch") > 20);
}

static void test_native(void **state)
{
	(void)state;
	assert_true(check_folder("native") > 3);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* A file of @n times @middle. */
static int import_many(const char *start, const char *middle, size_t n, const char *end,
		       struct exchange **out)
{
	struct exchange_options options = { .lists = true };
	size_t len;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);
	int r;

	assert_non_null(f);
	fputs(start, f);
	while (n--)
		fputs(middle, f);
	fputs(end, f);
	fclose(f);
	*out = exchange_new(&options);
	assert_non_null(*out);
	r = exchange_import(*out, EXCHANGE_LSRULES, "many", text, len);
	free(text);
	return r;
}

static void test_too_many(void **state)
{
	struct exchange *x;

	(void)state;
	assert_int_equal(import_many("{\"x\":[0", ",0", EXCHANGE_VALUES_MAX, "]}", &x), -EINVAL);
	assert_int_equal(x->n_left, 1);
	assert_string_equal(x->entries[0].reason, "more than 2000000 values");
	exchange_free(x);
}

static void test_too_large(void **state)
{
	struct exchange *x = exchange_new(NULL);
	size_t len = EXCHANGE_FILE_MAX + 1;
	char *text = malloc(len);

	(void)state;
	assert_non_null(x);
	assert_non_null(text);
	memset(text, ' ', len);
	assert_int_equal(exchange_import(x, EXCHANGE_LSRULES, "large", text, len), -EINVAL);
	assert_string_equal(x->entries[0].reason, "the file is larger than 64 MiB");
	exchange_free(x);
	free(text);
}

/* The report is bounded, what it counts is not. */
static void test_long_report(void **state)
{
	struct exchange *x;

	(void)state;
	assert_int_equal(import_many("{\"rules\":[0", ",0", 20000, "]}", &x), 0);
	assert_int_equal(x->n_left, 20001);
	assert_int_equal(x->n_entries, EXCHANGE_ENTRIES_MAX);
	assert_int_equal(x->n_unsaid, 20001 - EXCHANGE_ENTRIES_MAX);
	exchange_free(x);
}

/* 200 000 addresses stood in the largest list that anyone has seen. */
static void test_long_list(void **state)
{
	struct exchange_options options = { .lists = true };
	struct exchange *x = exchange_new(&options);
	size_t len, i, n = 200000;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(x);
	fputs("{\"name\":\"long\",\"denied-remote-addresses\":[\"bad\"", f);
	for (i = 0; i < n; i++)
		fprintf(f, ",\n\"10.%zu.%zu.%zu\"", i >> 16, i >> 8 & 255, i & 255);
	fputs("]}", f);
	fclose(f);
	assert_int_equal(exchange_import(x, EXCHANGE_LSRULES, "long", text, len), 0);
	assert_int_equal(x->n_lists, 1);
	assert_int_equal(x->lists[0].n_entries, n);
	assert_int_equal(x->n_rules, 1);
	assert_int_equal(x->n_left, 1);
	exchange_free(x);
	free(text);
}

/* ---- there and back -------------------------------------------------------------------------- */

static const char *pick(const char *const *words, size_t n)
{
	return words[rand() % n];
}

#define PICK(words) pick(words, SNITCH_ARRAY_SIZE(words))

/* A rule at random; with @plain only what .lsrules files have words for, too. */
static void make_rule(char *text, size_t size, bool plain)
{
	static const char *const actions[] = { "allow", "deny", "ask", "drop" };
	static const char *const programs[] = {
		"any", "/usr/bin/curl", "\"/opt/a b\"", "/usr/bin/ssh child-of /usr/bin/git",
		"script /opt/x.py", "/opt/\\[x\\]", "/usr/lib/*/x", "unit x.service",
		"container debian:12:/usr/bin/curl", "/usr/bin/make and children",
	};
	static const char *const remotes[] = {
		"any", "local-net", "bonjour", "example.com", "*.example.com",
		"a.example,b.example", "*.a.example,*.b.example", "192.0.2.1",
		"10.0.0.0/8,192.0.2.1-192.0.2.9", "2001:db8::/32", "10.0.0.1,example.com,local-net",
		"loopback", "list:trackers", "not 10.0.0.0/8", "10.0.0.1,not.example",
	};
	static const char *const ports[] = { "", " port 443", " port 80,8000-8100" };
	static const char *const protos[] = { "", " tcp", " udp", " 200" };
	static const char *const options[] = {
		"", " priority high", " disabled", " in", "  # a note \\ \"x\" # y",
		" until 2031-12-01T10:00:00Z", " nolog lockdown", " via-interface eth0",
		" profile home",
	};
	const char *proto = PICK(protos);

	snprintf(text, size, "%s %s%s to %s%s%s%s", pick(actions, plain ? 3 : 4),
		 pick(programs, plain ? 6 : 10), plain || rand() % 4 ? "" : " user 0",
		 pick(remotes, plain ? 10 : 15), strcmp(proto, " 200") ? PICK(ports) : "", proto,
		 pick(options, plain ? 5 : 9));
}

static struct exchange *random_rules(size_t n, bool plain)
{
	struct exchange *x = exchange_new(NULL);
	struct rule_error err;
	char text[1024];
	struct rule *rule;

	assert_non_null(x);
	while (n--) {
		make_rule(text, sizeof(text), plain);
		if (rule_parse(text, NULL, 0, &rule, &err))
			fail_msg("'%s': %s", text, err.expected);
		rule->scope = RULE_S_SYSTEM;
		assert_int_equal(exchange_add_rule(x, rule, false), 0);
	}
	return x;
}

/* Written and read again; the rules are the same, in the same order. */
static void check_round(enum exchange_format format, bool plain)
{
	struct exchange_options options = { .exists = all_exist, .reviewed = true, .lists = true };
	struct exchange *x = random_rules(500, plain), *back = exchange_new(&options);
	char *text, a[RULE_TEXT_MAX], b[RULE_TEXT_MAX];
	size_t len, i;

	assert_non_null(back);
	assert_int_equal(exchange_export(x, format, &text, &len), 0);
	assert_int_equal(x->n_left, 0);
	assert_int_equal(exchange_import(back, format, "back", text, len), 0);
	assert_int_equal(back->n_left, 0);
	assert_int_equal(back->n_rules, x->n_rules);
	for (i = 0; i < x->n_rules; i++) {
		exchange_rule_text(x->rules[i].rule, a, sizeof(a));
		exchange_rule_text(back->rules[i].rule, b, sizeof(b));
		assert_string_equal(a, b);
		assert_true(rule_equal(x->rules[i].rule, back->rules[i].rule));
	}
	free(text);
	exchange_free(x);
	exchange_free(back);
}

static void test_rounds(void **state)
{
	(void)state;
	srand(7);
	check_round(EXCHANGE_JSON, false);
	check_round(EXCHANGE_SNITCH, false);
	check_round(EXCHANGE_LSRULES, true);
}

/* Of rules of all kinds, each is either in the file or in the report; none is widened. */
static void test_export_complete(void **state)
{
	struct exchange_options options = { .exists = all_exist, .reviewed = true, .lists = true };
	size_t i, k, len, written = 0;
	char *text;

	(void)state;
	srand(8);
	for (i = 0; i < 300; i++) {
		struct exchange *x = random_rules(1, false), *back = exchange_new(&options);
		const struct rule *rule = x->rules[0].rule;

		assert_int_equal(exchange_export(x, EXCHANGE_LSRULES, &text, &len), 0);
		assert_int_equal(exchange_import(back, EXCHANGE_LSRULES, "back", text, len), 0);
		assert_int_equal(back->n_left, 0);
		assert_true(!x->n_left == !!back->n_rules);
		for (k = 0; k < back->n_rules; k++) {
			const struct rule *other = back->rules[k].rule;

			assert_true(other->action == rule->action ||
				    (rule->action == SNITCH_DROP && x->n_entries));
			assert_int_equal(other->program.kind, rule->program.kind);
			assert_int_equal(other->proto, rule->proto);
			assert_int_equal(other->n_ports, rule->n_ports);
			assert_int_equal(other->flags & (RULE_F_IN | RULE_F_DISABLED | RULE_F_HIGH),
					 rule->flags & (RULE_F_IN | RULE_F_DISABLED | RULE_F_HIGH));
			assert_true(other->n_items <= rule->n_items);
		}
		written += !x->n_left;
		free(text);
		exchange_free(x);
		exchange_free(back);
	}
	assert_in_range(written, 30, 270);
}

static void test_plain(void **state)
{
	static const struct {
		const char *expression;
		int n;
		const char *first;
		bool domain;
	} table[] = {
		{ "^/usr/bin/curl$", 1, "/usr/bin/curl", false },
		{ "^a\\.b$", 1, "a.b", false },
		{ "^(80|443)$", 2, "80", false },
		{ "^x(a|b)(1|2)y$", 4, "xa1y", false },
		{ "^(?:a|)$", 2, "a", false },
		{ "^(|.*\\.)a\\.b$", 1, "a.b", true },
		{ "^.*\\.a\\.b$", 1, "a.b", true },
		{ "a", 0, NULL, false }, { "^a", 0, NULL, false }, { "a$", 0, NULL, false },
		{ "^a.b$", 0, NULL, false }, { "^a+$", 0, NULL, false },
		{ "^[ab]$", 0, NULL, false }, { "^\\d$", 0, NULL, false },
		{ "^a|b$", 0, NULL, false }, { "^(a$", 0, NULL, false },
		{ "^a)$", 0, NULL, false }, { "^(a)*$", 0, NULL, false },
		{ "^a\\$", 0, NULL, false },
		{ "^$", 1, "", false }, { "^a\\", 0, NULL, false }, { "", 0, NULL, false },
		{ "^((a|b)|c)$", 0, NULL, false }, { "^a?$", 0, NULL, false },
		{ "^a{2}$", 0, NULL, false },
		{ "^(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)$", 0, NULL, false },
	};
	char *out[PLAIN_MAX];
	bool domain, apex;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < SNITCH_ARRAY_SIZE(table); i++) {
		n = plain_read(table[i].expression, &domain, &apex, out);
		if (n != table[i].n)
			fail_msg("'%s': %d", table[i].expression, n);
		assert_int_equal(domain, table[i].domain);
		if (n)
			assert_string_equal(out[0], table[i].first);
		while (n > 0)
			free(out[--n]);
	}
}

static void test_guess(void **state)
{
	(void)state;
	assert_int_equal(exchange_guess("x.lsrules", "", 0), EXCHANGE_LSRULES);
	assert_int_equal(exchange_guess("x.rules", "{", 1), EXCHANGE_SNITCH);
	assert_int_equal(exchange_guess("x.json", "{\"operator\": 1}", 15), EXCHANGE_OPENSNITCH);
	assert_int_equal(exchange_guess("-", "{\"schema\": 1}", 13), EXCHANGE_JSON);
	assert_int_equal(exchange_guess("-", " {\"rules\": 1}", 13), EXCHANGE_LSRULES);
	assert_int_equal(exchange_guess("-", "deny any to any", 15), EXCHANGE_SNITCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsrules),
		cmocka_unit_test(test_opensnitch),
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_long_report),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_export_complete),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
