// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the history over the bus, page by page. It must never believe that a row is complete.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/snitch.h"
#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/timespan.h"
#include "past.h"

/* ---- what is asked for ---------------------------------------------------------------------- */

static bool read_time(const char *text, const char *format, struct tm *tm)
{
	const char *end;

	memset(tm, 0, sizeof(*tm));
	tm->tm_isdst = -1;
	end = strptime(text, format, tm);
	return end && !*end;
}

int past_when(const char *text, int64_t now, int64_t *when)
{
	uint64_t span;
	struct tm tm;

	if (!snitch_span_parse(text, &span)) {
		*when = now - (int64_t)span;
		return 0;
	}
	if (!read_time(text, "%Y-%m-%d", &tm) && !read_time(text, "%Y-%m-%d %H:%M", &tm) &&
	    !read_time(text, "%Y-%m-%d %H:%M:%S", &tm) &&
	    !read_time(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return -EINVAL;
	*when = mktime(&tm);
	return *when < 0 ? -EINVAL : 0;
}

static int take_user(struct past_filter *filter, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	unsigned long uid;
	char *end;

	if (pw) {
		filter->uid = pw->pw_uid;
		return CLI_OK;
	}
	errno = 0;
	uid = strtoul(name, &end, 10);
	if (*name < '0' || *name > '9' || *end || errno || uid >= HISTORY_ANY_UID)
		return out_usage("--user: there is no user '%s'", name);
	filter->uid = (uint32_t)uid;
	return CLI_OK;
}

static int take_verdict(struct past_filter *filter, const char *word)
{
	static const char *const words[] = { "allow", "deny", "drop", "refused" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word))
			continue;
		filter->verdict = words[i];
		return CLI_OK;
	}
	return out_usage("--verdict is allow, deny, drop or refused, not '%s'", word);
}

int past_option(struct past_filter *filter, const char *option, const char *value)
{
	static const char *const options[] = { "--since", "--program", "--verdict", "--user" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(options) && strcmp(options[i], option); i++)
		;
	if (i == SNITCH_ARRAY_SIZE(options))
		return -1;
	if (!value)
		return out_usage("%s wants a value", option);
	switch (i) {
	case 0:
		if (past_when(value, time(NULL), &filter->since))
			return out_usage("--since is " PAST_SINCE_HELP ", not '%s'", value);
		return CLI_OK;
	case 1:
		filter->program = value;
		return CLI_OK;
	case 2:
		return take_verdict(filter, value);
	default:
		return take_user(filter, value);
	}
}

/* ---- pages ------------------------------------------------------------------------------------- */

static int get_page(struct cli *cli, const struct past_filter *f, struct history_place *place,
		    json_t **rows)
{
	sd_bus_message *reply = NULL;
	uint32_t max = f->max < UINT32_MAX ? (uint32_t)f->max : 0;
	int code;

	code = cli_call(cli, "History", &reply, "a{sv}xx", 8, "since", "x", f->since, "program",
			"s", f->program, "verdict", "s", f->verdict, "uid", "u", f->uid, "max",
			"u", max, "judge", "b", (int)f->judge, "rules", "s", f->rules, "scope",
			"s", f->scope, place->last, place->id);
	if (code)
		return code;
	*rows = value_read(reply);
	if (!json_is_array(*rows) ||
	    sd_bus_message_read(reply, "xx", &place->last, &place->id) < 0) {
		out_error("History: snitchd gave an answer this program does not understand: "
			  "are both of the same version?");
		json_decref(*rows);
		code = CLI_FAILED;
	}
	sd_bus_message_unref(reply);
	return code;
}

int past_read(struct cli *cli, const struct past_filter *filter,
	      bool (*fn)(void *ctx, json_t *row), void *ctx)
{
	struct past_filter left = *filter;
	struct history_place place = { .last = 0 };
	bool enough = false;
	json_t *rows, *row;
	size_t i;
	int code;

	do {
		code = get_page(cli, &left, &place, &rows);
		if (code)
			return code;
		json_array_foreach(rows, i, row) {
			enough = fn(ctx, row) || (left.max && !--left.max);
			if (enough)
				break;
		}
		json_decref(rows);
	} while (!enough && (place.last || place.id));
	return CLI_OK;
}

/* ---- a row --------------------------------------------------------------------------------------- */

static char *take_text(const json_t *row, const char *key)
{
	size_t len;

	return snitch_unescape(value_str(row, key, ""), &len);
}

static char *take_lines(const json_t *row, const char *key)
{
	const json_t *list = json_object_get(row, key), *entry;
	size_t i, size = 0, len;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	json_array_foreach(list, i, entry) {
		_cleanup_free_ char *path = NULL;

		path = snitch_unescape(json_string_value(entry) ? json_string_value(entry) : "",
				       &len);
		if (path)
			fprintf(f, "%s%s", i ? "\n" : "", path);
	}
	fclose(f);
	return out;
}

/* The number behind a word that @name writes, from 1; 0: none. */
static uint32_t find_word(const char *(*name)(unsigned int number), const char *word)
{
	unsigned int i;

	for (i = 1; i < 16; i++) {
		if (!strcmp(name(i), word))
			return i;
	}
	return 0;
}

void past_flow_clear(struct past_flow *p)
{
	free(p->program);
	free(p->script);
	free(p->parents);
	free(p->app);
	free(p->name);
	memset(p, 0, sizeof(*p));
}

static void take_numbers(const json_t *row, struct history_flow *f)
{
	const char *rule = value_str(row, "rule", "0");

	f->uid = (uint32_t)value_int(row, "uid", -1);
	f->belongs = (uint32_t)value_int(row, "belongs", -1);
	f->family = (uint8_t)value_int(row, "family", 0);
	f->proto = (uint8_t)value_int(row, "protocol", 0);
	f->port = (uint16_t)value_int(row, "port", 0);
	f->inbound = !strcmp(value_str(row, "direction", ""), "in");
	f->action = find_word(snitch_action_name, value_str(row, "verdict", ""));
	f->origin = find_word(snitch_origin_name, value_str(row, "by", ""));
	if (rule_id_parse(rule, &f->rule))
		f->rule = 0;
	f->flags = (value_bool(row, "odd") ? HISTORY_F_ODD : 0) |
		   (value_bool(row, "kernel") ? HISTORY_F_KERNEL : 0) |
		   (value_bool(row, "loopback") ? HISTORY_F_LOOPBACK : 0);
	f->first = value_int(row, "first", 0);
	f->last = value_int(row, "last", 0);
	f->count = (uint64_t)value_int(row, "count", 0);
	f->sent = (uint64_t)value_int(row, "sent", 0);
	f->received = (uint64_t)value_int(row, "received", 0);
}

int past_flow(const json_t *row, struct past_flow *out)
{
	struct history_flow *f = &out->flow;

	memset(out, 0, sizeof(*out));
	out->program = take_text(row, "program");
	out->script = take_text(row, "script");
	out->parents = take_lines(row, "parents");
	out->app = take_lines(row, "app");
	out->name = take_text(row, "name");
	if (!out->program || !out->script || !out->parents || !out->app || !out->name) {
		past_flow_clear(out);
		return -ENOMEM;
	}
	f->program = out->program;
	f->script = out->script;
	f->parents = out->parents;
	f->app = out->app;
	f->name = out->name;
	take_numbers(row, f);
	if (f->action && f->origin &&
	    ((f->family != AF_INET && f->family != AF_INET6) ||
	     inet_pton(f->family, value_str(row, "address", ""), f->address) == 1))
		return 0;
	past_flow_clear(out);
	return -EINVAL;
}

void past_remote(const json_t *row, char *buf, size_t size)
{
	const char *name = value_str(row, "name", NULL), *address = value_str(row, "address", "?");
	bool brackets = value_int(row, "family", 0) == AF_INET6 && value_int(row, "port", 0);
	bool in = !strcmp(value_str(row, "direction", ""), "in");
	char port[16] = "";

	if (value_int(row, "port", 0) && !in)
		snprintf(port, sizeof(port), ":%lld", (long long)value_int(row, "port", 0));
	snprintf(buf, size, "%s%s%s%s%s%s%s%s %s", in ? "from " : "", name ? name : "",
		 name ? " (" : "", brackets ? "[" : "", address, brackets ? "]" : "", port,
		 name ? ")" : "", value_str(row, "proto", "?"));
	if (in)
		snprintf(buf + strlen(buf), size - strlen(buf), " to port %lld",
			 (long long)value_int(row, "port", 0));
}

void past_time(int64_t when, int64_t now, char *buf, size_t size)
{
	time_t a = when, b = now;
	struct tm tm, today;

	localtime_r(&a, &tm);
	localtime_r(&b, &today);
	strftime(buf, size, tm.tm_year == today.tm_year ? "%m-%d %H:%M" : "%Y-%m-%d", &tm);
}
