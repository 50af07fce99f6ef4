// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Executables that are not the files that their rules were made for: looked into, and then either
 * the program after all, or suspended. It must never let an allow rule count before that is known,
 * nor hold back a refusal.
 */
#include "changed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "core.h"

#define NO_FILE (SNITCH_O_DISGUISED | SNITCH_O_UNKNOWN | SNITCH_O_KERNEL | SNITCH_O_NO_PATH | \
		 SNITCH_O_MEMFD | SNITCH_O_SERVED)

void changed_clear_flows(struct changed *c)
{
	while (c->n_flows)
		owner_put(c->flows[--c->n_flows].owner);
}

static void free_look(struct changed_look *look)
{
	free(look->path);
	owner_put(look->owner);
	*look = (struct changed_look){ .id = 0 };
}

void changed_done(struct changed *c)
{
	unsigned int i;

	changed_clear_flows(c);
	for (i = 0; i < CHANGED_LOOKS_MAX; i++)
		free_look(&c->looks[i]);
}

/* ---- looking ------------------------------------------------------------------------------ */

/* A look at the executable of @owner (NULL: at the file at @path) that is under way. */
static bool under_way(const struct changed *c, const char *path, const struct owner *owner)
{
	unsigned int i;

	for (i = 0; i < CHANGED_LOOKS_MAX; i++) {
		const struct changed_look *look = &c->looks[i];

		if (look->id && !look->owner == !owner && !strcmp(look->path, path) &&
		    (!owner || image_same_file(look->owner->image, owner->image)))
			return true;
	}
	return false;
}

static int send_look(struct core *core, struct changed_look *look)
{
	int fd = -1, r;

	if (look->owner && core->dev)
		look->own = !snitch_device_owner_fd(core->dev, owner_id(look->owner), &fd, NULL);
	r = core->changed.ask(core->changed.ctx, look->id, look->path, look->own ? fd : -1);
	if (look->own)
		close(fd);
	return r;
}

/* Return: 0 (it is looked into, or is already), or why not. */
static int look_into(struct core *core, const char *path, struct owner *owner)
{
	struct changed *c = &core->changed;
	struct changed_look *look = NULL;
	unsigned int i, paths = 0;
	int r;

	if (!c->ask)
		return -EOPNOTSUPP;
	if (under_way(c, path, owner))
		return 0;
	for (i = 0; i < CHANGED_LOOKS_MAX; i++) {
		paths += c->looks[i].id && !c->looks[i].owner;
		if (!c->looks[i].id)
			look = &c->looks[i];
	}
	if (!look || (!owner && paths >= CHANGED_PATHS_MAX))
		return -EAGAIN;
	*look = (struct changed_look){ .id = ++c->last_id, .path = strdup(path) };
	look->owner = owner ? owner_get(owner) : NULL;
	r = look->path ? send_look(core, look) : -ENOMEM;
	if (r)
		free_look(look);
	return r;
}

void core_look_into(struct core *core)
{
	const char *path;
	size_t at = 0;

	while (core->changed.ask && (path = rulebook_next_unread(core->rules, &at))) {
		if (look_into(core, path, NULL))
			break;
	}
}

/* ---- flows ----------------------------------------------------------------------------------- */

static void bind_to(struct core *core, const struct snitch_flow_event *ev, uint32_t app)
{
	struct snitch_bind bind = {
		.hdr = { .id = ev->owner },
		.generation = core->generation,
		.app = app,
	};

	snitch_device_bind(core->dev, &bind);
}

/* Nobody can say whether it is right: it counts as wrong. */
static void suspend(struct core *core, const char *exe, const struct snitch_flow_event *ev,
		    const struct owner *owner)
{
	int r = rulebook_suspend(core->rules, exe);

	if (r)
		core_record(core, LOG_WARNING, "executable changed since its rules were made: its allow rules are suspended",
			    ev, owner, 0);
	if (r < 0)
		log_msg(LOG_ERR, "cannot keep in mind that it changed: a restart of snitchd will forget it: %s",
			strerror(-r));
}

/*
 * An executable without a binding in the kernel is not the file that rules were loaded for. Without
 * rules of its own it may be judged by rules for any program.
 */
bool core_know_executable(struct core *core, const struct snitch_flow_event *ev,
			  struct owner *owner)
{
	const struct image *image = owner->image;
	const char *exe = rulebook_name(core->rules, image->exe);
	bool unbound = ev->flags & SNITCH_F_UNBOUND;
	uint32_t app;

	if (!core->dev || !image->exe[0])
		return true;
	if (rulebook_panic(core->rules))
		return true;	/* its policy binds nothing: no executable has changed */
	app = rulebook_app(core->rules, exe);
	if (!app) {
		if (unbound && ev->generation == core->generation && !(image->wire.flags & NO_FILE))
			bind_to(core, ev, 0);
		return true;
	}
	if (image->wire.flags & SNITCH_O_SERVED)
		rulebook_note_served(core->rules, exe);
	if (rulebook_knows(core->rules, image)) {
		if (unbound)
			bind_to(core, ev, app);
		return true;
	}
	if (!unbound && !rulebook_suspended(core->rules, exe) && !rulebook_unsure(core->rules, exe))
		return true;
	if (image->wire.flags & NO_FILE || rulebook_knows_wrong(core->rules, image))
		return true;
	if (core->changed.looked)
		return true;
	if (!look_into(core, exe, owner))
		return false;
	/* an old image of it: the file at the path may be fine */
	if (!core->changed.ask && unbound && ev->generation == core->generation &&
	    !(image->wire.flags & SNITCH_O_DELETED))
		suspend(core, exe, ev, owner);
	return true;
}

bool core_wait_for_finding(struct core *core, const struct snitch_flow_event *ev,
			   struct owner *owner)
{
	struct changed *c = &core->changed;

	if (c->n_flows == CHANGED_FLOWS_MAX)
		return false;
	c->flows[c->n_flows++] = (struct changed_flow){ .ev = *ev, .owner = owner_get(owner) };
	/* a packet socket's frame is lost already */
	if (ev->family != AF_PACKET &&
	    (!(ev->flags & SNITCH_F_HELD) || !(ev->flags & SNITCH_F_REDELIVERED)))
		core_verdict(core, ev, owner, SNITCH_HOLD, SNITCH_BY_MODE, 0);
	return true;
}

void core_cancel_wait(struct core *core, uint64_t flow)
{
	struct changed *c = &core->changed;
	unsigned int i;

	for (i = 0; i < c->n_flows; i++) {
		/* a frame never waited in the kernel, what is to be said of it does */
		if (c->flows[i].ev.hdr.id == flow && c->flows[i].ev.family != AF_PACKET) {
			owner_put(c->flows[i].owner);
			c->flows[i] = c->flows[--c->n_flows];
			return;
		}
	}
}

/* ---- findings ------------------------------------------------------------------------------ */

static void tell_update(const char *path, const struct inspect_finding *finding)
{
	_cleanup_free_ char *message = NULL;

	message = snitch_format("%s updated by package %s (%s)", path, finding->package,
				finding->version[0] ? finding->version : "version not known");
	if (!message)
		return;
	log_fields(LOG_NOTICE, message, (struct log_field[]){
		{ "SNITCH_EVENT", "updated" },
		{ "SNITCH_PROGRAM", path },
		{ "SNITCH_PACKAGE", finding->package },
		{ "SNITCH_VERSION", finding->version },
		{ NULL, NULL },
	});
}

static void tell(const struct changed_look *look, const struct inspect_finding *finding,
		 const struct rulebook_found *found, int r)
{
	const char *why = "no package vouches for it";

	if (found->is_program && !found->same)
		tell_update(look->path, finding);
	if (!found->suspended || !r)
		return;
	if (finding->error)
		why = strerror(-finding->error);
	log_msg(LOG_WARNING, "%s changed since its rules were made: its allow rules are suspended: %s",
		look->path, why);
	if (r < 0)
		log_msg(LOG_ERR, "cannot keep in mind that it changed: a restart of snitchd will forget it: %s",
			strerror(-r));
}

/* Those that waited for the look at their executable; the others go on waiting. */
static void judge_flows(struct core *core, const struct changed_look *look)
{
	struct changed *c = &core->changed;
	unsigned int i, kept = 0, n = c->n_flows;
	struct changed_flow *flows;

	if (!n || !look->owner)
		return;
	flows = malloc(n * sizeof(*flows));
	if (!flows)
		return;		/* the kernel's time limit ends them */
	memcpy(flows, c->flows, n * sizeof(*flows));
	c->n_flows = 0;
	for (i = 0; i < n; i++) {
		if (image_same_file(flows[i].owner->image, look->owner->image))
			flows[kept++] = flows[i];
		else
			c->flows[c->n_flows++] = flows[i];
	}
	c->looked = true;
	for (i = 0; i < kept; i++) {
		core_judge_flow(core, &flows[i].ev, flows[i].owner);
		owner_put(flows[i].owner);
	}
	c->looked = false;
	free(flows);
}

static void end_look(struct core *core, struct changed_look *look,
		     const struct inspect_finding *finding)
{
	struct rulebook_found found;
	int r;

	r = rulebook_found(core->rules, look->path, look->owner ? look->owner->image : NULL,
			   look->own, finding, &found);
	tell(look, finding, &found, r);
	if (found.lifted)
		core_install(core);
	judge_flows(core, look);
	if (found.lifted)
		core_rejudge(core);
}

void core_finding(struct core *core, const struct inspect_finding *finding)
{
	struct changed_look look;
	unsigned int i;

	for (i = 0; i < CHANGED_LOOKS_MAX; i++) {
		if (finding->id && core->changed.looks[i].id == finding->id)
			break;
	}
	if (i == CHANGED_LOOKS_MAX)
		return;
	look = core->changed.looks[i];
	core->changed.looks[i] = (struct changed_look){ .id = 0 };
	end_look(core, &look, finding);
	free_look(&look);
	core_look_into(core);
}

static void give_up(struct core *core, const struct changed_look *look)
{
	struct inspect_finding finding = { .id = look->id, .error = -ESHUTDOWN };

	core_finding(core, &finding);
}

void core_no_inspector(struct core *core)
{
	unsigned int i;

	core->changed.ask = NULL;
	for (i = 0; i < CHANGED_LOOKS_MAX; i++)
		give_up(core, &core->changed.looks[i]);
}

void core_new_inspector(struct core *core)
{
	unsigned int i;

	for (i = 0; i < CHANGED_LOOKS_MAX; i++) {
		struct changed_look *look = &core->changed.looks[i];

		look->own = false;
		if (look->id && send_look(core, look))
			give_up(core, look);
	}
	core_look_into(core);
}
