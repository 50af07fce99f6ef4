// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists over D-Bus. Changing them changes rules of all users: it needs root or group snitch. It
 * must never take a path, nor a file that its sender can still change or make wait.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../util/addrspan.h"
#include "../util/cleanup.h"
#include "../util/log.h"
#include "manager.h"
#include "message-dict.h"
#include "message-list.h"

#define SEALS	(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

int manager_list_lists(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *reply;
	const struct list *list;
	struct caller who;
	size_t i;
	int r;

	(void)error;
	r = manager_open_list(d, m, &who, "a{sv}", &reply);
	if (r <= 0)
		return manager_end(r);
	for (i = 0; r >= 0 && (list = lists_at(rulebook_lists(d->core.rules), i)); i++)
		r = message_list(reply, list_facts(list), rulebook_hits(d->core.rules), !who.admin);
	return manager_close_list(reply, r);
}

/* ---- is it on a list? ------------------------------------------------------------------------ */

struct found {
	bool listed;
	char entry[256];
	char except[256];
};

static void look_up_addr(const struct list *list, const struct addrspan *addr, struct found *f)
{
	const struct list_range *range;

	f->listed = list_match_addr(list, addr->family, addr->first, &range);
	if (f->listed)
		list_range_print(range, f->entry, sizeof(f->entry));
	list_why_not_addr(list, addr->family, addr->first, f->except, sizeof(f->except));
}

static void look_up_name(const struct list *list, const char *name, struct found *f)
{
	const char *entry;

	f->listed = list_match_name(list, name, &entry);
	if (f->listed)
		snprintf(f->entry, sizeof(f->entry), "%s", entry);
	list_why_not_name(list, name, f->except, sizeof(f->except));
}

static int append_found(sd_bus_message *m, const char *name, const struct found *f)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}", "name", "s", name, "listed", "b",
					  f->listed);
	if (r >= 0 && f->listed)
		r = message_text(m, "entry", f->entry);
	if (r >= 0 && *f->except)
		r = message_text(m, "exception", f->except);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_tests(struct daemon *d, sd_bus_message *m, const char *name, const char *what)
{
	struct addrspan addr;
	const struct list *list;
	const char *why;
	bool is_addr = !addrspan_parse(what, &addr, &why) && addr.kind == ADDRSPAN_ADDRESS;
	int r = sd_bus_message_open_container(m, 'a', "a{sv}");
	size_t i;

	for (i = 0; r >= 0 && (list = lists_at(rulebook_lists(d->core.rules), i)); i++) {
		struct found f = { .listed = false };

		if (*name && strcmp(name, list_facts(list)->name))
			continue;
		if (is_addr)
			look_up_addr(list, &addr, &f);
		else
			look_up_name(list, what, &f);
		r = append_found(m, list_facts(list)->name, &f);
	}
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

int manager_test_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *reply = NULL;
	const char *name, *what;
	struct caller who;
	int r;

	(void)error;
	r = manager_args(d, m, &who, "ss", &name, &what);
	if (r <= 0)
		return manager_end(r);
	if (*name && !lists_find(rulebook_lists(d->core.rules), name))
		return manager_refuse(m, "NotFound", "there is no such list; see \"snitch lists\"");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_tests(d, reply, name, what);
	return manager_reply(reply, r);
}

/* ---- changes ------------------------------------------------------------------------------- */

static void changed(void *ctx, const char *error)
{
	sd_bus_message *m = ctx;

	if (error)
		manager_refuse(m, "Failed", error);
	else
		sd_bus_reply_method_return(m, NULL);
	sd_bus_message_unref(m);
}

/* The end of a method: @r of the keeper, which replies later if that is 0. */
static int begun(struct daemon *d, sd_bus_message *m, int r, const char *error)
{
	const char *name = r == -EINVAL ? "Invalid" : r == -ENOENT ? "NotFound" :
			   r == -EPERM ? "NotPermitted" : r == -EBUSY ? "TooMany" : "Failed";

	if (r) {
		sd_bus_message_unref(m);
		return manager_refuse(m, name, error);
	}
	lists_work(d);
	return 1;
}

/* Contents are a file in memory, sealed: no file system that waits, no later change. */
static int take_data(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -1;
	/* not the sender's position in it */
	if (lseek(fd, 0, SEEK_SET))
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* A list as it is told; @fd: its contents, -1: none. */
struct told {
	struct keeper_wish wish;
	int fd;
};

static int read_option(sd_bus_message *m, const char *key, void *ctx)
{
	struct told *told = ctx;
	struct keeper_wish *wish = &told->wish;

	if (!strcmp(key, "url"))
		return sd_bus_message_read(m, "v", "s", &wish->url);
	if (!strcmp(key, "kind"))
		return sd_bus_message_read(m, "v", "s", &wish->kind);
	if (!strcmp(key, "every"))
		return sd_bus_message_read(m, "v", "t", &wish->every);
	if (!strcmp(key, "enabled"))
		return sd_bus_message_read(m, "v", "b", &wish->enabled);
	if (!strcmp(key, "contents"))
		return sd_bus_message_read(m, "v", "h", &told->fd);
	return -EINVAL;
}

static int read_wish(sd_bus_message *m, struct told *told)
{
	int r = sd_bus_message_read(m, "s", &told->wish.name);

	return r < 0 ? r : message_read_dict(m, read_option, told);
}

int manager_set_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct told told = { .wish = { .enabled = -1, .data = -1 }, .fd = -1 };
	struct daemon *d = userdata;
	struct caller who;
	char text[320];
	int r;

	(void)error;
	r = manager_admin(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	if (read_wish(m, &told) < 0)
		return manager_refuse(m, "Invalid",
				      "a list is told by url, kind, every, enabled and contents");
	if (told.fd >= 0) {
		told.wish.data = take_data(told.fd);
		if (told.wish.data < 0)
			return manager_refuse(m, "Invalid", "contents have to be a sealed memfd");
	}
	log_msg(LOG_NOTICE, "uid %u changes list %s", who.uid, told.wish.name);
	r = keeper_set(d->keeper, &told.wish, changed, sd_bus_message_ref(m), text, sizeof(text));
	return begun(d, m, r, text);
}

/* A method that takes a name; @what is logged, NULL: nothing. */
static int change_named(sd_bus_message *m, struct daemon *d, const char *what,
			int (*change)(struct keeper *k, const char *name, keeper_done done,
				      void *ctx, char *error, size_t size))
{
	struct caller who;
	const char *name;
	char text[320];
	int r;

	r = manager_admin(d, m, &who);
	if (r > 0)
		r = sd_bus_message_read(m, "s", &name);
	if (r <= 0)
		return manager_end(r);
	if (what)
		log_msg(LOG_NOTICE, "uid %u %s list %s", who.uid, what, name);
	r = change(d->keeper, name, changed, sd_bus_message_ref(m), text, sizeof(text));
	return begun(d, m, r, text);
}

int manager_remove_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	return change_named(m, userdata, "removes", keeper_remove);
}

int manager_update_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	return change_named(m, userdata, NULL, keeper_update);
}

int manager_except_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	const char *name, *entry;
	struct caller who;
	char text[320];
	int remove, r;

	(void)error;
	r = manager_admin(d, m, &who);
	if (r > 0)
		r = sd_bus_message_read(m, "ssb", &name, &entry, &remove);
	if (r <= 0)
		return manager_end(r);
	log_msg(LOG_NOTICE, "uid %u %s \"%s\" %s list %s", who.uid, remove ? "puts" : "excepts",
		entry, remove ? "back on" : "from", name);
	r = keeper_except(d->keeper, name, entry, remove, changed, sd_bus_message_ref(m), text,
			  sizeof(text));
	return begun(d, m, r, text);
}
