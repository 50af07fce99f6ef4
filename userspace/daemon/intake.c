// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contents of a list on their way into the store: copied first, so that nobody can change what was
 * looked at, then taken only if they are a list. It must never put a bad list in the place of a
 * good one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/log.h"
#include "../util/nettle.h"
#include "../util/save.h"
#include "keeper-private.h"

#define SYNC_BYTES	(4U << 20)	/* written before they are on the disk: syncing takes its time */
#define SHRINK		10		/* a list of a tenth is no list any more */

static void new_name(const struct intake *in, char *buf, size_t size)
{
	snprintf(buf, size, ".%s.list.new", in->name);
}

/* Return: the store's folder, or a negative errno. */
static int open_store(const struct keeper *k)
{
	int fd = open(k->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_new(const struct keeper *k, const struct intake *in)
{
	_cleanup_close_ int dir = open_store(k);
	char name[LIST_NAME_MAX + 16];
	int fd;

	if (dir < 0)
		return dir;
	new_name(in, name, sizeof(name));
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

int intake_begin(struct keeper *k, const char *name, const struct list_conf *conf, int from,
		 bool fetched, struct keeper_waiter *waiter)
{
	struct intake *in = calloc(1, sizeof(*in));
	int r = -ENOMEM;

	if (!in) {
		close(from);
		return r;
	}
	snprintf(in->name, sizeof(in->name), "%s", name);
	in->from = from;
	in->conf = *conf;
	in->fetched = fetched;
	in->waiter = waiter;
	in->builder = list_builder_new(name, conf->kind);
	sha256_init(&in->sha);
	in->to = open_new(k, in);
	TAILQ_INSERT_TAIL(&k->intakes, in, link);
	if (in->to < 0)
		r = in->to;
	else if (in->builder)
		return 0;
	intake_free(k, in);
	return r;
}

void intake_free(struct keeper *k, struct intake *in)
{
	TAILQ_REMOVE(&k->intakes, in, link);
	close(in->from);
	if (in->to >= 0)
		close(in->to);
	list_builder_free(in->builder);
	free(in);
}

/* Why @list is none, to @why. Return: false: it is one. */
static bool refuse(const struct intake *in, const struct list_facts *facts, char *why, size_t size)
{
	uint64_t count = facts->names + facts->ranges;
	uint64_t read = facts->lines - facts->comments;

	if (facts->html)
		snprintf(why, size, "it is a web page, not a list");
	else if (!count && !facts->excepted)
		snprintf(why, size, "there is nothing on it");
	else if (facts->bad * 2 > read)
		snprintf(why, size, "%" PRIu64 " of %" PRIu64 " lines cannot be read, line %" PRIu64
			 " for one: %s", facts->bad, read, facts->bad_lines[0].line,
			 facts->bad_lines[0].why);
	else if (in->fetched && count * SHRINK < in->conf.count)
		snprintf(why, size, "it shrank from %" PRIu64 " entries to %" PRIu64
			 "; to take it all the same, add the list again", in->conf.count, count);
	else
		return false;
	return true;
}

static void remove_new(struct keeper *k, const struct intake *in)
{
	_cleanup_close_ int dir = open_store(k);
	char name[LIST_NAME_MAX + 16];

	new_name(in, name, sizeof(name));
	if (dir >= 0)
		unlinkat(dir, name, 0);
}

/* The end of it; @why "": it is taken. */
static void end(struct keeper *k, struct intake *in, const char *why)
{
	int r;

	if (*why) {
		remove_new(k, in);
		log_msg(LOG_WARNING, "list %s is not taken: %s", in->name, why);
		in->conf.failures++;
		snprintf(in->conf.error, sizeof(in->conf.error), "not taken: %s", why);
		if (in->waiter)
			snprintf(in->waiter->error, sizeof(in->waiter->error),
				 "the list is not taken: %s", why);
	}
	/* a file handed over that is no list has never been here */
	if (*why && in->fetched) {
		r = keeper_write_conf(k, in->name, &in->conf);
		if (r)
			log_msg(LOG_ERR, "cannot write %s/%s.conf: %s", k->store, in->name,
				strerror(-r));
	}
	intake_free(k, in);
	k->look = true;
}

static void print_digest(struct intake *in, struct list_conf *conf)
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	size_t i;

	snitch_digest(sha256_digest, &in->sha, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(conf->sha256 + 2 * i, 3, "%02x", digest[i]);
}

/* What is told of a list that is taken. */
static int write_facts(struct keeper *k, struct intake *in, const struct list_facts *facts)
{
	struct list_conf conf = in->conf;

	conf.count = facts->names + facts->ranges;
	conf.fetched = time(NULL);
	conf.failures = 0;
	conf.error[0] = '\0';
	print_digest(in, &conf);
	return keeper_write_conf(k, in->name, &conf);
}

/* Puts the file in the place of the list, then tells of it; both or none. */
static int put_in_place(struct keeper *k, struct intake *in, const struct list_facts *facts)
{
	char from[LIST_NAME_MAX + 16], to[LIST_NAME_MAX + 16];
	_cleanup_close_ int dir = open_store(k);
	enum save_swap how;
	int r;

	if (dir < 0)
		return dir;
	new_name(in, from, sizeof(from));
	snprintf(to, sizeof(to), "%s.list", in->name);
	r = fsync(in->to) ? -errno : snitch_swap_in(dir, from, to, &how);
	if (r)
		return r;
	/* its conf is never the newer one: the fetcher would see nothing to fetch */
	r = fsync(dir) ? -errno : write_facts(k, in, facts);
	if (r)
		snitch_swap_back(dir, from, to, how);
	else if (how == SAVE_SWAPPED)
		unlinkat(dir, from, 0);
	return r;
}

/* A list that was not there is one from its second conf on: until then it counts as removed. */
static int take(struct keeper *k, struct intake *in, const struct list_facts *facts)
{
	bool is_new = !lists_find(rulebook_lists(k->rules), in->name);
	const struct list_conf none = { .removed = true };
	int r = is_new ? keeper_write_conf(k, in->name, &none) : 0;

	if (!r)
		r = put_in_place(k, in, facts);
	if (r && is_new)
		keeper_clear(k, in->name);
	return r;
}

static void finish(struct keeper *k, struct intake *in)
{
	struct list *list = list_builder_finish(snitch_take_ptr(in->builder));
	char why[256] = "";
	int r;

	if (!list) {
		end(k, in, "no memory");
		return;
	}
	if (!refuse(in, list_facts(list), why, sizeof(why))) {
		r = take(k, in, list_facts(list));
		if (r) {
			snprintf(why, sizeof(why), "it cannot be written: %s", strerror(-r));
			in->conf.etag[0] = '\0';	/* it is worth another try */
		}
	}
	if (!*why)
		log_msg(LOG_NOTICE, "list %s: %" PRIu64 " entries, %" PRIu64 " lines cannot be read",
			in->name, list_facts(list)->names + list_facts(list)->ranges,
			list_facts(list)->bad);
	list_free(list);
	end(k, in, why);
}

/* All of @len bytes. */
static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return 0;
}

static int take_piece(struct keeper *k, struct intake *in, size_t len)
{
	int r = list_builder_feed(in->builder, k->buf, len);

	in->bytes += len;
	if (!r && in->bytes > LIST_FILE_MAX)
		r = -E2BIG;
	if (!r)
		r = write_all(in->to, k->buf, len);
	sha256_update(&in->sha, len, (const uint8_t *)k->buf);
	if (!r && in->bytes - in->synced >= SYNC_BYTES) {
		in->synced = in->bytes;
		r = fdatasync(in->to) ? -errno : 0;
	}
	return r;
}

void intake_step(struct keeper *k)
{
	struct intake *in = TAILQ_FIRST(&k->intakes);
	size_t done = 0;
	ssize_t n = 1;
	int r = 0;

	while (!r && n > 0 && done < KEEPER_STEP) {
		n = read(in->from, k->buf, sizeof(k->buf));
		r = n < 0 ? -errno : n ? take_piece(k, in, n) : 0;
		done += n > 0 ? n : 0;
	}
	if (r == -E2BIG)
		end(k, in, "it is too big");
	else if (r)
		end(k, in, strerror(-r));
	else if (!n)
		finish(k, in);
}
