// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Properties and GetStatus. It must never tell one user about another's questions or rules.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/timespan.h"
#include "manager.h"

static uint32_t count_waiting(struct daemon *d, const struct caller *who)
{
	struct question *q = NULL;
	uint32_t n = 0;

	while ((q = questions_next(d->core.questions, q)))
		n += q->n_flows && rights_may_answer(who, q->belongs);
	return n;
}

static uint32_t count_agents(const struct core *core)
{
	const struct agent *agent;
	uint32_t n = 0;

	TAILQ_FOREACH(agent, &core->agents, link)
		n += !agent->watch;
	return n;
}

/* What the kernel does without a decider, in a word. */
static const char *fail_word(const struct core *core)
{
	if (core->mode.now == SNITCH_MODE_LOCKDOWN)
		return "refuse";
	if (core->fail)
		return core->fail == SNITCH_ALLOW ? "allow" : "refuse";
	return core->mode.now == SNITCH_MODE_OBSERVE || core->mode.now == SNITCH_MODE_OFF ?
	       "allow" : "refuse";
}

enum value {
	V_VERSION, V_MODE, V_MODE_UNTIL, V_MODE_AFTER, V_GENERATION, V_FAIL, V_DECIDING, V_ARMED,
	V_RULES_ERROR, V_RULES, V_WAITING, V_MORE, V_AGENTS, V_PROFILE,
	V_PROFILE_AUTO, V_TRIAL, V_TRIAL_STATE, V_TRIAL_UNTIL, __V_MAX
};

static const struct { const char *name, *type; } values[] = {
	[V_VERSION] = { "Version", "s" }, [V_MODE] = { "Mode", "s" },
	[V_MODE_UNTIL] = { "ModeUntil", "t" }, [V_MODE_AFTER] = { "ModeAfter", "s" },
	[V_GENERATION] = { "Generation", "t" }, [V_FAIL] = { "Fail", "s" },
	[V_DECIDING] = { "Deciding", "b" }, [V_ARMED] = { "Armed", "b" },
	[V_RULES_ERROR] = { "RulesError", "s" }, [V_RULES] = { "Rules", "u" },
	[V_WAITING] = { "Waiting", "u" }, [V_MORE] = { "More", "t" },
	[V_AGENTS] = { "Agents", "u" },
	[V_PROFILE] = { "Profile", "s" }, [V_PROFILE_AUTO] = { "ProfileAuto", "b" },
	[V_TRIAL] = { "Trial", "s" }, [V_TRIAL_STATE] = { "TrialState", "s" },
	[V_TRIAL_UNTIL] = { "TrialUntil", "t" },
};

static int append_rules_error(struct daemon *d, sd_bus_message *m, const struct caller *who)
{
	const char *error = rulebook_error(d->core.rules);

	/* it quotes the file, which may be somebody else's */
	if (error[0] && !who->admin)
		error = "the rules have an error; root or group snitch can see it";
	return message_name(m, error);
}

static int append_value(struct daemon *d, sd_bus_message *m, enum value v, const struct caller *who)
{
	struct core *core = &d->core;
	struct questions_count count;

	switch (v) {
	case V_VERSION:
		return sd_bus_message_append(m, "s", SNITCH_VERSION);
	case V_MODE:
		return sd_bus_message_append(m, "s", snitch_mode_name(core->mode.now));
	case V_MODE_UNTIL:
		return sd_bus_message_append(m, "t", core->mode.until);
	case V_MODE_AFTER:
		return sd_bus_message_append(m, "s", snitch_mode_name(core->mode.after));
	case V_GENERATION:
		return sd_bus_message_append(m, "t", core->generation);
	case V_FAIL:
		return sd_bus_message_append(m, "s", fail_word(core));
	case V_DECIDING:
		return sd_bus_message_append(m, "b", core->dev != NULL);
	case V_ARMED:
		return sd_bus_message_append(m, "b", core->generation != 0 &&
					     core->mode.now != SNITCH_MODE_OFF);
	case V_RULES_ERROR:
		return append_rules_error(d, m, who);
	case V_RULES:
		return sd_bus_message_append(m, "u", rulebook_count(core->rules));
	case V_WAITING:
		return sd_bus_message_append(m, "u", count_waiting(d, who));
	case V_MORE:
		questions_count(core->questions, &count);
		return sd_bus_message_append(m, "t", count.more);
	case V_AGENTS:
		return sd_bus_message_append(m, "u", count_agents(core));
	case V_PROFILE:
		return message_name(m, rulebook_profile(core->rules) ?
				       rulebook_profile(core->rules) : "");
	case V_TRIAL:
		return message_name(m, trial_name(d));
	case V_TRIAL_STATE:
		return message_name(m, trial_state(d));
	case V_TRIAL_UNTIL:
		return sd_bus_message_append(m, "t", trial_until(d));
	case V_PROFILE_AUTO:
		return sd_bus_message_append(m, "b", profile_is_auto(d));
	default:
		return -EINVAL;
	}
}

int manager_get_property(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *reply, void *userdata,
			 sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct caller who = { .uid = -1 };
	sd_bus_message *m = sd_bus_get_current_message(bus);
	enum value v;

	(void)path;
	(void)interface;
	(void)error;
	/* in a PropertiesChanged there is no caller: it gets what anybody may know */
	if (m && sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", NULL) > 0)
		bus_caller(d, m, &who);
	for (v = 0; v < __V_MAX; v++) {
		if (!strcmp(values[v].name, property))
			return append_value(d, reply, v, &who);
	}
	return -EINVAL;
}

static int append_values(struct daemon *d, sd_bus_message *m, const struct caller *who)
{
	enum value v;
	int r = 0;

	for (v = 0; r >= 0 && v < __V_MAX; v++) {
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append_basic(m, 's', values[v].name);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'v', values[v].type);
		if (r >= 0)
			r = append_value(d, m, v, who);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r;
}

static int append_daemon(struct daemon *d, sd_bus_message *m)
{
	static const char *const names[__CORE_COUNTERS] = {
		[CORE_FLOWS] = "flows", [CORE_ALLOWED] = "allowed", [CORE_REFUSED] = "refused",
		[CORE_HELD] = "held", [CORE_ASKED] = "asked", [CORE_ANSWERED] = "answered",
		[CORE_CANCELLED] = "cancelled", [CORE_RECORDED] = "recorded",
		[CORE_LOST] = "lost", [CORE_ERRORS] = "errors",
		[CORE_DNS] = "dns-messages", [CORE_NAMES] = "names-learnt",
	};
	unsigned int i;
	int r;

	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', "Daemon");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a{st}");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "{st}");
	for (i = 0; r >= 0 && i < __CORE_COUNTERS; i++)
		r = sd_bus_message_append(m, "{st}", names[i], d->core.counters[i]);
	for (i = 0; r >= 0 && i < 3; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_kernel(struct daemon *d, sd_bus_message *m)
{
	struct snitch_status status;
	int r;

	if (!d->nl || snitch_nl_status(d->nl, &status))
		return 0;
	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', "Kernel");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a{sv}");
	if (r >= 0)
		r = message_kernel(m, &status);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_status(struct daemon *d, sd_bus_message *m, const struct caller *who)
{
	struct questions_count count;
	uint64_t uptime = (snitch_boottime() - d->started) / SNITCH_NSEC_PER_SEC;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	questions_count(d->core.questions, &count);
	if (r >= 0)
		r = append_values(d, m, who);
	if (r >= 0)
		r = message_text(m, "DeviceError", d->device_error);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "Uptime", "t", uptime, "Pid", "u",
					  (uint32_t)getpid(), "Missed", "u", count.missed,
					  "Pending", "u", count.pending);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}", "History", "b", d->core.history != NULL,
					  "HistoryMissed", "t", history_missed(d));
	if (r >= 0)
		r = message_list_problems(m, d->keeper, d->core.rules);
	if (r >= 0)
		r = append_daemon(d, m);
	if (r >= 0)
		r = append_kernel(d, m);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

int manager_get_status(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *reply = NULL;
	struct caller who;
	int r;

	(void)error;
	r = manager_caller(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_status(d, reply, &who);
	return manager_reply(reply, r);
}
