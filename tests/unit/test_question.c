// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The question model: grouping, bounds, answers, what becomes of flows. It must never need a
 * kernel or a clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/snitch.h"
#include "question/question.h"

struct seen {
	unsigned int added, changed, removed;
	enum question_gone why;
	uint64_t removed_id;
};

static void on_added(void *ctx, struct question *q)
{
	((struct seen *)ctx)->added++;
	assert_true(q->listed);
}

static void on_changed(void *ctx, struct question *q)
{
	((struct seen *)ctx)->changed++;
	assert_true(q->listed);
}

static void on_removed(void *ctx, struct question *q, enum question_gone why)
{
	struct seen *seen = ctx;

	seen->removed++;
	seen->why = why;
	seen->removed_id = q->id;
}

static const struct questions_ops ops = { on_added, on_changed, on_removed };

static struct owner *make_owner_from(uint64_t id, const char *exe, uint64_t ino,
				     const struct owner *parent, uint32_t flags)
{
	struct snitch_owner wire = {
		.hdr.id = id, .exe_ino = ino, .pid = (uint32_t)id, .exe_len = strlen(exe),
		.cmd_len = 4, .flags = flags,
	};
	struct snitch_owner_info info = {
		.wire = &wire, .exe = exe, .exe_len = strlen(exe), .cmdline = "a\0b", .cmdline_len = 4,
		.cgroup = "", .script = "",
	};

	return owner_new(&info, parent);
}

static struct owner *make_owner(uint64_t id, const char *exe, uint64_t ino)
{
	return make_owner_from(id, exe, ino, NULL, 0);
}

static struct snitch_flow_event flow_to(uint64_t id, uint32_t uid, uint8_t last, uint8_t proto,
					uint16_t port)
{
	struct snitch_flow_event ev = {
		.hdr.id = id, .when = id, .uid = uid, .family = 2, .proto = proto, .dport = port,
		.daddr = { 192, 0, 2, last },
	};

	return ev;
}

static struct question *add(struct questions *qs, struct owner *o,
			    const struct snitch_flow_event *ev, uint64_t deadline)
{
	struct question_request req = {
		.ev = ev, .owner = o, .belongs = ev->uid, .deadline = deadline,
	};
	struct question *q = NULL;

	assert_int_equal(questions_add(qs, &req, &q), 0);
	return q;
}

static void count_flow(void *ctx, const struct question_flow *flow)
{
	(void)flow;
	(*(unsigned int *)ctx)++;
}

static void test_flows_join(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *curl = make_owner(1, "/usr/bin/curl", 7);
	struct owner *again = make_owner(2, "/usr/bin/curl", 7);
	struct owner *wget = make_owner(3, "/usr/bin/wget", 8);
	struct snitch_flow_event ev = flow_to(10, 1000, 1, 6, 443);
	struct question *q, *other;

	(void)state;
	q = add(qs, curl, &ev, 100);
	assert_int_equal(seen.added, 1);
	ev = flow_to(11, 1000, 1, 17, 443);
	assert_ptr_equal(add(qs, again, &ev, 200), q);	/* another process of the program */
	assert_int_equal(seen.changed, 1);
	assert_int_equal(q->n_flows, 2);
	assert_int_equal(q->target.n_peers, 2);
	assert_int_equal(question_deadline(q), 200);
	ev = flow_to(12, 1000, 1, 6, 443);
	other = add(qs, wget, &ev, 100);		/* the same address, another program */
	assert_ptr_not_equal(other, q);
	ev = flow_to(13, 1001, 1, 6, 443);
	assert_ptr_not_equal(add(qs, curl, &ev, 100), q);	/* another user */
	ev = flow_to(14, 1000, 2, 6, 443);
	assert_ptr_not_equal(add(qs, curl, &ev, 100), q);	/* another address */
	ev = flow_to(10, 1000, 1, 6, 443);
	assert_ptr_equal(add(qs, curl, &ev, 300), q);	/* redelivered: not counted twice */
	assert_int_equal(q->n_flows, 2);
	assert_int_equal(q->attempts, 2);
	assert_int_equal(seen.added, 4);
	questions_free(qs);
	owner_put(curl);
	owner_put(again);
	owner_put(wget);
}

static void test_program_is_file_and_script(void **state)
{
	struct owner *a = make_owner(1, "/usr/bin/curl", 7);
	struct owner *b = make_owner(2, "/usr/bin/curl", 9);	/* replaced meanwhile */
	struct owner *c = make_owner_from(3, "/usr/bin/curl", 7, NULL, SNITCH_O_DISGUISED);

	(void)state;
	assert_true(image_same_program(a->image, a->image));
	assert_false(image_same_program(a->image, b->image));
	assert_false(image_same_program(a->image, c->image));
	owner_put(a);
	owner_put(b);
	owner_put(c);
}

static void test_answer_scope(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct snitch_flow_event ev;
	struct question *q = NULL;
	unsigned int i, n = 0;

	(void)state;
	for (i = 0; i < SNITCH_QUESTION_PEERS + 3; i++) {
		ev = flow_to(10 + i, 1000, 1, 6, 1000 + i);
		q = add(qs, o, &ev, 100);
	}
	assert_int_equal(q->target.n_peers, SNITCH_QUESTION_PEERS);
	/* ports that were not kept are not covered: they go on waiting */
	assert_false(questions_answer(qs, q, SCOPE_ADDRESS_PORT, count_flow, &n));
	assert_int_equal(n, SNITCH_QUESTION_PEERS);
	assert_int_equal(q->n_flows, 3);
	assert_true(questions_answer(qs, q, SCOPE_ADDRESS, count_flow, &n));
	assert_int_equal(n, SNITCH_QUESTION_PEERS + 3);
	assert_int_equal(seen.removed, 1);
	assert_int_equal(seen.why, QUESTION_ANSWERED);
	assert_null(questions_next(qs, NULL));
	questions_free(qs);
	owner_put(o);
}

static void test_covers(void **state)
{
	struct question_target t = {
		.family = 2, .addr = { 192, 0, 2, 1 }, .peers = { { 6, 443 } }, .n_peers = 1,
	};
	struct snitch_flow_event same = flow_to(1, 0, 1, 6, 443), port = flow_to(1, 0, 1, 6, 80),
				 udp = flow_to(1, 0, 1, 17, 443), far = flow_to(1, 0, 2, 6, 443);

	(void)state;
	assert_true(question_covers(&t, SCOPE_ADDRESS, &port));
	assert_false(question_covers(&t, SCOPE_ADDRESS, &far));
	assert_true(question_covers(&t, SCOPE_ADDRESS_PORT, &same));
	assert_false(question_covers(&t, SCOPE_ADDRESS_PORT, &udp));
	assert_false(question_covers(&t, SCOPE_ADDRESS_PORT, &far));
	assert_true(question_covers(&t, SCOPE_PORT, &far));
	assert_false(question_covers(&t, SCOPE_PORT, &port));
	assert_true(question_covers(&t, SCOPE_ANY, &udp));
	same.family = 10;
	assert_false(question_covers(&t, SCOPE_ADDRESS, &same));
}

static void test_cancel(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct snitch_flow_event ev = flow_to(10, 1000, 1, 6, 443);
	struct question *q = add(qs, o, &ev, 100);

	(void)state;
	assert_false(questions_cancel(qs, 99, SNITCH_CANCEL_CLOSED));
	assert_true(questions_cancel(qs, 10, SNITCH_CANCEL_TIMEOUT));
	assert_int_equal(q->state, QUESTION_MISSED);
	assert_int_equal(question_deadline(q), 0);
	assert_int_equal(seen.removed, 0);	/* it stays listed */
	ev = flow_to(11, 1000, 1, 6, 443);
	assert_ptr_equal(add(qs, o, &ev, 100), q);
	assert_int_equal(q->state, QUESTION_HELD);
	assert_true(questions_cancel(qs, 11, SNITCH_CANCEL_POLICY));
	assert_int_equal(seen.removed, 1);
	assert_int_equal(seen.why, QUESTION_BY_RULE);
	questions_free(qs);
	owner_put(o);
}

static void test_pending_and_reset(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct snitch_flow_event ev = flow_to(10, 1000, 1, 6, 443);
	struct question *q = add(qs, o, &ev, 0);
	struct questions_count count;

	(void)state;
	assert_int_equal(q->state, QUESTION_PENDING);
	assert_int_equal(q->n_flows, 0);
	ev = flow_to(11, 1000, 1, 6, 443);
	assert_ptr_equal(add(qs, o, &ev, 50), q);
	questions_count(qs, &count);
	assert_int_equal(count.held, 1);
	assert_int_equal(count.flows, 1);
	questions_reset(qs);
	questions_count(qs, &count);
	assert_int_equal(count.missed, 1);
	assert_int_equal(count.flows, 0);
	assert_false(questions_cancel(qs, 11, SNITCH_CANCEL_CLOSED));
	questions_free(qs);
	owner_put(o);
}

static bool decide_port_443(void *ctx, const struct question *q, const struct question_flow *flow)
{
	(void)q;
	if (!flow)
		return false;
	(*(unsigned int *)ctx)++;
	return flow->ev.dport == 443;
}

static void test_judge(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct snitch_flow_event ev = flow_to(10, 1000, 1, 6, 443);
	struct question *q = add(qs, o, &ev, 100);
	unsigned int asked = 0;

	(void)state;
	ev = flow_to(11, 1000, 1, 6, 80);
	add(qs, o, &ev, 100);
	questions_judge(qs, decide_port_443, &asked);
	assert_int_equal(asked, 2);
	assert_int_equal(q->n_flows, 1);
	assert_int_equal(seen.removed, 0);
	assert_true(questions_cancel(qs, 11, SNITCH_CANCEL_CLOSED));
	ev = flow_to(12, 1000, 1, 6, 443);
	add(qs, o, &ev, 100);
	questions_judge(qs, decide_port_443, &asked);
	assert_int_equal(seen.removed, 1);
	assert_int_equal(seen.why, QUESTION_BY_RULE);
	questions_free(qs);
	owner_put(o);
}

/* Waiting questions over the bound are kept unlisted and move up. */
static void test_and_more(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct questions_count count;
	struct snitch_flow_event ev;
	unsigned int i, n = 0;

	(void)state;
	for (i = 0; i < 300; i++) {
		ev = flow_to(1000 + i, 1000 + (i % 2), i, 6, 443 + i / 256);
		ev.daddr[2] = i / 256;
		add(qs, o, &ev, 100);
	}
	assert_int_equal(seen.added, SNITCH_QUESTIONS_LISTED);
	questions_count(qs, &count);
	assert_int_equal(count.held, SNITCH_QUESTIONS_LISTED);
	assert_int_equal(count.more, 300 - SNITCH_QUESTIONS_LISTED);
	assert_int_equal(count.flows, 300);
	questions_answer(qs, questions_next(qs, NULL), SCOPE_ADDRESS, count_flow, &n);
	assert_int_equal(n, 1);
	assert_int_equal(seen.added, SNITCH_QUESTIONS_LISTED + 1);
	questions_count(qs, &count);
	assert_int_equal(count.more, 300 - SNITCH_QUESTIONS_LISTED - 1);
	questions_free(qs);
	owner_put(o);
}

/* One user cannot take all the places, nor grow the model without end. */
static void test_one_user_is_bounded(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct question_request req = { .owner = o, .deadline = 100 };
	struct questions_count count;
	struct snitch_flow_event ev;
	unsigned int i, refused = 0;
	struct question *q;

	(void)state;
	for (i = 0; i < 2000; i++) {
		ev = flow_to(1000 + i, 1000, i, 6, 443);
		ev.daddr[2] = i / 256;
		req.ev = &ev;
		req.belongs = 1000;
		refused += questions_add(qs, &req, NULL) != 0;
	}
	assert_int_equal(refused, 2000 - SNITCH_QUESTIONS_MAX_UID);
	questions_count(qs, &count);
	assert_int_equal(count.held, SNITCH_QUESTIONS_LISTED_UID);
	assert_int_equal(count.refused, refused);
	ev = flow_to(9000, 1001, 1, 6, 443);
	q = add(qs, o, &ev, 100);
	assert_true(q->listed);
	questions_free(qs);
	owner_put(o);
}

/* Missed ones make room, oldest first, and only for somebody who waits. */
static void test_missed_make_room(void **state)
{
	struct seen seen = { 0 };
	struct questions *qs = questions_new(&ops, &seen);
	struct owner *o = make_owner(1, "/usr/bin/curl", 7);
	struct snitch_flow_event ev;
	unsigned int i;

	(void)state;
	for (i = 0; i < SNITCH_QUESTIONS_LISTED_UID; i++) {
		ev = flow_to(1000 + i, 1000, i, 6, 443);
		add(qs, o, &ev, i == 5 ? 0 : 100);
	}
	ev = flow_to(5000, 1000, 250, 6, 443);
	assert_true(add(qs, o, &ev, 100)->listed);
	assert_int_equal(seen.removed, 1);
	assert_int_equal(seen.why, QUESTION_REPLACED);
	assert_int_equal(seen.removed_id, 6);
	questions_free(qs);
	owner_put(o);
}

/* However long a chain of processes, an owner keeps a bounded part of it. */
static void test_ancestors_are_bounded(void **state)
{
	struct owner *last = make_owner(1, "/bin/p1", 1), *next;
	uint64_t id;

	(void)state;
	for (id = 2; id < 100; id++) {
		next = make_owner_from(id, "/bin/p", id, last, SNITCH_O_FORKED);
		owner_put(last);
		last = next;
	}
	assert_int_equal(last->n_parents, SNITCH_ANCESTORS);
	assert_int_equal(last->parents[0]->wire.hdr.id, 98);
	assert_int_equal(last->parents[SNITCH_ANCESTORS - 1]->wire.hdr.id, 99 - SNITCH_ANCESTORS);
	owner_put(last);
}

static void test_words(void **state)
{
	enum question_scope scope;

	(void)state;
	for (scope = 0; scope < __SCOPE_MAX; scope++) {
		enum question_scope back;

		assert_int_equal(question_scope_parse(question_scope_name(scope), &back), 0);
		assert_int_equal(back, scope);
	}
	assert_int_equal(question_scope_parse("everything", &scope), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_join),
		cmocka_unit_test(test_program_is_file_and_script),
		cmocka_unit_test(test_answer_scope),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_pending_and_reset),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_and_more),
		cmocka_unit_test(test_one_user_is_bounded),
		cmocka_unit_test(test_missed_make_room),
		cmocka_unit_test(test_ancestors_are_bounded),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
