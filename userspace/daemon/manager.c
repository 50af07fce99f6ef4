// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The object /org/snitch/Snitch1: every call is checked against its caller here. It must never
 * take a path, or anything but words of the interface, from an answer.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "authority.h"
#include "manager.h"
#include "message-dict.h"

int manager_error(sd_bus_message *m, const struct core_error *error)
{
	_cleanup_free_ char *safe = message_sentence(error->text);
	char name[64];

	snprintf(name, sizeof(name), DAEMON_ERROR "%s", error->name);
	return sd_bus_reply_method_errorf(m, name, "%s", safe ? safe : "no memory");
}

int manager_refuse(sd_bus_message *m, const char *name, const char *text)
{
	struct core_error error = { .name = name };

	snprintf(error.text, sizeof(error.text), "%s", text);
	return manager_error(m, &error);
}

int manager_lacks(struct daemon *d, sd_bus_message *m, const struct core_error *error)
{
	_cleanup_free_ char *safe = NULL;

	switch (authority_ask(d, m, error->lacks, true)) {
	case AUTHORITY_ASKED:
		return 1;
	case AUTHORITY_BUSY:
		return manager_refuse(m, "TooMany",
				      "too many calls wait for polkit; answer its questions first");
	case AUTHORITY_PASSWORD:
		safe = message_sentence(error->text);
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
						  "%s, or a password", safe ? safe : "no memory");
	default:
		return manager_error(m, error);
	}
}

int manager_caller(struct daemon *d, sd_bus_message *m, struct caller *who)
{
	int r;

	if (bus_caller(d, m, who) >= 0)
		return 1;
	r = manager_refuse(m, "NotPermitted", "the bus does not tell who you are; try again");
	return r < 0 ? r : 0;
}

int manager_args(struct daemon *d, sd_bus_message *m, struct caller *who, const char *types, ...)
{
	int r = manager_caller(d, m, who);
	va_list ap;

	if (r <= 0)
		return r;
	va_start(ap, types);
	r = sd_bus_message_readv(m, types, ap);
	va_end(ap);
	return r < 0 ? r : 1;
}

int manager_admin(struct daemon *d, sd_bus_message *m, struct caller *who)
{
	int r = manager_caller(d, m, who);
	struct core_error fail;

	if (r <= 0 || who->admin)
		return r;
	core_lacks(&fail, RIGHT_MANAGE, "this needs root or a member of group snitch");
	r = manager_lacks(d, m, &fail);
	return r < 0 ? r : 0;
}

int manager_reply(sd_bus_message *reply, int r)
{
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

int manager_open_list(struct daemon *d, sd_bus_message *m, struct caller *who, const char *type,
		      sd_bus_message **reply)
{
	int r = manager_caller(d, m, who);

	if (r <= 0)
		return r;
	*reply = NULL;
	r = sd_bus_message_new_method_return(m, reply);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(*reply, 'a', type);
	if (r >= 0)
		return 1;
	sd_bus_message_unref(*reply);
	return r;
}

int manager_close_list(sd_bus_message *reply, int r)
{
	return manager_reply(reply, r >= 0 ? sd_bus_message_close_container(reply) : r);
}

/* ---- mode ------------------------------------------------------------------------------------ */

static int on_set_mode(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	const char *text;
	uint64_t seconds;
	uint32_t mode;
	int r;

	(void)error;
	r = manager_admin(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = sd_bus_message_read(m, "st", &text, &seconds);
	if (r < 0)
		return r;
	if (mode_parse(text, &mode) || seconds > SNITCH_SPAN_MAX)
		return manager_refuse(m, "Invalid",
				      "the modes are ask, observe, quiet, lockdown and off, for at most a year");
	log_msg(LOG_NOTICE, "uid %u sets mode %s", who.uid, text);
	r = core_set_mode(&d->core, mode, seconds);
	watch_times(d);
	agents_tell_mode(d);
	if (!r)
		return sd_bus_reply_method_return(m, NULL);
	core_fail(&fail, r, "Failed", "mode %s is not in force: %s", text,
		  rulebook_error(d->core.rules)[0] ? rulebook_error(d->core.rules) : strerror(-r));
	return manager_error(m, &fail);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Is there a question of a system uid, which @who does not see but polkit may show? */
static bool sees_less(struct daemon *d, const struct caller *who)
{
	struct question *q = NULL;

	while ((q = questions_next(d->core.questions, q))) {
		if (!rights_may_answer(who, q->belongs) && rights_to_answer(who, q->belongs))
			return true;
	}
	return false;
}

static int on_list_questions(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *reply;
	struct question *q = NULL;
	struct caller who;
	int r;

	(void)error;
	r = manager_caller(d, m, &who);
	if (r > 0 && sees_less(d, &who) &&
	    authority_ask(d, m, RIGHT_ANSWER_SYSTEM, false) == AUTHORITY_ASKED)
		return 1;
	if (r > 0)
		r = manager_open_list(d, m, &who, "a{sv}", &reply);
	if (r <= 0)
		return manager_end(r);
	while (r >= 0 && (q = questions_next(d->core.questions, q))) {
		if (rights_may_answer(&who, q->belongs))
			r = message_question(reply, &d->core, q);
	}
	return manager_close_list(reply, r);
}

static int on_get_question(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *reply = NULL;
	struct question *q;
	struct caller who;
	uint64_t id;
	int r;

	(void)error;
	r = manager_args(d, m, &who, "t", &id);
	if (r <= 0)
		return manager_end(r);
	q = questions_find(d->core.questions, id);
	if (q && q->listed && !rights_may_answer(&who, q->belongs) &&
	    authority_ask(d, m, rights_to_answer(&who, q->belongs), false) == AUTHORITY_ASKED)
		return 1;
	if (!q || !q->listed || !rights_may_answer(&who, q->belongs))
		return manager_refuse(m, "NotFound", "there is no such question for you");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = message_question(reply, &d->core, q);
	return manager_reply(reply, r);
}

static int reply_answered(sd_bus_message *m, const struct core_answered *done)
{
	sd_bus_message *reply = NULL;
	char id[17];
	int r;

	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}", "flows", "u", done->flows);
	if (r >= 0 && done->made.id)
		r = sd_bus_message_append(reply, "{sv}", "rule_id", "s",
					  rule_id_print(done->made.id, id, sizeof(id)));
	if (r >= 0 && done->made.id)
		r = message_sentence_entry(reply, "rule", done->made.text);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return manager_reply(reply, r);
}

int manager_answer(struct daemon *d, sd_bus_message *m, uint64_t id)
{
	struct core_answer answer = { .id = id };
	const char *verdict, *scope, *lifetime;
	struct core_answered done;
	struct core_error fail;
	struct caller who;
	int r;

	r = manager_args(d, m, &who, "sss", &verdict, &scope, &lifetime);
	if (r <= 0)
		return manager_end(r);
	if (core_parse_verdict(verdict, &answer))
		return manager_refuse(m, "Invalid", "the verdicts are allow, deny and drop");
	if (!*scope)
		answer.scope = question_scope_usual(questions_find(d->core.questions, id));
	else if (question_scope_parse(scope, &answer.scope))
		return manager_refuse(m, "Invalid",
				      "the scopes are host, domain, address, any, and with \"-port\" or as \"port\" the ports seen there only");
	if (core_parse_lifetime(lifetime, &answer))
		return manager_refuse(m, "Invalid",
				      "the lifetimes are once, until quit, for DURATION (30s, 10m, 1h, 2d), until reboot and forever");
	if (core_answer(&d->core, &who, &answer, &done, &fail))
		return manager_lacks(d, m, &fail);
	if (done.made.id) {
		watch_times(d);
		agents_tell_rules(d);
	}
	return reply_answered(m, &done);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	uint64_t id;
	int r;

	(void)error;
	r = sd_bus_message_read(m, "t", &id);
	return r < 0 ? r : manager_answer(userdata, m, id);
}

static int on_dismiss(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	uint64_t id;
	int r;

	(void)error;
	r = manager_args(d, m, &who, "t", &id);
	if (r <= 0)
		return manager_end(r);
	if (core_dismiss(&d->core, &who, id, &fail))
		return manager_lacks(d, m, &fail);
	return sd_bus_reply_method_return(m, NULL);
}

/* ---- agents ---------------------------------------------------------------------------------- */

static int read_cap(sd_bus_message *m, const char *key, void *ctx)
{
	struct agent_caps *caps = ctx;

	if (!strcmp(key, "name"))
		return sd_bus_message_read(m, "v", "s", &caps->name);
	if (!strcmp(key, "watch"))
		return sd_bus_message_read(m, "v", "b", &caps->watch);
	if (!strcmp(key, "loan"))
		return sd_bus_message_read(m, "v", "t", &caps->loan);
	return sd_bus_message_skip(m, "v");
}

static int on_register(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct agent_caps caps = { .name = "" };
	struct caller who;
	int r;

	(void)error;
	r = manager_caller(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = message_read_dict(m, read_cap, &caps);
	if (r < 0)
		return manager_refuse(m, "Invalid", "caps are name (s), watch (b) and loan (t)");
	if (agents_add(d, m, &who, &caps, &fail))
		return manager_error(m, &fail);
	return sd_bus_reply_method_return(m, NULL);
}

static int on_unregister(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	if (agents_remove(userdata, m))
		return manager_refuse(m, "NotAnAgent", "you are not registered");
	return sd_bus_reply_method_return(m, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define PROPERTY(name, type, flags) \
	SD_BUS_PROPERTY(name, type, manager_get_property, 0, flags)
#define METHOD(name, in, out, fn) \
	SD_BUS_METHOD(name, in, out, fn, SD_BUS_VTABLE_UNPRIVILEGED)
#define CHANGES	SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	PROPERTY("Version", "s", SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTY("Mode", "s", CHANGES),
	PROPERTY("ModeUntil", "t", CHANGES),
	PROPERTY("ModeAfter", "s", CHANGES),
	PROPERTY("Trial", "s", 0),
	PROPERTY("TrialState", "s", 0),
	PROPERTY("TrialUntil", "t", 0),
	PROPERTY("Profile", "s", CHANGES),
	PROPERTY("ProfileAuto", "b", CHANGES),
	PROPERTY("Generation", "t", CHANGES),
	PROPERTY("Fail", "s", 0),
	PROPERTY("Deciding", "b", CHANGES),
	PROPERTY("Armed", "b", 0),
	PROPERTY("RulesError", "s", 0),
	PROPERTY("Rules", "u", CHANGES),
	PROPERTY("Waiting", "u", 0),
	PROPERTY("More", "t", 0),
	PROPERTY("Agents", "u", CHANGES),
	METHOD("GetStatus", "", "a{sv}", manager_get_status),
	METHOD("SetMode", "st", "", on_set_mode),
	METHOD("ListQuestions", "", "aa{sv}", on_list_questions),
	METHOD("GetQuestion", "t", "a{sv}", on_get_question),
	METHOD("ListRules", "", "aa{sv}", manager_list_rules),
	METHOD("AddRule", "ss", "s", manager_add_rule),
	METHOD("AddRules", "ass", "as", manager_add_rules),
	METHOD("RemoveRule", "s", "", manager_remove_rule),
	METHOD("Reload", "", "", manager_reload),
	METHOD("History", "a{sv}xx", "aa{sv}xx", manager_history),
	METHOD("Explain", "s", "a{sv}", manager_explain),
	METHOD("ListFlows", "", "aa{sv}aa{sv}t", manager_list_flows),
	METHOD("Cut", "tbs", "uu", manager_cut),
	METHOD("ListLists", "", "aa{sv}", manager_list_lists),
	METHOD("TestList", "ss", "aa{sv}", manager_test_list),
	METHOD("SetList", "sa{sv}", "", manager_set_list),
	METHOD("RemoveList", "s", "", manager_remove_list),
	METHOD("ExceptList", "ssb", "", manager_except_list),
	METHOD("UpdateList", "s", "", manager_update_list),
	METHOD("BeginTrial", "ssts", "", manager_begin_trial),
	METHOD("GetTrial", "", "sst", manager_get_trial),
	METHOD("EndTrial", "b", "", manager_end_trial),
	METHOD("SetProfile", "s", "", manager_set_profile),
	METHOD("ListProfiles", "", "as", manager_list_profiles),
	METHOD("LendRules", "sa{sv}", "tas", manager_lend_rules),
	METHOD("ReturnRules", "t", "", manager_return_rules),
	METHOD("LoanNeeds", "t", "s", manager_loan_needs),
	METHOD("RegisterAgent", "a{sv}", "", on_register),
	METHOD("UnregisterAgent", "", "", on_unregister),
	METHOD("Answer", "tsss", "a{sv}", on_answer),
	METHOD("Dismiss", "t", "", on_dismiss),
	SD_BUS_SIGNAL("QuestionAdded", "ta{sv}", 0),
	SD_BUS_SIGNAL("QuestionChanged", "ta{sv}", 0),
	SD_BUS_SIGNAL("QuestionRemoved", "ts", 0),
	SD_BUS_SIGNAL("ModeChanged", "s", 0),
	SD_BUS_SIGNAL("RulesChanged", "t", 0),
	SD_BUS_VTABLE_END
};
