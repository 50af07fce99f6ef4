// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compile and interpret agree, on a million random flows and sets of rules: where the kernel's
 * matcher is final it says what the judge of user space says, whatever only the daemon can tell
 * of the flow. It must never depend on the machine it runs on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "lists/lists.h"
#include "policy/table.h"
#include "policy/policy.h"
#include "rulegen.h"

#define SETS		12500
#define FLOWS		80	/* of each set */
#define RULES		60	/* of a set, at most */
#define NOBODY		"/bin/nobody"	/* has no rule of its own */

static struct lists *lists;

/* One set, both ways; and how often the kernel was final. */
struct lab {
	struct ruleset *set;
	struct policy_env env;
	struct policy_compiled c;
	struct policy_table table;
	bool plain;
	unsigned int flows, final, unbound, kinds;
};

static void fail_at(const struct lab *lab, const struct flow_query *q,
		    const struct snitch_decision *kd, const struct policy_decision *d,
		    const char *what)
{
	char text[RULE_TEXT_MAX] = "none", addr[INET6_ADDRSTRLEN] = "frame";
	const struct rule *rule = ruleset_find(lab->set, kd->rule);

	if (q->family != AF_PACKET)
		inet_ntop(q->family, q->addr, addr, sizeof(addr));
	print_message("flow: %s uid %u to %s port %u proto %u%s%s%s\n", q->exe ? q->exe : "kernel",
		      q->uid, addr, q->port, q->proto, q->loopback ? " loopback" : "",
		      q->no_allow ? " no_allow" : "", q->n_names ? " named" : "");
	if (rule)
		rule_print_plain(rule, text, sizeof(text));
	print_message("kernel: action %u%s, rule: %s\n", kd->action, kd->consult ? " CONSULT" : "",
		      text);
	if (d && d->rule)
		rule_print_plain(d->rule, text, sizeof(text));
	if (d)
		print_message("here: action %u (%s), rule: %s\n", d->action, d->reason,
			      d->rule ? text : "none");
	fail_msg("%s", what);
}

static struct snitch_query query_of(const struct lab *lab, const struct flow_query *q)
{
	struct snitch_query kq = {
		.app = q->kernel ? SNITCH_APP_KERNEL : policy_app(&lab->c, q->exe),
		.bound = true,
		.no_allow = q->no_allow,
		.kernel = q->kernel,
		.family = q->family,
		.proto = q->proto,
		.loopback = q->loopback,
		.port = q->port,
		.uid = q->uid,
	};
	size_t i;

	for (i = 0; q->interface && i < lab->env.n_links; i++) {
		if (!strcmp(q->interface, lab->env.links[i].name))
			kq.ifindex = lab->env.links[i].index;
	}
	memcpy(kq.addr, q->addr, sizeof(kq.addr));
	return kq;
}

static void compare(const struct lab *lab, const struct flow_query *q,
		    const struct snitch_decision *kd)
{
	struct policy_decision d;

	policy_decide(lab->set, &lab->env, q, &d);
	if (kd->action != d.action || kd->rule != (d.rule ? d.rule->id : 0))
		fail_at(lab, q, kd, &d, "the kernel is final, and wrong");
}

/* What holds for all traffic of a kind holds for this flow. */
static void check_kind(struct lab *lab, const struct flow_query *q,
		       const struct snitch_decision *kd)
{
	struct snitch_decision by_kind;

	/* the kernel has no executable that could be disguised */
	if (!q->kernel || q->no_allow || !snitch_table_kind(lab->table.table, q->kernel, &by_kind))
		return;
	if (kd->consult || by_kind.action != kd->action || by_kind.rule != kd->rule)
		fail_at(lab, q, kd, NULL,
			"judged by its kind alone the kernel says something else");
	lab->kinds++;
}

/* An executable without a binding: built-in rules of all programs, or nothing. */
static void check_unbound(struct lab *lab, struct gen_flow *f)
{
	struct flow_query *q = &f->q;
	struct snitch_query kq = query_of(lab, q);
	const char *exe = q->exe;
	struct snitch_decision kd;
	const struct rule *rule;

	kq.app = 0;
	kq.bound = false;
	policy_table_lookup(&lab->table, &kq, &kd);
	if (kd.consult)
		return;
	rule = ruleset_find(lab->set, kd.rule);
	if (!rule || rule->scope != RULE_S_BUILTIN || rule->program.kind != RULE_P_ANY)
		fail_at(lab, q, &kd, NULL, "final for an executable that is not bound");
	q->exe = NOBODY;
	compare(lab, q, &kd);
	q->exe = exe;
	lab->unbound++;
}

static void check_flow(struct lab *lab)
{
	struct snitch_decision kd;
	struct snitch_query kq;
	struct gen_flow f;

	gen_flow(&f);
	kq = query_of(lab, &f.q);
	policy_table_lookup(&lab->table, &kq, &kd);
	lab->flows++;
	check_kind(lab, &f.q, &kd);
	if (!f.q.kernel)
		check_unbound(lab, &f);
	if (kd.consult && lab->plain)
		fail_at(lab, &f.q, &kd, NULL, "CONSULT without a rule for the daemon");
	if (kd.consult)
		return;
	lab->final++;
	compare(lab, &f.q, &kd);
	/* the barrier: nothing the kernel does not know of the flow may matter */
	gen_hidden(&f);
	compare(lab, &f.q, &kd);
}

static void one_set(struct lab *lab, unsigned int flows)
{
	static const uint32_t modes[] = { SNITCH_MODE_ASK, SNITCH_MODE_ASK, SNITCH_MODE_LOCKDOWN };
	int err;

	lab->set = ruleset_new();
	lab->env = gen_env;
	lab->env.lists = lists;
	lab->env.mode = GEN_PICK(modes);
	lab->env.profile = gen_profile();
	lab->plain = gen_once_in(4);
	assert_non_null(lab->set);
	gen_set(lab->set, 1 + gen_pick(gen_once_in(2) ? RULES : 8), lab->plain);
	assert_int_equal(policy_compile(lab->set, &lab->env, &lab->c), 0);
	err = policy_table_build(&lab->c, &lab->table);
	if (err)
		fail_msg("the kernel refuses the table: %d", err);
	while (flows--)
		check_flow(lab);
	policy_table_free(&lab->table);
	policy_compiled_free(&lab->c);
	ruleset_free(lab->set);
}

static int load_lists(void **state)
{
	static const char *const dirs[] = {
		"/var", "/var/lib", "/var/lib/snitch", LIST_FOLDER_STORE,
	};
	char root[LAB_ROOT], path[128];
	struct rule_error err;
	size_t i;

	(void)state;
	lab_root(root, dirs, GEN_N(dirs));
	for (i = 0; i < GEN_N(gen_lists); i++) {
		snprintf(path, sizeof(path), LIST_FOLDER_STORE "/%s", gen_lists[i].file);
		lab_write(root, path, gen_lists[i].text);
	}
	assert_int_equal(lists_load(root, NULL, &lists, &err), 1);
	lab_remove(root);
	return 0;
}

static int free_lists(void **state)
{
	(void)state;
	lists_free(lists);
	return 0;
}

static void test_agree(void **state)
{
	unsigned int sets = gen_rounds(SETS), i;
	struct lab lab = { .flows = 0 };

	(void)state;
	gen_seed("agree");
	for (i = 0; i < sets; i++)
		one_set(&lab, FLOWS);
	print_message("%u flows, %u sets: final %u, unbound and final %u, by kind %u\n", lab.flows,
		      sets, lab.final, lab.unbound, lab.kinds);
	assert_int_equal(lab.flows, sets * FLOWS);
	/* not by consulting about everything, nor by never consulting */
	assert_true(lab.final > lab.flows / 5);
	assert_true(lab.final < lab.flows * 9 / 10);
	assert_true(lab.unbound > 0 && lab.kinds > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
	};

	return cmocka_run_group_tests(tests, load_lists, free_lists);
}
