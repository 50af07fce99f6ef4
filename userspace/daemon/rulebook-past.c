// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows of the past under the rules of now, and under rules that are only tried out on them. It
 * must never judge otherwise than a flow of now would be, as far as the history knows it, nor leave
 * a rule in the set that was only tried out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../history/history.h"
#include "../policy/app.h"
#include "../util/cleanup.h"
#include "rulebook-private.h"

#define TESTED		UINT64_MAX	/* a loan of that number is never lent */

bool rulebook_can_judge_past(const struct history_flow *f)
{
	return !f->inbound && !(f->flags & HISTORY_F_KERNEL) &&
	       (f->family == AF_INET || f->family == AF_INET6);
}

/* Cuts @text in place. Return: how many. */
static size_t split(char *text, const char *parents[SNITCH_ANCESTORS])
{
	size_t n = 0;

	while (text && *text && n < SNITCH_ANCESTORS)
		parents[n++] = strsep(&text, "\n");
	return n;
}

void rulebook_judge_past(struct rulebook *rb, const struct history_flow *f, struct judgement *out)
{
	_cleanup_free_ char *parents_text = strdup(f->parents);
	_cleanup_free_ char *app_text = strdup(f->app);
	const char *exe = rulebook_name(rb, f->program);
	const char *parents[SNITCH_ANCESTORS];
	struct policy_decision d;
	struct app_kept app;
	struct flow_query q = {
		.exe = exe[0] == '/' ? exe : NULL,
		.no_allow = f->flags & HISTORY_F_ODD,
		.uid = f->uid,
		.parents = parents,
		.n_parents = split(parents_text, parents),
		.names = &f->name,
		.n_names = f->name[0] ? 1 : 0,
		.family = f->family,
		.proto = f->proto,
		.loopback = f->flags & HISTORY_F_LOOPBACK,
		.port = f->port,
	};

	if (app_text) {
		app_read(app_text, f->script, &app);
		q.app = &app.app;
		q.strange = app.container;
	}
	q.suspended = !q.strange && (rulebook_suspended(rb, exe) || rulebook_unsure(rb, exe));
	memcpy(q.addr, f->address, sizeof(q.addr));
	rulebook_groups(rb, f->uid, (uint32_t)-1, &q);
	policy_decide(rb->set, rulebook_env(rb), &q, &d);
	*out = (struct judgement){ .action = d.action, .rule = d.rule ? d.rule->id : 0 };
}

/* ---- rules that are tried out ---------------------------------------------------------------- */

static bool is_tested(const struct rule *rule, const void *ctx)
{
	(void)ctx;
	return rule->loan == TESTED;
}

void rulebook_test_end(struct rulebook *rb)
{
	free(rb->tested);
	rb->tested = NULL;
	rb->n_tested = 0;
	ruleset_drop(rb->set, is_tested, NULL);
	rulebook_note_set(rb);
}

static int put(struct rulebook *rb, const char *line, bool of_user, uint32_t uid, char *error,
	       size_t size)
{
	struct rule *rule = NULL;
	struct rule_error err;
	int r = rulebook_read_rule(line, &rule, error, size);

	if (r)
		return r;
	rule->id_written = false;
	rule->loan = TESTED;
	r = ruleset_insert(rb->set, rule, of_user ? RULE_S_USER : RULE_S_SYSTEM, of_user ? uid : 0,
			   true, &err);
	if (r) {
		rule_error_print(&err, error, size);
		return r;
	}
	/* what is disabled stays so */
	if (!(rule->flags & RULE_F_DISABLED))
		rb->tested[rb->n_tested++] = rule;
	return 0;
}

int rulebook_test(struct rulebook *rb, const char *text, bool of_user, uint32_t uid, char *error,
		  size_t size)
{
	_cleanup_free_ char *copy = strdup(text);
	char *line, *rest = copy;
	size_t n = 0;
	int r = 0;

	snprintf(error, size, "no memory");
	rb->tested = calloc(LOAN_RULES_MAX, sizeof(*rb->tested));
	if (!copy || !rb->tested)
		r = -ENOMEM;
	while (!r && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (n++ < LOAN_RULES_MAX) {
			r = put(rb, line, of_user, uid, error, size);
		} else {
			snprintf(error, size, "at most %d rules are tested at once", LOAN_RULES_MAX);
			r = -EINVAL;
		}
	}
	if (r)
		rulebook_test_end(rb);
	else
		rulebook_note_set(rb);
	return r;
}

void rulebook_test_on(struct rulebook *rb, bool on)
{
	size_t i;

	for (i = 0; i < rb->n_tested; i++) {
		rb->tested[i]->flags &= ~RULE_F_DISABLED;
		if (!on)
			rb->tested[i]->flags |= RULE_F_DISABLED;
	}
}
