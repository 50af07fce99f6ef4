// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of the rulebook: lasting answers, rules by hand, removal. It must never write a rule for
 * somebody else than the flows' user, but on an administrator's word.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../util/cleanup.h"
#include "../util/timespan.h"
#include "rulebook-private.h"

#define WISH_RULES_MAX	32	/* rules that one answer makes: protocols times processes */
#define WISH_IMAGES_MAX	8

/* ---- answers --------------------------------------------------------------------------- */

static int failed(struct rulebook *rb, const struct rule_error *err, int r)
{
	rule_error_print(err, rb->refusal, sizeof(rb->refusal));
	if (!rb->refusal[0])
		snprintf(rb->refusal, sizeof(rb->refusal), "%s", strerror(-r));
	return r;
}

/* The ports of @proto among @target's peers, into @rule. */
static int set_ports(struct rule *rule, const struct question_target *target, uint8_t proto)
{
	unsigned int i;
	int r = 0;

	rule_clear_ports(rule);
	for (i = 0; i < target->n_peers && !r; i++) {
		if (target->peers[i].proto == proto && target->peers[i].port)
			r = rule_add_ports(rule, target->peers[i].port, target->peers[i].port);
	}
	return r;
}

/* True for a user who has a file of rules of their own. */
static bool own_file(const struct question *q)
{
	return q->uid == q->belongs && !rights_system_uid(q->uid);
}

/* One rule of a wish; @proto -1: all protocols and ports. */
static int make_rule(const struct rule_wish *wish, int proto, struct rule **out)
{
	static const enum rule_lifetime lifetimes[] = {
		[WISH_ONCE] = RULE_L_FOREVER,
		[WISH_QUIT] = RULE_L_QUIT,
		[WISH_SPAN] = RULE_L_FOR,
		[WISH_REBOOT] = RULE_L_REBOOT,
		[WISH_FOREVER] = RULE_L_FOREVER,
	};
	const struct question *q = wish->question;
	bool domain = wish->scope == SCOPE_DOMAIN || wish->scope == SCOPE_DOMAIN_PORT;
	bool here = q->target.family != AF_PACKET &&
		    (wish->scope == SCOPE_ADDRESS || wish->scope == SCOPE_ADDRESS_PORT);
	uint32_t who = own_file(q) ? (uint32_t)-1 : q->uid;
	struct rule *rule;
	const char *name;
	int r;

	if (question_scope_is_name(wish->scope)) {
		name = question_scope_name_in(q, wish->scope);
		r = name ? rule_for_name(wish->action, q->owner->image->exe, who, name, domain,
					 proto, &rule) : -ENOENT;
	} else {
		r = rule_for_flow(wish->action, q->owner->image->exe, who,
				  here ? q->target.family : 0, q->target.addr, 0, proto, &rule);
	}
	if (r)
		return r;
	if (proto >= 0 && question_scope_has_ports(wish->scope))
		r = set_ports(rule, &q->target, proto == RULE_PROTO_PACKET ? 0 : proto);
	if (r) {
		rule_free(rule);
		return r;
	}
	rule->lifetime = lifetimes[wish->lifetime];
	rule->seconds = wish->lifetime == WISH_SPAN ? wish->seconds : 0;
	*out = rule;
	return 0;
}

/* Different protocols of a question; one entry -1 when ports do not count. Return: how many. */
static unsigned int wish_protos(const struct rule_wish *wish, int protos[SNITCH_QUESTION_PEERS])
{
	const struct question_target *t = &wish->question->target;
	unsigned int i, k, n = 0;

	if (t->family == AF_PACKET) {	/* no rule covers frames that does not say so */
		protos[0] = RULE_PROTO_PACKET;
		return 1;
	}
	if (!question_scope_has_ports(wish->scope)) {
		protos[0] = -1;
		return 1;
	}
	for (i = 0; i < t->n_peers; i++) {
		for (k = 0; k < n && protos[k] != t->peers[i].proto; k++)
			;
		if (k == n)
			protos[n++] = t->peers[i].proto;
	}
	return n;
}

/* The processes that "until quit" is about. Return: how many; at least the last one that asked. */
static unsigned int wish_images(const struct rule_wish *wish,
				struct rule_image images[WISH_IMAGES_MAX])
{
	const struct question *q = wish->question;
	const struct question_flow *flow;
	const struct snitch_owner *o = &q->owner->image->wire;
	unsigned int i, n = 0;

	images[n++] = (struct rule_image){ o->pid, o->start, o->exec_id };
	TAILQ_FOREACH(flow, &q->flows, link) {
		o = &flow->owner->image->wire;
		for (i = 0; i < n && (images[i].pid != o->pid || images[i].start != o->start ||
				      images[i].exec_id != o->exec_id); i++)
			;
		if (i == n && n < WISH_IMAGES_MAX)
			images[n++] = (struct rule_image){ o->pid, o->start, o->exec_id };
	}
	return n;
}

static void note_text(struct rulebook_made *made, const struct rule *rule)
{
	char text[RULE_LINE_MAX];
	size_t used = strlen(made->text);

	if (rule_print_plain(rule, text, sizeof(text)) < 0)
		return;
	if (strstr(made->text, text))
		return;	/* the same for another process */
	snprintf(made->text + used, sizeof(made->text) - used, "%s%s", used ? "\n" : "", text);
}

/* The rules of one answer, all or none; takes them. */
static int put_rules(struct rulebook *rb, const struct rule_wish *wish, struct rule **rules,
		     size_t n, uint64_t *ids)
{
	const struct question *q = wish->question;
	bool own = own_file(q), runtime = wish->lifetime != WISH_FOREVER;
	enum rule_scope scope = own ? RULE_S_USER : RULE_S_SYSTEM;
	uint32_t uid = own ? q->uid : 0;
	struct rule_error err = { .line = 0 };
	size_t bad;
	int r;

	if (n == 1)
		r = ruleset_add(rb->set, &rb->paths, rules[0], scope, uid, runtime, ids, &err);
	else
		r = ruleset_add_all(rb->set, &rb->paths, rules, n, scope, uid, runtime, ids, &bad,
				    &err);
	return r ? failed(rb, &err, r) : 0;
}

/* Is the process of this "until quit" rule gone? Of another root's nobody knows. */
static bool has_quit(const struct rulebook *rb, const struct rule *rule)
{
	char path[32];

	if (rule->lifetime != RULE_L_QUIT || !rule->runtime || rb->root[0] ||
	    rule->program.and_children)
		return false;
	snprintf(path, sizeof(path), "/proc/%u", rule->image.pid);
	return access(path, F_OK) && errno == ENOENT;
}

void rulebook_sweep_quit(struct rulebook *rb)
{
	struct rule_error err;
	size_t i;

	for (i = rb->set->n_rules; i--;) {
		const struct rule *rule = rb->set->rules[i];

		if (has_quit(rb, rule))
			ruleset_remove(rb->set, &rb->paths, rule->id, &err);
	}
}

int rulebook_wish(struct rulebook *rb, const struct rule_wish *wish, struct rulebook_made *made)
{
	struct rule_image images[WISH_IMAGES_MAX] = { { .pid = 0 } };
	struct rule *rules[WISH_RULES_MAX];
	uint64_t ids[WISH_RULES_MAX];
	int protos[SNITCH_QUESTION_PEERS];
	unsigned int n_images = 1, n_protos, i, n = 0;
	int r = 0;

	memset(made, 0, sizeof(*made));
	n_protos = wish_protos(wish, protos);
	if (wish->lifetime == WISH_QUIT) {
		rulebook_sweep_quit(rb);
		n_images = wish_images(wish, images);
	}
	for (i = 0; i < n_protos * n_images && n < WISH_RULES_MAX; i++) {
		r = make_rule(wish, protos[i / n_images], &rules[n]);
		if (r)
			break;
		rule_begin(rules[n], snitch_boottime(), &images[i % n_images]);
		note_text(made, rules[n++]);
	}
	if (r == -EINVAL)
		snprintf(rb->refusal, sizeof(rb->refusal), "no rule can name this %s",
			 question_scope_is_name(wish->scope) ? "host; answer for the address"
							     : "program");
	while (r && n)
		rule_free(rules[--n]);
	if (!r && n)
		r = put_rules(rb, wish, rules, n, ids);
	if (r)
		return r;
	made->id = n ? ids[0] : 0;
	if (wish->action == SNITCH_ALLOW)
		rulebook_unsuspend(rb, rulebook_name(rb, wish->question->owner->image->exe));
	return 0;
}

const char *rulebook_preview(struct rulebook *rb, const struct rule_wish *wish, char *buf,
			     size_t size)
{
	int protos[SNITCH_QUESTION_PEERS];
	unsigned int n, i;
	size_t used = 0;
	struct rule *rule;
	char text[RULE_LINE_MAX];

	(void)rb;
	buf[0] = '\0';
	n = wish_protos(wish, protos);
	for (i = 0; i < n && used < size; i++) {
		if (make_rule(wish, protos[i], &rule))
			return buf;
		if (rule_print_plain(rule, text, sizeof(text)) > 0)
			used += snprintf(buf + used, size - used, "%s%s", i ? "\n" : "", text);
		rule_free(rule);
	}
	return buf;
}

/* ---- by hand ----------------------------------------------------------------------------- */

int rulebook_read_rule(const char *text, struct rule **out, char *error, size_t size)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;
	int r;

	*out = NULL;
	r = rule_parse(text, NULL, 0, &rule, &err);
	if (r) {
		rule_error_print(&err, error, size);
		return r;
	}
	if (!rule || rule->lifetime == RULE_L_QUIT) {
		snprintf(error, size, "%s", rule ?
			 "\"until quit\" needs a process: answer its question so" :
			 "that is no rule, only a comment");
		rule_free(rule);
		return -EINVAL;
	}
	rule_begin(rule, snitch_boottime(), NULL);
	*out = rule;
	return 0;
}

static enum rule_scope set_scope(enum rulebook_scope scope, uint32_t uid)
{
	static const enum rule_scope scopes[] = {
		[RULEBOOK_ADMIN] = RULE_S_ADMIN,
		[RULEBOOK_SYSTEM] = RULE_S_SYSTEM,
		[RULEBOOK_USER] = RULE_S_USER,
		[RULEBOOK_RUNTIME] = RULE_S_SYSTEM,
	};

	return scope == RULEBOOK_RUNTIME && uid != (uint32_t)-1 ? RULE_S_USER : scopes[scope];
}

/* What an allow rule that counts lifts. */
static void unsuspend_all(struct rulebook *rb, const uint64_t *ids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rule *rule = ruleset_find(rb->set, ids[i]);

		if (rule && rule->program.kind == RULE_P_PATH && rule->action == SNITCH_ALLOW &&
		    !(rule->flags & (RULE_F_DISABLED | RULE_F_IN)))
			rulebook_unsuspend(rb, rule->program.name);
	}
}

int rulebook_add(struct rulebook *rb, const char *text, enum rulebook_scope scope, uint32_t uid,
		 uint64_t *id, char *error, size_t size)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule;
	int r;

	r = rulebook_read_rule(text, &rule, error, size);
	if (r)
		return r;
	r = ruleset_add(rb->set, &rb->paths, rule, set_scope(scope, uid),
			uid == (uint32_t)-1 ? 0 : uid, scope == RULEBOOK_RUNTIME, id, &err);
	if (r)
		rule_error_print(&err, error, size);
	else
		unsuspend_all(rb, id, 1);
	return r;
}

/* Of many rules: which one it is about, then the sentence. */
static void number_error(char *error, size_t size, size_t at)
{
	_cleanup_free_ char *text = strdup(error);

	snprintf(error, size, "rule %zu: %s", at + 1, text ? text : "");
}

int rulebook_add_all(struct rulebook *rb, char **texts, size_t n, enum rulebook_scope scope,
		     uint32_t uid, uint64_t *ids, char *error, size_t size)
{
	_cleanup_free_ struct rule **rules = calloc(n + 1, sizeof(*rules));
	struct rule_error err = { .line = 0 };
	size_t i, bad;
	int r = 0;

	if (!rules) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	for (i = 0; i < n && !r; i++)
		r = rulebook_read_rule(texts[i], &rules[i], error, size);
	if (r) {
		number_error(error, size, i - 1);
		while (i--)
			rule_free(rules[i]);
		return r;
	}
	r = ruleset_add_all(rb->set, &rb->paths, rules, n, set_scope(scope, uid),
			    uid == (uint32_t)-1 ? 0 : uid, scope == RULEBOOK_RUNTIME, ids, &bad,
			    &err);
	if (!r) {
		unsuspend_all(rb, ids, n);
		return 0;
	}
	rule_error_print(&err, error, size);
	if (bad < n)
		number_error(error, size, bad);
	return r;
}

void rulebook_fill_row(const struct rulebook *rb, const struct rule *rule, char *text,
		       size_t text_size, char *scope, size_t scope_size, struct rulebook_row *row)
{
	const char *why = rule_why_inactive(rule, rb->env.now, rb->env.boottime);

	if (rule_print_plain(rule, text, text_size) < 0)
		text[0] = '\0';
	if (!why && rule->profile && (!rb->profile || strcmp(rule->profile, rb->profile)))
		why = "its profile is not active";
	if (!why && has_quit(rb, rule))
		why = "its process has quit";
	if (!why && rule->action == SNITCH_ALLOW && rule->program.kind == RULE_P_PATH &&
	    rulebook_suspended(rb, rule->program.name))
		why = "suspended: the executable changed since the rule was made";
	if (!why && rule->action == SNITCH_ALLOW && rule->program.kind == RULE_P_PATH &&
	    rule->lifetime != RULE_L_QUIT && rulebook_served(rb, rule->program.name))
		why = "the executable is on a file system that a program serves";
	*row = (struct rulebook_row){
		.id = rule->id,
		.text = text,
		.note = rule->note ? rule->note : "",
		.file = rule->loan ? rulebook_loan_name(rb, rule->loan) :
			rule->file ? rule->file : "",
		.scope = rule_scope_name(rule, scope, scope_size),
		.why = why,
		.line = rule->line,
		.rank = rule->rank,
		.active = !why,
		.user = rule->scope == RULE_S_USER,
		.uid = rule->scope_uid,
	};
	if (!row->why && rulebook_missing_list(rb, rule))
		row->why = "there is no such list; see \"snitch lists\"";
	if (!row->why)
		row->why = rule_why_not_enforced(rule);
	if (!row->why)
		row->why = "";
}

void rulebook_each(const struct rulebook *rb, void (*fn)(void *ctx, const struct rulebook_row *row),
		   void *ctx)
{
	char text[RULE_LINE_MAX], scope[32];
	struct rulebook_row row;
	size_t i;

	rulebook_env((struct rulebook *)rb);
	for (i = 0; i < rb->set->n_rules; i++) {
		rulebook_fill_row(rb, rb->set->rules[i], text, sizeof(text), scope, sizeof(scope),
				  &row);
		fn(ctx, &row);
	}
}

int rulebook_remove(struct rulebook *rb, uint64_t id,
		    bool (*may)(void *ctx, const struct rulebook_row *row), void *ctx)
{
	const struct rule *rule = ruleset_find(rb->set, id);
	char text[RULE_LINE_MAX], scope[32];
	struct rule_error err = { .line = 0 };
	struct rulebook_row row;
	int r;

	if (!rule)
		return -ENOENT;
	rulebook_env(rb);
	rulebook_fill_row(rb, rule, text, sizeof(text), scope, sizeof(scope), &row);
	if (!may(ctx, &row))
		return -EACCES;
	if (rule->loan) {
		snprintf(rb->refusal, sizeof(rb->refusal), "it ends with %s", row.file);
		return -EBUSY;
	}
	r = ruleset_remove(rb->set, &rb->paths, id, &err);
	return r ? failed(rb, &err, r) : 0;
}
