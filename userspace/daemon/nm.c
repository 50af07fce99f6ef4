// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What NetworkManager says: active connections, and the networks its wireless devices are in. Its
 * names are others': they are compared and shown, never believed to be more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message-dict.h"
#include "network.h"

#define NM		"org.freedesktop.NetworkManager"
#define NM_ACTIVATED	2
#define NM_POINTS_MAX	256	/* access points in sight */

/* Which access point has which name, until the devices are known. */
struct point {
	char path[128];
	char ssid[33];
};

struct reading {
	struct profile_facts *facts;
	struct point points[NM_POINTS_MAX];
	size_t n_points;
	char used[PROFILE_NAMES_MAX][128];	/* points that devices are in */
	size_t n_used;
};

int nm_ask(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t answer, void *ctx)
{
	sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &m, NM, "/org/freedesktop",
					   "org.freedesktop.DBus.ObjectManager",
					   "GetManagedObjects");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = sd_bus_call_async(bus, slot, m, answer, ctx, 0);
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int nm_watch(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t changed, void *ctx)
{
	int r = sd_bus_match_signal_async(bus, slot, NM, "/org/freedesktop/NetworkManager",
					  "org.freedesktop.DBus.Properties", "PropertiesChanged",
					  changed, NULL, ctx);

	return r < 0 ? r : 0;
}

int nm_watch_owner(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t changed, void *ctx)
{
	int r = sd_bus_add_match_async(bus, slot,
				       "type='signal',sender='org.freedesktop.DBus',"
				       "path='/org/freedesktop/DBus',"
				       "interface='org.freedesktop.DBus',"
				       "member='NameOwnerChanged',arg0='" NM "'",
				       changed, NULL, ctx);

	return r < 0 ? r : 0;
}

/* The values of one interface of one object, as far as they are of use. */
struct values {
	const char *id, *point;
	const void *ssid;
	size_t ssid_len;
	uint32_t state;
};

static int read_value(sd_bus_message *m, const char *key, void *ctx)
{
	struct values *v = ctx;
	int r;

	if (!strcmp(key, "Id") && sd_bus_message_verify_type(m, 'v', "s") > 0)
		return sd_bus_message_read(m, "v", "s", &v->id);
	if (!strcmp(key, "State") && sd_bus_message_verify_type(m, 'v', "u") > 0)
		return sd_bus_message_read(m, "v", "u", &v->state);
	if (!strcmp(key, "ActiveAccessPoint") && sd_bus_message_verify_type(m, 'v', "o") > 0)
		return sd_bus_message_read(m, "v", "o", &v->point);
	if (strcmp(key, "Ssid") || sd_bus_message_verify_type(m, 'v', "ay") <= 0)
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_enter_container(m, 'v', "ay");
	if (r >= 0)
		r = sd_bus_message_read_array(m, 'y', &v->ssid, &v->ssid_len);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_values(sd_bus_message *m, struct values *v)
{
	memset(v, 0, sizeof(*v));
	return message_read_dict(m, read_value, v);
}

static void take(struct reading *reading, const char *path, const char *interface,
		 const struct values *v)
{
	struct profile_facts *facts = reading->facts;

	if (!strcmp(interface, NM ".Connection.Active")) {
		if (v->id && v->state == NM_ACTIVATED && facts->n_connections < PROFILE_NAMES_MAX)
			snprintf(facts->connections[facts->n_connections++],
				 sizeof(facts->connections[0]), "%s", v->id);
	} else if (!strcmp(interface, NM ".Device.Wireless")) {
		if (v->point && reading->n_used < PROFILE_NAMES_MAX)
			snprintf(reading->used[reading->n_used++], sizeof(reading->used[0]), "%s",
				 v->point);
	} else if (!strcmp(interface, NM ".AccessPoint")) {
		struct point *point = &reading->points[reading->n_points];

		if (!v->ssid || v->ssid_len >= sizeof(point->ssid) ||
		    memchr(v->ssid, '\0', v->ssid_len) || reading->n_points == NM_POINTS_MAX)
			return;
		snprintf(point->path, sizeof(point->path), "%s", path);
		memcpy(point->ssid, v->ssid, v->ssid_len);
		point->ssid[v->ssid_len] = '\0';
		reading->n_points++;
	}
}

/* {oa{sa{sv}}}: an object, its interfaces, their values. */
static int read_object(sd_bus_message *m, struct reading *reading)
{
	const char *path, *interface;
	struct values v;
	int r;

	r = sd_bus_message_read(m, "o", &path);
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read(m, "s", &interface);
		if (r >= 0)
			r = read_values(m, &v);
		if (r >= 0) {
			take(reading, path, interface, &v);
			r = sd_bus_message_exit_container(m);
		}
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static void join(struct reading *reading)
{
	struct profile_facts *facts = reading->facts;
	size_t i, k;

	for (i = 0; i < reading->n_used; i++) {
		for (k = 0; k < reading->n_points; k++) {
			if (strcmp(reading->points[k].path, reading->used[i]) ||
			    facts->n_ssids == PROFILE_NAMES_MAX)
				continue;
			strcpy(facts->ssids[facts->n_ssids++], reading->points[k].ssid);
		}
	}
}

void nm_forget(struct profile_facts *facts)
{
	facts->n_ssids = 0;
	facts->n_connections = 0;
}

int nm_read(sd_bus_message *m, struct profile_facts *facts)
{
	struct reading *reading;
	int r;

	nm_forget(facts);
	if (sd_bus_message_is_method_error(m, NULL))
		return 0;	/* it is not there: no names */
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->facts = facts;
	r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		r = read_object(m, reading);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	join(reading);
	free(reading);
	return r < 0 ? r : 0;
}
