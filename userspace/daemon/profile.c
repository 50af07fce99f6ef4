// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which profile is active: what a person chose, or what the network says. It must never change
 * anything but which rules count.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "manager.h"
#include "network.h"

#define STATE_FOLDER	"/var/lib/snitch"
#define STATE_NAME	"profile"
#define SETTLE_US	300000	/* a link that comes up is followed by its addresses and routes */

/**
 * struct profiles - the state
 * @chosen: by a person; NULL: the network says
 * @bus: where it is listened to, a reference
 */
struct profiles {
	struct profile_conf conf;
	struct profile_facts facts;
	char *chosen;
	int fd;
	sd_event_source *source, *timer;
	sd_bus *bus;
	sd_bus_slot *asked, *watched, *owner;
};

/* ---- choosing ------------------------------------------------------------------------------ */

/* Makes the right profile the active one. Return: true when it is another. */
static bool choose(struct daemon *d)
{
	struct profiles *p = d->profiles;
	const char *name = p->chosen ? p->chosen : profile_choose(&p->conf, &p->facts);

	if (!rulebook_set_profile(d->core.rules, name))
		return false;
	log_msg(LOG_NOTICE, "profile is %s now (%s)", name ? name : "none",
		p->chosen ? "chosen" : "by network");
	return true;
}

static void choose_and_tell(struct daemon *d)
{
	if (!choose(d))
		return;
	manager_rules_changed(d);
	bus_properties_changed(d, "Profile", "ProfileAuto", NULL);
}

static void read_network(struct profiles *p)
{
	int r = p->conf.n ? network_read(&p->facts, p->conf.needs_gateways) : 0;

	if (r)
		log_msg(LOG_ERR, "the network cannot be looked at for profiles: %s", strerror(-r));
}

/* ---- what changes -------------------------------------------------------------------------- */

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->profiles->timer = sd_event_source_unref(d->profiles->timer);
	read_network(d->profiles);
	choose_and_tell(d);
	return 0;
}

static int on_network(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	char buf[8192];

	(void)source;
	(void)events;
	/* what changed does not matter: all is read again */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
	if (!d->profiles->timer)
		sd_event_add_time_relative(d->event, &d->profiles->timer, CLOCK_MONOTONIC,
					   SETTLE_US, 10000, on_settled, d);
	return 0;
}

static int on_names(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	int r = nm_read(m, &d->profiles->facts);

	(void)error;
	d->profiles->asked = sd_bus_slot_unref(d->profiles->asked);
	if (r < 0)
		log_msg(LOG_ERR, "NetworkManager's answer makes no sense: %s", strerror(-r));
	choose_and_tell(d);
	return 0;
}

static int on_nm(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct profiles *p = d->profiles;

	(void)m;
	(void)error;
	if (!p->asked && p->bus)
		nm_ask(p->bus, &p->asked, on_names, d);
	return 0;
}

void profile_bus(struct daemon *d)
{
	struct profiles *p = d->profiles;
	int r;

	if (!p || p->bus == d->system)
		return;
	p->asked = sd_bus_slot_unref(p->asked);
	p->watched = sd_bus_slot_unref(p->watched);
	p->owner = sd_bus_slot_unref(p->owner);
	p->bus = sd_bus_unref(p->bus);
	if (!d->system) {
		nm_forget(&p->facts);
		choose_and_tell(d);
	}
	if (!d->system || !p->conf.needs_names)
		return;
	p->bus = sd_bus_ref(d->system);
	r = nm_watch(p->bus, &p->watched, on_nm, d);
	if (r >= 0)
		r = nm_watch_owner(p->bus, &p->owner, on_nm, d);
	if (r >= 0)
		r = nm_ask(p->bus, &p->asked, on_names, d);
	if (r < 0)
		log_msg(LOG_WARNING, "NetworkManager cannot be asked: %s", strerror(-r));
}

/* ---- the file of the choice ---------------------------------------------------------------- */

static int write_choice(FILE *f, const void *ctx)
{
	fprintf(f, "%s\n", (const char *)ctx);
	return 0;
}

static int save_choice(struct daemon *d, const char *name)
{
	_cleanup_free_ char *folder = snitch_format("%s" STATE_FOLDER, d->opt.root);

	if (!folder)
		return -ENOMEM;
	return snitch_save(folder, STATE_NAME, name ? write_choice : NULL, name);
}

/* A name that a rule can have, in one line. */
static bool is_name(const char *name)
{
	const char *c;

	for (c = name; *c && (unsigned char)*c >= ' ' && *c != 0x7f; c++)
		;
	return !*c && c - name <= RULE_NAME_MAX;
}

static void load_choice(struct daemon *d)
{
	_cleanup_free_ char *path = snitch_format("%s" STATE_FOLDER "/" STATE_NAME, d->opt.root);
	_cleanup_fclose_ FILE *f = path ? snitch_read(path) : NULL;
	_cleanup_free_ char *name = NULL;
	size_t size = 0;
	ssize_t len;

	if (!f && path && errno != ENOENT)
		log_msg(LOG_ERR, "cannot read %s: %m; profiles go by network", path);
	len = f ? getline(&name, &size, f) : 0;
	if (len <= 0)
		return;
	if (name[len - 1] == '\n' && strlen(name) == (size_t)len && getc(f) == EOF) {
		name[len - 1] = '\0';
		if (name[0] && is_name(name))
			d->profiles->chosen = snitch_take_ptr(name);
	}
	if (!d->profiles->chosen)
		log_msg(LOG_ERR, "%s makes no sense: profiles go by network; see \"snitch profile\"",
			path);
}

/* ---- start, stop --------------------------------------------------------------------------- */

static void stop_watching(struct profiles *p)
{
	p->source = sd_event_source_disable_unref(p->source);
	p->timer = sd_event_source_disable_unref(p->timer);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void start_watching(struct daemon *d)
{
	struct profiles *p = d->profiles;

	if (!p->conf.n)
		return;
	p->fd = network_watch(p->conf.needs_gateways);
	if (p->fd < 0) {
		log_msg(LOG_ERR, "changes of the network are not noticed: %s", strerror(-p->fd));
		return;
	}
	sd_event_add_io(d->event, &p->source, p->fd, EPOLLIN, on_network, d);
}

static void read_conf(struct daemon *d)
{
	_cleanup_free_ char *path = snitch_format("%s" PROFILE_FILE, d->opt.root);
	struct profile_conf conf;
	struct rule_error err;
	char text[1024];

	if (!path)
		return;
	if (profile_conf_read(&conf, path, &err)) {
		log_msg(LOG_ERR, "profiles go on as they were: %s",
			rule_error_print(&err, text, sizeof(text)));
		return;
	}
	profile_conf_clear(&d->profiles->conf);
	d->profiles->conf = conf;
}

int profile_start(struct daemon *d)
{
	d->profiles = calloc(1, sizeof(*d->profiles));
	if (!d->profiles)
		return -ENOMEM;
	d->profiles->fd = -1;
	load_choice(d);
	read_conf(d);
	start_watching(d);
	read_network(d->profiles);
	choose(d);
	return 0;
}

void profile_reload(struct daemon *d)
{
	if (!d->profiles)
		return;
	stop_watching(d->profiles);
	read_conf(d);
	start_watching(d);
	read_network(d->profiles);
	profile_bus(d);
	choose_and_tell(d);
}

void profile_stop(struct daemon *d)
{
	struct profiles *p = d->profiles;

	if (!p)
		return;
	stop_watching(p);
	sd_bus_slot_unref(p->asked);
	sd_bus_slot_unref(p->watched);
	sd_bus_slot_unref(p->owner);
	sd_bus_unref(p->bus);
	profile_conf_clear(&p->conf);
	free(p->chosen);
	free(p);
	d->profiles = NULL;
}

bool profile_is_auto(const struct daemon *d)
{
	return !d->profiles || !d->profiles->chosen;
}

/* ---- over D-Bus ---------------------------------------------------------------------------- */

int manager_set_profile(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct core_error fail;
	struct caller who;
	char *copy = NULL;
	const char *name;
	int r;

	(void)error;
	r = manager_admin(d, m, &who);
	if (r <= 0)
		return manager_end(r);
	r = sd_bus_message_read(m, "s", &name);
	if (r < 0)
		return r;
	if (!is_name(name))
		return manager_refuse(m, "Invalid",
				      "a profile's name has at most 255 bytes and no control character");
	if (name[0]) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	r = save_choice(d, copy);
	if (r) {
		free(copy);
		core_fail(&fail, r, "Failed", "the choice cannot be kept: %s", strerror(-r));
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u sets profile %s", who.uid, name[0] ? name : "by network");
	free(d->profiles->chosen);
	d->profiles->chosen = copy;
	profile_reload(d);
	return sd_bus_reply_method_return(m, NULL);
}

struct listing {
	sd_bus_message *m;
	int r;
};

static void append_rule_profile(void *ctx, const char *name)
{
	struct listing *l = ctx;

	if (l->r >= 0)
		l->r = message_name(l->m, name);
}

/* Those of the file and those that rules name; some twice. */
int manager_list_profiles(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct listing l = { .m = NULL };
	struct daemon *d = userdata;
	struct caller who;
	size_t i;
	int r;

	(void)error;
	r = manager_open_list(d, m, &who, "s", &l.m);
	if (r <= 0)
		return manager_end(r);
	for (i = 0; i < d->profiles->conf.n; i++)
		append_rule_profile(&l, d->profiles->conf.lines[i].name);
	rulebook_each_profile(d->core.rules, who.admin ? (uint32_t)-1 : who.uid,
			      append_rule_profile, &l);
	return manager_close_list(l.m, l.r);
}
