// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where people and their programs reach the daemon: the system bus, and a private socket that
 * needs no bus. It must never keep the daemon from working when either is missing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "authority.h"
#include "daemon.h"

#define SYSTEM_ADDRESS		"unix:path=/run/dbus/system_bus_socket"
#define SYSTEM_RETRY_US		2000000
#define SYSTEM_CALL_US		500000	/* the longest wait for the bus to tell who a sender is */

static int add_objects(struct daemon *d, sd_bus *bus)
{
	int r;

	r = sd_bus_add_object_vtable(bus, NULL, DAEMON_PATH, DAEMON_MANAGER, manager_vtable, d);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(bus, NULL, DAEMON_QUESTION_PATH, DAEMON_QUESTION,
					       question_vtable, question_find, d);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(bus, NULL, DAEMON_QUESTION_PATH,
					       question_enumerate, d);
	return r;
}

static int match_disconnected(sd_bus *bus, sd_bus_message_handler_t fn, void *userdata)
{
	return sd_bus_match_signal_async(bus, NULL, "org.freedesktop.DBus.Local",
					 "/org/freedesktop/DBus/Local",
					 "org.freedesktop.DBus.Local", "Disconnected", fn, NULL,
					 userdata);
}

/* ---- the system bus ------------------------------------------------------------------------ */

static int connect_system(struct daemon *d);

static int on_system_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->system_retry = sd_event_source_unref(d->system_retry);
	connect_system(d);
	return 0;
}

static void system_retry_later(struct daemon *d)
{
	if (!d->system_retry)
		sd_event_add_time_relative(d->event, &d->system_retry, CLOCK_MONOTONIC,
					   SYSTEM_RETRY_US, 1000000, on_system_retry, d);
}

static int on_system_lost(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;

	(void)m;
	(void)error;
	log_msg(LOG_NOTICE, "the system bus is gone; the private socket still works");
	agents_lost_bus(d, d->system);
	lend_lost_bus(d, d->system);
	authority_lost_bus(d);
	d->system = sd_bus_close_unref(d->system);
	profile_bus(d);
	memset(d->senders, 0, sizeof(d->senders));
	system_retry_later(d);
	return 0;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);
	uint32_t result = 0;

	(void)userdata;
	(void)error;
	if (e && (sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED) ||
		  sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY)))
		return 0;	/* the bus went away: on_system_lost() tries again */
	if (e)
		log_msg(LOG_ERR, "cannot have the name " DAEMON_BUS_NAME
			" on the system bus: %s; is org.snitch.Snitch1.conf in /usr/share/dbus-1/system.d?",
			e->message);
	else if (sd_bus_message_read(m, "u", &result) >= 0 && result != 1 && result != 4)
		log_msg(LOG_ERR, "another process has the name " DAEMON_BUS_NAME
			"; stop it or send it the questions");
	else
		log_msg(LOG_INFO, "on the system bus as " DAEMON_BUS_NAME);
	return 0;
}

static int start_system(struct daemon *d, sd_bus *bus, const char *address)
{
	int r;

	r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)	/* a bus that starts after us is joined when its socket appears */
		r = sd_bus_set_watch_bind(bus, true);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, SYSTEM_CALL_US);
	if (r >= 0)
		r = add_objects(d, bus);
	if (r >= 0)
		r = match_disconnected(bus, on_system_lost, d);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_attach_event(bus, d->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = authority_watch(d, bus);
	if (r >= 0)
		r = sd_bus_request_name_async(bus, NULL, DAEMON_BUS_NAME, 0, on_name, d);
	return r;
}

static int connect_system(struct daemon *d)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	sd_bus *bus = NULL;
	int r;

	if (!address && d->opt.root[0])
		return 0;	/* a test has its own bus or none */
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = start_system(d, bus, address ? address : SYSTEM_ADDRESS);
	if (r < 0) {
		log_msg(LOG_DEBUG, "no system bus yet: %s", strerror(-r));
		sd_bus_close_unref(bus);
		system_retry_later(d);
		return r;
	}
	d->system = bus;
	profile_bus(d);
	return 0;
}

/* ---- the private socket ---------------------------------------------------------------------- */

static void peer_free(struct bus_peer *peer)
{
	struct daemon *d = peer->daemon;

	agents_lost_bus(d, peer->bus);
	lend_lost_bus(d, peer->bus);
	TAILQ_REMOVE(&d->peers, peer, link);
	d->n_peers--;
	sd_bus_close_unref(peer->bus);
	free(peer);
}

static int on_peer_lost(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m;
	(void)error;
	peer_free(userdata);
	return 0;
}

/* Takes @fd, also on failure. */
static int start_peer(struct daemon *d, struct bus_peer *peer, int fd)
{
	sd_id128_t id;
	int r;

	r = sd_bus_new(&peer->bus);
	if (r >= 0)
		r = sd_bus_set_fd(peer->bus, fd, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_id128_randomize(&id);
	if (r >= 0)
		r = sd_bus_set_server(peer->bus, true, id);
	if (r >= 0)
		r = sd_bus_set_sender(peer->bus, DAEMON_BUS_NAME);
	if (r >= 0)
		r = add_objects(d, peer->bus);
	if (r >= 0)
		r = match_disconnected(peer->bus, on_peer_lost, peer);
	if (r >= 0)
		r = sd_bus_start(peer->bus);
	if (r >= 0)
		r = sd_bus_attach_event(peer->bus, d->event, SD_EVENT_PRIORITY_NORMAL);
	return r;
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct bus_peer *peer;
	int fd, r;

	(void)source;
	(void)events;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return 0;
	peer = calloc(1, sizeof(*peer));
	if (!peer || d->n_peers >= DAEMON_PEERS_MAX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		free(peer);
		close(fd);
		return 0;
	}
	peer->daemon = d;
	peer->uid = cred.uid;
	peer->pid = cred.pid;
	TAILQ_INSERT_TAIL(&d->peers, peer, link);
	d->n_peers++;
	r = start_peer(d, peer, fd);
	if (r < 0) {
		log_msg(LOG_WARNING, "a connection to the private socket failed: %s", strerror(-r));
		peer_free(peer);
	}
	return 0;
}

static int listen_private(struct daemon *d)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	d->socket_path = snitch_format("%s/run/snitch/bus", d->opt.root);
	if (!d->socket_path)
		return -ENOMEM;
	if (strlen(d->socket_path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, d->socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(d->socket_path) && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || chmod(d->socket_path, 0660) ||
	    listen(fd, DAEMON_PEERS_MAX))
		return -errno;
	d->listen_fd = snitch_take_fd(&fd);
	return sd_event_add_io(d->event, &d->listen_source, d->listen_fd, EPOLLIN, on_connect, d);
}

/* ---- both -------------------------------------------------------------------------------------- */

int bus_start(struct daemon *d)
{
	int r;

	r = listen_private(d);
	if (r < 0)
		log_msg(LOG_ERR, "cannot listen on %s: %s; \"snitch\" will need the system bus",
			d->socket_path ? d->socket_path : "the private socket", strerror(-r));
	if (connect_system(d) < 0 && r < 0)
		log_msg(LOG_ERR, "nobody can reach the daemon now");
	return 0;
}

void bus_stop(struct daemon *d)
{
	struct bus_peer *peer;

	while ((peer = TAILQ_FIRST(&d->peers)))
		peer_free(peer);
	if (d->system) {
		agents_lost_bus(d, d->system);
		lend_lost_bus(d, d->system);
		authority_lost_bus(d);
		sd_bus_flush(d->system);
		d->system = sd_bus_close_unref(d->system);
	}
	sd_event_source_unref(d->system_retry);
	sd_event_source_unref(d->listen_source);
	sd_event_source_unref(d->changed_timer);
	if (d->listen_fd >= 0) {
		close(d->listen_fd);
		unlink(d->socket_path);
	}
	free(d->socket_path);
}

/* The uid behind a unique name; a name is never given twice, so the answer may be kept. */
static int sender_uid(struct daemon *d, sd_bus_message *m, uint32_t *uid)
{
	const char *name = sd_bus_message_get_sender(m);
	sd_bus_creds *creds = NULL;
	struct sender *slot;
	unsigned int i;
	uid_t euid;
	int r;

	if (!name || strlen(name) >= sizeof(slot->name))
		return -EACCES;
	for (i = 0; i < DAEMON_SENDERS; i++) {
		if (strcmp(d->senders[i].name, name))
			continue;
		*uid = d->senders[i].uid;
		return 0;
	}
	r = sd_bus_query_sender_creds(m, SD_BUS_CREDS_EUID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &euid);
	sd_bus_creds_unref(creds);
	if (r < 0)
		return r;
	slot = &d->senders[d->next_sender++ % DAEMON_SENDERS];
	strcpy(slot->name, name);
	slot->uid = euid;
	*uid = euid;
	return 0;
}

int bus_caller(struct daemon *d, sd_bus_message *m, struct caller *caller)
{
	sd_bus *bus = sd_bus_message_get_bus(m);
	const struct bus_peer *peer;
	uint32_t uid;
	int r;

	*caller = (struct caller){ .uid = -1 };
	if (bus == d->system) {
		r = sender_uid(d, m, &uid);
		if (r < 0)
			return r;
		rights_caller(caller, uid);
		authority_grant(d, m, caller);
		return 0;
	}
	TAILQ_FOREACH(peer, &d->peers, link) {
		if (peer->bus == bus) {
			rights_caller(caller, peer->uid);
			return 0;
		}
	}
	return -EACCES;
}

int bus_caller_pid(struct daemon *d, sd_bus_message *m, uint32_t *pid)
{
	sd_bus *bus = sd_bus_message_get_bus(m);
	const struct bus_peer *peer;
	sd_bus_creds *creds = NULL;
	pid_t found = 0;
	int r;

	TAILQ_FOREACH(peer, &d->peers, link) {
		if (peer->bus == bus) {
			*pid = peer->pid;
			return 0;
		}
	}
	r = sd_bus_query_sender_creds(m, SD_BUS_CREDS_PID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_pid(creds, &found);
	sd_bus_creds_unref(creds);
	*pid = found;
	return r < 0 ? r : 0;
}

void bus_properties_changed(struct daemon *d, ...)
{
	char *names[16];
	const struct bus_peer *peer;
	unsigned int n = 0;
	va_list ap;

	va_start(ap, d);
	while (n < SNITCH_ARRAY_SIZE(names) - 1 && (names[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);
	names[n] = NULL;
	if (d->system && sd_bus_is_ready(d->system) > 0)
		sd_bus_emit_properties_changed_strv(d->system, DAEMON_PATH, DAEMON_MANAGER, names);
	TAILQ_FOREACH(peer, &d->peers, link) {
		if (peer->bus && sd_bus_is_ready(peer->bus) > 0)
			sd_bus_emit_properties_changed_strv(peer->bus, DAEMON_PATH, DAEMON_MANAGER,
							    names);
	}
}
