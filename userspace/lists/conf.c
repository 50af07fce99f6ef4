// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept about a list beside its entries. It must never take a line that it does not know.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/timespan.h"
#include "lines.h"
#include "lists.h"

static const char *const kinds[__LIST_KINDS] = {
	[LIST_AUTO] = "auto", [LIST_DOMAINS] = "domains", [LIST_HOSTS] = "hosts",
	[LIST_ADDRESSES] = "addresses",
};

const char *list_kind_name(enum list_kind kind)
{
	return kinds[kind];
}

int list_kind_parse(const char *text, enum list_kind *kind)
{
	enum list_kind i;

	for (i = 0; i < __LIST_KINDS; i++) {
		if (strcmp(text, kinds[i]))
			continue;
		*kind = i;
		return 0;
	}
	return -EINVAL;
}

const char *list_url_check(const char *url)
{
	static const char expected[] = "https://HOST/..., in printable ASCII, without a password";
	size_t i, host = strlen("https://"), end;

	if (strncmp(url, "https://", host) || strlen(url) >= LIST_URL_MAX)
		return expected;
	for (i = 0; url[i]; i++) {
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f || url[i] == '\\')
			return expected;
	}
	end = strcspn(url + host, "/?#");
	return !end || memchr(url + host, '@', end) ? expected : NULL;
}

static int take_bool(bool *to, const char *value)
{
	*to = !strcmp(value, "yes");
	return *to || !strcmp(value, "no") ? 0 : -EINVAL;
}

static int take_value(void *ctx, const char *key, const char *value)
{
	struct list_conf *conf = ctx;
	uint64_t number = 0;
	bool enabled;
	int r;

	if (!strcmp(key, "url"))
		return list_url_check(value) ? -EINVAL :
		       lines_text(conf->url, sizeof(conf->url), value);
	if (!strcmp(key, "kind"))
		return list_kind_parse(value, &conf->kind);
	if (!strcmp(key, "every"))
		return snitch_span_parse(value, &conf->every);
	if (!strcmp(key, "enabled")) {
		r = take_bool(&enabled, value);
		conf->disabled = !enabled;
		return r;
	}
	if (!strcmp(key, "removed"))
		return take_bool(&conf->removed, value);
	if (!strcmp(key, "fetched"))
		return lines_number(&conf->fetched, value, INT64_MAX);
	if (!strcmp(key, "tried"))
		return lines_number(&conf->tried, value, INT64_MAX);
	if (!strcmp(key, "count"))
		return lines_number(&conf->count, value, UINT32_MAX);
	if (!strcmp(key, "failures")) {
		r = lines_number(&number, value, UINT32_MAX);
		conf->failures = number;
		return r;
	}
	if (!strcmp(key, "etag"))
		return lines_text(conf->etag, sizeof(conf->etag), value);
	if (!strcmp(key, "sha256"))
		return lines_text(conf->sha256, sizeof(conf->sha256), value);
	if (!strcmp(key, "error"))
		return lines_text(conf->error, sizeof(conf->error), value);
	return -EINVAL;
}

int list_conf_read(char *text, struct list_conf *conf, unsigned int *line)
{
	memset(conf, 0, sizeof(*conf));
	return lines_read(text, take_value, conf, line);
}

int list_conf_write(FILE *f, const void *ctx)
{
	const struct list_conf *conf = ctx;
	char span[32];

	fputs("# Kept by snitchd; change it with \"snitch lists\".\n", f);
	if (*conf->url)
		fprintf(f, "url = %s\n", conf->url);
	fprintf(f, "kind = %s\n", kinds[conf->kind]);
	if (conf->every)
		fprintf(f, "every = %s\n", snitch_span_format(conf->every, span, sizeof(span)));
	fprintf(f, "enabled = %s\n", conf->disabled ? "no" : "yes");
	if (conf->removed)
		fputs("removed = yes\n", f);
	if (conf->fetched)
		fprintf(f, "fetched = %llu\n", (unsigned long long)conf->fetched);
	if (conf->tried)
		fprintf(f, "tried = %llu\n", (unsigned long long)conf->tried);
	if (conf->failures)
		fprintf(f, "failures = %u\n", conf->failures);
	if (conf->count)
		fprintf(f, "count = %llu\n", (unsigned long long)conf->count);
	if (*conf->etag)
		fprintf(f, "etag = %s\n", conf->etag);
	if (*conf->sha256)
		fprintf(f, "sha256 = %s\n", conf->sha256);
	if (*conf->error)
		fprintf(f, "error = %s\n", conf->error);
	return 0;
}
