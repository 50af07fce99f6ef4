/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process belongs to besides its executable: unit, Flatpak app, snap, container. Read from
 * the path of its control group as the kernel tells it, never from its environment. What of it a
 * user could claim without being it is for the caller to check: below a user's own service manager
 * (user.slice) everybody makes the groups they like.
 *
 * Names of groups: systemd.resource-control(5) and systemd's CGROUP_DELEGATION.md; Flatpak's
 * app-flatpak-ID-PID.scope; snapd's snap.NAME.APP-UUID.scope and .service; RUNTIME-ID.scope or
 * RUNTIME/ID of container runtimes.
 */
#ifndef SNITCH_POLICY_APP_H
#define SNITCH_POLICY_APP_H

#include <stdbool.h>
#include <stddef.h>

#define APP_NAME_MAX		256
#define APP_CONTAINER_ID	64	/* hexadecimal digits */
#define APP_IMAGES		4	/* names an image may have */

/**
 * struct app_ids - what a control group says; "" where it says nothing
 * @unit: of the system's service manager, with its suffix
 * @flatpak: the app's id
 * @snap: the snap's name, with @snap_app: NAME.APP
 * @container: id
 */
struct app_ids {
	char unit[APP_NAME_MAX];
	char flatpak[APP_NAME_MAX];
	char snap[APP_NAME_MAX];
	char snap_app[APP_NAME_MAX];
	char container[APP_CONTAINER_ID + 1];
};

/* Reads the path of a control group, absolute and from the root of all. */
void app_ids_of_cgroup(const char *cgroup, struct app_ids *ids);

/**
 * struct app - what a flow's program belongs to, as rules ask for it; all borrowed
 * @unit: "" or the name
 * @flatpak: the same, with @flatpak_sure: its executable is that app's
 * @snap: the same, with @snap_app and @snap_sure
 * @images: names and digest of the container's image, @n_images
 * @script: path of the script it was executed as, or "", with @script_sure: it is the one there
 */
struct app {
	const char *unit;
	const char *flatpak;
	const char *snap;
	const char *snap_app;
	const char *script;
	const char *const *images;
	size_t n_images;
	bool flatpak_sure;
	bool snap_sure;
	bool script_sure;
};

#define APP_TEXT	2048

/*
 * What a flow's program belongs to, as it is kept: "unit NAME", "flatpak NAME", "snap NAME.APP",
 * "image NAME", a line each; where nobody vouches for it, "flatpak? NAME", "snap? NAME.APP";
 * "script": it is sure which script it runs; "container": its path is none of this machine's. What
 * does not fit, or has a newline in it, is left out. Return: @buf.
 */
char *app_print(const struct app *app, bool container, char *buf, size_t size);

/**
 * struct app_kept - what app_print() wrote, read again
 * @container: as it was told
 */
struct app_kept {
	struct app app;
	const char *images[APP_IMAGES];
	char snap[APP_NAME_MAX];
	bool container;
};

/* @text is cut up, and stays as long as @out; unknown lines are left out. @script: borrowed. */
void app_read(char *text, const char *script, struct app_kept *out);

/* Does that text say "container"? */
bool app_text_container(const char *text);

/* Nothing is known of it. */
#define APP_NONE	((struct app){ \
	.unit = "", .flatpak = "", .snap = "", .snap_app = "", .script = "" })

/* Is @name (with or without ".service") the unit @unit? */
bool app_unit_is(const char *unit, const char *name);

#endif
