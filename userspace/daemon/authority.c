// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that wait for polkit. It must never give a right to another call than the one that polkit
 * was asked about, nor keep what its sender does not wait for any more.
 *
 * The interface: https://polkit.pages.freedesktop.org/polkit/eggdbus-interface-org.freedesktop.PolicyKit1.Authority.html
 */
#include "authority.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/log.h"
#include "daemon.h"
#include "holder.h"
#include "message-size.h"

#define POLKIT			"org.freedesktop.PolicyKit1"
#define POLKIT_PATH		"/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_AUTHORITY	POLKIT ".Authority"
#define ALLOW_USER_INTERACTION	1U
/* How long polkit may take. */
#define LOOK_US			(5ULL * 1000 * 1000)
#define PERSON_US		(120ULL * 1000 * 1000)

/**
 * struct check - a call that waits
 * @m: the call, with @handler, its method
 * @sender: who leaves the bus does not wait
 * @slot: what polkit is asked
 * @id: to take that back with
 * @answer: polkit's, when the method runs again
 */
struct check {
	struct daemon *daemon;
	sd_bus_message *m;
	sd_bus_message_handler_t handler;
	struct holder sender;
	uint32_t uid;
	enum right right;
	bool interact;
	sd_bus_slot *slot;
	char id[24];
	enum authority_answer answer;
	TAILQ_ENTRY(check) link;
};

static const char *const actions[__RIGHT_MAX] = {
	[RIGHT_KEEP_OWN] = "org.snitch.Snitch1.keep-own",
	[RIGHT_ANSWER_SYSTEM] = "org.snitch.Snitch1.answer-system",
	[RIGHT_MANAGE] = "org.snitch.Snitch1.manage",
};

/* ---- what goes over the bus ---------------------------------------------------------------- */

static int call_new(sd_bus *bus, sd_bus_message **m, const char *member)
{
	return sd_bus_message_new_method_call(bus, m, POLKIT, POLKIT_PATH, POLKIT_AUTHORITY,
					      member);
}

/* CheckAuthorization(subject, action, details, flags, cancellation id) */
static int ask(sd_bus *bus, const char *sender, enum right right, const char *id, bool interact,
	       sd_bus_message_handler_t fn, void *ctx, sd_bus_slot **slot)
{
	sd_bus_message *m = NULL;
	int r = call_new(bus, &m, "CheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					  sender, actions[right], 0,
					  interact ? ALLOW_USER_INTERACTION : 0, id);
	if (r >= 0)
		r = sd_bus_call_async(bus, slot, m, fn, ctx, interact ? PERSON_US : LOOK_US);
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int authority_look(struct daemon *d, const char *sender, enum right right,
		   sd_bus_message_handler_t fn, void *ctx, sd_bus_slot **slot)
{
	return ask(d->system, sender, right, "", false, fn, ctx, slot);
}

/* A dialog that nobody waits for any more goes away. */
static void take_back(const struct check *c)
{
	sd_bus_message *m = NULL;
	int r = call_new(c->daemon->system, &m, "CancelCheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", c->id);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0)
		sd_bus_send(c->daemon->system, m, NULL);
	sd_bus_message_unref(m);
}

enum authority_answer authority_read(sd_bus_message *reply)
{
	int authorized = 0, challenge = 0;

	if (sd_bus_message_is_method_error(reply, NULL) ||
	    !sd_bus_message_has_signature(reply, "(bba{ss})") ||
	    sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
	    sd_bus_message_read(reply, "bb", &authorized, &challenge) < 0)
		return AUTHORITY_NO;
	if (authorized)
		return challenge ? AUTHORITY_NO : AUTHORITY_YES;
	return challenge ? AUTHORITY_PASSWORD : AUTHORITY_NO;
}

/* ---- the calls that wait ------------------------------------------------------------------- */

static void check_free(struct check *c)
{
	struct daemon *d = c->daemon;

	TAILQ_REMOVE(&d->checks, c, link);
	d->n_checks--;
	sd_bus_slot_unref(c->slot);
	holder_release(&c->sender);
	sd_bus_message_unref(c->m);
	free(c);
}

static int on_left(sd_bus_track *track, void *userdata)
{
	struct check *c = userdata;

	(void)track;
	log_msg(LOG_INFO, "uid %u left before polkit had answered", c->uid);
	take_back(c);
	check_free(c);
	return 0;
}

static void run_again(struct check *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct daemon *d = c->daemon;
	int r = sd_bus_message_rewind(c->m, true);

	d->answered = c;
	if (r >= 0)
		r = c->handler(c->m, d, &error);
	d->answered = NULL;
	if (r < 0 || sd_bus_error_is_set(&error))
		sd_bus_reply_method_errno(c->m, r, &error);
	sd_bus_error_free(&error);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct check *c = userdata;
	bool timeout = sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) ||
		       sd_bus_message_is_method_error(reply, SD_BUS_ERROR_TIMEOUT);

	(void)error;
	c->answer = authority_read(reply);
	if (timeout)
		take_back(c);
	if (timeout || c->answer == AUTHORITY_YES)
		log_msg(LOG_NOTICE, "polkit%s %s for uid %u",
			timeout ? " does not answer:" : ":", actions[c->right], c->uid);
	run_again(c);
	check_free(c);
	return 0;
}

static bool too_many(const struct daemon *d, uint32_t uid)
{
	const struct check *c;
	unsigned int n = 0;

	TAILQ_FOREACH(c, &d->checks, link)
		n += c->uid == uid;
	return n >= AUTHORITY_CHECKS_UID || d->n_checks >= AUTHORITY_CHECKS_MAX;
}

/* Everything that can fail. Return: 0 or a negative errno. */
static int start(struct check *c)
{
	static uint64_t number;
	struct daemon *d = c->daemon;
	int r = holder_hold(&c->sender, d, c->m, on_left, c);

	snprintf(c->id, sizeof(c->id), "%llu", (unsigned long long)++number);
	if (r < 0)
		return r;
	return ask(d->system, c->sender.sender, c->right, c->id, c->interact, on_answer, c,
		   &c->slot);
}

enum authority_answer authority_ask(struct daemon *d, sd_bus_message *m, enum right right,
				    bool interact)
{
	struct caller who;
	struct check *c;

	if (d->answered && d->answered->m == m)
		return d->answered->answer == AUTHORITY_PASSWORD ? AUTHORITY_PASSWORD : AUTHORITY_NO;
	if (right == RIGHT_NONE || !d->system || sd_bus_message_get_bus(m) != d->system ||
	    bus_caller(d, m, &who) < 0 || rights_system_uid(who.uid) ||
	    message_size(m, AUTHORITY_KEPT) >= AUTHORITY_KEPT)
		return AUTHORITY_NO;
	if (too_many(d, who.uid))
		return AUTHORITY_BUSY;
	c = calloc(1, sizeof(*c));
	if (!c)
		return AUTHORITY_NO;
	c->daemon = d;
	c->m = sd_bus_message_ref(m);
	c->handler = sd_bus_get_current_handler(d->system);
	c->uid = who.uid;
	c->right = right;
	c->interact = interact && sd_bus_message_get_allow_interactive_authorization(m) > 0;
	TAILQ_INSERT_TAIL(&d->checks, c, link);
	d->n_checks++;
	if (c->handler && start(c) >= 0)
		return AUTHORITY_ASKED;
	check_free(c);
	return AUTHORITY_NO;
}

void authority_grant(const struct daemon *d, const sd_bus_message *m, struct caller *who)
{
	const struct check *c = d->answered;

	if (c && c->m == m && c->uid == who->uid && c->answer == AUTHORITY_YES)
		rights_grant(who, c->right);
}

void authority_lost_bus(struct daemon *d)
{
	struct check *c;

	while ((c = TAILQ_FIRST(&d->checks)))
		check_free(c);
}

/* ---- other answers ------------------------------------------------------------------------- */

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m;
	(void)error;
	agents_look_again(userdata);
	return 0;
}

int authority_watch(struct daemon *d, sd_bus *bus)
{
	return sd_bus_match_signal_async(bus, NULL, POLKIT, POLKIT_PATH, POLKIT_AUTHORITY, "Changed",
					 on_changed, NULL, d);
}
