// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a flow's program belongs to, as text that is kept. It must never make a claim sure, nor a
 * name two lines.
 */
#include <stdio.h>
#include <string.h>

#include "app.h"

static void add_line(char *buf, size_t size, const char *word, const char *name)
{
	size_t used = strlen(buf);

	if (strchr(name, '\n') || used + strlen(word) + strlen(name) + 3 > size)
		return;
	snprintf(buf + used, size - used, "%s%s%s%s", used ? "\n" : "", word, *name ? " " : "",
		 name);
}

char *app_print(const struct app *app, bool container, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	if (*app->unit)
		add_line(buf, size, "unit", app->unit);
	if (*app->flatpak)
		add_line(buf, size, app->flatpak_sure ? "flatpak" : "flatpak?", app->flatpak);
	if (*app->snap)
		add_line(buf, size, app->snap_sure ? "snap" : "snap?",
			 *app->snap_app ? app->snap_app : app->snap);
	for (i = 0; i < app->n_images; i++)
		add_line(buf, size, "image", app->images[i]);
	if (app->script_sure)
		add_line(buf, size, "script", "");
	if (container)
		add_line(buf, size, "container", "");
	return buf;
}

static void take_snap(struct app_kept *out, const char *name)
{
	size_t len = strcspn(name, ".");

	if (len >= sizeof(out->snap))
		return;
	memcpy(out->snap, name, len);
	out->snap[len] = '\0';
	out->app.snap = out->snap;
	out->app.snap_app = name[len] ? name : "";
}

static void take_line(struct app_kept *out, char *line)
{
	struct app *app = &out->app;
	char *name = strchr(line, ' ');
	size_t len = name ? (size_t)(name - line) : strlen(line);
	bool sure = !len || line[len - 1] != '?';

	line[len] = '\0';
	name = name ? name + 1 : line + len;
	if (!sure)
		line[len - 1] = '\0';
	if (!strcmp(line, "script") && !*name) {
		app->script_sure = true;
	} else if (!strcmp(line, "container") && !*name) {
		out->container = true;
	} else if (!*name) {
		return;
	} else if (!strcmp(line, "unit") && sure) {
		app->unit = name;
	} else if (!strcmp(line, "flatpak")) {
		app->flatpak = name;
		app->flatpak_sure = sure;
	} else if (!strcmp(line, "snap")) {
		take_snap(out, name);
		app->snap_sure = sure;
	} else if (!strcmp(line, "image") && sure && app->n_images < APP_IMAGES) {
		out->images[app->n_images++] = name;
	}
}

void app_read(char *text, const char *script, struct app_kept *out)
{
	char *line, *rest = text;

	memset(out, 0, sizeof(*out));
	out->app = APP_NONE;
	out->app.script = script;
	out->app.images = out->images;
	while ((line = strsep(&rest, "\n")))
		take_line(out, line);
	out->app.script_sure = out->app.script_sure && *script;
}

bool app_text_container(const char *text)
{
	static const char word[] = "container";
	const char *at;

	for (at = strstr(text, word); at; at = strstr(at + 1, word)) {
		if ((at == text || at[-1] == '\n') && strchr("\n", at[strlen(word)]))
			return true;
	}
	return false;
}
