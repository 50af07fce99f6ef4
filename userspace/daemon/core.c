// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's mind: what the kernel says and what becomes of rules and mode. It must never block
 * and never leave a flow without an answer: each ends in a verdict or in a question.
 */
#include "core.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/log.h"
#include "../util/timespan.h"

int core_init(struct core *core, const char *root, const struct questions_ops *ops, void *ctx)
{
	struct stat st;

	memset(core, 0, sizeof(*core));
	TAILQ_INIT(&core->agents);
	TAILQ_INIT(&core->hellos);
	core->sni = true;
	core->mode = (struct mode){ .now = SNITCH_MODE_OBSERVE, .after = SNITCH_MODE_OBSERVE };
	core->kernel_default = SNITCH_ALLOW;
	core->forward = SNITCH_FORWARD_LOG;
	if (!stat("/proc/self/ns/user", &st))
		core->own_userns = st.st_ino;
	core->questions = questions_new(ops, ctx);
	core->names = names_new();
	core->queries = dns_queries_new();
	core->streams = dns_streams_new();
	if (!core->questions || !core->names || !core->queries || !core->streams ||
	    rulebook_new(&core->rules, root))
		return -ENOMEM;
	rulebook_use_names(core->rules, core->names);
	return 0;
}

void core_done(struct core *core)
{
	struct agent *agent;

	while ((agent = TAILQ_FIRST(&core->agents))) {
		TAILQ_REMOVE(&core->agents, agent, link);
		free(agent);
	}
	changed_done(&core->changed);
	core_forget_hello(core, 0);
	core_live_end(core);
	once_clear(&core->once);
	questions_free(core->questions);
	owners_clear(&core->owners);
	rulebook_free(core->rules);
	names_free(core->names);
	dns_queries_free(core->queries);
	dns_streams_free(core->streams);
	free(core->mode_path);
}

void core_attach(struct core *core, struct snitch_device *dev,
		 const struct snitch_welcome *welcome)
{
	core->dev = dev;
	core->n_waiting = 0;
	core->generation = 0;
	if (welcome)
		core->welcome = *welcome;
	changed_clear_flows(&core->changed);
	core_forget_hello(core, 0);
	questions_reset(core->questions);
	owners_clear(&core->owners);
	once_clear(&core->once);
}

/* ---- events ---------------------------------------------------------------------- */

static void judge_waiting(struct core *core, uint64_t id, struct owner *owner)
{
	unsigned int i, kept = 0;

	for (i = 0; i < core->n_waiting; i++) {
		if (core->waiting[i].owner == id)
			core_judge_flow(core, &core->waiting[i], owner);
		else
			core->waiting[kept++] = core->waiting[i];
	}
	core->n_waiting = kept;
}

static void on_owner(void *ctx, const struct snitch_owner_info *info)
{
	struct core *core = ctx;
	struct owner *owner;

	if (owners_add(&core->owners, info)) {
		core->counters[CORE_ERRORS]++;
		return;
	}
	if (!core->n_waiting)
		return;
	owner = owner_get(owners_find(&core->owners, info->wire->hdr.id));
	judge_waiting(core, info->wire->hdr.id, owner);
	owner_put(owner);
}

/* An owner nobody can tell about: no allow rule can match it. */
static struct owner *nobody(uint64_t id, uint32_t uid)
{
	struct snitch_owner wire = {
		.hdr = { .id = id },
		.flags = SNITCH_O_UNKNOWN | SNITCH_O_INCOMPLETE,
		.uid = uid, .euid = uid, .loginuid = -1,
	};
	struct snitch_owner_info info = {
		.wire = &wire, .exe = "", .cmdline = "", .cgroup = "", .script = "",
	};

	return owner_new(&info, NULL);
}

static void judge_nobody(struct core *core, const struct snitch_flow_event *ev)
{
	struct owner *owner = nobody(ev->owner, ev->uid);

	if (!owner) {
		core->counters[CORE_ERRORS]++;
		core_verdict(core, ev, NULL, SNITCH_DENY, SNITCH_BY_MODE, 0);
		return;
	}
	core_judge_flow(core, ev, owner);
	owner_put(owner);
}

static void on_flow(void *ctx, const struct snitch_flow_event *ev)
{
	struct core *core = ctx;
	struct owner *owner = owners_find(&core->owners, ev->owner);

	core->counters[CORE_FLOWS]++;
	if (owner) {
		owner_get(owner);
		core_judge_flow(core, ev, owner);
		owner_put(owner);
		return;
	}
	if (core->n_waiting == CORE_WAITING_MAX ||
	    snitch_device_get_owner(core->dev, ev->owner)) {
		judge_nobody(core, ev);
		return;
	}
	core->waiting[core->n_waiting++] = *ev;
}

static void on_cancel(void *ctx, const struct snitch_cancel *cancel)
{
	struct core *core = ctx;
	unsigned int i;

	for (i = 0; i < core->n_waiting; i++) {
		if (core->waiting[i].hdr.id == cancel->hdr.id) {
			core->waiting[i] = core->waiting[--core->n_waiting];
			break;
		}
	}
	core_cancel_wait(core, cancel->hdr.id);
	core_forget_hello(core, cancel->hdr.id);
	core->counters[CORE_CANCELLED]++;
	core_remember_cancel(core, cancel);
	questions_cancel(core->questions, cancel->hdr.id, cancel->why);
}

static void on_lost(void *ctx, const struct snitch_lost *lost)
{
	struct core *core = ctx;

	core->counters[CORE_LOST] += lost->owners + lost->dns + lost->events;
	log_msg(LOG_WARNING, "the kernel dropped %llu owners and %llu name answers: busy machine",
		(unsigned long long)lost->owners, (unsigned long long)lost->dns);
}

static void on_result(void *ctx, const struct snitch_result *result)
{
	struct core *core = ctx;
	unsigned int i;

	if (result->type != SNITCH_MSG_GET_OWNER || !result->error)
		return;
	core_live_gone(core, result->hdr.id);
	for (i = 0; i < core->n_waiting;) {
		struct snitch_flow_event ev = core->waiting[i];

		if (ev.owner != result->hdr.id) {
			i++;
			continue;
		}
		core->waiting[i] = core->waiting[--core->n_waiting];
		judge_nobody(core, &ev);
	}
}

static void on_dns(void *ctx, const struct snitch_dns *dns)
{
	core_dns(ctx, dns);
}

/* In a recording: here was another connection. */
static void on_again(void *ctx, const struct snitch_welcome *welcome)
{
	struct core *core = ctx;

	core_attach(core, core->dev, welcome);
	core_install(core);
}

static void on_data(void *ctx, const struct snitch_data *data)
{
	core_hello_data(ctx, data);
}

const struct snitch_handler core_handler = {
	.dns = on_dns,
	.data = on_data,
	.owner = on_owner,
	.flow = on_flow,
	.cancel = on_cancel,
	.lost = on_lost,
	.result = on_result,
	.again = on_again,
};

/* ---- rules and mode ---------------------------------------------------------------- */

/* The last column of the table in the design: what the kernel does without a decider. */
static uint32_t fail_action(const struct core *core)
{
	if (core->fail && core->mode.now != SNITCH_MODE_LOCKDOWN)
		return core->fail;
	return core->mode.now == SNITCH_MODE_OBSERVE || core->mode.now == SNITCH_MODE_OFF ?
	       SNITCH_ALLOW : SNITCH_DENY;
}

/* What lockdown leaves to the rules alone it also leaves to them where it is forwarded. */
static uint32_t forward_setting(const struct core *core)
{
	if (core->mode.now == SNITCH_MODE_LOCKDOWN && core->forward == SNITCH_FORWARD_LOG)
		return SNITCH_FORWARD_RULES;
	return core->forward;
}

int core_install(struct core *core)
{
	struct rulebook_policy as = {
		.mode = core->mode.now,
		.fail = fail_action(core),
		.kernel = core->kernel_default,
		.forward = forward_setting(core),
	};
	uint64_t generation;
	int r;

	if (!core->sink.begin)
		return -ENOTCONN;
	r = rulebook_install(core->rules, &core->sink, &as, &generation);
	if (r) {
		log_msg(LOG_ERR, "rules not loaded into the kernel: %s",
			rulebook_error(core->rules));
		return r;
	}
	core->generation = generation;
	log_msg(LOG_INFO, "policy %llu in force: mode %s, %u rules",
		(unsigned long long)generation, snitch_mode_name(core->mode.now),
		rulebook_count(core->rules));
	core_look_into(core);
	core_live_rules(core);
	malloc_trim(0);	/* compiling took several times the room of what is kept */
	return 0;
}

int core_lists_changed(struct core *core)
{
	int n;

	if (!core->sink.begin)
		return -ENOTCONN;
	n = rulebook_change_sets(core->rules, &core->sink);
	if (n < 0)
		return core_install(core);
	log_msg(LOG_INFO, "policy %llu goes on with %d other sets of addresses",
		(unsigned long long)core->generation, n);
	core_live_rules(core);
	return 0;
}

void core_rejudge(struct core *core)
{
	questions_judge(core->questions, core_judge_again, core);
	if (core->dev)
		snitch_device_flush(core->dev);
}

static int reload(struct core *core, bool always)
{
	int err, r = rulebook_load(core->rules);

	malloc_trim(0);	/* there were two sets for a moment */
	if (r < 0)
		log_msg(LOG_ERR, "rules not loaded, the last good ones stay: %s",
			rulebook_error(core->rules));
	if (!always && (r < 0 || (!r && core->generation)))
		return r;
	err = core_install(core);
	core_rejudge(core);
	return r < 0 ? r : err;
}

int core_reload(struct core *core)
{
	return reload(core, true);
}

int core_files_changed(struct core *core)
{
	return reload(core, false);
}

static int mode_changed(struct core *core)
{
	int r;

	if (core->mode.now == SNITCH_MODE_LOCKDOWN)
		once_clear(&core->once);
	log_msg(LOG_NOTICE, "mode is %s now", snitch_mode_name(core->mode.now));
	r = core_install(core);
	core_rejudge(core);
	return r;
}

int core_set_mode(struct core *core, uint32_t mode, uint64_t seconds)
{
	struct mode before = core->mode;
	struct mode_clock clock;
	int r;

	mode_clock_read(&clock);
	mode_set(&core->mode, mode, seconds, clock.boottime);
	r = core->mode_path ? mode_save(&core->mode, core->mode_path, &clock) : 0;
	if (r) {
		core->mode = before;
		return r;
	}
	r = mode_changed(core);
	return r == -ENOTCONN ? 0 : r;
}

bool core_expire_mode(struct core *core)
{
	struct mode_clock clock;

	mode_clock_read(&clock);
	if (!mode_expire(&core->mode, clock.boottime))
		return false;
	if (core->mode_path && mode_save(&core->mode, core->mode_path, &clock))
		log_msg(LOG_ERR, "cannot keep the mode in %s", core->mode_path);
	mode_changed(core);
	return true;
}

int core_fail(struct core_error *error, int code, const char *name, const char *fmt, ...)
{
	va_list ap;

	error->name = name;
	error->lacks = RIGHT_NONE;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return code;
}

int core_lacks(struct core_error *error, enum right right, const char *fmt, ...)
{
	va_list ap;

	error->name = "NotPermitted";
	error->lacks = right;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return -EPERM;
}
