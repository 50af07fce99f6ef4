/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's mind on a root folder of its own, the fake device and a policy sink that keeps what
 * it is given. It must never need root, a bus or the module.
 */
#ifndef SNITCH_TESTS_CORE_LAB_H
#define SNITCH_TESTS_CORE_LAB_H

#include <stdio.h>

#include "daemon/core.h"
#include "tests/fake/fake.h"
#include "util/log.h"
#include "lab.h"

struct lab {
	char root[LAB_ROOT];
	struct core core;
	struct fake *fake;
	struct snitch_device *dev;
	struct snitch_rule rules[256];
	size_t n_rules;
	char apps[64][64];
	size_t n_apps;
	struct snitch_policy policy;
	unsigned int commits;
};

/* ---- the policy's end ---- */

static inline int sink_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct lab *lab = ctx;

	lab->policy = *policy;
	lab->n_rules = 0;
	lab->n_apps = 0;
	*generation = lab->fake->generation + 1;
	return 0;
}

static inline int sink_apps(void *ctx, const char *const *paths, size_t n)
{
	struct lab *lab = ctx;
	size_t i;

	for (i = 0; i < n && lab->n_apps < 64; i++)
		snprintf(lab->apps[lab->n_apps++], 64, "%s", paths[i]);
	return 0;
}

static inline int sink_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	struct lab *lab = ctx;

	assert_true(lab->n_rules + n <= 256);
	memcpy(lab->rules + lab->n_rules, rules, n * sizeof(*rules));
	lab->n_rules += n;
	return 0;
}

static inline int sink_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	struct lab *lab = ctx;

	*generation = ++lab->fake->generation;
	*unbound = 0;
	lab->commits++;
	return 0;
}

static inline void write_rules(struct lab *lab, const char *text)
{
	lab_write(lab->root, "/etc/snitch/rules.d/test.rules", text);
	assert_int_equal(core_reload(&lab->core), 0);
}

static const struct fake_image curl = {
	.id = 1, .pid = 100, .uid = 1000, .exe = "/usr/bin/curl", .cmd = "curl\0x", .cmd_len = 6,
	.comm = "curl",
};

static inline int setup(void **state)
{
	static const char *const dirs[] = {
		"/etc", "/etc/snitch", "/etc/snitch/rules.d", "/usr", "/usr/lib", "/usr/lib/snitch",
		"/usr/lib/snitch/rules.d", "/var", "/var/lib", "/var/lib/snitch",
		"/var/lib/snitch/rules", "/run", "/run/snitch", "/run/snitch/rules",
	};
	struct lab *lab = calloc(1, sizeof(*lab));
	struct snitch_welcome welcome;
	int fd;

	log_set_level(LOG_EMERG);
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	assert_int_equal(core_init(&lab->core, lab->root, NULL, NULL), 0);
	assert_true(asprintf(&lab->core.mode_path, "%s/var/lib/snitch/mode", lab->root) > 0);
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &lab->fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, 0, &lab->dev, &welcome), 0);
	lab->core.sink = (struct snitch_policy_sink){
		.ctx = lab, .begin = sink_begin, .apps = sink_apps, .rules = sink_rules,
		.commit = sink_commit, .abort = lab_no_abort, .error = lab_no_error,
	};
	core_attach(&lab->core, lab->dev, &welcome);
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(fake_owner_add(lab->fake, &curl), 0);
	*state = lab;
	return 0;
}

static inline int teardown(void **state)
{
	struct lab *lab = *state;

	core_done(&lab->core);
	snitch_device_close(lab->dev);
	fake_free(lab->fake);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

static inline void pump(struct lab *lab)
{
	assert_true(snitch_device_read(lab->dev, &core_handler, &lab->core) >= 0);
	assert_int_equal(snitch_device_flush(lab->dev), 0);
	assert_true(fake_receive(lab->fake) >= 0);
}

/* Sends a flow; returns what became of it. */
static inline const struct fake_flow *send_flow(struct lab *lab, uint64_t id, uint64_t owner, const char *to,
					 uint16_t port, uint32_t uid, uint32_t flags)
{
	struct snitch_flow_event ev;

	assert_int_equal(fake_flow_init(&ev, id, owner, 6, to, port), 0);
	ev.uid = uid;
	ev.flags = flags;
	ev.ifindex = 2;
	assert_int_equal(fake_flow_add(lab->fake, &ev), 0);
	pump(lab);
	return fake_flow_get(lab->fake, id);
}

static inline void add_agent(struct lab *lab, uint32_t uid, bool admin)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	agent->who = (struct caller){ .uid = uid, .admin = admin };
	TAILQ_INSERT_TAIL(&lab->core.agents, agent, link);
}

static inline uint64_t first_question(struct lab *lab)
{
	struct question *q = questions_next(lab->core.questions, NULL);

	return q ? q->id : 0;
}

static inline void set_mode(struct lab *lab, uint32_t mode)
{
	assert_int_equal(core_set_mode(&lab->core, mode, 0), 0);
	assert_true(fake_receive(lab->fake) >= 0);
}

static const struct caller root = { .uid = 0, .admin = true };

static inline int say(struct lab *lab, const struct caller *who, uint64_t id,
		      const char *verdict, const char *scope, const char *lifetime)
{
	struct core_answer answer = { .id = id };
	struct core_answered done;
	struct core_error error = { .name = NULL };
	int r;

	assert_int_equal(core_parse_verdict(verdict, &answer), 0);
	assert_int_equal(question_scope_parse(scope, &answer.scope), 0);
	assert_int_equal(core_parse_lifetime(lifetime, &answer), 0);
	r = core_answer(&lab->core, who, &answer, &done, &error);
	if (r)
		assert_true(error.name && error.text[0]);
	assert_true(fake_receive(lab->fake) >= 0);
	return r;
}

#endif
