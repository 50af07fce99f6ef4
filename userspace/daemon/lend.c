// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules that end with a client of the bus: `snitch run` and `snitch watch` hold them. They must
 * never outlive their holder, nor reach beyond what it may ask for with AddRule.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/procstat.h"
#include "holder.h"
#include "manager.h"
#include "message-dict.h"

#define LENDERS_UID	8	/* loans of one user */
#define NAME_MAX_LEN	64
#define TEXT_MAX	(1U << 20)

struct lender {
	struct daemon *daemon;
	struct holder holder;
	uint32_t uid;
	uint64_t loan;
	TAILQ_ENTRY(lender) link;
};

TAILQ_HEAD(lenders, lender);

/* What the caller says besides the rules. */
struct lend_options {
	const char *name;
	int tree, record;
};

static void end_loan(struct lender *lender)
{
	struct daemon *d = lender->daemon;

	TAILQ_REMOVE(d->lenders, lender, link);
	log_msg(LOG_NOTICE, "borrowed rules of uid %u end", lender->uid);
	rulebook_give_back(d->core.rules, lender->loan);
	holder_release(&lender->holder);
	free(lender);
	manager_rules_changed(d);
}

static int on_lost(sd_bus_track *track, void *userdata)
{
	(void)track;
	end_loan(userdata);
	return 0;
}

void lend_lost_bus(struct daemon *d, sd_bus *bus)
{
	struct lender *lender, *next;

	for (lender = d->lenders ? TAILQ_FIRST(d->lenders) : NULL; lender; lender = next) {
		next = TAILQ_NEXT(lender, link);
		if (lender->holder.bus == bus)
			end_loan(lender);
	}
}

void lend_stop(struct daemon *d)
{
	struct lender *lender;

	while (d->lenders && (lender = TAILQ_FIRST(d->lenders))) {
		TAILQ_REMOVE(d->lenders, lender, link);
		holder_release(&lender->holder);
		free(lender);
	}
	free(d->lenders);
	d->lenders = NULL;
}

static struct lender *find(struct daemon *d, sd_bus_message *m, uint64_t loan)
{
	struct lender *lender;

	if (!d->lenders)
		return NULL;
	TAILQ_FOREACH(lender, d->lenders, link) {
		if (lender->loan == loan && holder_is(&lender->holder, d, m))
			return lender;
	}
	return NULL;
}

/* ---- lending ----------------------------------------------------------------------------- */

static int read_option(sd_bus_message *m, const char *key, void *ctx)
{
	struct lend_options *opt = ctx;

	if (!strcmp(key, "name"))
		return sd_bus_message_read(m, "v", "s", &opt->name);
	if (!strcmp(key, "tree"))
		return sd_bus_message_read(m, "v", "b", &opt->tree);
	if (!strcmp(key, "record"))
		return sd_bus_message_read(m, "v", "b", &opt->record);
	return sd_bus_message_skip(m, "v");
}

/* The caller's process, as the root of a tree. */
static int read_root(struct daemon *d, sd_bus_message *m, struct rule_image *root)
{
	struct snitch_procstat stat;
	int r;

	r = bus_caller_pid(d, m, &root->pid);
	if (!r)
		r = snitch_procstat(root->pid, &stat);
	if (!r)
		root->start = stat.start;
	return r;
}

static const char *may_lend(struct daemon *d, const struct caller *who, const char *text)
{
	const struct lender *lender;
	unsigned int n = 0;

	if (!rights_may_answer(who, who->uid))
		return "system users have no rules of their own";
	if (strlen(text) > TEXT_MAX)
		return "that is too long: at most 1 MiB of rules";
	TAILQ_FOREACH(lender, d->lenders, link)
		n += lender->uid == who->uid;
	return n >= LENDERS_UID && who->uid ?
	       "you hold eight sets of borrowed rules already" : NULL;
}

static int lend(struct daemon *d, const struct caller *who, const struct lend_options *opt,
		const struct rule_image *root, const char *text, uint64_t *loan, char *error,
		size_t size)
{
	_cleanup_free_ char *name = snitch_format("%.*s [%u]", NAME_MAX_LEN, opt->name, root->pid);
	const struct loan_wish wish = {
		.name = name,
		.text = text,
		.scope = RULEBOOK_RUNTIME,
		.uid = who->admin ? (uint32_t)-1 : who->uid,
		.root = opt->tree ? root : NULL,
		.record = opt->record,
	};

	if (!name)
		return -ENOMEM;
	return rulebook_lend(d->core.rules, &wish, loan, error, size);
}

/* Ties @loan to the sender of @m. */
static int hold(struct daemon *d, sd_bus_message *m, const struct caller *who, uint64_t loan)
{
	struct lender *lender = calloc(1, sizeof(*lender));
	int r = lender ? holder_hold(&lender->holder, d, m, on_lost, lender) : -ENOMEM;

	if (r < 0) {
		free(lender);
		rulebook_give_back(d->core.rules, loan);
		return r;
	}
	lender->daemon = d;
	lender->uid = who->uid;
	lender->loan = loan;
	TAILQ_INSERT_TAIL(d->lenders, lender, link);
	return 0;
}

struct listing {
	sd_bus_message *m;
	int r;
};

static void append_id(void *ctx, uint64_t id)
{
	struct listing *l = ctx;
	char text[17];

	if (l->r >= 0)
		l->r = sd_bus_message_append(l->m, "s", rule_id_print(id, text, sizeof(text)));
}

static int reply_lent(struct daemon *d, sd_bus_message *m, uint64_t loan)
{
	struct listing l = { .m = NULL };

	l.r = sd_bus_message_new_method_return(m, &l.m);
	if (l.r >= 0)
		l.r = sd_bus_message_append(l.m, "t", loan);
	if (l.r >= 0)
		l.r = sd_bus_message_open_container(l.m, 'a', "s");
	rulebook_each_lent(d->core.rules, loan, append_id, &l);
	if (l.r >= 0)
		l.r = sd_bus_message_close_container(l.m);
	return manager_reply(l.m, l.r);
}

/* The list is made with the first loan. */
static bool ready(struct daemon *d)
{
	if (!d->lenders) {
		d->lenders = calloc(1, sizeof(*d->lenders));
		if (d->lenders)
			TAILQ_INIT(d->lenders);
	}
	return d->lenders;
}

int manager_lend_rules(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct rule_image root = { .pid = 0 };
	struct daemon *d = userdata;
	struct lend_options opt = { .name = "a program" };
	const char *text, *why;
	struct core_error fail;
	struct caller who;
	char said[512] = "";
	uint64_t loan;
	int r;

	(void)error;
	r = manager_args(d, m, &who, "s", &text);
	if (r <= 0)
		return manager_end(r);
	if (message_read_dict(m, read_option, &opt) < 0)
		return manager_refuse(m, "Invalid", "options are name (s), tree (b) and record (b)");
	if (!ready(d))
		return -ENOMEM;
	why = may_lend(d, &who, text);
	if (why)
		return manager_refuse(m, "NotPermitted", why);
	if (read_root(d, m, &root) && opt.tree)
		return manager_refuse(m, "Failed", "it cannot be seen which process you are");
	r = lend(d, &who, &opt, &root, text, &loan, said, sizeof(said));
	if (!r)
		r = hold(d, m, &who, loan);
	if (r) {
		core_fail(&fail, r, r == -EINVAL ? "Invalid" : "Failed", "%s",
			  said[0] ? said : strerror(-r));
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u borrows rules: %s", who.uid, text);
	r = manager_rules_changed(d);
	if (!r)
		return reply_lent(d, m, loan);
	end_loan(find(d, m, loan));
	core_fail(&fail, r, "Failed", "the rules are not in force: %s",
		  rulebook_error(d->core.rules));
	return manager_error(m, &fail);
}

/* The caller's loan that the message names; replies by itself when there is none. */
static int find_named(struct daemon *d, sd_bus_message *m, struct lender **lender)
{
	struct caller who;
	uint64_t loan;
	int r = manager_args(d, m, &who, "t", &loan);

	if (r <= 0)
		return r;
	*lender = find(d, m, loan);
	if (*lender)
		return 1;
	r = manager_refuse(m, "NotFound", "you hold no such rules");
	return r < 0 ? r : 0;
}

int manager_return_rules(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct lender *lender;
	int r = find_named(userdata, m, &lender);

	(void)error;
	if (r <= 0)
		return manager_end(r);
	end_loan(lender);
	return sd_bus_reply_method_return(m, NULL);
}

int manager_loan_needs(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_free_ char *needs = NULL;
	struct daemon *d = userdata;
	struct lender *lender;
	int r = find_named(d, m, &lender);

	(void)error;
	if (r <= 0)
		return manager_end(r);
	needs = rulebook_needs(d->core.rules, lender->loan);
	return needs ? sd_bus_reply_method_return(m, "s", needs) : -ENOMEM;
}
