// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-tool policy: one transaction, all or nothing, from a text on stdin:
 *
 *   set ID TAG keep | set ID TAG ITEM...                     (see tool-sets.c)
 *   mode ask | fail deny | kernel allow | unmatched ask | forward ignore    (these are what is assumed)
 *   ACTION PROGRAM REMOTE [port N[-N]] [proto P] [uid N] [cgroup N] [ifindex N] [id N] [builtin]
 *	[daemon] [loopback]
 *
 * PROGRAM: any, kernel, kernel:N, or a path. REMOTE: any, frames, ADDRESS, ADDRESS/LEN,
 * ADDRESS-ADDRESS, set:ID, not-set:ID.
 * The first line is the strongest rule. Must never send half of a text it could not read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define RULES_MAX 16384
#define APPS_MAX 4096

static struct nl nl;
static struct snitch_rule rules[RULES_MAX];
static char *apps[APPS_MAX];
static struct snitch_policy policy = {
	.mode = SNITCH_MODE_ASK, .fail = SNITCH_DENY, .kernel = SNITCH_ALLOW,
	.unmatched = SNITCH_ASK,
};

static uint32_t program_of(const char *word, struct snitch_rule *r)
{
	uint32_t i;

	if (!strcmp(word, "any"))
		return SNITCH_APP_ANY;
	if (!strncmp(word, "kernel", 6)) {
		r->kernel = word[6] == ':' ? number_of(word + 7, __SNITCH_K_MAX - 1) : 0;
		return SNITCH_APP_KERNEL;
	}
	for (i = 0; i < policy.apps; i++) {
		if (!strcmp(apps[i], word))
			return i + 1;
	}
	if (i == APPS_MAX)
		die(0, "too many programs");
	apps[i] = strdup(word);
	policy.apps = i + 1;
	return i + 1;
}

static uint8_t address_of(const char *word, uint8_t *out)
{
	uint8_t family = strchr(word, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, word, out) != 1)
		die(0, "'%s' is not an address", word);
	return family;
}

uint8_t range_of(char *word, uint8_t first[16], uint8_t last[16])
{
	char *slash = strchr(word, '/'), *dash = strchr(word, '-');
	unsigned int bits, i, len;
	uint8_t family;

	memset(first, 0, 16);
	memset(last, 0, 16);
	if (slash)
		*slash++ = '\0';
	if (dash)
		*dash++ = '\0';
	family = address_of(word, first);
	bits = family == AF_INET6 ? 128 : 32;
	if (dash) {
		if (address_of(dash, last) != family)
			die(0, "a range of two families");
		return family;
	}
	len = slash ? number_of(slash, bits) : bits;
	memcpy(last, first, 16);
	for (i = len; i < bits; i++) {
		first[i / 8] &= ~(0x80 >> i % 8);
		last[i / 8] |= 0x80 >> i % 8;
	}
	return family;
}

static void remote_of(char *word, struct snitch_rule *r)
{
	if (!strcmp(word, "any"))
		return;
	if (!strcmp(word, "frames")) {	/* of packet sockets */
		r->family = AF_PACKET;
		memset(r->last, 0xff, sizeof(r->last));
		return;
	}
	if (!strncmp(word, "set:", 4) || !strncmp(word, "not-set:", 8)) {
		r->flags |= SNITCH_R_SET | (*word == 'n' ? SNITCH_R_NOT_SET : 0);
		r->set = number_of(strchr(word, ':') + 1, UINT32_MAX);
		return;
	}
	r->family = range_of(word, r->first, r->last);
}

static const struct {
	const char *word;
	uint32_t flag;
} flag_words[] = {
	{ "builtin", SNITCH_R_BUILTIN }, { "daemon", SNITCH_R_DAEMON },
	{ "loopback", SNITCH_R_LOOPBACK },
};

static void option(const char *word, char **save, struct snitch_rule *r)
{
	char *value, *dash;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flag_words); i++) {
		if (!strcmp(word, flag_words[i].word)) {
			r->flags |= flag_words[i].flag;
			return;
		}
	}
	value = strtok_r(NULL, " \t\n", save);
	if (!value)
		die(0, "'%s' needs a value or is unknown", word);
	if (!strcmp(word, "port")) {
		dash = strchr(value, '-');
		if (dash)
			*dash++ = '\0';
		r->port_first = number_of(value, 65535);
		r->port_last = dash ? number_of(dash, 65535) : r->port_first;
	} else if (!strcmp(word, "proto")) {
		r->proto = proto_of(value);
		r->flags |= SNITCH_R_PROTO;
	} else if (!strcmp(word, "cgroup")) {
		r->cgroup = number_of(value, UINT64_MAX);
		r->flags |= SNITCH_R_CGROUP;
	} else if (!strcmp(word, "ifindex")) {
		r->ifindex = number_of(value, UINT32_MAX);
		r->flags |= SNITCH_R_IFINDEX;
	} else if (!strcmp(word, "uid")) {
		r->uid = number_of(value, UINT32_MAX);
		r->flags |= SNITCH_R_UID;
	} else if (!strcmp(word, "id")) {
		r->id = number_of(value, UINT64_MAX);
	} else {
		die(0, "unknown word '%s'", word);
	}
}

static void rule_line(const char *action, char **save)
{
	struct snitch_rule *r = &rules[policy.rules];
	char *program = strtok_r(NULL, " \t\n", save), *remote = strtok_r(NULL, " \t\n", save);
	char *word;

	if (!program || !remote)
		die(0, "a rule is ACTION PROGRAM REMOTE ...");
	if (policy.rules == RULES_MAX)
		die(0, "too many rules");
	r->rank = policy.rules++;
	r->id = policy.rules;
	r->action = action_of(action);
	r->port_last = 65535;
	r->app = program_of(program, r);
	remote_of(remote, r);
	while ((word = strtok_r(NULL, " \t\n", save)))
		option(word, save, r);
}

static void read_text(void)
{
	char line[4600];

	while (fgets(line, sizeof(line), stdin)) {
		char *save, *word = strtok_r(line, " \t\n", &save);

		if (!word || *word == '#')
			continue;
		if (!strcmp(word, "mode"))
			policy.mode = mode_of(strtok_r(NULL, " \t\n", &save) ?: "");
		else if (!strcmp(word, "fail"))
			policy.fail = action_of(strtok_r(NULL, " \t\n", &save) ?: "");
		else if (!strcmp(word, "kernel"))
			policy.kernel = action_of(strtok_r(NULL, " \t\n", &save) ?: "");
		else if (!strcmp(word, "forward"))
			policy.forward = forward_of(strtok_r(NULL, " \t\n", &save) ?: "");
		else if (!strcmp(word, "unmatched"))
			policy.unmatched = action_of(strtok_r(NULL, " \t\n", &save) ?: "");
		else if (!strcmp(word, "set"))
			policy.sets = set_line(&save);
		else
			rule_line(word, &save);
	}
}

static void call(const char *what)
{
	int r = nl_call(&nl);

	if (r)
		die(-r, "policy: %s: %s", what, nl.why);
}

static void send_apps(void)
{
	uint32_t i;

	for (i = 0; i < policy.apps; i++) {
		size_t nest;

		nl_begin(&nl, SNITCH_CMD_ADD_APPS, 0);
		nest = nl_put(&nl, SNITCH_A_APPS, NULL, 0);
		nl_put(&nl, SNITCH_A_APP, apps[i], strlen(apps[i]) + 1);
		nl_nest_end(&nl, nest, NLA_F_NESTED);
		call(apps[i]);
	}
}

static void send_rules(void)
{
	uint32_t i, n;

	for (i = 0; i < policy.rules; i += n) {
		n = policy.rules - i < SNITCH_RULES_PER_MSG ? policy.rules - i :
		    SNITCH_RULES_PER_MSG;
		nl_begin(&nl, SNITCH_CMD_ADD_RULES, 0);
		nl_put(&nl, SNITCH_A_RULES, rules + i, n * sizeof(rules[0]));
		call("rules");
	}
}

int cmd_policy(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	read_text();
	open_family(&nl);
	nl_begin(&nl, SNITCH_CMD_BEGIN, 0);
	nl_put(&nl, SNITCH_A_POLICY, &policy, sizeof(policy));
	call("begin");
	send_apps();
	send_sets(&nl);
	send_rules();
	nl_begin(&nl, SNITCH_CMD_COMMIT, 0);
	call("commit");
	printf("generation %llu\nunbound %u\n", (unsigned long long)nl.generation, nl.unbound);
	return 0;
}
