// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-rogue: calls everything that snitchd offers on the bus, as another user, with arguments
 * nobody sane sends. What there is it learns from the daemon (introspection); who may do it stands
 * here, so that a new method without an entry is a failure. It must never be content with a call
 * that got no reply.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/util/cleanup.h"

#define NAME		"org.snitch.Snitch1"
#define PATH		"/org/snitch/Snitch1"
#define MANAGER		NAME ".Manager"
#define QUESTION	NAME ".Question"
#define BIG		(1U << 20)
#define AGENTS		12
#define STRINGS_MAX	40

static const char usage[] =
	"usage: snitch-rogue ADDRESS WHO UID GID QUESTION [STRING]...\n"
	"  ADDRESS   of a bus; with \"peer:\" in front, of snitchd itself\n"
	"  WHO       system, user, group or root: what UID is to snitchd\n"
	"  QUESTION  id of a question of somebody else's\n"
	"  STRING    one more string to be tried: the id of a rule, the name of a list\n"
	"Exits with 0 when nothing was granted beyond rights and each call got a reply.\n";

enum who { WHO_SYSTEM, WHO_USER, WHO_GROUP, WHO_ROOT };

/**
 * struct expect - who may call a method
 * @least: others get an error
 * @strict: and that error is NotPermitted, whatever the arguments say
 */
static const struct expect {
	const char *interface, *method;
	enum who least;
	bool strict;
} expects[] = {
	{ MANAGER, "GetStatus", WHO_SYSTEM, false }, { MANAGER, "SetMode", WHO_GROUP, true },
	{ MANAGER, "ListQuestions", WHO_SYSTEM, false }, { MANAGER, "ListFlows", WHO_SYSTEM, false },
	{ MANAGER, "GetQuestion", WHO_GROUP, false },
	{ MANAGER, "ListRules", WHO_SYSTEM, false },
	{ MANAGER, "AddRule", WHO_USER, false }, { MANAGER, "AddRules", WHO_USER, false },
	{ MANAGER, "RemoveRule", WHO_GROUP, false }, { MANAGER, "Reload", WHO_GROUP, true },
	{ MANAGER, "Explain", WHO_SYSTEM, false }, { MANAGER, "History", WHO_USER, false },
	{ MANAGER, "Cut", WHO_USER, false },
	{ MANAGER, "ListLists", WHO_SYSTEM, false }, { MANAGER, "TestList", WHO_SYSTEM, false },
	{ MANAGER, "SetList", WHO_GROUP, true }, { MANAGER, "RemoveList", WHO_GROUP, true },
	{ MANAGER, "ExceptList", WHO_GROUP, true }, { MANAGER, "UpdateList", WHO_GROUP, true },
	{ MANAGER, "LendRules", WHO_USER, false }, { MANAGER, "ReturnRules", WHO_USER, false },
	{ MANAGER, "LoanNeeds", WHO_USER, false },
	{ MANAGER, "BeginTrial", WHO_ROOT, true }, { MANAGER, "GetTrial", WHO_ROOT, true },
	{ MANAGER, "EndTrial", WHO_ROOT, true }, { MANAGER, "SetProfile", WHO_GROUP, true },
	{ MANAGER, "ListProfiles", WHO_SYSTEM, false },
	{ MANAGER, "RegisterAgent", WHO_SYSTEM, false },
	{ MANAGER, "UnregisterAgent", WHO_SYSTEM, false },
	{ MANAGER, "Answer", WHO_GROUP, false }, { MANAGER, "Dismiss", WHO_GROUP, false },
	{ QUESTION, "Get", WHO_GROUP, true }, { QUESTION, "Answer", WHO_GROUP, false },
};

/**
 * struct reading - who may read the properties of an interface
 * @names: all of them; one that is not there is a failure
 * @least: others get NotPermitted
 */
static const struct reading {
	const char *interface, *names;
	enum who least;
} readings[] = {
	{ MANAGER, " Version Mode ModeUntil ModeAfter Trial TrialState TrialUntil Profile ProfileAuto "
	  "Generation Fail Deciding Armed RulesError Rules Waiting More Agents ", WHO_SYSTEM },
	{ QUESTION, " Id State Program Pid Uid User LoginUser App Script Name Destination Flows ",
	  WHO_GROUP },
};

static const char *strings[STRINGS_MAX] = {
	"", "allow", "deny", "system", "user", "runtime", "admin", "forever", "for 1h", "any",
	"for -1s", "for 99999999999999999999h", "../../../../etc/passwd", "18446744073709551615",
	"x'; \"\\\n\r\t\x1b[2J\x01\x7f %s%n", "\xe2\x80\xae\xf0\x9f\xa4\xa1",
	"deny any to any", "allow /usr/bin/rogue to any port 1-65535 user root",
	"https://127.0.0.1/x", "lockdown", "0000000000000000",
};

/* Keys that some dictionary knows, with values of any type. */
static const char *const keys[] = {
	"name", "watch", "loan", "tree", "record", "url", "kind", "every", "enabled", "contents",
	"since", "until", "program", "uid", "verdict", "max", "", "\x1b[0m",
};

static struct {
	sd_bus *bus;
	enum who who;
	uint64_t question;
	unsigned int n_strings, calls, granted, bad, signals;
	int fd;
} state;

__attribute__((format(printf, 1, 2)))
static void violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	state.bad++;
}

/* ---- arguments --------------------------------------------------------------------------------- */

static unsigned int turn(unsigned int *k, unsigned int n)
{
	unsigned int at = *k % n;

	*k = *k / n + *k * 7;	/* the next argument takes another one */
	return at;
}

static int append_basic(sd_bus_message *m, char type, unsigned int *k)
{
	const uint64_t t[] = { 0, state.question, UINT64_MAX, INT64_MAX, 1 };
	const int64_t x[] = { 0, INT64_MIN, INT64_MAX, -1 };
	const uint32_t u[] = { 0, UINT32_MAX, 7, INT32_MAX };
	int b = *k & 1;

	switch (type) {
	case 's':
		return sd_bus_message_append_basic(m, 's', strings[turn(k, state.n_strings)]);
	case 't':
		return sd_bus_message_append_basic(m, 't', &t[turn(k, SNITCH_ARRAY_SIZE(t))]);
	case 'x':
		return sd_bus_message_append_basic(m, 'x', &x[turn(k, SNITCH_ARRAY_SIZE(x))]);
	case 'u':
		return sd_bus_message_append_basic(m, 'u', &u[turn(k, SNITCH_ARRAY_SIZE(u))]);
	case 'b':
		return sd_bus_message_append_basic(m, 'b', &b);
	case 'h':
		return sd_bus_message_append_basic(m, 'h', &state.fd);
	default:
		return -ENOTSUP;
	}
}

static int append_variant(sd_bus_message *m, unsigned int *k)
{
	static const char *const types[] = { "s", "t", "x", "u", "b", "h" };
	const char *type = types[turn(k, SNITCH_ARRAY_SIZE(types))];
	int r = sd_bus_message_open_container(m, 'v', type);

	if (r >= 0)
		r = append_basic(m, *type, k);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_dictionary(sd_bus_message *m, unsigned int *k)
{
	unsigned int i, n = *k % 4;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (i = 0; i < n && r >= 0; i++) {
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append_basic(m, 's', keys[turn(k, SNITCH_ARRAY_SIZE(keys))]);
		if (r >= 0)
			r = append_variant(m, k);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_strings(sd_bus_message *m, unsigned int *k)
{
	unsigned int i, n = *k % 5 * 16;
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (i = 0; i < n && r >= 0; i++)
		r = sd_bus_message_append_basic(m, 's', strings[(*k + i) % (state.n_strings - 2)]);
	turn(k, 5);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Arguments as @types wants them, the @k-th choice. */
static int append(sd_bus_message *m, const char *types, unsigned int k)
{
	int r = 0;

	while (*types && r >= 0) {
		if (!strncmp(types, "a{sv}", 5)) {
			r = append_dictionary(m, &k);
			types += 5;
		} else if (!strncmp(types, "as", 2)) {
			r = append_strings(m, &k);
			types += 2;
		} else {
			r = append_basic(m, *types++, &k);
		}
	}
	return r;
}

/* ---- calls ------------------------------------------------------------------------------------- */

static const struct expect *expected(const char *interface, const char *method)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(expects); i++) {
		if (!strcmp(expects[i].interface, interface) && !strcmp(expects[i].method, method))
			return &expects[i];
	}
	return NULL;
}

static bool has_control(const char *text)
{
	for (; text && *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

static bool no_reply(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_DISCONNECTED) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(error, "org.freedesktop.DBus.Error.NameHasNoOwner");
}

/* Calls; @formed: the arguments are of the right types. */
static void call(const struct expect *e, const char *path, sd_bus_message *m, bool formed)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r = sd_bus_call(state.bus, m, 10000000, &error, &reply);

	state.calls++;
	if (r < 0 && no_reply(&error)) {
		violation("%s %s: no reply: %s", path, e->method, error.message);
	} else if (r < 0) {
		if (has_control(error.message))
			violation("%s: the error is not escaped: %s", e->method, error.message);
		if (state.who < e->least && e->strict && formed &&
		    !sd_bus_error_has_name(&error, NAME ".Error.NotPermitted"))
			violation("%s %s: %s instead of NotPermitted: %s", path, e->method, error.name,
				  error.message);
	} else {
		state.granted++;
		if (state.who < e->least)
			violation("%s %s: granted", path, e->method);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
}

static void try_types(const struct expect *e, const char *path, const char *types, unsigned int k,
		      bool formed)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(state.bus, &m, NAME, path, e->interface, e->method);

	if (r >= 0)
		r = append(m, types, k);
	if (r >= 0)
		call(e, path, m, formed);
	else
		violation("%s: no arguments for \"%s\": %s", e->method, types, strerror(-r));
	sd_bus_message_unref(m);
}

static void try_method(const char *path, const char *interface, const char *method,
		       const char *types)
{
	const struct expect *e = expected(interface, method);
	unsigned int k, n = *types ? state.n_strings * 6 : 2;
	char more[64];

	if (!e) {
		violation("%s.%s: nobody has said who may call it", interface, method);
		return;
	}
	for (k = 0; k < n; k++)
		try_types(e, path, types, k, true);
	snprintf(more, sizeof(more), "%st", types);
	try_types(e, path, more, 1, false);
	try_types(e, path, *types == 't' ? "s" : "t", 1, false);
	if (*types)
		try_types(e, path, "", 1, false);
}

/* ---- what there is ----------------------------------------------------------------------------- */

/* The value of @name in the element that begins at @at; false: it has none. */
static bool attribute(const char *at, const char *name, char *buf, size_t size)
{
	const char *end = strchr(at, '>'), *found;
	char key[32];
	size_t len;

	snprintf(key, sizeof(key), " %s=\"", name);
	found = strstr(at, key);
	if (!end || !found || found > end)
		return false;
	found += strlen(key);
	len = strcspn(found, "\"");
	snprintf(buf, size, "%.*s", (int)len, found);
	return true;
}

static void read_property(const char *path, const struct reading *may, const char *property,
			  const char *type)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r;

	state.calls++;
	r = sd_bus_get_property(state.bus, NAME, path, may->interface, property, &error, &reply,
				type);
	if (r >= 0) {
		state.granted++;
		if (state.who < may->least)
			violation("%s %s: read", path, property);
	} else if (no_reply(&error)) {
		violation("%s: no reply: %s", property, error.message);
	} else if (state.who >= may->least) {
		violation("%s %s: cannot be read: %s", path, property, error.message);
	} else if (!sd_bus_error_has_name(&error, NAME ".Error.NotPermitted")) {
		violation("%s %s: %s instead of NotPermitted: %s", path, property, error.name,
			  error.message);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
}

static void try_reading(const char *path, const char *interface, const char *property,
			const char *type)
{
	char word[72];
	size_t i;

	snprintf(word, sizeof(word), " %s ", property);
	for (i = 0; i < SNITCH_ARRAY_SIZE(readings); i++) {
		if (!strcmp(readings[i].interface, interface) && strstr(readings[i].names, word)) {
			read_property(path, &readings[i], property, type);
			return;
		}
	}
	violation("%s.%s: nobody has said who may read it", interface, property);
}

static void try_property(const char *path, const char *interface, const char *property,
			 const char *type)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	state.calls++;
	r = sd_bus_set_property(state.bus, NAME, path, interface, property, &error, "s",
				*type == 's' ? "lockdown" : "1");
	if (r >= 0)
		violation("%s can be set", property);
	else if (no_reply(&error))
		violation("%s: no reply: %s", property, error.message);
	sd_bus_error_free(&error);
}

static void try_interface(const char *path, const char *interface, char *xml)
{
	char name[64], type[32], direction[8], types[64];
	char *at, *next;

	for (at = xml; (at = strstr(at, "<property ")); at++) {
		if (attribute(at, "name", name, sizeof(name)) &&
		    attribute(at, "type", type, sizeof(type))) {
			try_reading(path, interface, name, type);
			try_property(path, interface, name, type);
		}
	}
	for (at = strstr(xml, "<method "); at; at = next) {
		char *arg = at, *end = strchr(at, '>');

		next = strstr(at + 1, "<method ");
		if (!attribute(at, "name", name, sizeof(name)))
			continue;
		types[0] = '\0';
		end = end && end[-1] == '/' ? end : strstr(at, "</method>");
		while ((arg = strstr(arg, "<arg ")) && arg < end) {
			if (attribute(arg, "type", type, sizeof(type)) &&
			    attribute(arg, "direction", direction, sizeof(direction)) &&
			    !strcmp(direction, "in"))
				strncat(types, type, sizeof(types) - strlen(types) - 1);
			arg++;
		}
		try_method(path, interface, name, types);
	}
}

/* One interface of an object, by what the object says of itself. */
static void try_object(const char *path, const char *interface)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *xml;
	char key[96], *copy, *from, *end;

	if (sd_bus_call_method(state.bus, NAME, path, "org.freedesktop.DBus.Introspectable",
			       "Introspect", &error, &reply, "") < 0 ||
	    sd_bus_message_read(reply, "s", &xml) < 0) {
		violation("%s tells nothing: %s", path, error.message);
		sd_bus_error_free(&error);
		return;
	}
	copy = strdup(xml);
	snprintf(key, sizeof(key), "<interface name=\"%s\"", interface);
	from = copy ? strstr(copy, key) : NULL;
	end = from ? strstr(from, "</interface>") : NULL;
	if (end) {
		*end = '\0';
		try_interface(path, interface, from);
	} else {
		violation("%s has no interface %s", path, interface);
	}
	free(copy);
	sd_bus_message_unref(reply);
}

/* ---- flows ------------------------------------------------------------------------------------- */

/* The keys "uid" of an array of dictionaries: how many are @uid, how many are not. */
static int count_uids(sd_bus_message *m, uint32_t uid, unsigned int count[2])
{
	const char *key;
	uint32_t found;
	int r = sd_bus_message_enter_container(m, 'a', "a{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'a', "{sv}")) > 0) {
		while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
			r = sd_bus_message_read(m, "s", &key);
			if (r >= 0 && !strcmp(key, "uid")) {
				r = sd_bus_message_read(m, "v", "u", &found);
				count[found != uid]++;
			} else if (r >= 0) {
				r = sd_bus_message_skip(m, "v");
			}
			if (r >= 0)
				r = sd_bus_message_exit_container(m);
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Others' flows, and who has them, are told to root and the group only; to those all are. */
static void look_at_flows(uint32_t uid)
{
	unsigned int owners[2] = { 0 }, flows[2] = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r = sd_bus_call_method(state.bus, NAME, PATH, MANAGER, "ListFlows", &error, &reply, "");

	if (r >= 0)
		r = count_uids(reply, uid, owners);
	if (r >= 0)
		r = count_uids(reply, uid, flows);
	if (r < 0)
		violation("ListFlows: %s", error.message ? error.message : strerror(-r));
	else if (state.who < WHO_GROUP && (owners[1] || flows[1]))
		violation("ListFlows: %u owners and %u flows of others", owners[1], flows[1]);
	else if (state.who >= WHO_GROUP && (!owners[1] || !flows[1]))
		violation("ListFlows: no flow of others for an admin");
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
}

/* ---- agents and signals ------------------------------------------------------------------------ */

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	if (strncmp(sd_bus_message_get_member(m), "Question", strlen("Question")))
		return 0;
	state.signals++;
	if (state.who < WHO_GROUP)
		violation("a signal about a question of somebody else's: %s",
			  sd_bus_message_get_member(m));
	return 0;
}

static int connect_to(const char *address, sd_bus **bus)
{
	bool peer = !strncmp(address, "peer:", 5);
	int r = sd_bus_new(bus);

	if (r >= 0)
		r = sd_bus_set_address(*bus, peer ? address + 5 : address);
	if (r >= 0)
		r = sd_bus_set_bus_client(*bus, !peer);
	return r < 0 ? r : sd_bus_start(*bus);
}

/* As many agents as it can get: of one user there are bounds. */
static void many_agents(const char *address)
{
	sd_bus *bus[AGENTS] = { NULL };
	unsigned int i, n = 0;

	for (i = 0; i < AGENTS; i++) {
		if (connect_to(address, &bus[i]) < 0)
			continue;
		n += sd_bus_call_method(bus[i], NAME, PATH, MANAGER, "RegisterAgent", NULL, NULL,
					"a{sv}", 0) >= 0;
	}
	if (state.who < WHO_GROUP && n > 8)
		violation("%u agents of one user", n);
	for (i = 0; i < AGENTS; i++)
		sd_bus_flush_close_unref(bus[i]);
}

/* Two seconds as an agent, while somebody else is asked. */
static void listen_in(void)
{
	time_t end = time(NULL) + 2;

	sd_bus_call_method(state.bus, NAME, PATH, MANAGER, "RegisterAgent", NULL, NULL, "a{sv}", 0);
	while (time(NULL) <= end) {
		while (sd_bus_process(state.bus, NULL) > 0)
			;
		sd_bus_wait(state.bus, 100000);
	}
}

/* ---- the whole --------------------------------------------------------------------------------- */

static int become(uint32_t uid, uint32_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static char *big_string(const char *begin)
{
	char *text = malloc(BIG + 1);

	if (!text)
		return NULL;
	memset(text, 'x', BIG);
	memcpy(text, begin, strlen(begin));
	text[BIG] = '\0';
	return text;
}

static bool take_arguments(int argc, char **argv)
{
	static const char *const whos[] = { "system", "user", "group", "root" };
	int i;

	for (i = 0; i < 4 && argc > 5; i++) {
		if (!strcmp(argv[2], whos[i]))
			break;
	}
	if (argc < 6 || i == 4)
		return false;
	state.who = i;
	state.question = strtoull(argv[5], NULL, 10);
	while (strings[state.n_strings])
		state.n_strings++;
	for (i = 6; i < argc && state.n_strings < STRINGS_MAX - 2; i++)
		strings[state.n_strings++] = argv[i];
	strings[state.n_strings++] = big_string("deny /usr/bin/");
	strings[state.n_strings++] = big_string("\n\n#");
	return true;
}

int main(int argc, char **argv)
{
	char path[64];

	if (!take_arguments(argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	state.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (become(atoi(argv[3]), atoi(argv[4])) || connect_to(argv[1], &state.bus) < 0) {
		fprintf(stderr, "snitch-rogue: cannot come to the bus as uid %s\n", argv[3]);
		return 2;
	}
	sd_bus_match_signal(state.bus, NULL, NAME, NULL, NULL, NULL, on_signal, NULL);
	snprintf(path, sizeof(path), PATH "/question/%llu", (unsigned long long)state.question);
	listen_in();	/* first: what an admin sets may end all questions */
	look_at_flows(atoi(argv[3]));
	try_object(path, QUESTION);
	try_object(PATH, MANAGER);
	many_agents(argv[1]);
	if (state.who < WHO_GROUP)
		listen_in();
	if (state.who >= WHO_GROUP && !state.signals)
		violation("an agent of the admin hears of no question");
	printf("%u calls, %u granted, %u signals, %u violations\n", state.calls, state.granted,
	       state.signals, state.bad);
	sd_bus_flush_close_unref(state.bus);
	return state.bad || state.calls < 500;
}
