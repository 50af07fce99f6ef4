// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions in words, the same for `snitch pending` and `snitch ask`. Pure:
 * it must never read, write or ask anything, the clock included.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/netname.h"
#include "../util/timespan.h"
#include "words.h"

#define PARENTS_MAX 8

/* One character or escape of a text, and the columns it takes. */
struct piece {
	size_t at;
	unsigned int bytes;
	unsigned int columns;
};

static unsigned int width_of(unsigned int code)
{
	int w = code < 0x80 ? 1 : wcwidth((wchar_t)code);

	return w < 0 ? 1 : (unsigned int)w;
}

/* Escapes @text into @out (4 bytes a byte at most) and notes its pieces. Returns their number. */
static size_t take_apart(const char *text, bool utf8, char *out, struct piece *pieces)
{
	size_t len = strlen(text), at = 0, n = 0;

	while (len) {
		unsigned int code;
		size_t bytes = snitch_utf8_len(text, len, &code);
		struct piece *p = &pieces[n++];

		p->at = at;
		if (bytes && (code == '\\' || !snitch_code_is_unsafe(code)) &&
		    (utf8 || code < 0x80)) {
			memcpy(out + at, text, bytes);
			p->bytes = bytes;
			p->columns = width_of(code);
		} else {
			snprintf(out + at, 5, "\\x%02x", (unsigned char)*text);
			bytes = 1;
			p->bytes = p->columns = 4;
		}
		at += p->bytes;
		text += bytes;
		len -= bytes;
	}
	out[at] = '\0';
	return n;
}

/* How many pieces from the start or the end fit into @columns. */
static size_t fitting(const struct piece *pieces, size_t n, unsigned int columns, bool from_end)
{
	unsigned int used = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		used += pieces[from_end ? n - 1 - i : i].columns;
		if (used > columns)
			break;
	}
	return i;
}

char *words_fit(const char *text, unsigned int columns, bool middle, bool utf8)
{
	size_t len = strlen(text), n, head, tail = 0, from;
	_cleanup_free_ struct piece *pieces = calloc(len + 1, sizeof(*pieces));
	_cleanup_free_ char *whole = malloc(4 * len + 1);

	if (!pieces || !whole)
		return NULL;
	n = take_apart(text, utf8, whole, pieces);
	if (fitting(pieces, n, columns, false) == n)
		return snitch_take_ptr(whole);
	columns -= 3;
	if (middle)
		tail = fitting(pieces, n, columns - columns / 3, true);
	head = fitting(pieces, n, middle ? columns / 3 : columns, false);
	from = tail ? pieces[n - tail].at : strlen(whole);
	return snitch_format("%.*s...%s", (int)pieces[head].at, whole, whole + from);
}

unsigned int words_columns(const char *text)
{
	size_t len = strlen(text);
	unsigned int columns = 0;

	while (len) {
		unsigned int code = 0;
		size_t n = snitch_utf8_len(text, len, &code);

		columns += n ? width_of(code) : 1;
		n = n ? n : 1;
		text += n;
		len -= n;
	}
	return columns;
}

const char *words_base_name(const char *path)
{
	const char *slash = *path == '/' ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

const char *words_program(const json_t *q)
{
	return words_base_name(value_str(q, "program", "?"));
}

const char *words_verb(const json_t *q)
{
	const char *proto = value_str(q, "proto", "?");

	if (!strcmp(proto, "tcp") || !strcmp(proto, "sctp") || !strcmp(proto, "dccp"))
		return "wants to connect to";
	if (!strncmp(proto, "udp", 3))
		return "wants to send to";
	if (!strncmp(proto, "icmp", 4) || !strcmp(proto, "ipv6-icmp"))
		return "wants to ping";
	return "wants to send raw packets to";
}

static uint8_t proto_number(const char *name)
{
	if (!strcmp(name, "tcp"))
		return 6;
	return strcmp(name, "udp") ? 0 : 17;
}

static void add(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

char *words_doing(const json_t *q)
{
	const char *lookup = value_str(q, "lookup", NULL);

	return lookup ? snitch_format("wants to look up %s through", lookup) :
			strdup(words_verb(q));
}

void words_names(const json_t *q, char *buf, size_t size)
{
	const json_t *names = json_object_get(q, "names"), *name;
	const char *source;
	size_t i;

	*buf = '\0';
	json_array_foreach(names, i, name) {
		source = value_str(name, "source", "?");
		add(buf, size, "%s%s (%s%s%s)", i ? ", " : "", value_str(name, "name", "?"),
		    json_is_true(json_object_get(name, "claimed")) ? "claimed, " : "", source,
		    strcmp(source, "outer") ? "" : ": another one is encrypted");
	}
}

void words_whom(const json_t *q, char *buf, size_t size)
{
	const char *proto = value_str(q, "proto", "?");
	json_t *ports = json_object_get(q, "ports");
	int64_t port = value_int(q, "port", 0);
	const char *service;
	size_t i;

	*buf = '\0';
	for (i = 0; proto[i] && i < 15; i++)
		add(buf, size, "%c", toupper((unsigned char)proto[i]));
	if (isdigit((unsigned char)*proto))
		snprintf(buf, size, "IP protocol %s", proto);
	if (!port)
		return;
	service = snitch_service_name(proto_number(proto), (uint16_t)port);
	add(buf, size, service ? " %lld (%s)" : " %lld", (long long)port, service);
	for (i = 0; i < json_array_size(ports); i++) {
		int64_t other = json_integer_value(json_array_get(ports, i));

		if (other != port)
			add(buf, size, ", %lld", (long long)other);
	}
}

char *words_parents(const json_t *q, bool paths)
{
	json_t *parents = json_object_get(q, "parents");
	size_t i, n = json_array_size(parents), size = 0;
	FILE *f;
	char *out = NULL;

	f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	if (n > PARENTS_MAX) {
		n = PARENTS_MAX;
		fputs("... > ", f);
	}
	for (i = n; i-- > 0;) {
		const json_t *p = json_array_get(parents, i);
		const char *program = value_str(p, "program", value_str(p, "comm", "?"));

		if (!strcmp(program, "?"))
			program = value_str(p, "comm", "?");
		fprintf(f, "%s%s", paths ? program : words_base_name(program), i ? " > " : "");
	}
	fclose(f);
	return out;
}

char *words_cmdline(const json_t *args)
{
	size_t i, size = 0;
	const json_t *arg;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	json_array_foreach(args, i, arg) {
		const char *s = json_string_value(arg);
		bool quote = !s || !*s || strpbrk(s, " '\"$&;|<>()*?`");

		fprintf(f, "%s%s%s%s", i ? " " : "", quote ? "'" : "", s ? s : "",
			quote ? "'" : "");
	}
	fclose(f);
	return out;
}

int words_seconds(const json_t *q, uint64_t boottime)
{
	uint64_t deadline = (uint64_t)value_int(q, "deadline_boottime", 0);

	if (!deadline || !value_int(q, "flows", 0))
		return -1;
	if (deadline <= boottime)
		return 0;
	return (int)((deadline - boottime + SNITCH_NSEC_PER_SEC - 1) / SNITCH_NSEC_PER_SEC);
}

void words_span(uint64_t seconds, char *buf, size_t size)
{
	if (seconds < 300)
		snprintf(buf, size, "%llu s", (unsigned long long)seconds);
	else if (seconds < 3 * 3600)
		snprintf(buf, size, "%llu min", (unsigned long long)seconds / 60);
	else if (seconds < 3 * 86400)
		snprintf(buf, size, "%llu h", (unsigned long long)seconds / 3600);
	else
		snprintf(buf, size, "%llu days", (unsigned long long)seconds / 86400);
}

void words_waiting(const json_t *q, uint64_t boottime, char *buf, size_t size)
{
	long long flows = value_int(q, "flows", 0), attempts = value_int(q, "attempts", 0);
	const char *state = value_str(q, "state", "?");
	int left = words_seconds(q, boottime);

	if (flows)
		snprintf(buf, size, flows == 1 ? "%lld flow waits" : "%lld flows wait", flows);
	else if (!strcmp(state, "missed"))
		snprintf(buf, size, "missed: refused unanswered; an answer serves the next try");
	else
		snprintf(buf, size, "refused at once; an answer serves the next try");
	if (left >= 0)
		add(buf, size, ", refused in %d s unless answered", left);
	if (attempts > flows && attempts > 1)
		add(buf, size, " (%lld tries)", attempts);
}

void words_waiting_short(const json_t *q, uint64_t boottime, char *buf, size_t size)
{
	long long flows = value_int(q, "flows", 0);
	int left = words_seconds(q, boottime);

	if (flows)
		snprintf(buf, size, "%lld wait%s", flows, flows == 1 ? "s" : "");
	else
		snprintf(buf, size, "%s", strcmp(value_str(q, "state", "?"), "missed") ?
			 "refused at once" : "missed: refused");
	if (left >= 0)
		add(buf, size, ", %d s left", left);
}

const char *words_removed(const char *why)
{
	static const struct {
		const char *why, *text;
	} table[] = {
		{ "answered", "answered elsewhere" },
		{ "rule", "a rule decides it now" },
		{ "mode", "the mode changed" },
		{ "exited", "the program gave up" },
		{ "dismissed", "dismissed" },
		{ "replaced", "made room for newer questions" },
		{ "rights", "no longer yours to answer" },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].why, why))
			return table[i].text;
	return why;
}

bool words_scope(const char *scope)
{
	static const char *const all[] = {
		"host-port", "host", "domain-port", "domain", "address-port", "address", "port",
		"any",
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(all) && strcmp(scope, all[i]); i++)
		;
	return i < SNITCH_ARRAY_SIZE(all);
}

/* What an answer would write, made here where the daemon gave no preview. */
static char *own_rule(const json_t *q, const char *scope)
{
	const char *program = value_str(q, "program", "?");
	const char *quote = strpbrk(program, " \t") ? "\"" : "";
	bool port = strstr(scope, "port") && value_int(q, "port", 0);
	const char *star = strncmp(scope, "domain", 6) ? "" : "*.";
	const char *whom = *star ? value_str(q, "domain", "?") :
			   !strncmp(scope, "host", 4) ? value_str(q, "host", "?") :
			   !strncmp(scope, "address", 7) ? value_str(q, "address", "?") : "any";

	if (!port)
		return snitch_format("allow %s%s%s to %s%s", quote, program, quote, star, whom);
	return snitch_format("allow %s%s%s to %s%s port %lld %s", quote, program, quote, star, whom,
			     (long long)value_int(q, "port", 0), value_str(q, "proto", ""));
}

char *words_rule(const json_t *q, const char *verdict, const char *scope)
{
	const char *preview = value_str(json_object_get(q, "rule_preview"), scope, NULL);
	_cleanup_free_ char *rule = preview ? strdup(preview) : own_rule(q, scope);
	const char *rest;

	if (!rule)
		return NULL;
	rest = strchr(rule, ' ');
	return snitch_format("%s%s", verdict, rest ? rest : "");
}

static const struct {
	const char *flag, *text;
} warnings[] = {
	{ "changed", "the program has changed since its rules were made; they are suspended" },
	{ "disguised", "the program disguises itself as another: no allow rule will hold" },
	{ "deleted", "the program's file has been deleted or replaced since it was started" },
	{ "memfd", "the program runs from memory: it has no file at all" },
	{ "served", "the program is on a file system that a program serves: no rule vouches for it" },
	{ "unknown", "nobody holds the socket any more: the sender is not known" },
	{ "shared", "several programs share this socket" },
	{ "foreign-data", "another program's open connection is being used" },
	{ "handshake-left", "the connection stands already; nothing has been said on it yet" },
	{ "claimed", "the script is only what the program says of itself" },
	{ "exited", "the process has ended by now" },
};

bool words_flag(const json_t *q, const char *flag)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_object_get(q, "flags"), i, f)
		if (json_is_string(f) && !strcmp(json_string_value(f), flag))
			return true;
	return false;
}

const char *words_warning(const json_t *q, size_t *at)
{
	while (*at < SNITCH_ARRAY_SIZE(warnings)) {
		size_t i = (*at)++;

		if (words_flag(q, warnings[i].flag))
			return warnings[i].text;
	}
	return NULL;
}
