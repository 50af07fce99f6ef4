// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules over D-Bus. It must never change the administrator's rules on anybody's word but root's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/log.h"
#include "manager.h"

/* @uses: what the history knows of rules, by id; without a history nothing is said of it */
struct listing {
	sd_bus_message *m;
	struct caller who;
	bool with_uses;
	struct idmap uses;
	int r;
};

static const struct history_use *use_of(const struct listing *l, uint64_t id)
{
	static const struct history_use never;
	const struct history_use *use = idmap_get(&l->uses, id);

	return use ? use : &never;
}

static void list_row(void *ctx, const struct rulebook_row *row)
{
	struct listing *l = ctx;

	if (l->r < 0 || (row->user && !l->who.admin && row->uid != l->who.uid))
		return;
	l->r = message_rule(l->m, row, l->with_uses ? use_of(l, row->id) : NULL);
}

int manager_list_rules(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct listing l = { .m = NULL };
	int r;

	(void)error;
	r = manager_open_list(d, m, &l.who, "a{sv}", &l.m);
	if (r <= 0)
		return manager_end(r);
	history_catch_up(d);
	l.with_uses = d->core.history && !history_uses(d->core.history, &l.uses);
	rulebook_each(d->core.rules, list_row, &l);
	history_uses_free(&l.uses);
	return manager_close_list(l.m, l.r);
}

/* May @who put a rule there? Return: 0, or -EPERM with @fail filled in. */
static int may_add(const struct caller *who, enum rulebook_scope scope, struct core_error *fail)
{
	if (scope == RULEBOOK_ADMIN && who->uid != 0)
		return core_lacks(fail, RIGHT_NONE,
				  "the administrator's rules are changed by root only");
	if (scope == RULEBOOK_SYSTEM && !who->admin)
		return core_lacks(fail, RIGHT_MANAGE,
				  "this needs root or a member of group snitch; scope \"user\" is yours");
	if (scope == RULEBOOK_USER && !rights_may_keep(who, who->uid))
		return core_lacks(fail, RIGHT_KEEP_OWN,
				  "lasting rules need an active local session, root or group snitch; scope \"runtime\" is allowed");
	if (scope == RULEBOOK_RUNTIME && !rights_may_answer(who, who->uid))
		return core_lacks(fail, RIGHT_NONE, "system users have no rules of their own");
	return 0;
}

int manager_rules_changed(struct daemon *d)
{
	int r = core_install(&d->core);

	core_rejudge(&d->core);
	watch_times(d);
	agents_tell_rules(d);
	return r == -ENOTCONN ? 0 : r;
}

static int add_rule(struct daemon *d, sd_bus_message *m, const struct caller *who, const char *text,
		    enum rulebook_scope scope)
{
	bool own = scope == RULEBOOK_USER || (scope == RULEBOOK_RUNTIME && !who->admin);
	struct core_error fail = { .name = "Invalid" };
	char error[1024], id_text[17];
	uint64_t id;
	int r;

	r = rulebook_add(d->core.rules, text, scope, own ? who->uid : (uint32_t)-1, &id, error,
			 sizeof(error));
	if (r) {
		core_fail(&fail, r, r == -EINVAL ? "Invalid" : "Failed", "%s", error);
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u adds rule %s: %s", who->uid,
		rule_id_print(id, id_text, sizeof(id_text)), text);
	r = manager_rules_changed(d);
	if (r) {
		core_fail(&fail, r, "Failed", "the rule is kept but not in force: %s",
			  rulebook_error(d->core.rules));
		return manager_error(m, &fail);
	}
	return sd_bus_reply_method_return(m, "s", id_text);
}

/* Whether @who may put a rule there; replies by itself when not. Return: 1 to go on. */
static int check_scope(struct daemon *d, sd_bus_message *m, const struct caller *who,
		       const char *word, enum rulebook_scope *scope)
{
	static const char *const scopes[] = {
		[RULEBOOK_ADMIN] = "admin", [RULEBOOK_SYSTEM] = "system",
		[RULEBOOK_USER] = "user", [RULEBOOK_RUNTIME] = "runtime",
	};
	struct core_error fail;
	unsigned int i;
	int r;

	for (i = 0; i < SNITCH_ARRAY_SIZE(scopes); i++) {
		if (strcmp(word, scopes[i]))
			continue;
		*scope = i;
		if (!may_add(who, i, &fail))
			return 1;
		r = manager_lacks(d, m, &fail);
		return r < 0 ? r : 0;
	}
	r = manager_refuse(m, "Invalid", "the scopes are admin, system, user and runtime");
	return r < 0 ? r : 0;
}

int manager_add_rule(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	enum rulebook_scope where;
	const char *text, *scope;
	struct caller who;
	int r;

	(void)error;
	r = manager_args(userdata, m, &who, "ss", &text, &scope);
	if (r <= 0)
		return manager_end(r);
	r = check_scope(userdata, m, &who, scope, &where);
	return r <= 0 ? manager_end(r) : add_rule(userdata, m, &who, text, where);
}

static int reply_ids(sd_bus_message *m, const uint64_t *ids, size_t n)
{
	sd_bus_message *reply = NULL;
	char text[17];
	size_t i;
	int r;

	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "s");
	for (i = 0; i < n && r >= 0; i++)
		r = sd_bus_message_append(reply, "s", rule_id_print(ids[i], text, sizeof(text)));
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return manager_reply(reply, r);
}

static int add_rules(struct daemon *d, sd_bus_message *m, const struct caller *who, char **texts,
		     size_t n, enum rulebook_scope scope)
{
	bool own = scope == RULEBOOK_USER || (scope == RULEBOOK_RUNTIME && !who->admin);
	_cleanup_free_ uint64_t *ids = calloc(n + 1, sizeof(*ids));
	struct core_error fail = { .name = "Invalid" };
	char error[1024];
	int r;

	if (!ids)
		return -ENOMEM;
	r = rulebook_add_all(d->core.rules, texts, n, scope, own ? who->uid : (uint32_t)-1, ids,
			     error, sizeof(error));
	if (r) {
		core_fail(&fail, r, r == -EINVAL ? "Invalid" : "Failed", "%s", error);
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u adds %zu rules at once", who->uid, n);
	r = manager_rules_changed(d);
	if (!r)
		return reply_ids(m, ids, n);
	core_fail(&fail, r, "Failed", "the rules are kept but not in force: %s",
		  rulebook_error(d->core.rules));
	return manager_error(m, &fail);
}

int manager_add_rules(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	enum rulebook_scope where;
	char **texts = NULL, **t;
	const char *scope;
	struct caller who;
	size_t n = 0;
	int r;

	(void)error;
	r = manager_caller(userdata, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = sd_bus_message_read_strv(m, &texts);
	if (r >= 0)
		r = sd_bus_message_read(m, "s", &scope);
	if (r >= 0)
		r = check_scope(userdata, m, &who, scope, &where);
	for (t = texts; t && *t; t++)
		n++;
	if (r > 0)
		r = n > RULES_MAX ? manager_refuse(m, "TooMany", "at most 100000 rules") :
		    add_rules(userdata, m, &who, texts, n, where);
	for (t = texts; t && *t; t++)
		free(*t);
	free(texts);
	return manager_end(r);
}

static bool may_remove(void *ctx, const struct rulebook_row *row)
{
	const struct caller *who = ctx;

	if (row->user)
		return who->admin || row->uid == who->uid;
	if (!strcmp(row->scope, "admin"))
		return who->uid == 0;
	return who->admin;
}

int manager_remove_rule(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	const char *text;
	uint64_t id;
	int r;

	(void)error;
	r = manager_args(d, m, &who, "s", &text);
	if (r <= 0)
		return manager_end(r);
	if (rule_id_parse(text, &id))
		return manager_refuse(m, "Invalid",
				      "a rule's id is 16 hexadecimal digits; see \"snitch rules list\"");
	r = rulebook_remove(d->core.rules, id, may_remove, &who);
	if (r == -ENOENT)
		return manager_refuse(m, "NotFound",
				      "there is no rule with this id; see \"snitch rules list\"");
	if (r == -EACCES) {
		core_lacks(&fail, RIGHT_MANAGE, "this rule is not yours to remove");
		return manager_lacks(d, m, &fail);
	}
	if (r) {
		core_fail(&fail, r, "Failed", "the rule stays: %s",
			  rulebook_refusal(d->core.rules));
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u removes rule %s", who.uid, text);
	r = manager_rules_changed(d);
	if (!r)
		return sd_bus_reply_method_return(m, NULL);
	core_fail(&fail, r, "Failed", "the rule is removed but still in force: %s",
		  rulebook_error(d->core.rules));
	return manager_error(m, &fail);
}

int manager_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	int r;

	(void)error;
	r = manager_admin(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = core_reload(&d->core);
	watch_times(d);
	agents_tell_rules(d);
	if (r && r != -ENOTCONN) {
		core_fail(&fail, r, "Failed", "the last good rules stay: %s",
			  rulebook_error(d->core.rules));
		return manager_error(m, &fail);
	}
	return sd_bus_reply_method_return(m, NULL);
}
