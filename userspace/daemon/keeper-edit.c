// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists changed on somebody's word. It must never change one of the administrator's: those are
 * files that root writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "keeper-private.h"

#define EXCEPT_MAX	(1U << 20)	/* bytes of a file of exceptions */

__attribute__((format(printf, 4, 5)))
static int fail(char *error, size_t size, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, size, fmt, ap);
	va_end(ap);
	return r;
}

static int wait_for(struct keeper *k, keeper_done done, void *ctx, struct keeper_waiter **out)
{
	struct keeper_waiter *waiter;

	if (k->n_waiters == KEEPER_WAITERS_MAX)
		return -EBUSY;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return -ENOMEM;
	waiter->done = done;
	waiter->ctx = ctx;
	k->waiters[k->n_waiters++] = waiter;
	if (out)
		*out = waiter;
	return 0;
}

/* Takes back what wait_for() did last. */
static void wait_no_more(struct keeper *k)
{
	free(k->waiters[--k->n_waiters]);
}

/* A list of ours that may be changed; @list gets it, NULL when there is none. */
static int find_own(struct keeper *k, const char *name, const struct list **list, char *error,
		    size_t size)
{
	const struct intake *in;

	if (!list_name_valid(name))
		return fail(error, size, -EINVAL,
			    "a list's name has letters, digits, '-', '_' and '.', at most %u",
			    LIST_NAME_MAX);
	*list = lists_find(rulebook_lists(k->rules), name);
	if (*list && list_facts(*list)->admin)
		return fail(error, size, -EPERM,
			    "list %s is the administrator's: change it in %s, as root", name,
			    LIST_FOLDER_ADMIN);
	if (k->n_waiters == KEEPER_WAITERS_MAX)
		return fail(error, size, -EBUSY, "too many changes at once; try again");
	/* its end will write what is known of the list */
	TAILQ_FOREACH(in, &k->intakes, link) {
		if (!strcmp(in->name, name))
			return fail(error, size, -EBUSY, "list %s is just being taken in; try again",
				    name);
	}
	return 0;
}

static int must_find(struct keeper *k, const char *name, const struct list **list, char *error,
		     size_t size)
{
	int r = find_own(k, name, list, error, size);

	if (!r && !*list)
		r = fail(error, size, -ENOENT, "there is no list %s; see \"snitch lists\"", name);
	return r;
}

/* What was known of other contents does not count any more. */
static void forget_contents(struct list_conf *conf)
{
	conf->fetched = 0;
	conf->tried = 0;
	conf->failures = 0;
	conf->count = 0;
	conf->etag[0] = '\0';
	conf->sha256[0] = '\0';
	conf->error[0] = '\0';
}

/* Return: 0, or -EINVAL with the sentence. */
static int apply(const struct keeper_wish *wish, struct list_conf *conf, char *error, size_t size)
{
	const char *why = wish->url && *wish->url ? list_url_check(wish->url) : NULL;

	if (why)
		return fail(error, size, -EINVAL, "expected %s", why);
	if (wish->kind && list_kind_parse(wish->kind, &conf->kind))
		return fail(error, size, -EINVAL, "the kinds are auto, domains, hosts and addresses");
	if (wish->every && (wish->every < KEEPER_EVERY_MIN || wish->every > 366 * 86400ULL))
		return fail(error, size, -EINVAL,
			    "lists are fetched at most once an hour, and once a year at least");
	if (wish->url || wish->data >= 0)
		forget_contents(conf);
	if (wish->url)
		strcpy(conf->url, wish->url);
	else if (wish->data >= 0)
		conf->url[0] = '\0';
	if (wish->every)
		conf->every = wish->every;
	if (wish->enabled >= 0)
		conf->disabled = !wish->enabled;
	return 0;
}

static int set(struct keeper *k, const struct keeper_wish *wish, int *data, keeper_done done,
	       void *ctx, char *error, size_t size)
{
	struct keeper_waiter *waiter = NULL;
	const struct list *list;
	struct list_conf conf;
	int r;

	r = find_own(k, wish->name, &list, error, size);
	if (r)
		return r;
	if (!list && !(wish->url && *wish->url) && *data < 0)
		return fail(error, size, -ENOENT, "there is no list %s; a new one needs a URL or a file",
			    wish->name);
	if (!list && lists_at(rulebook_lists(k->rules), LISTS_MAX - 1))
		return fail(error, size, -EBUSY, "there are %u lists already", LISTS_MAX);
	keeper_conf(k, wish->name, &conf);
	if (conf.removed) {
		/* nothing of the list before is to be found in the new one */
		r = keeper_clear(k, wish->name);
		if (r)
			return fail(error, size, r, "cannot remove what list %s was before: %s",
				    wish->name, strerror(-r));
		memset(&conf, 0, sizeof(conf));
	}
	r = apply(wish, &conf, error, size);
	if (!r && wait_for(k, done, ctx, &waiter))
		r = fail(error, size, -ENOMEM, "no memory");
	if (r)
		return r;
	if (*data >= 0)
		r = intake_begin(k, wish->name, &conf, snitch_take_fd(data), false, waiter);
	else
		r = keeper_write_conf(k, wish->name, &conf);
	if (r) {
		wait_no_more(k);
		return fail(error, size, r, "cannot write below %s: %s", k->store, strerror(-r));
	}
	k->look = true;
	return 0;
}

int keeper_set(struct keeper *k, const struct keeper_wish *wish, keeper_done done, void *ctx,
	       char *error, size_t size)
{
	_cleanup_close_ int data = wish->data;

	return set(k, wish, &data, done, ctx, error, size);
}

int keeper_remove(struct keeper *k, const char *name, keeper_done done, void *ctx, char *error,
		  size_t size)
{
	const struct list *list;
	struct list_conf conf;
	int r = must_find(k, name, &list, error, size);

	if (r)
		return r;
	if (wait_for(k, done, ctx, NULL))
		return fail(error, size, -ENOMEM, "no memory");
	/* it has several files: from this one write on it is gone */
	keeper_conf(k, name, &conf);
	conf.removed = true;
	r = keeper_write_conf(k, name, &conf);
	if (r) {
		wait_no_more(k);
		return fail(error, size, r, "cannot remove list %s: %s", name, strerror(-r));
	}
	r = keeper_clear(k, name);
	if (r)
		log_msg(LOG_ERR, "list %s is removed, its files in %s are still there: %s", name,
			k->store, strerror(-r));
	k->look = true;
	return 0;
}

/* What has not been tried is due; so it stays until there is a result. */
static int make_due(struct keeper *k, const char *name)
{
	struct list_conf conf;

	keeper_conf(k, name, &conf);
	conf.tried = 0;
	return keeper_write_conf(k, name, &conf);
}

int keeper_update(struct keeper *k, const char *name, keeper_done done, void *ctx, char *error,
		  size_t size)
{
	const struct list *list = NULL;
	size_t i;
	int r = *name ? must_find(k, name, &list, error, size) : 0;

	if (!r && list && !*list_facts(list)->conf.url)
		r = fail(error, size, -EINVAL, "list %s has no URL to be fetched from", name);
	if (!r && list && list_facts(list)->conf.disabled)
		r = fail(error, size, -EINVAL, "list %s is switched off", name);
	if (r)
		return r;
	if (wait_for(k, done, ctx, NULL))
		return fail(error, size, -EBUSY, "too many changes at once; try again");
	for (i = 0; !r && (list = lists_at(rulebook_lists(k->rules), i)); i++) {
		const struct list_facts *facts = list_facts(list);

		if ((!*name || !strcmp(name, facts->name)) && !facts->admin && *facts->conf.url)
			r = make_due(k, facts->name);
	}
	if (r) {
		wait_no_more(k);
		return fail(error, size, r, "cannot write below %s: %s", k->store, strerror(-r));
	}
	k->look = true;
	return 0;
}

/* ---- exceptions ----------------------------------------------------------------------------- */

/* A file of exceptions being changed: lines that are @entry are left out, then it may be added. */
struct edit {
	char *text;
	const char *entry;
	bool remove;
	bool found;
};

static bool is_entry(const char *line, size_t len, const char *entry)
{
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	return len == strlen(entry) && !strncasecmp(line, entry, len);
}

static int write_exceptions(FILE *f, const void *ctx)
{
	const struct edit *edit = ctx;
	const char *line, *end;

	for (line = edit->text; *line; line = end) {
		size_t len = strcspn(line, "\n");

		end = line + len + (line[len] == '\n');
		if (is_entry(line, len, edit->entry))
			continue;
		fprintf(f, "%.*s\n", (int)len, line);
	}
	if (!edit->remove)
		fprintf(f, "%s\n", edit->entry);
	return 0;
}

/* The whole file, NUL-ended; "" when it is not there. NULL with errno. */
static char *read_exceptions(const struct keeper *k, const char *file)
{
	_cleanup_free_ char *path = snitch_format("%s/%s", k->store, file);
	_cleanup_free_ char *text = malloc(EXCEPT_MAX + 1);
	_cleanup_close_ int fd = -1;
	ssize_t n = 0;

	if (!path || !text)
		return NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return NULL;
	if (fd >= 0)
		n = read(fd, text, EXCEPT_MAX + 1);
	if (n > EXCEPT_MAX)
		errno = EFBIG;
	if (n < 0 || n > EXCEPT_MAX)
		return NULL;
	text[n] = '\0';
	return snitch_take_ptr(text);
}

/* Is it one name or one range, as the reader of lists sees it? */
static bool entry_valid(const char *entry)
{
	struct list_builder *b = list_builder_new("", LIST_AUTO);
	struct list *list;
	bool valid;

	if (!b)
		return false;
	list_builder_part(b, LIST_EXCEPTIONS);
	list_builder_feed(b, entry, strlen(entry));
	list = list_builder_finish(b);
	valid = list && list_facts(list)->excepted == 1 && !list_facts(list)->bad &&
		!strpbrk(entry, " \t\n\r#");
	list_free(list);
	return valid;
}

int keeper_except(struct keeper *k, const char *name, const char *entry, bool remove,
		  keeper_done done, void *ctx, char *error, size_t size)
{
	_cleanup_free_ char *file = snitch_format("%s.except", name), *text = NULL;
	struct edit edit = { .entry = entry, .remove = remove };
	const struct list *list;
	const char *line;
	int r = must_find(k, name, &list, error, size);

	if (r)
		return r;
	if (!entry_valid(entry))
		return fail(error, size, -EINVAL, "an exception is a name, an address, a prefix or a range");
	text = file ? read_exceptions(k, file) : NULL;
	if (!text)
		return fail(error, size, -errno, "cannot read the exceptions of list %s: %s", name,
			    strerror(errno));
	edit.text = text;
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		edit.found |= is_entry(line, strcspn(line, "\n"), entry);
	if (remove && !edit.found)
		return fail(error, size, -ENOENT, "list %s has no such exception", name);
	if (wait_for(k, done, ctx, NULL))
		return fail(error, size, -ENOMEM, "no memory");
	r = snitch_save(k->store, file, write_exceptions, &edit);
	if (r) {
		wait_no_more(k);
		return fail(error, size, r, "cannot write below %s: %s", k->store, strerror(-r));
	}
	k->look = true;
	return 0;
}
