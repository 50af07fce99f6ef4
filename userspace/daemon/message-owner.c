// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose a flow is, as entries of a D-Bus dictionary: the process, its ancestors, and what it
 * belongs to. It must never put a hostile byte into a message unescaped, nor call vouched for what
 * is a claim.
 */
#include <errno.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/timespan.h"
#include "daemon.h"
#include "identity.h"

#define USERS	16	/* remembered for a second */

int message_open(sd_bus_message *m, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', type);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', type + 1);
	return r;
}

int message_close(sd_bus_message *m)
{
	int r = sd_bus_message_close_container(m);

	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

/* ---- a process image ------------------------------------------------------------------------ */

static int append_cmdline(sd_bus_message *m, const struct image *image)
{
	const char *s = image->cmdline, *end = s + image->wire.cmd_len;
	int r = message_open(m, "cmdline", "as");

	while (r >= 0 && s < end) {
		size_t len = strnlen(s, end - s);
		_cleanup_free_ char *safe = snitch_escape(s, len);

		r = safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
		s += len + 1;
	}
	return r >= 0 ? message_close(m) : r;
}

static int append_comm(sd_bus_message *m, const struct image *image)
{
	char comm[4 * SNITCH_COMM_LEN + 1];

	snitch_escape_buf(image->wire.comm, strnlen(image->wire.comm, SNITCH_COMM_LEN), comm,
			  sizeof(comm));
	return sd_bus_message_append(m, "{sv}", "comm", "s", comm);
}

static int append_image(sd_bus_message *m, const struct image *image)
{
	char kernel[32];
	int r;

	r = message_text(m, "program", image_program(image, kernel, sizeof(kernel)));
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}", "pid", "u", image->wire.pid);
	if (r >= 0)
		r = append_comm(m, image);
	return r >= 0 ? append_cmdline(m, image) : r;
}

static int append_parents(sd_bus_message *m, const struct owner *owner)
{
	unsigned int i;
	int r = message_open(m, "parents", "aa{sv}");

	for (i = 0; r >= 0 && i < owner->n_parents; i++) {
		r = sd_bus_message_open_container(m, 'a', "{sv}");
		if (r >= 0)
			r = append_image(m, owner->parents[i]);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r >= 0 ? message_close(m) : r;
}

/* ---- what it belongs to -------------------------------------------------------------------- */

static int append_some(sd_bus_message *m, const char *key, const char *text)
{
	return text && *text ? message_text(m, key, text) : 0;
}

/* @key, and whether it is more than a claim. */
static int append_claim(sd_bus_message *m, const char *key, const char *text, const char *verified,
			bool sure)
{
	int r = append_some(m, key, text);

	return r >= 0 && text && *text ? sd_bus_message_append(m, "{sv}", verified, "b", sure) : r;
}

static int append_images(sd_bus_message *m, const struct app *app)
{
	size_t i;
	int r;

	if (!app->n_images)
		return 0;
	r = message_open(m, "images", "as");
	for (i = 0; r >= 0 && i < app->n_images; i++) {
		_cleanup_free_ char *safe = snitch_escape_str(app->images[i]);

		r = safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
	}
	return r >= 0 ? message_close(m) : r;
}

static int append_app(sd_bus_message *m, const struct identity *id)
{
	int r = append_some(m, "unit", id->app.unit);

	if (r >= 0)
		r = append_claim(m, "flatpak", id->app.flatpak, "flatpak_verified",
				 id->app.flatpak_sure);
	if (r >= 0)
		r = append_claim(m, "snap", id->app.snap, "snap_verified", id->app.snap_sure);
	if (r >= 0)
		r = append_some(m, "snap_app", id->app.snap_app);
	if (r >= 0)
		r = append_some(m, "container", id->ids.container);
	if (r >= 0)
		r = append_images(m, &id->app);
	return r >= 0 ? append_claim(m, "script", id->app.script, "script_verified",
				     id->app.script_sure) : r;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* A list of a thousand owners has few users: their names are not read from the file each time. */
static const char *user_name(uint32_t uid)
{
	static struct { uint32_t uid; uint64_t until; char name[64]; } users[USERS];
	uint64_t now = snitch_boottime();
	size_t i = uid % USERS;

	if (users[i].uid != uid || users[i].until < now) {
		rights_user_name(uid, users[i].name, sizeof(users[i].name));
		users[i].uid = uid;
		users[i].until = now + SNITCH_NSEC_PER_SEC;
	}
	return users[i].name;
}

static int append_users(sd_bus_message *m, const struct image *image, uint32_t uid)
{
	int r = sd_bus_message_append(m, "{sv}", "uid", "u", uid);

	if (r >= 0)
		r = message_text(m, "user", user_name(uid));
	if (r < 0 || image->wire.loginuid == (uint32_t)-1)
		return r;
	r = sd_bus_message_append(m, "{sv}", "loginuid", "u", image->wire.loginuid);
	return r >= 0 ? message_text(m, "login_user", user_name(image->wire.loginuid)) : r;
}

/* What the control group says, with nothing of it looked at. */
static void claim_all(const struct image *image, struct identity *id)
{
	memset(id, 0, sizeof(*id));
	app_ids_of_cgroup(image->cgroup, &id->ids);
	id->app = (struct app){
		.unit = id->ids.unit, .flatpak = id->ids.flatpak, .snap = id->ids.snap,
		.snap_app = id->ids.snap_app, .script = image->script,
	};
}

int message_known_owner(sd_bus_message *m, const struct owner *owner, uint32_t uid)
{
	const struct image *image = owner->image;
	const struct identity *id = image->identity;
	int r = append_image(m, image);
	struct identity claims;

	if (!id) {
		claim_all(image, &claims);
		id = &claims;
	}

	if (r >= 0)
		r = append_users(m, image, uid);
	if (r >= 0 && image->wire.exe_dev)
		r = sd_bus_message_append(m, "{sv}{sv}", "exe_dev", "u", image->wire.exe_dev,
					  "exe_ino", "t", image->wire.exe_ino);
	if (r >= 0)
		r = append_parents(m, owner);
	if (r >= 0)
		r = append_some(m, "cgroup", image->cgroup);
	return r >= 0 ? append_app(m, id) : r;
}

int message_owner(sd_bus_message *m, const struct core *core, const struct owner *owner,
		  uint32_t uid)
{
	rulebook_identity(core->rules, owner->image);
	return message_known_owner(m, owner, uid);
}

int message_owner_flags(sd_bus_message *m, const struct owner *owner)
{
	static const struct { uint32_t bit; const char *word; } words[] = {
		{ SNITCH_O_DELETED, "deleted" }, { SNITCH_O_MEMFD, "memfd" },
		{ SNITCH_O_DISGUISED, "disguised" }, { SNITCH_O_SCRIPT, "claimed" },
		{ SNITCH_O_INCOMPLETE, "incomplete" }, { SNITCH_O_FORKED, "forked" },
		{ SNITCH_O_SCANNED, "scanned" }, { SNITCH_O_EXITED, "exited" },
		{ SNITCH_O_UNKNOWN, "unknown" }, { SNITCH_O_SERVED, "served" },
	};
	const struct identity *id = owner->image->identity;
	uint32_t flags = owner->image->wire.flags;
	size_t i;
	int r = 0;

	if (id && id->app.script_sure)
		flags &= ~SNITCH_O_SCRIPT;
	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(words); i++) {
		if (flags & words[i].bit)
			r = sd_bus_message_append_basic(m, 's', words[i].word);
	}
	return r;
}
