// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that run what others wrote: a rule for one is a rule for anything. Better one too many
 * here than one too few: who wants a rule all the same can write it.
 */
#include <string.h>

#include "../policy/app.h"
#include "../util/cleanup.h"
#include "propose.h"

/* Without a version and what follows it: "python3.11-dbg" is "python". */
static const char *const interpreters[] = {
	"R", "Rscript", "ash", "awk", "bash", "beam.smp", "bun", "busybox", "clisp", "csh",
	"dash", "deno", "dotnet", "elixir", "emacs", "erl", "erlexec", "expect", "fish", "gawk",
	"gdb", "ghci", "gjs", "gjs-console", "guile", "irb", "java", "javaw", "jjs", "jshell",
	"julia", "ksh", "lua", "luajit", "mawk", "mksh", "mono", "mono-sgen", "nawk", "node",
	"nodejs", "nvim", "octave", "octave-cli", "original-awk", "osascript", "pdksh", "perl",
	"php", "php-cgi", "php-fpm", "phpdbg", "pike", "posh", "powershell", "pwsh", "pypy",
	"python", "python-dbg", "qjs", "racket", "raku", "rbash", "ruby", "rust-script", "sash",
	"sbcl", "scala", "sh", "static-sh", "swipl", "tclsh", "tcsh", "toybox", "ts-node", "vim",
	"vim.basic", "vim.gtk", "vim.nox", "vim.tiny", "wine", "wine-preloader", "wine64",
	"wine64-preloader", "wish", "yash", "zsh",
};

/* Emulators and loaders: the program is their argument. */
static const char *const beginnings[] = { "qemu-", "ld-linux", "ld-musl", "ld.so", "ld-2." };

static const char *const resolvers[] = {
	"avahi-daemon", "connmand", "dnscrypt-proxy", "dnsmasq", "knot-resolver", "kresd", "lwresd",
	"named", "nscd", "pdns_recursor", "stubby", "systemd-resolve", "systemd-resolved", "unbound",
};

static bool has_word(const char *const *words, size_t n, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strlen(words[i]) == len && !strncmp(words[i], name, len))
			return true;
	}
	return false;
}

static size_t without_version(const char *name)
{
	size_t len = strcspn(name, "0123456789");

	while (len && strchr(".-", name[len - 1]))
		len--;
	return len;
}

static bool is_interpreter(const char *name)
{
	size_t i, n = SNITCH_ARRAY_SIZE(interpreters);

	for (i = 0; i < SNITCH_ARRAY_SIZE(beginnings); i++) {
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return true;
	}
	return has_word(interpreters, n, name, strlen(name)) ||
	       has_word(interpreters, n, name, without_version(name));
}

const char *proposal_why_not(const struct history_flow *flow)
{
	const char *name = strrchr(flow->program, '/');

	if (flow->flags & HISTORY_F_KERNEL)
		return "the kernel's own traffic";
	if (!name || flow->program[0] != '/')
		return "it is not known which program it was";
	if (flow->flags & HISTORY_F_ODD)
		return "no rule holds for it: its file is gone, disguised or served by a program, or others share its socket";
	if (app_text_container(flow->app))
		return "a container's: its path is not this machine's, which a rule would name";
	name++;
	if (flow->script[0] || is_interpreter(name))
		return "interpreter: a rule would allow whatever it is told to run";
	if (has_word(resolvers, SNITCH_ARRAY_SIZE(resolvers), name, strlen(name)))
		return "resolver: it asks for other programs";
	return NULL;
}
