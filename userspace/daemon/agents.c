// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Agents: programs that put questions to people. Each hears only of the questions it may answer;
 * it must never be possible to learn another user's questions by listening.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "authority.h"
#include "daemon.h"
#include "holder.h"

#define CHANGED_DELAY_US	200000	/* joins of many flows are told as one change */

/* What an agent is on the bus; agent.peer. */
struct agent_peer {
	struct daemon *daemon;
	struct holder holder;
	sd_bus_slot *look;	/* polkit is asked; NULL: it is not */
	bool again;		/* and has to be once more */
};

static struct agent *find(struct daemon *d, sd_bus_message *m)
{
	struct agent *agent;

	TAILQ_FOREACH(agent, &d->core.agents, link) {
		struct agent_peer *peer = agent->peer;

		if (holder_is(&peer->holder, d, m))
			return agent;
	}
	return NULL;
}

static void drop(struct daemon *d, struct agent *agent)
{
	struct agent_peer *peer = agent->peer;

	log_msg(LOG_INFO, "agent of uid %u left", agent->who.uid);
	TAILQ_REMOVE(&d->core.agents, agent, link);
	d->n_agents--;
	sd_bus_slot_unref(peer->look);
	holder_release(&peer->holder);
	free(peer);
	free(agent);
	bus_properties_changed(d, "Agents", NULL);
}

static int on_lost(sd_bus_track *track, void *userdata)
{
	struct agent *agent = userdata;
	struct agent_peer *peer = agent->peer;

	(void)track;
	drop(peer->daemon, agent);
	return 0;
}

/* ---- signals to one ------------------------------------------------------------------------- */

static int new_signal(const struct agent *agent, const char *member, sd_bus_message **m)
{
	const struct agent_peer *peer = agent->peer;
	int r = sd_bus_message_new_signal(peer->holder.bus, m, DAEMON_PATH, DAEMON_MANAGER, member);

	if (r >= 0 && peer->holder.sender)
		r = sd_bus_message_set_destination(*m, peer->holder.sender);
	return r;
}

static void send_signal(const struct agent *agent, sd_bus_message *m, int r)
{
	const struct agent_peer *peer = agent->peer;

	if (r >= 0)
		r = sd_bus_send(peer->holder.bus, m, NULL);
	if (r < 0)
		log_msg(LOG_WARNING, "an agent of uid %u was not told: %s", agent->who.uid,
			strerror(-r));
	sd_bus_message_unref(m);
}

/* Tells one agent about @q: @why NULL: the whole question, else the reason. */
static void tell_one(const struct agent *agent, const char *member, const struct question *q,
		     const char *why)
{
	struct daemon *d = ((struct agent_peer *)agent->peer)->daemon;
	sd_bus_message *m = NULL;
	int r = new_signal(agent, member, &m);

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 't', &q->id);
	if (r >= 0)
		r = why ? sd_bus_message_append_basic(m, 's', why) :
			  message_question(m, &d->core, q);
	send_signal(agent, m, r);
}

/* ---- by polkit: questions of system uids ------------------------------------------------------ */

static void look(struct agent *agent);

/* What @agent hears of changes with its right; it may already have some by ListQuestions. */
static void tell_system(struct agent *agent)
{
	struct daemon *d = ((struct agent_peer *)agent->peer)->daemon;
	struct question *q = NULL;

	while ((q = questions_next(d->core.questions, q))) {
		if (!rights_system_uid(q->belongs))
			continue;
		if (agent->who.system)
			tell_one(agent, "QuestionAdded", q, NULL);
		else
			tell_one(agent, "QuestionRemoved", q, "rights");
	}
}

static int on_looked(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct agent *agent = userdata;
	struct agent_peer *peer = agent->peer;
	bool had = agent->who.system;

	(void)error;
	peer->look = sd_bus_slot_unref(peer->look);
	agent->who.system = false;
	if (authority_read(reply) == AUTHORITY_YES)
		rights_grant(&agent->who, RIGHT_ANSWER_SYSTEM);
	if (agent->who.system != had)
		tell_system(agent);
	if (peer->again)
		look(agent);
	return 0;
}

/* Asks polkit about @agent. Nobody is asked for a password, and no answer is a no. */
static void look(struct agent *agent)
{
	struct agent_peer *peer = agent->peer;

	peer->again = peer->look;
	if (peer->look || !peer->holder.sender || agent->who.admin ||
	    rights_system_uid(agent->who.uid))
		return;
	if (authority_look(peer->daemon, peer->holder.sender, RIGHT_ANSWER_SYSTEM, on_looked, agent,
			   &peer->look) < 0)
		agent->who.system = false;
}

void agents_look_again(struct daemon *d)
{
	struct agent *agent;

	TAILQ_FOREACH(agent, &d->core.agents, link)
		look(agent);
}

/* ---- coming and going --------------------------------------------------------------------------- */

static int admit(struct daemon *d, const struct caller *who, struct core_error *error)
{
	const struct agent *agent;
	unsigned int n = 0;

	TAILQ_FOREACH(agent, &d->core.agents, link)
		n += agent->who.uid == who->uid;
	if (d->n_agents < DAEMON_AGENTS_MAX && (n < DAEMON_AGENTS_UID || who->uid == 0))
		return 0;
	return core_fail(error, -ENOSPC, "TooMany",
			 "there are %u agents, %u of uid %u; close one of them", d->n_agents, n,
			 who->uid);
}

int agents_add(struct daemon *d, sd_bus_message *m, const struct caller *who,
	       const struct agent_caps *caps, struct core_error *error)
{
	struct agent *agent = find(d, m);
	struct agent_peer *peer;
	int r;

	if (agent) {
		agent->watch = caps->watch;
		agent->loan = caps->loan;
		return 0;
	}
	r = admit(d, who, error);
	if (r)
		return r;
	agent = calloc(1, sizeof(*agent));
	peer = calloc(1, sizeof(*peer));
	r = agent && peer ? holder_hold(&peer->holder, d, m, on_lost, agent) : -ENOMEM;
	if (r < 0) {
		free(peer);
		free(agent);
		return core_fail(error, r, "Failed", "cannot register: %s", strerror(-r));
	}
	peer->daemon = d;
	agent->peer = peer;
	agent->who = *who;
	agent->watch = caps->watch;
	agent->loan = caps->loan;
	snprintf(agent->name, sizeof(agent->name), "%s", caps->name);
	TAILQ_INSERT_TAIL(&d->core.agents, agent, link);
	d->n_agents++;
	log_msg(LOG_INFO, "agent \"%s\" of uid %u%s registered", agent->name, who->uid,
		caps->watch ? " (only watching)" : "");
	bus_properties_changed(d, "Agents", NULL);
	look(agent);
	return 0;
}

int agents_remove(struct daemon *d, sd_bus_message *m)
{
	struct agent *agent = find(d, m);

	if (!agent)
		return -ENOENT;
	drop(d, agent);
	return 0;
}

void agents_lost_bus(struct daemon *d, sd_bus *bus)
{
	struct agent *agent, *next;

	for (agent = TAILQ_FIRST(&d->core.agents); agent; agent = next) {
		next = TAILQ_NEXT(agent, link);
		if (((struct agent_peer *)agent->peer)->holder.bus == bus)
			drop(d, agent);
	}
}

/* ---- signals to all ----------------------------------------------------------------------------- */

/* Tells about @q. */
static void tell(struct daemon *d, const char *member, const struct question *q, const char *why)
{
	const struct agent *agent;

	TAILQ_FOREACH(agent, &d->core.agents, link) {
		if (rights_may_answer(&agent->who, q->belongs))
			tell_one(agent, member, q, why);
	}
}

static void on_added(void *ctx, struct question *q)
{
	tell(ctx, "QuestionAdded", q, NULL);
}

static int on_changed_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;
	struct question *q = NULL;

	(void)source;
	(void)usec;
	d->changed_timer = sd_event_source_unref(d->changed_timer);
	while ((q = questions_next(d->core.questions, q))) {
		if (!q->data)
			continue;
		q->data = NULL;
		tell(d, "QuestionChanged", q, NULL);
	}
	return 0;
}

static void on_changed(void *ctx, struct question *q)
{
	struct daemon *d = ctx;

	q->data = q;	/* any mark will do */
	if (d->changed_timer || TAILQ_EMPTY(&d->core.agents))
		return;
	sd_event_add_time_relative(d->event, &d->changed_timer, CLOCK_MONOTONIC, CHANGED_DELAY_US,
				   10000, on_changed_timer, d);
}

static void on_removed(void *ctx, struct question *q, enum question_gone why)
{
	tell(ctx, "QuestionRemoved", q, question_gone_name(why));
}

const struct questions_ops agents_ops = {
	.added = on_added,
	.changed = on_changed,
	.removed = on_removed,
};

void agents_tell_mode(struct daemon *d)
{
	const struct agent *agent;

	TAILQ_FOREACH(agent, &d->core.agents, link) {
		sd_bus_message *m = NULL;
		int r = new_signal(agent, "ModeChanged", &m);

		if (r >= 0)
			r = sd_bus_message_append(m, "s", snitch_mode_name(d->core.mode.now));
		send_signal(agent, m, r);
	}
	bus_properties_changed(d, "Mode", "ModeUntil", "ModeAfter", "Generation", NULL);
}

void agents_tell_rules(struct daemon *d)
{
	const struct agent *agent;

	TAILQ_FOREACH(agent, &d->core.agents, link) {
		sd_bus_message *m = NULL;
		int r = new_signal(agent, "RulesChanged", &m);

		if (r >= 0)
			r = sd_bus_message_append(m, "t", d->core.generation);
		send_signal(agent, m, r);
	}
	bus_properties_changed(d, "Generation", "Rules", NULL);
}
