// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The history over D-Bus, a page at a time. It must never tell one user about another's flows, nor
 * fill a message beyond its bounds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/netname.h"
#include "../util/timespan.h"
#include "manager.h"
#include "message-dict.h"

#define PAGE_ROWS	256
#define JUDGE_NS	(20 * SNITCH_NSEC_PER_MSEC)	/* no flow waits longer for a page to be judged */
#define PAGE_BYTES	(256 << 10)	/* of strings; then the page ends with this row */

/*
 * What is asked for. @judge: what the rules of now say of each row; @rules: and with these besides,
 * as rules of @scope.
 */
struct wish {
	struct history_filter filter;
	uint32_t max;
	int judge;
	const char *rules, *scope;
};

static int take_verdict(struct wish *wish, const char *word)
{
	static const struct { const char *word; uint32_t actions; } words[] = {
		{ "allow", 1U << SNITCH_ALLOW }, { "deny", 1U << SNITCH_DENY },
		{ "drop", 1U << SNITCH_DROP },
		{ "refused", 1U << SNITCH_DENY | 1U << SNITCH_DROP },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word))
			continue;
		wish->filter.actions = words[i].actions;
		return 0;
	}
	return *word ? -EINVAL : 0;
}

static int take_program(sd_bus_message *m, struct wish *wish)
{
	const char *program;
	int r = sd_bus_message_read(m, "v", "s", &program);

	if (r >= 0)
		wish->filter.program = *program ? program : NULL;
	return r;
}

static int take_entry(sd_bus_message *m, const char *key, void *ctx)
{
	struct wish *wish = ctx;
	const char *verdict;
	int r;

	if (!strcmp(key, "since"))
		return sd_bus_message_read(m, "v", "x", &wish->filter.since);
	if (!strcmp(key, "until"))
		return sd_bus_message_read(m, "v", "x", &wish->filter.until);
	if (!strcmp(key, "program"))
		return take_program(m, wish);
	if (!strcmp(key, "uid"))
		return sd_bus_message_read(m, "v", "u", &wish->filter.uid);
	if (!strcmp(key, "max"))
		return sd_bus_message_read(m, "v", "u", &wish->max);
	if (!strcmp(key, "judge"))
		return sd_bus_message_read(m, "v", "b", &wish->judge);
	if (!strcmp(key, "rules"))
		return sd_bus_message_read(m, "v", "s", &wish->rules);
	if (!strcmp(key, "scope"))
		return sd_bus_message_read(m, "v", "s", &wish->scope);
	if (strcmp(key, "verdict"))
		return -EINVAL;
	r = sd_bus_message_read(m, "v", "s", &verdict);
	return r < 0 ? r : take_verdict(wish, verdict);
}

struct page {
	struct daemon *d;
	const struct wish *wish;
	sd_bus_message *m;
	size_t bytes;
	uint64_t until;
	int r;
};

static int append_lines(sd_bus_message *m, const char *key, const char *lines)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "s");
	while (r >= 0 && *lines) {
		size_t len = strcspn(lines, "\n");
		_cleanup_free_ char *safe = snitch_escape(lines, len);

		r = safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
		lines += len + (lines[len] == '\n');
	}
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_program(sd_bus_message *m, const struct history_flow *f)
{
	char user[64];
	int r = message_text(m, "program", f->program);

	if (r >= 0 && f->script[0])
		r = message_text(m, "script", f->script);
	if (r >= 0)
		r = append_lines(m, "parents", f->parents);
	if (r >= 0 && f->app[0])
		r = append_lines(m, "app", f->app);
	rights_user_name(f->uid, user, sizeof(user));
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "device", "t", f->dev,
					  "inode", "t", f->ino, "ctime", "x", f->ctime,
					  "uid", "u", f->uid, "user", "s", user,
					  "belongs", "u", f->belongs);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "odd", "b",
					  !!(f->flags & HISTORY_F_ODD), "kernel", "b",
					  !!(f->flags & HISTORY_F_KERNEL), "loopback", "b",
					  !!(f->flags & HISTORY_F_LOOPBACK));
	return r;
}

static int append_remote(sd_bus_message *m, const struct history_flow *f)
{
	char address[SNITCH_ADDR_TEXT], number[8];
	int r;

	snitch_addr_format(f->family, f->address, address);
	r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "address", "s", address,
				  "port", "q", f->port, "family", "y", f->family,
				  "protocol", "y", f->proto, "proto", "s",
				  snitch_proto_name(f->family, f->proto, number, sizeof(number)),
				  "direction", "s", f->inbound ? "in" : "out");
	return r >= 0 && f->name[0] ? message_text(m, "name", f->name) : r;
}

static int append_verdict(sd_bus_message *m, const struct history_flow *f)
{
	char rule[17];
	int r;

	r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "verdict", "s",
				  snitch_action_name(f->action), "by", "s",
				  snitch_origin_name(f->origin), "first", "x", f->first,
				  "last", "x", f->last, "count", "t", f->count,
				  "sent", "t", f->sent, "received", "t", f->received);
	if (r >= 0 && f->rule)
		r = sd_bus_message_append(m, "{sv}", "rule", "s",
					  rule_id_print(f->rule, rule, sizeof(rule)));
	return r;
}

/* What happens to flows that no rule decides, in the words of rules. */
static uint32_t mode_action(uint32_t mode)
{
	if (mode == SNITCH_MODE_OFF || mode == SNITCH_MODE_OBSERVE)
		return SNITCH_ALLOW;
	return mode == SNITCH_MODE_ASK ? SNITCH_ASK : SNITCH_DENY;
}

static int append_judgement(const struct page *page, const char *key, const char *rule_key,
			    const struct history_flow *f)
{
	struct judgement j;
	char rule[17];
	int r;

	rulebook_judge_past(page->d->core.rules, f, &j);
	if (!j.action)
		j.action = mode_action(page->d->core.mode.now);
	r = sd_bus_message_append(page->m, "{sv}", key, "s", snitch_action_name(j.action));
	if (r >= 0 && j.rule)
		r = sd_bus_message_append(page->m, "{sv}", rule_key, "s",
					  rule_id_print(j.rule, rule, sizeof(rule)));
	return r;
}

static int append_judged(const struct page *page, const struct history_flow *f)
{
	struct rulebook *rb = page->d->core.rules;
	bool test = page->wish->rules[0];
	int r;

	if (!(page->wish->judge || test) || !rulebook_can_judge_past(f))
		return 0;
	rulebook_test_on(rb, false);
	r = append_judgement(page, "today", "today_rule", f);
	if (r < 0 || !test)
		return r;
	rulebook_test_on(rb, true);
	return append_judgement(page, "tested", "tested_rule", f);
}

static int append_row(void *ctx, int64_t id, const struct history_flow *f)
{
	struct page *page = ctx;
	int r = sd_bus_message_open_container(page->m, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(page->m, "{sv}", "row", "x", id);
	if (r >= 0)
		r = append_program(page->m, f);
	if (r >= 0)
		r = append_remote(page->m, f);
	if (r >= 0)
		r = append_verdict(page->m, f);
	if (r >= 0)
		r = append_judged(page, f);
	if (r >= 0)
		r = sd_bus_message_close_container(page->m);
	page->bytes += 4 * (strlen(f->program) + strlen(f->script) + strlen(f->parents) +
			    strlen(f->app));
	page->r = r;
	return r < 0 || page->bytes > PAGE_BYTES || snitch_boottime() > page->until;
}

static int fill_page(struct history_place *place, struct page *page)
{
	const struct wish *wish = page->wish;
	struct history_place end = { .last = 0 };
	int r, more;

	page->until = wish->judge || wish->rules[0] ? snitch_boottime() + JUDGE_NS : UINT64_MAX;
	page->r = sd_bus_message_open_container(page->m, 'a', "a{sv}");
	if (page->r < 0)
		return page->r;
	more = history_read(page->d->core.history, &wish->filter, place,
			    wish->max && wish->max < PAGE_ROWS ? wish->max : PAGE_ROWS, append_row,
			    page);
	if (more < 0 || page->r < 0)
		return more < 0 ? more : page->r;
	r = sd_bus_message_close_container(page->m);
	if (!more)
		*place = end;
	return r < 0 ? r : sd_bus_message_append(page->m, "xx", place->last, place->id);
}

/* Where the caller may look. Return: NULL, or why nowhere. */
static const char *may_see(const struct caller *who, struct history_filter *filter)
{
	filter->belongs = HISTORY_ANY_UID;
	if (who->admin)
		return NULL;
	if (!rights_may_answer(who, who->uid))
		return "system users have no history of their own; ask root or group snitch";
	filter->belongs = who->uid;
	return NULL;
}

/* Return: 0; -EINVAL with a sentence in @error; else what fill_page() says. */
static int answer(struct page *page, const struct caller *who, struct history_place *place,
		  char *error, size_t size)
{
	struct rulebook *rb = page->d->core.rules;
	const struct wish *wish = page->wish;
	int r;

	if (!wish->rules[0])
		return fill_page(place, page);
	r = rulebook_test(rb, wish->rules, !strcmp(wish->scope, "user"), who->uid, error, size);
	if (r)
		return -EINVAL;
	error[0] = '\0';
	r = fill_page(place, page);
	rulebook_test_end(rb);
	return r;
}

int manager_history(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct wish wish = {
		.filter = { .uid = HISTORY_ANY_UID }, .rules = "", .scope = "system",
	};
	struct page page = { .d = userdata, .wish = &wish };
	struct history_place place;
	char text[1024] = "";
	struct caller who;
	const char *why;
	int r;

	(void)error;
	r = manager_caller(page.d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = message_read_dict(m, take_entry, &wish);
	if (r >= 0)
		r = sd_bus_message_read(m, "xx", &place.last, &place.id);
	if (r < 0 || (strcmp(wish.scope, "user") && strcmp(wish.scope, "system")))
		return manager_refuse(m, "Invalid",
				      "a filter is since x, until x, program s, uid u, verdict s (allow, deny, drop, refused), max u, judge b, rules s, scope s (user, system)");
	why = may_see(&who, &wish.filter);
	if (why)
		return manager_refuse(m, "NotPermitted", why);
	if (!page.d->core.history)
		return manager_refuse(m, "Failed",
				      "no history is kept: see \"history\" in /etc/snitch/snitchd.conf, and `journalctl -u snitchd`");
	if (!place.last)
		history_catch_up(page.d);
	r = sd_bus_message_new_method_return(m, &page.m);
	if (r >= 0)
		r = answer(&page, &who, &place, text, sizeof(text));
	if (r < 0) {
		sd_bus_message_unref(page.m);
		return manager_refuse(m, text[0] ? "Invalid" : "Failed", text[0] ? text :
				      "the history cannot be read now; try again");
	}
	return manager_reply(page.m, 0);
}
