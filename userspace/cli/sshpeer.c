// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SSH connection that this command came by. The environment only says where to look: it counts
 * if the kernel has that connection, established, and tells which program holds it.
 */
#include "sshpeer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/procstat.h"

#define ESTABLISHED	1
#define FORBEARS_MAX	64
#define ENVIRON_MAX	(1U << 20)

/* Ends of a connection; IPv4 as in an IPv6 socket (::ffff:192.0.2.1). */
struct ends {
	struct in6_addr peer, own;
	unsigned int peer_port, own_port;
};

static int read_addr(const char *text, struct in6_addr *addr)
{
	char plain[64], mapped[80];

	/* the scope of a link-local address is not part of it */
	if (snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "%"), text) >=
	    (int)sizeof(plain))
		return -EINVAL;
	if (inet_pton(AF_INET6, plain, addr) == 1)
		return 0;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", plain);
	return inet_pton(AF_INET6, mapped, addr) == 1 ? 0 : -EINVAL;
}

/* "CLIENT PORT SERVER PORT" */
static int read_ends(const char *text, struct ends *ends)
{
	char peer[64], own[64];

	if (sscanf(text, "%63s %u %63s %u", peer, &ends->peer_port, own, &ends->own_port) != 4 ||
	    !ends->peer_port || ends->peer_port > 65535 || ends->own_port > 65535)
		return -EINVAL;
	return read_addr(peer, &ends->peer) || read_addr(own, &ends->own) ? -EINVAL : 0;
}

/* sudo and su forget the variable: the shells before them have it still. */
static char *of_process(unsigned int pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0, read = 0;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	f = fopen(path, "re");
	while (f && read < ENVIRON_MAX && (n = getdelim(&line, &size, '\0', f)) > 0) {
		read += n;
		if (!strncmp(line, "SSH_CONNECTION=", 15))
			return strdup(line + 15);
	}
	return NULL;
}

static char *find_variable(void)
{
	const char *own = getenv("SSH_CONNECTION");
	struct snitch_procstat stat = { .parent = getppid() };
	char *text = own ? strdup(own) : NULL;
	unsigned int i;

	for (i = 0; !text && i < FORBEARS_MAX && stat.parent > 1; i++) {
		text = of_process(stat.parent);
		if (snitch_procstat(stat.parent, &stat))
			break;
	}
	return text;
}

/* ---- what the kernel has ------------------------------------------------------------------- */

/* An address of /proc/net/tcp6 (32 digits) or tcp (8), in words of the machine's order. */
static int read_hex(const char *text, struct in6_addr *addr)
{
	unsigned int words = strlen(text) / 8, i;
	uint32_t w[4];

	if (strlen(text) != 8 * words || (words != 1 && words != 4))
		return -EINVAL;
	for (i = 0; i < words; i++) {
		if (sscanf(text + 8 * i, "%8x", &w[i]) != 1)
			return -EINVAL;
	}
	if (words == 1) {
		w[3] = w[0];
		w[0] = 0;
		w[1] = 0;
		w[2] = htonl(0xffff);
	}
	memcpy(addr, w, sizeof(w));
	return 0;
}

/* The inode of the socket, 0: none. */
static unsigned long find_socket(const char *table, const struct ends *want)
{
	_cleanup_fclose_ FILE *f = fopen(table, "re");
	char line[512], own[40], peer[40];
	unsigned int own_port, peer_port, state;
	struct in6_addr a, b;
	unsigned long inode;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: %39[0-9A-F]:%x %39[0-9A-F]:%x %x %*s %*s %*s %*u %*d %lu", own,
			   &own_port, peer, &peer_port, &state, &inode) != 6 ||
		    state != ESTABLISHED || own_port != want->own_port ||
		    peer_port != want->peer_port || read_hex(own, &a) || read_hex(peer, &b))
			continue;
		if (!memcmp(&a, &want->own, sizeof(a)) && !memcmp(&b, &want->peer, sizeof(b)))
			return inode;
	}
	return 0;
}

/* Does the process hold that socket? */
static bool holds(const char *pid, unsigned long inode)
{
	char path[300], want[64], is[64];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, is, sizeof(is) - 1);
		is[n < 0 ? 0 : n] = '\0';
		found = !strcmp(is, want);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Path of a program that holds it. Return: true when there is one. */
static bool find_holder(unsigned long inode, char *exe, size_t size)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;
	char path[64];
	ssize_t n;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !holds(entry->d_name, inode))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/exe", entry->d_name);
		n = readlink(path, exe, size - 1);
		exe[n < 0 ? 0 : n] = '\0';
		found = n > 0 && exe[0] == '/';
	}
	if (dir)
		closedir(dir);
	return found;
}

static char *make_rule(const char *exe, const struct ends *ends)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&ends->peer);
	char text[RULE_TEXT_MAX];
	struct rule *rule;
	int n;

	if (rule_for_flow(SNITCH_ALLOW, exe, -1, v4 ? AF_INET : AF_INET6,
			  ends->peer.s6_addr + (v4 ? 12 : 0), ends->peer_port, IPPROTO_TCP, &rule))
		return NULL;
	rule->flags |= RULE_F_HIGH | RULE_F_LOCKDOWN;
	rule->lifetime = RULE_L_REBOOT;
	rule->note = strdup("keeps the SSH connection that rules were applied by");
	n = rule_print(rule, text, sizeof(text));
	rule_free(rule);
	return n < 0 ? NULL : strdup(text);
}

char *sshpeer_rule(void)
{
	_cleanup_free_ char *text = find_variable();
	char exe[PATH_MAX];
	struct ends ends;
	unsigned long inode;

	if (!text || read_ends(text, &ends))
		return NULL;
	inode = find_socket("/proc/net/tcp6", &ends);
	if (!inode)
		inode = find_socket("/proc/net/tcp", &ends);
	if (!inode || !find_holder(inode, exe, sizeof(exe)))
		return NULL;
	return make_rule(exe, &ends);
}
