// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocklists: what each kind of line says, what is on a list and what is excepted, and which files
 * are taken. It must never read this machine's lists.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab.h"
#include "lists/lists.h"
#include "policy/policy.h"

static struct list *build(enum list_kind kind, const char *text, const char *except)
{
	struct list_builder *b = list_builder_new("test", kind);
	struct list *list;
	size_t i;

	assert_non_null(b);
	/* byte by byte: pieces may end anywhere */
	for (i = 0; text[i]; i++)
		assert_int_equal(list_builder_feed(b, text + i, 1), 0);
	list_builder_part(b, LIST_EXCEPTIONS);
	if (except)
		assert_int_equal(list_builder_feed(b, except, strlen(except)), 0);
	list = list_builder_finish(b);
	assert_non_null(list);
	return list;
}

static bool has_addr(const struct list *list, const char *text)
{
	uint8_t addr[16] = { 0 };

	if (inet_pton(AF_INET, text, addr) == 1)
		return list_match_addr(list, AF_INET, addr, NULL);
	assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
	return list_match_addr(list, AF_INET6, addr, NULL);
}

static bool has_name(const struct list *list, const char *host)
{
	return list_match_name(list, host, NULL);
}

/* One line, what it holds. */
struct line {
	const char *text;
	size_t names, ranges, bad;
};

static const struct line lines[] = {
	{ "", 0, 0, 0 }, { "# x", 0, 0, 0 }, { "! x", 0, 0, 0 }, { "; x", 0, 0, 0 },
	{ "  \t ", 0, 0, 0 }, { "\r", 0, 0, 0 }, { "[Adblock Plus 2.0]", 0, 0, 0 },
	{ "# caf\xc3\xa9 is welcome in a comment", 0, 0, 0 },
	{ "example.com", 1, 0, 0 }, { "example.com.", 1, 0, 0 }, { "EXAMPLE.com\r", 1, 0, 0 },
	{ "example.com # note", 1, 0, 0 }, { "  example.com  ", 1, 0, 0 },
	{ "*.example.com", 1, 0, 0 }, { ".example.com", 1, 0, 0 }, { "*.zip", 1, 0, 0 },
	{ "xn--bcher-kva.example", 1, 0, 0 }, { "_dmarc.example.com", 1, 0, 0 },
	{ "\xef\xbb\xbf" "example.com", 1, 0, 0 },
	{ "1-2.example", 1, 0, 0 }, { "dead.beef", 1, 0, 0 },
	{ "0.0.0.0 a.example", 1, 0, 0 }, { "127.0.0.1\ta.example b.example # x", 2, 0, 0 },
	{ ":: a.example", 1, 0, 0 }, { "0.0.0.0 word", 1, 0, 0 },
	{ "127.0.0.1 localhost", 0, 0, 0 }, { "255.255.255.255 broadcasthost", 0, 0, 0 },
	{ "::1 ip6-localhost ip6-loopback", 0, 0, 0 }, { "0.0.0.0 0.0.0.0", 0, 0, 0 },
	{ "||example.com^", 1, 0, 0 }, { "||example.com^$important", 1, 0, 0 },
	{ "@@||example.com^", 0, 0, 0 },
	{ "192.0.2.1", 0, 1, 0 }, { "192.0.2.0/24", 0, 1, 0 }, { "192.0.2.1-192.0.2.9", 0, 1, 0 },
	{ "192.0.2.0/24 ; SBL1234", 0, 1, 0 }, { "2001:db8::/32", 0, 1, 0 },
	{ "::ffff:192.0.2.1", 0, 1, 0 },
	/* what is not understood as a whole is not taken */
	{ "word", 0, 0, 1 }, { "b\xc3\xbc" "cher.example", 0, 0, 1 },
	{ "exam\001ple.com", 0, 0, 1 }, { "example.com\x7f", 0, 0, 1 }, { "example..com", 0, 0, 1 },
	{ "example.com##.ad", 0, 0, 1 }, { "||example.com^$third-party", 0, 0, 1 },
	{ "||example.com/path^", 0, 0, 1 }, { "||example.com", 0, 0, 1 },
	{ "/regex/", 0, 0, 1 }, { "https://example.com/", 0, 0, 1 }, { "exa mple.com", 0, 0, 1 },
	{ "192.0.2.1 router.example", 0, 0, 1 }, { "192.0.2.0/33", 0, 0, 1 },
	{ "192.0.2.9-192.0.2.1", 0, 0, 1 }, { "0.0.0.0/0", 0, 0, 1 }, { "::/0", 0, 0, 1 },
	{ "192.0.2.300", 0, 0, 1 }, { "*.*.example.com", 0, 0, 1 }, { "*", 0, 0, 1 },
	{ "a.b.c.d.e.f.g.h.i.example", 1, 0, 0 },
	{ "a.b.c.d.e.f.g.h.i.j.example", 0, 0, 1 },
	{ "<html>", 0, 0, 1 }, { "[Unknown]", 0, 0, 1 },
};

static void test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct list *list = build(LIST_AUTO, lines[i].text, NULL);
		const struct list_facts *facts = list_facts(list);

		if (facts->names != lines[i].names || facts->ranges != lines[i].ranges ||
		    facts->bad != lines[i].bad)
			fail_msg("'%s': %zu names, %zu ranges, %u bad", lines[i].text,
				 facts->names, facts->ranges, (unsigned int)facts->bad);
		list_free(list);
	}
}

static void test_kinds(void **state)
{
	static const char text[] = "0.0.0.0 host.example\nwide.example\n192.0.2.1\n";
	static const struct {
		enum list_kind kind;
		bool host, below_host, wide, below_wide, addr;
		unsigned int bad;
	} kinds[] = {
		{ LIST_AUTO, true, false, true, true, true, 0 },
		{ LIST_DOMAINS, true, true, true, true, false, 1 },
		{ LIST_HOSTS, true, false, true, false, false, 1 },
		{ LIST_ADDRESSES, false, false, false, false, true, 2 },
	};
	enum list_kind kind;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct list *list = build(kinds[i].kind, text, NULL);

		assert_int_equal(has_name(list, "host.example"), kinds[i].host);
		assert_int_equal(has_name(list, "x.host.example"), kinds[i].below_host);
		assert_int_equal(has_name(list, "wide.example"), kinds[i].wide);
		assert_int_equal(has_name(list, "x.wide.example"), kinds[i].below_wide);
		assert_int_equal(has_addr(list, "192.0.2.1"), kinds[i].addr);
		assert_int_equal(list_facts(list)->bad, kinds[i].bad);
		list_free(list);
		assert_int_equal(list_kind_parse(list_kind_name(kinds[i].kind), &kind), 0);
		assert_int_equal(kind, kinds[i].kind);
	}
	assert_int_equal(list_kind_parse("", &kind), -EINVAL);
}

static void test_names(void **state)
{
	struct list *list = build(LIST_AUTO, "ads.example.com\n*.zip\n0.0.0.0 exact.example\n"
				  "exact.example.org\n0.0.0.0 both.example\nboth.example\n", NULL);
	char longest[300], part[70];
	const char *entry;
	int i;

	(void)state;
	assert_true(list_match_name(list, "a.B.ADS.example.COM.", &entry));
	assert_string_equal(entry, "ads.example.com");
	assert_false(has_name(list, "example.com"));
	assert_false(has_name(list, "badads.example.com"));
	assert_false(has_name(list, "ads.example.com.evil"));
	assert_false(has_name(list, "ads.example.co"));
	assert_true(has_name(list, "some.zip"));
	assert_true(has_name(list, "zip"));
	assert_false(has_name(list, "x.exact.example"));
	assert_true(has_name(list, "x.both.example"));
	assert_false(has_name(list, ""));
	assert_false(has_name(list, "."));
	assert_false(has_name(list, ".."));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(has_name(list, longest));
	/* 253 bytes of many labels, and of the longest ones */
	longest[0] = '\0';
	for (i = 0; i < 124; i++)
		strcat(longest, "a.");
	strcat(longest, "a.zip");
	assert_int_equal(strlen(longest), 253);
	assert_true(has_name(list, longest));
	memset(part, 'b', 63);
	strcpy(part + 63, ".");
	snprintf(longest, sizeof(longest), "%s%s%sads.example.com", part, part, part);
	assert_true(has_name(list, longest));
	list_free(list);
}

static void range_is(const struct list *list, size_t i, const char *text)
{
	const struct list_range *ranges;
	char buf[LIST_RANGE_TEXT];

	assert_true(list_ranges(list, &ranges) > i);
	assert_string_equal(list_range_print(&ranges[i], buf, sizeof(buf)), text);
}

static void test_ranges(void **state)
{
	const struct list_range *ranges;
	struct list *list;

	(void)state;
	list = build(LIST_AUTO, "192.0.2.128/25\n10.0.0.5\n192.0.2.0/25\n10.0.0.4\n10.0.0.7\n"
		     "2001:db8::/33\n2001:db8:8000::/33\n10.0.0.0-10.0.0.5\n"
		     "255.255.255.254/31\n255.255.255.255\n", NULL);
	assert_int_equal(list_ranges(list, &ranges), 5);
	range_is(list, 0, "10.0.0.0-10.0.0.5");
	range_is(list, 1, "10.0.0.7");
	range_is(list, 2, "192.0.2.0-192.0.2.255");
	range_is(list, 3, "255.255.255.254-255.255.255.255");
	range_is(list, 4, "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_true(has_addr(list, "10.0.0.0"));
	assert_true(has_addr(list, "10.0.0.5"));
	assert_false(has_addr(list, "10.0.0.6"));
	assert_false(has_addr(list, "9.255.255.255"));
	assert_true(has_addr(list, "255.255.255.255"));
	assert_true(has_addr(list, "2001:db8::1"));
	assert_false(has_addr(list, "2001:db9::"));
	assert_false(has_addr(list, "::"));
	list_free(list);
}

static void test_exceptions(void **state)
{
	struct list *list = build(LIST_AUTO, "example.com\nads.example.net\n@@||free.example.com^\n"
				  "192.0.2.0/24\n10.0.0.0/8\n2001:db8::/32\n",
				  "# mine\nok.example.com\nexample.net\n192.0.2.10\n"
				  "10.0.0.0-10.127.255.255\n2001:db8::/32\n9.0.0.0/8\n");
	char buf[LIST_RANGE_TEXT];
	uint8_t addr[16] = { 192, 0, 2, 10 };

	(void)state;
	assert_true(has_name(list, "example.com"));
	assert_true(has_name(list, "www.example.com"));
	assert_false(has_name(list, "ok.example.com"));
	assert_false(has_name(list, "www.ok.example.com"));
	assert_false(has_name(list, "free.example.com"));
	assert_false(has_name(list, "ads.example.net"));
	assert_string_equal(list_why_not_name(list, "WWW.ok.example.com", buf, sizeof(buf)),
			    "ok.example.com");
	assert_null(list_why_not_name(list, "www.example.com", buf, sizeof(buf)));
	assert_false(has_addr(list, "192.0.2.10"));
	assert_true(has_addr(list, "192.0.2.9"));
	assert_true(has_addr(list, "192.0.2.11"));
	assert_false(has_addr(list, "10.127.255.255"));
	assert_true(has_addr(list, "10.128.0.0"));
	assert_false(has_addr(list, "2001:db8::1"));
	range_is(list, 0, "10.128.0.0-10.255.255.255");
	range_is(list, 1, "192.0.2.0-192.0.2.9");
	range_is(list, 2, "192.0.2.11-192.0.2.255");
	assert_string_equal(list_why_not_addr(list, AF_INET, addr, buf, sizeof(buf)), "192.0.2.10");
	/* 9.0.0.0/8 and what follows it are one range */
	assert_int_equal(list_facts(list)->excepted, 6);
	list_free(list);
}

/* Against an array of one flag an address: random ranges and holes within one /24. */
static void test_ranges_at_random(void **state)
{
	unsigned int round, i, a, first, last;

	(void)state;
	srand(1);
	for (round = 0; round < 300; round++) {
		char text[2048] = "", except[2048] = "", *to;
		bool on[256] = { false }, off[256] = { false };
		const struct list_range *ranges;
		struct list *list;
		size_t n;

		for (i = 0; i < 20; i++) {
			bool hole = rand() % 3 == 0;

			first = rand() % 256;
			last = first + rand() % 20;
			last = last > 255 ? 255 : last;
			to = hole ? except : text;
			sprintf(to + strlen(to), "255.255.255.%u-255.255.255.%u\n", first, last);
			for (a = first; a <= last; a++)
				(hole ? off : on)[a] = true;
		}
		list = build(LIST_AUTO, text, except);
		for (a = 0; a < 256; a++) {
			uint8_t addr[16] = { 255, 255, 255, a };

			assert_int_equal(list_match_addr(list, AF_INET, addr, NULL),
					 on[a] && !off[a]);
		}
		n = list_ranges(list, &ranges);
		for (i = 1; i < n; i++)
			assert_true(ranges[i].first[3] > ranges[i - 1].last[3] + 1);
		list_free(list);
	}
}

static void test_bounds(void **state)
{
	struct list_builder *b = list_builder_new("test", LIST_AUTO);
	const struct list_facts *facts;
	char big[5000];
	struct list *list;
	int i;

	(void)state;
	memset(big, 'a', sizeof(big));
	assert_int_equal(list_builder_feed(b, big, sizeof(big)), 0);
	assert_int_equal(list_builder_feed(b, "\nexample.com\0.evil\n", 19), 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(list_builder_feed(b, "no list\n", 8), 0);
	assert_int_equal(list_builder_feed(b, "last.example", 12), 0);
	list = list_builder_finish(b);
	facts = list_facts(list);
	assert_int_equal(facts->lines, 23);
	assert_int_equal(facts->bad, 22);
	assert_int_equal(facts->bad_lines[0].line, 1);
	assert_string_equal(facts->bad_lines[0].why, "longer than 1024 bytes");
	assert_int_equal(facts->bad_lines[1].line, 2);
	assert_string_equal(facts->bad_lines[1].why, "a control character");
	assert_int_equal(facts->bad_lines[4].line, 5);
	assert_int_equal(facts->names, 1);
	assert_true(has_name(list, "last.example"));
	assert_false(facts->html);
	list_free(list);
	list = build(LIST_AUTO, "\n <!DOCTYPE html>\nexample.com\n", NULL);
	assert_true(list_facts(list)->html);
	list_free(list);
}

/* Far more names than fit a first table: each is found, and only those. */
static void test_many(void **state)
{
	struct list_builder *b = list_builder_new("many", LIST_AUTO);
	char text[64];
	struct list *list;
	unsigned int i;
	int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 20000; i++) {
			sprintf(text, "h%u.d%u.example\n", i, i % 977);
			assert_int_equal(list_builder_feed(b, text, strlen(text)), 0);
		}
	}
	list = list_builder_finish(b);
	assert_int_equal(list_facts(list)->names, 20000);
	for (i = 0; i < 20000; i++) {
		sprintf(text, "x.h%u.d%u.example", i, i % 977);
		assert_true(has_name(list, text));
		sprintf(text, "h%u.d%u.example", i, (i + 1) % 977);
		assert_false(has_name(list, text));
	}
	list_free(list);
}

static void test_conf(void **state)
{
	struct list_conf conf = {
		.url = "https://lists.example/a?b=c", .kind = LIST_HOSTS, .every = 5400,
		.disabled = true, .fetched = 5, .tried = 6, .failures = 7, .count = 8,
		.etag = "\"x y\"", .sha256 = "00ff", .error = "404",
	};
	static const char *const wrong[] = {
		"url = http://a/\n", "url=https://\n", "url=https://u:p@a/\n",
		"url=https://a/\xc3\xa9\n", "url=https://a b/\n", "kind = x\n", "every = never\n",
		"enabled = 1\n", "count = -1\n", "fetched = 1x\n", "what = 1\n", "x\n",
	};
	struct list_conf again;
	unsigned int line;
	size_t size, i;
	char *text;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(list_conf_write(f, &conf), 0);
	fclose(f);
	assert_int_equal(list_conf_read(text, &again, &line), 0);
	assert_memory_equal(&conf, &again, sizeof(conf));
	free(text);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char copy[128];

		snprintf(copy, sizeof(copy), "kind = auto\n%s", wrong[i]);
		if (list_conf_read(copy, &again, &line) != -EINVAL || line != 2)
			fail_msg("taken: %s", wrong[i]);
	}
	assert_null(list_url_check("https://lists.example:8443/x"));
	assert_null(list_url_check("https://lists.example"));
	assert_true(list_name_valid("a.b-c_1"));
	assert_false(list_name_valid(".a"));
	assert_false(list_name_valid("a/b"));
	assert_false(list_name_valid(""));
}

/* ---- folders --------------------------------------------------------------------------- */

#define STORE	"/var/lib/snitch/lists"
#define ADMIN	"/etc/snitch/lists"

static char root[LAB_ROOT];

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/var", "/var/lib", "/var/lib/snitch", STORE, "/etc", "/etc/snitch", ADMIN,
	};

	(void)state;
	lab_root(root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_remove(root);
	return 0;
}

/* Loads again; what there was is gone then. Return: whether they differ. */
static int reload(struct lists **lists)
{
	struct lists *now = NULL;
	struct rule_error err;
	int r = lists_load(root, *lists, &now, &err);

	assert_true(r >= 0);
	lists_free(*lists);
	*lists = now;
	return r;
}

static void test_folders(void **state)
{
	struct lists *lists = NULL;
	char path[128];

	(void)state;
	lab_write(root, STORE "/a.list", "a.example\n");
	lab_write(root, STORE "/a.except", "ok.a.example\n");
	lab_write(root, STORE "/b.list", "b.example\n192.0.2.0/24\n");
	lab_write(root, STORE "/b.conf", "kind = domains\nurl = https://lists.example/b\n");
	lab_write(root, ADMIN "/c.list", "c.example\n");
	lab_write(root, STORE "/c.list", "other.example\n");
	lab_write(root, STORE "/d.conf", "url = https://lists.example/d\n");
	lab_write(root, STORE "/.hidden.list", "x.example\n");
	lab_write(root, STORE "/notes.txt", "x.example\n");
	assert_int_equal(reload(&lists), 1);
	assert_null(lists_at(lists, 4));
	assert_true(has_name(lists_find(lists, "a"), "a.example"));
	assert_false(has_name(lists_find(lists, "a"), "ok.a.example"));
	assert_int_equal(list_facts(lists_find(lists, "b"))->bad, 1);
	assert_true(has_name(lists_find(lists, "c"), "c.example"));
	assert_false(has_name(lists_find(lists, "c"), "other.example"));
	assert_true(list_facts(lists_find(lists, "c"))->admin);
	assert_int_equal(list_facts(lists_find(lists, "d"))->names, 0);
	assert_null(lists_find(lists, "e"));
	assert_int_equal(reload(&lists), 0);
	/* what only tells of the last fetch changes no entry */
	lab_write(root, STORE "/b.conf",
		  "kind = domains\nurl = https://lists.example/b\nfailures = 3\n");
	assert_int_equal(reload(&lists), 0);
	assert_int_equal(list_facts(lists_find(lists, "b"))->conf.failures, 3);
	/* exceptions are no detail */
	lab_unlink(root, STORE "/a.except");
	assert_int_equal(reload(&lists), 1);
	assert_true(has_name(lists_find(lists, "a"), "ok.a.example"));
	/* a file that others can write: what was good stays, and the others are read */
	lab_write(root, STORE "/a.list", "new.example\n");
	snprintf(path, sizeof(path), "%s" STORE "/a.list", root);
	assert_int_equal(chmod(path, 0666), 0);
	lab_write(root, STORE "/b.list", "newb.example\n");
	assert_int_equal(reload(&lists), 1);
	assert_true(has_name(lists_find(lists, "a"), "a.example"));
	assert_false(has_name(lists_find(lists, "a"), "new.example"));
	assert_non_null(strstr(list_facts(lists_find(lists, "a"))->problem, "mode 666"));
	assert_true(has_name(lists_find(lists, "b"), "newb.example"));
	assert_int_equal(reload(&lists), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(reload(&lists), 1);
	assert_true(has_name(lists_find(lists, "a"), "new.example"));
	assert_string_equal(list_facts(lists_find(lists, "a"))->problem, "");
	/* switched off: nothing is on it */
	lab_write(root, STORE "/a.conf", "enabled = no\n");
	assert_int_equal(reload(&lists), 1);
	assert_false(has_name(lists_find(lists, "a"), "new.example"));
	lab_unlink(root, STORE "/a.conf");
	lab_unlink(root, STORE "/a.list");
	assert_int_equal(reload(&lists), 1);
	assert_null(lists_find(lists, "a"));
	lists_free(lists);
}

static void test_links(void **state)
{
	struct lists *lists = NULL;
	struct rule_error err;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s" STORE "/link.list", root);
	assert_int_equal(symlink("/etc/hosts", path), 0);
	assert_int_equal(reload(&lists), 1);
	assert_non_null(strstr(list_facts(lists_find(lists, "link"))->problem, "symbolic link"));
	assert_int_equal(list_facts(lists_find(lists, "link"))->names, 0);
	lists_free(lists);
	snprintf(path, sizeof(path), "%s" STORE, root);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(lists_load(root, NULL, &lists, &err), -EPERM);
	assert_null(lists);
}

/* In small steps: the same lists. */
static void test_steps(void **state)
{
	char path[160];
	struct lists_load *l;
	struct lists *lists;
	struct rule_error err;
	int i, steps = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s" STORE "/big.list", root);
	f = fopen(path, "w");
	for (i = 0; i < 10000; i++)
		fprintf(f, "h%d.example\n", i);
	fclose(f);
	chmod(path, 0644);
	assert_int_equal(lists_load_start(root, NULL, &l, &err), 0);
	while (lists_load_step(l, 1) > 0)
		steps++;
	assert_true(steps > 3);
	assert_int_equal(lists_load_end(l, &lists), 1);
	assert_int_equal(list_facts(lists_find(lists, "big"))->names, 10000);
	/* given up half way: nothing comes of it */
	assert_int_equal(lists_load_start(root, NULL, &l, &err), 0);
	assert_int_equal(lists_load_step(l, 1), 1);
	lists_free(lists);
	lists_load_end(l, &lists);
	assert_null(lists);
}

/* ---- hits -------------------------------------------------------------------------------- */

static void count_rows(void *ctx, const struct list_hit *hit)
{
	(void)hit;
	++*(unsigned int *)ctx;
}

static void test_hits(void **state)
{
	struct list_hits *hits = list_hits_new();
	unsigned int rows = 0, i;
	char entry[32];

	(void)state;
	for (i = 0; i < 3 * LIST_HITS_MAX; i++) {
		sprintf(entry, "h%u.example", i % (2 * LIST_HITS_MAX));
		list_hits_add(hits, "a", entry, i);
	}
	list_hits_add(hits, "b", "h1.example", 1);
	assert_int_equal(list_hits_count(hits, "a"), 3 * LIST_HITS_MAX);
	assert_int_equal(list_hits_count(hits, "b"), 1);
	assert_int_equal(list_hits_count(hits, "c"), 0);
	list_hits_each(hits, "a", count_rows, &rows);
	assert_int_equal(rows, LIST_HITS_MAX + 1);
	list_hits_free(hits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_ranges_at_random),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_conf),
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test(test_hits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
