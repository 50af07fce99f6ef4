// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading profiles.conf and choosing by it. It must never take half a file. */
#include "profile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../util/cleanup.h"
#include "program.h"

static void line_clear(struct profile_line *line)
{
	free(line->name);
	free(line->interface);
	free(line->ssid);
	free(line->connection);
	memset(line, 0, sizeof(*line));
}

void profile_conf_clear(struct profile_conf *conf)
{
	while (conf->n)
		line_clear(&conf->lines[--conf->n]);
	free(conf->lines);
	memset(conf, 0, sizeof(*conf));
}

/* ---- reading ------------------------------------------------------------------------------- */

static int read_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6], i;
	char rest;

	if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", b, b + 1, b + 2, b + 3,
					 b + 4, b + 5, &rest) != 6)
		return -EINVAL;
	for (i = 0; i < 6; i++)
		mac[i] = b[i];
	return 0;
}

static int read_gateway(struct words *w, struct profile_line *line)
{
	line->has_gateway = true;
	line->gateway.family = strchr(w->text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(line->gateway.family, w->text, line->gateway.addr) == 1)
		return 0;
	return words_fail(w, "an address after 'gateway'", "");
}

static int read_name(struct words *w, char **to)
{
	if (!w->text[0])
		return words_fail(w, "a name", "");
	*to = strdup(w->text);
	return *to ? 0 : -ENOMEM;
}

/* A condition; its first word was read. */
static int read_condition(struct words *w, struct profile_line *line)
{
	char key[16];
	int r;

	snprintf(key, sizeof(key), "%.15s", w->kind == WORD_PLAIN ? w->text : "");
	if (!strcmp(key, "interface") ? line->interface != NULL :
	    !strcmp(key, "ssid") ? line->ssid != NULL :
	    !strcmp(key, "connection") ? line->connection != NULL :
	    !strcmp(key, "gateway") ? line->has_gateway :
	    !strcmp(key, "mac") ? line->has_mac : true)
		return words_fail(w, "interface, gateway, mac, ssid or connection, each once", "");
	r = words_next(w);
	if (r)
		return r;
	if (w->kind != WORD_PLAIN && w->kind != WORD_QUOTED)
		return words_fail(w, "a value", "names with blanks stand in double quotes");
	if (!strcmp(key, "interface"))
		r = read_name(w, &line->interface);
	else if (!strcmp(key, "ssid"))
		r = read_name(w, &line->ssid);
	else if (!strcmp(key, "connection"))
		r = read_name(w, &line->connection);
	else if (!strcmp(key, "gateway"))
		r = read_gateway(w, line);
	else if (read_mac(w->text, line->gateway.mac))
		r = words_fail(w, "an address like 02:00:5e:00:53:01 after 'mac'", "");
	else
		line->has_mac = true;
	return r ? r : words_next(w);
}

static bool at_end(const struct words *w)
{
	return w->kind == WORD_END || w->kind == WORD_NOTE;
}

/* Return: 0, also for a line that says nothing (its name is NULL then). */
static int read_line(struct words *w, struct profile_line *line)
{
	int r = words_next(w);

	if (r || at_end(w))
		return r;
	if (w->kind != WORD_PLAIN && w->kind != WORD_QUOTED)
		return words_fail(w, "the name of a profile", "");
	r = read_name(w, &line->name);
	if (!r)
		r = words_next(w);
	if (r)
		return r;
	if (words_is(w, "otherwise")) {
		r = words_next(w);
		return r || at_end(w) ? r : words_fail(w, "nothing after 'otherwise'", "");
	}
	if (!words_is(w, "when"))
		return words_fail(w, "'when' or 'otherwise' after the name", "");
	r = words_next(w);
	if (!r && at_end(w))
		return words_fail(w, "a condition after 'when'",
				  "interface, gateway, mac, ssid or connection, with its value");
	while (!r && !at_end(w))
		r = read_condition(w, line);
	return r;
}

static int add_line(struct profile_conf *conf, struct profile_line *line)
{
	struct profile_line *more;

	if (conf->n == PROFILE_LINES_MAX)
		return -E2BIG;
	more = reallocarray(conf->lines, conf->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	conf->lines = more;
	conf->needs_gateways |= line->has_gateway || line->has_mac;
	conf->needs_names |= line->ssid || line->connection;
	more[conf->n++] = *line;
	memset(line, 0, sizeof(*line));
	return 0;
}

static int read_lines(struct profile_conf *conf, FILE *f, struct words *w)
{
	struct profile_line line = { .name = NULL };
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = 0;

	while (!r && getline(&text, &size, f) >= 0) {
		text[strcspn(text, "\n")] = '\0';
		w->line = text;
		w->pos = 0;
		w->lineno++;
		if (strlen(text) >= RULE_LINE_MAX)
			r = rule_fail(w->err, -EINVAL, w->file, w->lineno, "a longer one",
				      "a line of at most 4095 bytes", "");
		else
			r = read_line(w, &line);
		if (!r && line.name)
			r = add_line(conf, &line);
		line_clear(&line);
	}
	return r;
}

int profile_conf_read(struct profile_conf *conf, const char *path, struct rule_error *err)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ struct words *w = NULL;
	int r;

	memset(err, 0, sizeof(*err));
	memset(conf, 0, sizeof(*conf));
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return rule_fail(err, -errno, path, 0, strerror(errno), "a readable file", "");
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->file = path;
	w->err = err;
	r = read_lines(conf, f, w);
	if (r == -E2BIG)
		rule_fail(err, r, path, w->lineno, "more", "at most 256 lines", "");
	if (r)
		profile_conf_clear(conf);
	return r;
}

/* ---- choosing ------------------------------------------------------------------------------ */

bool profile_has_link(const struct profile_facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < facts->n_links; i++) {
		if (!strcmp(facts->links[i], name))
			return true;
	}
	return false;
}

static bool has_ssid(const struct profile_facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < facts->n_ssids; i++) {
		if (!strcmp(facts->ssids[i], name))
			return true;
	}
	return false;
}

static bool has_connection(const struct profile_facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < facts->n_connections; i++) {
		if (!strcmp(facts->connections[i], name))
			return true;
	}
	return false;
}

/* Address and MAC of one and the same gateway. */
static bool has_gateway(const struct profile_facts *facts, const struct profile_line *line)
{
	const struct profile_gateway *want = &line->gateway;
	size_t i;

	for (i = 0; i < facts->n_gateways; i++) {
		const struct profile_gateway *gw = &facts->gateways[i];

		if (line->has_gateway && (gw->family != want->family ||
					  memcmp(gw->addr, want->addr, sizeof(gw->addr))))
			continue;
		if (line->has_mac && (!gw->has_mac || memcmp(gw->mac, want->mac, sizeof(gw->mac))))
			continue;
		return true;
	}
	return false;
}

static bool line_holds(const struct profile_line *line, const struct profile_facts *facts)
{
	if (line->interface && !profile_has_link(facts, line->interface))
		return false;
	if (line->ssid && !has_ssid(facts, line->ssid))
		return false;
	if (line->connection && !has_connection(facts, line->connection))
		return false;
	return (!line->has_gateway && !line->has_mac) || has_gateway(facts, line);
}

const char *profile_choose(const struct profile_conf *conf, const struct profile_facts *facts)
{
	size_t i;

	for (i = 0; i < conf->n; i++) {
		if (line_holds(&conf->lines[i], facts))
			return conf->lines[i].name;
	}
	return NULL;
}
