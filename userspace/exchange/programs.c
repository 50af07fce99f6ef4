// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs of macOS and what they are called here. It must never take a program for another: what
 * is not in a table and not on this machine gets a rule that is disabled.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "lsrules.h"

/* Programs that both systems have under the same name; here in /usr/bin. */
static const char *const alike[] = {
	"bash", "curl", "dig", "emacs", "ftp", "git", "host", "nc", "ncat", "nmap", "node",
	"nslookup", "openssl", "perl", "php", "ping", "ping6", "python3", "rsync", "ruby", "scp",
	"sftp", "ssh", "tcpdump", "telnet", "traceroute", "vim", "wget", "whois", NULL,
};

/* Helpers of git connect on its behalf; here below /usr/lib/git-core. */
static const char *const git_core[] = {
	"git-remote-http", "git-remote-https", "git-http-fetch", "git-http-push", "git-daemon",
	"git-imap-send", NULL,
};

/* Folders where macOS and its package managers keep programs that others keep in /usr/bin. */
static const char *const bin_folders[] = {
	"/usr/bin/", "/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/", "/opt/homebrew/bin/",
	"/opt/local/bin/", "/sw/bin/",
};

/* The program of an application, in the places where packages put it. */
static const struct {
	const char *app;
	const char *paths[3];
} apps[] = {
	{ "Audacity.app", { "/usr/bin/audacity" } },
	{ "Brave Browser.app", { "/opt/brave.com/brave/brave" } },
	{ "Chromium.app", { "/usr/lib/chromium/chromium" } },
	{ "Discord.app", { "/usr/share/discord/Discord" } },
	{ "FileZilla.app", { "/usr/bin/filezilla" } },
	{ "Firefox.app", { "/usr/lib/firefox-esr/firefox-esr", "/usr/lib/firefox/firefox",
			   "/opt/firefox/firefox" } },
	{ "Google Chrome.app", { "/opt/google/chrome/chrome" } },
	{ "Inkscape.app", { "/usr/bin/inkscape" } },
	{ "KeePassXC.app", { "/usr/bin/keepassxc" } },
	{ "LibreOffice.app", { "/usr/lib/libreoffice/program/soffice.bin",
			       "/opt/libreoffice/program/soffice.bin" } },
	{ "Microsoft Edge.app", { "/opt/microsoft/msedge/msedge" } },
	{ "OBS.app", { "/usr/bin/obs" } },
	{ "Signal.app", { "/opt/Signal/signal-desktop" } },
	{ "Slack.app", { "/usr/lib/slack/slack" } },
	{ "Spotify.app", { "/usr/share/spotify/spotify", "/opt/spotify/spotify" } },
	{ "Telegram.app", { "/usr/bin/telegram-desktop" } },
	{ "Thunderbird.app", { "/usr/lib/thunderbird/thunderbird-bin",
			       "/usr/lib/thunderbird/thunderbird" } },
	{ "Transmission.app", { "/usr/bin/transmission-gtk", "/usr/bin/transmission-qt" } },
	{ "VLC.app", { "/usr/bin/vlc" } },
	{ "Visual Studio Code.app", { "/usr/share/code/code" } },
	{ "Vivaldi.app", { "/opt/vivaldi/vivaldi-bin" } },
	{ "Wireshark.app", { "/usr/bin/wireshark" } },
	{ "qbittorrent.app", { "/usr/bin/qbittorrent" } },
	{ "zoom.us.app", { "/opt/zoom/zoom" } },
};

static bool exists(const struct draft *d, const char *path)
{
	const struct exchange_options *o = &d->src->x->options;

	return o->exists && o->exists(o->ctx, path);
}

static bool is_among(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(*words, word))
			return true;
	}
	return false;
}

static void take(struct draft *d, struct rule_program *program, const char *key, const char *text,
		 const char *path)
{
	draft_path(d, program, path);
	if (strcmp(text, path))
		draft_change(d, key, text, "taken as %s", path);
}

/* "/Applications/Name.app/Contents/MacOS/Name": only the application's own program is known. */
static bool read_app(struct draft *d, struct rule_program *program, const char *key,
		     const char *text)
{
	const char *end = strstr(text, ".app/"), *name = end, *inside;
	size_t i, k;

	if (!end)
		return false;
	while (name > text && name[-1] != '/')
		name--;
	inside = end + strlen(".app/");
	if (strncmp(inside, "Contents/MacOS/", 15) || strchr(inside + 15, '/'))
		return false;
	for (i = 0; i < SNITCH_ARRAY_SIZE(apps); i++) {
		size_t len = strlen(apps[i].app);

		if ((size_t)(end + 4 - name) != len || strncasecmp(name, apps[i].app, len))
			continue;
		for (k = 0; k < 3 && apps[i].paths[k]; k++) {
			if (!exists(d, apps[i].paths[k]))
				continue;
			take(d, program, key, text, apps[i].paths[k]);
			return true;
		}
		draft_path(d, program, apps[i].paths[0]);
		draft_disable(d, key, text, "it would be %s, which is not installed here",
			      apps[i].paths[0]);
		return true;
	}
	return false;
}

static bool read_bin(struct draft *d, struct rule_program *program, const char *key,
		     const char *text)
{
	const char *base = strrchr(text, '/') + 1;
	_cleanup_free_ char *path = NULL;
	unsigned int i;

	if (is_among(base, git_core) && strstr(text, "/git-core/")) {
		path = snitch_format("/usr/lib/git-core/%s", base);
	} else {
		for (i = 0; i < SNITCH_ARRAY_SIZE(bin_folders) && !path; i++) {
			if ((size_t)(base - text) == strlen(bin_folders[i]) &&
			    !strncmp(text, bin_folders[i], base - text) && is_among(base, alike))
				path = snitch_format("/usr/bin/%s", base);
		}
		if (i == SNITCH_ARRAY_SIZE(bin_folders) && !path)
			return false;
	}
	if (path)
		take(d, program, key, text, path);
	else
		d->r = -ENOMEM;
	return true;
}

static void read_script(struct draft *d, struct rule_program *program, const char *path)
{
	draft_path(d, program, path);
	program->kind = RULE_P_SCRIPT;
}

void program_read(struct draft *d, struct rule_program *program, const char *key, const char *text)
{
	if (!strcasecmp(text, "any")) {
		program->kind = RULE_P_ANY;
	} else if (!strncmp(text, "script./", 8)) {
		read_script(d, program, text + 7);
	} else if (*text != '/') {
		draft_leave(d, key, text, "a program is named by its path here");
	} else if (exists(d, text)) {
		draft_path(d, program, text);
	} else if (!read_app(d, program, key, text) && !read_bin(d, program, key, text)) {
		draft_path(d, program, text);
		draft_disable(d, key, text, "there is no such program here");
	}
}
