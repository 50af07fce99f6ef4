// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules on trial, by `snitch apply --confirm`: they end by themselves unless somebody confirms
 * that the machine can still be reached. They must never be in force without a clock running.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "manager.h"

#define TRIAL_MAX	3600	/* seconds */
#define TRIAL_TEXT	(16U << 20)
#define FOLDER		"/etc/snitch/rules.d"

/**
 * struct trial - one trial, and how the last one ended
 * @name: of the file, "" before the first
 * @text: what is tried; NULL: nothing is
 * @keep: the rule that keeps somebody's connection, NULL: none; a file gets it when the trial is
 *	confirmed, so that a daemon that dies leaves nothing behind
 * @kept: its loan
 * @until: CLOCK_BOOTTIME ns
 */
struct trial {
	char name[RULE_NAME_MAX + 1];
	char *text, *keep;
	uint64_t loan, kept, until;
	const char *state;		/* NULL, "running", "confirmed", "reverted" */
	sd_event_source *timer;
};

static void forget(struct trial *t)
{
	free(t->text);
	free(t->keep);
	t->text = NULL;
	t->keep = NULL;
}

/* What was confirmed is not undone because the connection it was made by cannot be kept longer. */
static void keep_on(struct daemon *d)
{
	char said[512] = "";
	uint64_t id;

	if (rulebook_add(d->core.rules, d->trial->keep, RULEBOOK_ADMIN, -1, &id, said,
			 sizeof(said)))
		log_msg(LOG_ERR, "the rule that kept the connection ends with the trial: %s", said);
}

/* The rules before are in the set again; the caller installs. */
static void end(struct daemon *d, bool confirmed)
{
	struct trial *t = d->trial;

	t->timer = sd_event_source_disable_unref(t->timer);
	t->state = confirmed ? "confirmed" : "reverted";
	rulebook_give_back(d->core.rules, t->loan);
	if (t->keep)
		rulebook_give_back(d->core.rules, t->kept);
	if (t->keep && confirmed)
		keep_on(d);
	forget(t);
	log_msg(LOG_NOTICE, "the trial of %s ends: %s", t->name, t->state);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	end(d, false);
	manager_rules_changed(d);
	return 0;
}

void trial_stop(struct daemon *d)
{
	if (!d->trial)
		return;
	/* the kernel goes on with what it has: that are not to be rules on trial */
	if (d->trial->text) {
		end(d, false);
		manager_rules_changed(d);
	}
	free(d->trial);
	d->trial = NULL;
}

const char *trial_name(const struct daemon *d)
{
	return d->trial ? d->trial->name : "";
}

const char *trial_state(const struct daemon *d)
{
	return d->trial && d->trial->state ? d->trial->state : "";
}

uint64_t trial_until(const struct daemon *d)
{
	return d->trial && d->trial->text ? d->trial->until : 0;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* A file of the administrator's folder, and nothing else. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(".rules") && len <= 128 && name[0] != '.' &&
	       !strcmp(name + len - strlen(".rules"), ".rules") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static int lend(struct daemon *d, const char *name, const char *text, uint64_t *loan, char *error,
		size_t size)
{
	_cleanup_free_ char *path = snitch_format("%s" FOLDER "/%s", d->opt.root, name);
	_cleanup_free_ char *shown = snitch_format("trial of %s", name);
	const struct loan_wish wish = {
		.name = shown, .text = text, .scope = RULEBOOK_ADMIN, .uid = -1,
		.replaces = path,
	};

	if (!path || !shown)
		return -ENOMEM;
	return rulebook_lend(d->core.rules, &wish, loan, error, size);
}

/* On loan it has no lifetime of its own. */
static int lend_keep(struct daemon *d, const char *name, const char *keep, char *error, size_t size)
{
	_cleanup_free_ char *shown = snitch_format("trial of %s", name);
	struct trial *t = d->trial;
	char text[RULE_TEXT_MAX];
	const struct loan_wish wish = {
		.name = shown, .text = text, .scope = RULEBOOK_ADMIN, .uid = -1,
	};
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;
	int r = rule_parse(keep, NULL, 0, &rule, &err);

	if (r || !rule) {
		rule_error_print(&err, error, size);
		return r ? r : -EINVAL;
	}
	rule->lifetime = RULE_L_FOREVER;
	r = rule_print_plain(rule, text, sizeof(text));
	rule_free(rule);
	t->keep = strdup(keep);
	if (r < 0 || !t->keep || !shown)
		return -ENOMEM;
	return rulebook_lend(d->core.rules, &wish, &t->kept, error, size);
}

/* Everything that can fail, the clock last; on failure all is as before. */
static int begin(struct daemon *d, const char *name, const char *text, uint64_t seconds,
		 const char *keep, char *error, size_t size)
{
	struct trial *t = d->trial;
	int r;

	t->text = strdup(text);
	if (!t->text)
		return -ENOMEM;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->kept = 0;
	r = keep[0] ? lend_keep(d, name, keep, error, size) : 0;
	if (!r)
		r = lend(d, name, text, &t->loan, error, size);
	if (r) {
		if (t->kept)
			rulebook_give_back(d->core.rules, t->kept);
		forget(t);
		return r;
	}
	t->state = "running";
	t->until = snitch_boottime() + seconds * SNITCH_NSEC_PER_SEC;
	r = sd_event_add_time(d->event, &t->timer, CLOCK_BOOTTIME, t->until / 1000, 100000, on_time,
			      d);
	if (r >= 0)
		r = manager_rules_changed(d);
	if (r >= 0)
		return 0;
	snprintf(error, size, "the rules are not in force: %s", rulebook_error(d->core.rules));
	end(d, false);
	manager_rules_changed(d);
	return r;
}

static int only_root(struct daemon *d, sd_bus_message *m, struct caller *who)
{
	int r = manager_caller(d, m, who);

	if (r <= 0 || !who->uid)
		return r;
	r = manager_refuse(m, "NotPermitted", "the administrator's rules are changed by root only");
	return r < 0 ? r : 0;
}

int manager_begin_trial(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name, *text, *keep;
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	char said[512] = "";
	uint64_t seconds;
	int r;

	(void)error;
	r = only_root(d, m, &who);
	if (r > 0)
		r = sd_bus_message_read(m, "ssts", &name, &text, &seconds, &keep);
	if (r <= 0)
		return manager_end(r);
	if (!is_name(name) || strlen(text) > TRIAL_TEXT || !seconds || seconds > TRIAL_MAX)
		return manager_refuse(m, "Invalid",
				      "a trial has a name like web.rules, at most 16 MiB of rules, and ends within an hour");
	if (!d->trial)
		d->trial = calloc(1, sizeof(*d->trial));
	if (!d->trial)
		return -ENOMEM;
	if (d->trial->text)
		return manager_refuse(m, "TooMany", "there is a trial already: confirm or end it first");
	r = begin(d, name, text, seconds, keep, said, sizeof(said));
	if (r) {
		core_fail(&fail, r, r == -EINVAL ? "Invalid" : "Failed", "%s",
			  said[0] ? said : strerror(-r));
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "%s is tried for %llu s", name, (unsigned long long)seconds);
	return sd_bus_reply_method_return(m, NULL);
}

/* ---- ending -------------------------------------------------------------------------------- */

int manager_get_trial(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct caller who;
	int r;

	(void)error;
	r = only_root(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	if (!d->trial || !d->trial->text)
		return manager_refuse(m, "NotFound", "no rules are on trial");
	return sd_bus_reply_method_return(m, "sst", d->trial->name, d->trial->text,
					  d->trial->until);
}

int manager_end_trial(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	int confirmed, r;

	(void)error;
	r = only_root(d, m, &who);
	if (r > 0)
		r = sd_bus_message_read(m, "b", &confirmed);
	if (r <= 0)
		return manager_end(r);
	if (!d->trial || !d->trial->text)
		return manager_refuse(m, "NotFound", "no rules are on trial");
	end(d, confirmed);
	r = manager_rules_changed(d);
	if (!r)
		return sd_bus_reply_method_return(m, NULL);
	core_fail(&fail, r, "Failed", "the kernel still has the rules before: %s",
		  rulebook_error(d->core.rules));
	return manager_error(m, &fail);
}
