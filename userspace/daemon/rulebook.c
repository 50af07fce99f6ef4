// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules in force. It must never lose the last good set, and never let an allow rule hold for
 * an executable that changed under it.
 */
#include "rulebook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/log.h"
#include "../util/panic.h"
#include "../util/timespan.h"
#include "identity.h"
#include "places.h"
#include "rulebook-private.h"

#define LOAD_TRIES		3	/* while executables are being replaced */
#define LOOPBACK_IFINDEX	1	/* in every network namespace */

int rulebook_new(struct rulebook **out, const char *root)
{
	struct rulebook *rb = calloc(1, sizeof(*rb));
	struct stat st;

	if (!rb)
		return -ENOMEM;
	if (!stat("/proc/self/ns/user", &st))
		rb->userns = st.st_ino;
	rb->root = strdup(root);
	rb->set = ruleset_new();
	rb->lists = lists_new();
	rb->hits = list_hits_new();
	TAILQ_INIT(&rb->loans.list);
	rb->paths.root = rb->root;
	if (!rb->root || !rb->set || !rb->lists || !rb->hits) {
		rulebook_free(rb);
		return -ENOMEM;
	}
	*out = rb;
	return 0;
}

void rulebook_free(struct rulebook *rb)
{
	if (!rb)
		return;
	rulebook_clear_loans(rb);
	suspended_clear(&rb->suspended);
	suspended_clear(&rb->unsure);
	known_clear(&rb->known);
	policy_compiled_free(&rb->compiled);
	policy_shape_clear(&rb->shape);
	policy_refusals_clear(&rb->refusals);
	ruleset_free(rb->set);
	lists_free(rb->lists);
	list_hits_free(rb->hits);
	free(rb->profile);
	free(rb->root);
	free(rb);
}

const char *rulebook_error(const struct rulebook *rb)
{
	return rb->error[0] ? rb->error : rb->bad_files;
}

const char *rulebook_refusal(const struct rulebook *rb)
{
	return rb->refusal;
}

const char *rulebook_folder(const struct rulebook *rb, unsigned int i)
{
	static const char *const folders[] = {
		"/usr/lib/snitch/rules.d", "/etc/snitch/rules.d", "/var/lib/snitch/rules",
		"/run/snitch/rules",
	};

	(void)rb;
	return i < SNITCH_ARRAY_SIZE(folders) ? folders[i] : NULL;
}

bool rulebook_panic(const struct rulebook *rb)
{
	return snitch_panic_in_force(rb->paths.root);
}

unsigned int rulebook_count(const struct rulebook *rb)
{
	return rb->set->n_rules;
}

struct policy_env *rulebook_env(struct rulebook *rb)
{
	struct policy_env *env = &rb->env;

	places_env(&rb->places, env);
	env->lists = rb->lists;
	env->profile = rb->profile;
	env->now = time(NULL);
	env->boottime = snitch_boottime();
	return env;
}

int rulebook_look_around(struct rulebook *rb)
{
	_cleanup_free_ struct places *now = malloc(sizeof(*now));
	bool changed;
	int r;

	if (!now)
		return -ENOMEM;
	r = places_read(now, rb->root);
	if (r)
		return r;
	changed = !places_same(now, &rb->places, rb->by_interface);
	rb->places = *now;
	r = rulebook_read_hosts(rb);
	rb->meant_else |= changed || r > 0;
	return r < 0 ? r : changed || r;
}

static bool same_set(const struct ruleset *a, const struct ruleset *b)
{
	size_t i;

	if (a->n_rules != b->n_rules)
		return false;
	for (i = 0; i < a->n_rules; i++) {
		const struct rule *x = a->rules[i], *y = b->rules[i];

		if (x->id != y->id || x->scope != y->scope || x->scope_uid != y->scope_uid ||
		    x->flags != y->flags || !rule_equal(x, y))
			return false;
	}
	return true;
}

/* What its rules need to know of a flow. */
void rulebook_note_set(struct rulebook *rb)
{
	size_t i;

	rb->by_group = false;
	rb->by_interface = false;
	rb->by_identity = false;
	rb->by_parents = false;
	for (i = 0; i < rb->set->n_rules; i++) {
		const struct rule *rule = rb->set->rules[i];
		const struct rule_program *p = &rule->program;

		rb->by_group |= rule->who == RULE_W_GROUP;
		rb->by_interface |= rule->interface != NULL;
		rb->by_parents |= p->child_of || p->and_children;
		rb->by_identity |= p->kind != RULE_P_ANY && p->kind != RULE_P_PATH &&
				   p->kind != RULE_P_KERNEL;
	}
	rulebook_note_name_ports(rb);
}

/* An allow rule that was not there before says that the program is right as it is now. */
static void lift_by_new_rules(struct rulebook *rb, const struct ruleset *set)
{
	size_t i;

	for (i = 0; rb->loaded && i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];

		if (rule->action == SNITCH_ALLOW && rule->program.kind == RULE_P_PATH &&
		    !ruleset_find(rb->set, rule->id))
			rulebook_unsuspend(rb, rule->program.name);
	}
}

static int take_set(struct rulebook *rb, struct ruleset *set)
{
	int r;

	rulebook_put_loans(rb, set);
	r = !same_set(rb->set, set);
	lift_by_new_rules(rb, set);
	ruleset_free(rb->set);
	rb->set = set;
	rb->loaded = true;
	rulebook_note_set(rb);
	rb->n_groups = 0;
	return r;
}

int rulebook_load(struct rulebook *rb)
{
	struct rule_error err = { .line = 0 }, more = { .line = 0 };
	struct ruleset *set = NULL;
	int r;

	rb->error[0] = '\0';
	rb->bad_files[0] = '\0';
	r = ruleset_load(&rb->paths, 0, &set, &err);
	if (!r) {
		r = take_set(rb, set);
		rulebook_sweep_quit(rb);
		return r;
	}
	rule_error_print(&err, rb->bad_files, sizeof(rb->bad_files));
	/* at the start there is no good set to keep: the files without errors are better than none */
	if (!rb->loaded && !ruleset_load(&rb->paths, RULES_SKIP_BAD, &set, &more))
		take_set(rb, set);
	return r;
}

/* ---- the kernel's copy ---------------------------------------------------------------- */

static int load_compiled(struct rulebook *rb, const struct snitch_policy_sink *sink,
			 struct policy_compiled *c, uint64_t *generation)
{
	uint32_t unbound;

	suspended_withhold(&rb->suspended, c);
	suspended_withhold(&rb->unsure, c);
	return snitch_policy_load(sink, &c->policy, (const char *const *)c->apps, c->rules,
				  c->sets, generation, &unbound);
}

/* Looks at the executables, loads, and looks again: were they replaced meanwhile? */
static int load_looking(struct rulebook *rb, const struct snitch_policy_sink *sink,
			struct policy_compiled *c, uint64_t *generation)
{
	unsigned int tries;
	int r = 0;

	rulebook_compare(rb);
	for (tries = 0; tries < LOAD_TRIES; tries++) {
		r = load_compiled(rb, sink, c, generation);
		if (r)
			break;
		/* the kernel has looked at the paths: was there anything new to see? */
		rulebook_compare(rb);
		if (!rb->news)
			break;
	}
	return r;
}

/* @max_ranges: of sets, 0: the usual. */
static int compile_and_load(struct rulebook *rb, const struct snitch_policy_sink *sink,
			    size_t max_ranges, struct policy_compiled *c, uint64_t *generation)
{
	int r;

	rb->env.max_ranges = max_ranges;
	r = policy_compile(rb->set, rulebook_env(rb), c);
	if (r) {
		snprintf(rb->error, sizeof(rb->error), "cannot compile %zu rules: %s",
			 rb->set->n_rules, strerror(-r));
		return r;
	}
	/* before lines are withheld: that is no part of what rules and lists say */
	policy_shape_take(c, &rb->shape);
	rb->names_differ = false;
	r = load_looking(rb, sink, c, generation);
	if (r) {
		policy_shape_clear(&rb->shape);
		snprintf(rb->error, sizeof(rb->error), "the kernel refused the policy: %s%s%s",
			 strerror(-r), *sink->error(sink->ctx) ? ": " : "",
			 sink->error(sink->ctx));
	}
	return r;
}

int rulebook_install(struct rulebook *rb, const struct snitch_policy_sink *sink,
		     const struct rulebook_policy *as, uint64_t *generation)
{
	struct policy_compiled c = { .n_apps = 0 };
	uint32_t unbound;
	int r;

	/* `snitch panic` stands until `snitch release`, whatever is reloaded or restarted */
	if (rulebook_panic(rb)) {
		r = snitch_policy_load(sink, &snitch_panic_policy, NULL, snitch_panic_rules,
				       NULL, generation, &unbound);
		/* no executable has a number now: none counts as changed for want of one */
		policy_shape_clear(&rb->shape);
		if (!r)
			policy_compiled_free(&rb->compiled);
		return r;
	}
	rb->env.mode = as->mode;
	rb->env.fail = as->fail;
	rb->env.kernel = as->kernel;
	rb->env.forward = as->forward;
	r = compile_and_load(rb, sink, 0, &c, generation);
	if ((r == -ENOSPC || r == -ENOMEM) && c.n_sets) {
		log_msg(LOG_WARNING, "the kernel has no room for the addresses of lists (%s): snitchd judges by them",
			rb->error);
		policy_compiled_free(&c);
		r = compile_and_load(rb, sink, POLICY_LINES_MAX, &c, generation);
	}
	if (r) {
		policy_compiled_free(&c);
		return r;
	}
	policy_compiled_keep_apps(&c);
	policy_compiled_free(&rb->compiled);
	rb->compiled = c;
	rb->error[0] = '\0';
	return 0;
}

int rulebook_change_sets(struct rulebook *rb, const struct snitch_policy_sink *sink)
{
	struct snitch_set_change changes[SNITCH_SETS_MAX];
	struct policy_compiled c = { .n_apps = 0 };
	size_t n = 0;
	int r;

	rb->meant_else = true;
	/* what was concluded by names counts until there is another policy */
	if (rulebook_panic(rb) || !sink->change || rb->names_differ)
		return -ESTALE;
	r = policy_compile(rb->set, rulebook_env(rb), &c);
	if (!r)
		r = policy_shape_change(&rb->shape, &c, changes, &n);
	if (!r && n)
		r = sink->change(sink->ctx, changes, n);
	if (!r)
		policy_shape_changed(&rb->shape, changes, n);
	policy_compiled_free(&c);
	return r ? r : (int)n;
}

uint32_t rulebook_app(const struct rulebook *rb, const char *exe)
{
	return policy_app(&rb->compiled, exe);
}

/* ---- judging ------------------------------------------------------------------------- */

void rulebook_groups(struct rulebook *rb, uint32_t uid, uint32_t gid, struct flow_query *q)
{
	if (!rb->by_group)
		return;
	rb->groups[0] = gid;
	if (rb->groups_uid != uid || !rb->n_groups) {
		rb->groups_uid = uid;
		rb->n_groups = 1 + rights_groups(uid, rb->groups + 1, RULEBOOK_GROUPS_MAX - 1);
	}
	q->gids = rb->groups;
	q->n_gids = rb->n_groups;
}

const struct identity *rulebook_identity(const struct rulebook *rb, struct image *image)
{
	return identity_of(image, rb->root, rb->userns);
}

/* Is the file at its path another one, as far as anybody can tell? */
static bool is_strange(const struct rulebook *rb, struct image *image)
{
	const struct identity *id;

	if (rulebook_knows(rb, image))
		return false;
	if (image->wire.flags & SNITCH_O_SERVED)
		return true;
	id = rulebook_identity(rb, image);
	return !id || !id->at_path;
}

static void fill_parents(struct rulebook *rb, const struct owner *owner, struct query_room *room,
			 struct flow_query *q)
{
	unsigned int i;

	for (i = 0; i < owner->n_parents; i++) {
		const struct snitch_owner *wire = &owner->parents[i]->wire;

		room->parents[i] = owner->parents[i]->exe;
		room->images[i] = (struct rule_image){ wire->pid, wire->start, wire->exec_id };
		room->strangers[i] = rb->by_parents && is_strange(rb, owner->parents[i]);
	}
	q->parents = room->parents;
	q->parent_images = room->images;
	q->strangers = room->strangers;
	q->n_parents = owner->n_parents;
}

/* What its executable is, where the path alone does not say. */
static void fill_identity(struct rulebook *rb, const struct owner *owner, struct flow_query *q)
{
	const struct identity *id = rulebook_identity(rb, owner->image);

	q->strange = !q->served && is_strange(rb, owner->image);
	if (!id)
		return;
	q->app = &id->app;
	/* a container's programs are nobody's of the same path here */
	if (q->strange && id->ids.container[0])
		q->suspended = false;
}

/* Files are looked at only where its control group, or the kernel, says that it is something. */
const char *rulebook_app_text(const struct rulebook *rb, struct image *image, char *buf,
			      size_t size)
{
	const struct identity *id = image->identity;
	struct app_ids ids;

	buf[0] = '\0';
	if (!id) {
		app_ids_of_cgroup(image->cgroup, &ids);
		if (ids.unit[0] || ids.flatpak[0] || ids.snap[0] || ids.container[0] ||
		    image->wire.flags & SNITCH_O_SCRIPT)
			id = identity_of(image, rb->root, rb->userns);
	}
	if (!id)
		return buf;
	return app_print(&id->app, id->ids.container[0] && is_strange(rb, image), buf, size);
}

void rulebook_query(struct rulebook *rb, const struct owner *owner,
		    const struct snitch_flow_event *ev, struct query_room *room,
		    struct flow_query *q)
{
	const struct image *image = owner->image;
	const char *exe = rulebook_name(rb, image->exe);
	bool known = rulebook_knows(rb, image);
	uint32_t no_allow = SNITCH_O_DISGUISED | SNITCH_O_MEMFD;

	/* what an upgrade has replaced still is the program */
	if (!known)
		no_allow |= SNITCH_O_DELETED;
	*q = (struct flow_query){
		.exe = exe[0] == '/' ? exe : NULL,
		.no_allow = (image->wire.flags & no_allow) ||
			    (ev->flags & (SNITCH_F_SHARED | SNITCH_F_UNPARSED)),
		.served = image->wire.flags & SNITCH_O_SERVED,
		.suspended = !known && !(image->wire.flags & SNITCH_O_SERVED) &&
			     (rulebook_suspended(rb, exe) || rulebook_unsure(rb, exe) ||
			      ((ev->flags & SNITCH_F_UNBOUND) && rulebook_app(rb, exe))),
		.kernel = image->wire.flags & SNITCH_O_KERNEL ? image->wire.kernel : 0,
		.uid = ev->uid,
		.image = {
			.pid = image->wire.pid,
			.start = image->wire.start,
			.exec_id = image->wire.exec_id,
		},
		.family = ev->family,
		.proto = ev->proto,
		.loopback = ev->ifindex == LOOPBACK_IFINDEX,
		.port = ev->dport,
	};
	memcpy(q->addr, ev->daddr, sizeof(q->addr));
	fill_parents(rb, owner, room, q);
	if (rb->by_identity || rb->by_parents || q->suspended)
		fill_identity(rb, owner, q);
	if (rb->by_interface && ev->netns == rb->places.netns)
		q->interface = places_link_name(&rb->places, ev->ifindex);
	rulebook_groups(rb, ev->uid, image->wire.gid, q);
}

void rulebook_judge(struct rulebook *rb, const struct owner *owner,
		    const struct snitch_flow_event *ev, uint64_t now, struct judgement *out)
{
	rulebook_judge_said(rb, owner, ev, now, NULL, out);
}

void rulebook_judge_said(struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now, const char *said,
			 struct judgement *out)
{
	struct rulebook_names names;
	struct policy_env *env = rulebook_env(rb);
	struct policy_decision d;
	struct query_room room;
	struct flow_query q;

	env->boottime = now;
	rulebook_query(rb, owner, ev, &room, &q);
	rulebook_name_query(rb, owner, ev, now, &names, &q);
	rulebook_take_said(&names, said, &q);
	policy_decide(rb->set, env, &q, &d);
	if (d.rule)
		rulebook_count_hit(rb, d.rule, &q);
	*out = (struct judgement){
		.action = d.action,
		.rule = d.rule ? d.rule->id : 0,
		.loan = d.rule ? d.rule->loan : 0,
		.suspended = q.suspended,
		.by_name = d.rule && rulebook_rule_is_by_name(d.rule),
		.named = q.n_names == 1 && !q.n_claims,
		.until = names.until,
	};
}

/* ---- profiles -------------------------------------------------------------------------- */

bool rulebook_set_profile(struct rulebook *rb, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return false;
	if (rb->profile && name ? !strcmp(rb->profile, name) : !rb->profile && !name) {
		free(copy);
		return false;
	}
	free(rb->profile);
	rb->profile = copy;
	return true;
}

const char *rulebook_profile(const struct rulebook *rb)
{
	return rb->profile;
}

void rulebook_each_profile(const struct rulebook *rb, uint32_t uid,
			   void (*fn)(void *ctx, const char *name), void *ctx)
{
	size_t i;

	for (i = 0; i < rb->set->n_rules; i++) {
		const struct rule *rule = rb->set->rules[i];

		if (rule->profile && (rule->scope != RULE_S_USER || uid == (uint32_t)-1 ||
				      rule->scope_uid == uid))
			fn(ctx, rule->profile);
	}
}

/* ---- time ------------------------------------------------------------------------------ */

uint64_t rulebook_next_change(const struct rulebook *rb)
{
	return ruleset_next_change(rb->set, time(NULL), snitch_boottime());
}

int rulebook_expire(struct rulebook *rb)
{
	return ruleset_expire(rb->set, &rb->paths, time(NULL), snitch_boottime());
}
