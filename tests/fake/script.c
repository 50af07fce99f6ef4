// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plays scripts on a fake device. It must never let an expectation pass that
 * did not come true, nor a word that it does not know.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "script.h"
#include "snitch.h"

#define DEFAULT_MS	2000
#define NONE_MS		200
#define DAY_MS		86400000

/**
 * struct player - a script being played
 * @line: the line
 * @wrong: what went wrong; "" so far nothing
 */
struct player {
	struct fake *fake;
	FILE *log;
	struct script_line line;
	char wrong[256];
};

/* Index 0 is no value of the wire; "" is no word. */
static const char *const actions[] = { "", "allow", "deny", "drop", "ask", "hold", NULL };
static const char *const origins[] = { "", "rule", "person", "mode", "fail", "inbound", "kernel",
				       "older", "name", NULL };
static const char *const whys[] = { "", "closed", "moved", "timeout", "consult", "netns",
				    "route", "policy", NULL };
static const char *const owner_flags[] = { "deleted", "memfd", "disguised", "incomplete",
					   "forked", "scanned", "exited", "kernel", "unknown", "",
					   "script", "no-path", "served", NULL };
static const char *const flow_flags[] = { "redelivered", "held", "adopted", "unbound",
					  "foreign-data", "unparsed", "shared", "data", "passed",
					  NULL };

/* Always false, for "return wrong(...)". */
static bool __attribute__((format(printf, 2, 3))) wrong(struct player *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->wrong, sizeof(p->wrong), format, args);
	va_end(args);
	return false;
}

static uint64_t now_ms(void)
{
	return snitch_boottime_ns() / 1000000;
}

/* What the client wrote until now, and up to @ms from now if nothing is there. */
static int receive(struct player *p, uint64_t ms)
{
	struct pollfd pfd = { .fd = p->fake->fd, .events = POLLIN };

	poll(&pfd, 1, (int)ms);
	return fake_receive(p->fake);
}

/* True when @done; false when time is up, or with p->wrong set. */
static bool wait_for(struct player *p, uint64_t ms, bool (*done)(struct player *p, void *arg),
		     void *arg)
{
	uint64_t now = now_ms(), end = now + ms;
	int n;

	/* First what is there already: it may be all that is wanted. */
	for (n = receive(p, 0);; n = receive(p, now < end ? end - now : 0), now = now_ms()) {
		if (done(p, arg))
			return true;
		if (n == -ESHUTDOWN)
			return wrong(p, "the client closed the device");
		if (n < 0)
			return wrong(p, "the client wrote nonsense: %s", p->fake->error);
		if (now >= end)
			return false;
	}
}

static bool never(struct player *p, void *arg)
{
	(void)p;
	(void)arg;
	return false;
}

static bool number(struct player *p, uint64_t max, uint64_t *value, const char *what)
{
	return script_number(&p->line, max, value) || wrong(p, "%s wants a number", what);
}

static bool number32(struct player *p, uint32_t max, uint32_t *value, const char *what)
{
	uint64_t v;

	if (!number(p, max, &v, what))
		return false;
	*value = v;
	return true;
}

static bool number64(struct player *p, __u64 *value, const char *what)
{
	uint64_t v;

	if (!number(p, UINT64_MAX, &v, what))
		return false;
	*value = v;
	return true;
}

/* [ within MS ] */
static bool within(struct player *p, uint64_t *ms)
{
	*ms = DEFAULT_MS;
	return !script_accept(&p->line, "within") || script_number(&p->line, DAY_MS, ms) ||
	       wrong(p, "\"within\" wants milliseconds");
}

static bool sent(struct player *p, int err)
{
	return !err || wrong(p, "could not be sent: %s", strerror(-err));
}

/* ---- what the kernel does */

static bool string(struct player *p, const char **value, const char *key)
{
	*value = script_word(&p->line, NULL);
	return *value || wrong(p, "%s wants a string", key);
}

static bool owner_member(struct player *p, struct fake_image *i, const char *key)
{
	if (!strcmp(key, "exe"))
		return string(p, &i->exe, key);
	if (!strcmp(key, "cgroup"))
		return string(p, &i->cgroup, key);
	if (!strcmp(key, "script"))
		return string(p, &i->script, key);
	if (!strcmp(key, "comm"))
		return string(p, &i->comm, key);
	if (!strcmp(key, "cmd")) {
		i->cmd = script_word(&p->line, &i->cmd_len);
		return i->cmd || wrong(p, "%s wants a string", key);
	}
	if (!strcmp(key, "parent"))
		return number(p, UINT64_MAX, &i->parent, key);
	if (!strcmp(key, "pid"))
		return number32(p, INT32_MAX, &i->pid, key);
	if (!strcmp(key, "ppid"))
		return number32(p, INT32_MAX, &i->ppid, key);
	if (!strcmp(key, "uid"))
		return number32(p, UINT32_MAX, &i->uid, key);
	if (!strcmp(key, "login"))
		return number32(p, UINT32_MAX, &i->login, key);
	if (!strcmp(key, "kernel"))
		return number32(p, __SNITCH_K_MAX - 1, &i->kernel, key);
	if (!strcmp(key, "flags"))
		return script_flags(&p->line, owner_flags, &i->flags) ||
		       wrong(p, "an unknown flag of an owner");
	return wrong(p, "\"%s\" is nothing an owner has", key);
}

/* owner ID { KEY VALUE } */
static bool do_owner(struct player *p)
{
	struct fake_image image = { 0 };
	const char *key;

	if (!number(p, UINT64_MAX, &image.id, "owner"))
		return false;
	while ((key = script_word(&p->line, NULL)))
		if (!owner_member(p, &image, key))
			return false;
	return sent(p, fake_owner_add(p->fake, &image));
}

static bool protocol(struct player *p, uint8_t *proto)
{
	static const struct { const char *name; uint8_t number; } protos[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP },
		{ "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP },
	};
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
		if (!script_accept(&p->line, protos[i].name))
			continue;
		*proto = protos[i].number;
		return true;
	}
	if (!number32(p, UINT8_MAX, &n, "protocol"))
		return false;
	*proto = n;
	return true;
}

static bool flow_member(struct player *p, struct snitch_flow_event *f, const char *key)
{
	if (!strcmp(key, "uid"))
		return number32(p, UINT32_MAX, &f->uid, key);
	if (!strcmp(key, "rule"))
		return number64(p, &f->ask_rule, key);
	if (!strcmp(key, "generation"))
		return number64(p, &f->generation, key);
	if (!strcmp(key, "netns"))
		return number32(p, UINT32_MAX, &f->netns, key);
	if (!strcmp(key, "ifindex"))
		return number32(p, INT32_MAX, &f->ifindex, key);
	if (!strcmp(key, "bytes"))
		return number32(p, UINT16_MAX, &f->bytes, key);
	if (!strcmp(key, "flags"))
		return script_flags(&p->line, flow_flags, &f->flags) ||
		       wrong(p, "an unknown flag of a flow");
	return wrong(p, "\"%s\" is nothing a flow has", key);
}

/* flow ID owner ID PROTO ADDRESS [ port N ] { KEY VALUE } */
static bool do_flow(struct player *p)
{
	struct snitch_flow_event f;
	const struct fake_owner *o;
	const char *to, *key;
	uint64_t id, owner, port = 0;
	uint8_t proto;

	if (!number(p, UINT64_MAX, &id, "flow"))
		return false;
	if (!script_accept(&p->line, "owner") ||
	    !script_number(&p->line, UINT64_MAX, &owner))
		return wrong(p, "a flow wants \"owner ID\"");
	if (!protocol(p, &proto))
		return false;
	to = script_word(&p->line, NULL);
	if (script_accept(&p->line, "port") && !number(p, UINT16_MAX, &port, "port"))
		return false;
	if (!to || fake_flow_init(&f, id, owner, proto, to, port))
		return wrong(p, "a flow wants an IPv4 or IPv6 address");
	o = fake_owner_get(p->fake, owner);
	if (o)
		f.uid = o->msg->uid;
	while ((key = script_word(&p->line, NULL)))
		if (!flow_member(p, &f, key))
			return false;
	return sent(p, fake_flow_add(p->fake, &f));
}

/* cancel ID WHY ACTION */
static bool do_cancel(struct player *p)
{
	int why = -1, action = -1;
	uint64_t id;

	if (script_number(&p->line, UINT64_MAX, &id)) {
		why = script_choice(&p->line, whys);
		action = script_choice(&p->line, actions);
	}
	if (why <= 0 || action <= 0 || action > SNITCH_DROP)
		return wrong(p, "cancel wants ID, why and allow, deny or drop");
	return sent(p, fake_cancel(p->fake, id, why, action));
}

/* lost N */
static bool do_lost(struct player *p)
{
	uint64_t n;

	return number(p, UINT64_MAX, &n, "lost") && sent(p, fake_lost(p->fake, n));
}

/* generation N */
static bool do_generation(struct player *p)
{
	return number(p, UINT64_MAX, &p->fake->generation, "generation");
}

/* ---- what the client is expected to do */

/**
 * struct expected - what is waited for
 * @id: of the flow or owner
 * @n: app number of a BIND, or how many
 * @action, @origin: of a verdict or CACHE; @origin -1: any
 */
struct expected {
	uint64_t id, n;
	int action, origin;
};

static bool got_verdict(struct player *p, void *arg)
{
	const struct expected *e = arg;
	const struct fake_flow *f = fake_flow_get(p->fake, e->id);

	return f->verdicts && f->verdict.action == (uint32_t)e->action &&
	       (e->origin < 0 || f->verdict.origin == (uint32_t)e->origin);
}

static bool sent_flow(struct player *p, uint64_t *id)
{
	return number(p, UINT64_MAX, id, "an expectation") &&
	       (fake_flow_get(p->fake, *id) || wrong(p, "there is no such flow yet"));
}

static bool sent_owner(struct player *p, uint64_t *id)
{
	return number(p, UINT64_MAX, id, "an expectation") &&
	       (fake_owner_get(p->fake, *id) || wrong(p, "there is no such owner yet"));
}

/* expect FLOW ACTION [ by ORIGIN ] [ within MS ] */
static bool do_expect(struct player *p)
{
	struct expected e = { .origin = -1 };
	const struct fake_flow *f;
	uint64_t ms;

	if (!sent_flow(p, &e.id))
		return false;
	e.action = script_choice(&p->line, actions);
	if (e.action <= 0 || e.action == SNITCH_ASK)
		return wrong(p, "expect wants allow, deny, drop or hold");
	if (script_accept(&p->line, "by")) {
		e.origin = script_choice(&p->line, origins);
		if (e.origin <= 0)
			return wrong(p, "\"by\" wants rule, person, mode or name");
	}
	if (!within(p, &ms))
		return false;
	if (wait_for(p, ms, got_verdict, &e))
		return true;
	if (p->wrong[0])
		return false;
	f = fake_flow_get(p->fake, e.id);
	if (!f->verdicts)
		return wrong(p, "no verdict came");
	return wrong(p, "the verdict was %s by %s", snitch_action_name(f->verdict.action),
		     snitch_origin_name(f->verdict.origin));
}

/* expect-none FLOW [ for MS ]: no verdict after what is known now, HOLD apart */
static bool do_expect_none(struct player *p)
{
	uint64_t id, ms = NONE_MS;
	const struct fake_flow *f;
	unsigned int before;

	if (!sent_flow(p, &id))
		return false;
	if (script_accept(&p->line, "for") && !number(p, DAY_MS, &ms, "for"))
		return false;
	f = fake_flow_get(p->fake, id);
	before = f->verdict.action == SNITCH_HOLD ? f->verdicts : 0;
	wait_for(p, ms, never, NULL);
	if (p->wrong[0])
		return false;
	f = fake_flow_get(p->fake, id);
	return f->verdicts <= before ||
	       wrong(p, "a verdict came: %s", snitch_action_name(f->verdict.action));
}

static bool got_bind(struct player *p, void *arg)
{
	const struct expected *e = arg;
	const struct fake_owner *o = fake_owner_get(p->fake, e->id);

	return o->binds && o->bind.app == e->n;
}

/* expect-bind OWNER APP [ within MS ] */
static bool do_expect_bind(struct player *p)
{
	struct expected e = { 0 };
	uint64_t ms;

	if (!sent_owner(p, &e.id) || !number(p, UINT32_MAX, &e.n, "expect-bind") ||
	    !within(p, &ms))
		return false;
	if (wait_for(p, ms, got_bind, &e))
		return true;
	return p->wrong[0] ? false : wrong(p, "no BIND to that app came for it");
}

static bool got_cache(struct player *p, void *arg)
{
	const struct expected *e = arg;
	const struct fake_owner *o = fake_owner_get(p->fake, e->id);

	return o->caches && o->cache.action == (uint32_t)e->action;
}

/* expect-cache OWNER ACTION [ within MS ] */
static bool do_expect_cache(struct player *p)
{
	struct expected e = { 0 };
	uint64_t ms;

	if (!sent_owner(p, &e.id))
		return false;
	e.action = script_choice(&p->line, actions);
	if (e.action <= 0 || e.action > SNITCH_DROP)
		return wrong(p, "expect-cache wants allow, deny or drop");
	if (!within(p, &ms))
		return false;
	if (wait_for(p, ms, got_cache, &e))
		return true;
	return p->wrong[0] ? false : wrong(p, "no such CACHE came for it");
}

static bool got_asked(struct player *p, void *arg)
{
	const struct expected *e = arg;

	return fake_owner_get(p->fake, e->id)->asked >= e->n;
}

/* expect-asked OWNER [ within MS ] */
static bool do_expect_asked(struct player *p)
{
	struct expected e = { .n = 1 };
	uint64_t ms;

	if (!sent_owner(p, &e.id) || !within(p, &ms))
		return false;
	if (wait_for(p, ms, got_asked, &e))
		return true;
	return p->wrong[0] ? false : wrong(p, "no GET_OWNER came for it");
}

/* wait MS */
static bool do_wait(struct player *p)
{
	uint64_t ms;

	if (!number(p, DAY_MS, &ms, "wait"))
		return false;
	wait_for(p, ms, never, NULL);
	return !p->wrong[0];
}

/* until-closed [ within MS ] */
static bool do_until_closed(struct player *p)
{
	uint64_t ms, now = now_ms(), end;
	int n;

	if (!within(p, &ms))
		return false;
	for (end = now + ms; ; now = now_ms()) {
		n = receive(p, now < end ? end - now : 0);
		if (n == -ESHUTDOWN)
			return true;
		if (n < 0)
			return wrong(p, "the client wrote nonsense: %s", p->fake->error);
		if (now >= end)
			return wrong(p, "the client is still there");
	}
}

static bool got_hello(struct player *p, void *arg)
{
	(void)arg;
	return p->fake->greeted;
}

/* hello [ within MS ] */
static bool do_hello(struct player *p)
{
	uint64_t ms;

	if (!within(p, &ms))
		return false;
	if (wait_for(p, ms, got_hello, NULL))
		return true;
	return p->wrong[0] ? false : wrong(p, "no HELLO came");
}

/* ---- the script */

struct command {
	const char *name;
	bool (*run)(struct player *p);
};

static const struct command commands[] = {
	{ "owner", do_owner },
	{ "flow", do_flow },
	{ "cancel", do_cancel },
	{ "lost", do_lost },
	{ "generation", do_generation },
	{ "hello", do_hello },
	{ "expect", do_expect },
	{ "expect-none", do_expect_none },
	{ "expect-bind", do_expect_bind },
	{ "expect-cache", do_expect_cache },
	{ "expect-asked", do_expect_asked },
	{ "wait", do_wait },
	{ "until-closed", do_until_closed },
};

static bool run_line(struct player *p, char *text)
{
	const char *problem = script_split(text, &p->line), *name;
	size_t i;

	if (problem)
		return wrong(p, "%s", problem);
	name = script_word(&p->line, NULL);
	if (!name)
		return true;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		if (!commands[i].run(p))
			return false;
		name = script_word(&p->line, NULL);
		return !name || wrong(p, "\"%s\" is too much", name);
	}
	return wrong(p, "\"%s\" is no command", name);
}

int fake_play(struct fake *f, FILE *script, const char *name, FILE *log)
{
	struct player p = { .fake = f, .log = log };
	unsigned int line = 0;
	char *text = NULL;
	size_t size = 0;
	bool good = true;

	while (good && getline(&text, &size, script) >= 0) {
		line++;
		if (log && text[strspn(text, " \t\n")]) {
			fprintf(log, "%s:%u: %.*s\n", name, line, (int)strcspn(text, "\n"), text);
			fflush(log);
		}
		good = run_line(&p, text);
	}
	free(text);
	if (!good)
		fprintf(stderr, "%s:%u: %s\n", name, line, p.wrong);
	return !good;
}
