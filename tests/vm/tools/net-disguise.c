// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that lie about themselves: another executable in mm->exe_file, an argv in memory
 * that never comes. Must never touch any process but itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netprog.h"

#define MAPS_MAX 64

static struct map {
	unsigned long start, end;
	int prot;
} maps[MAPS_MAX];
static int maps_len;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s", path);
	close(fd);
}

/* Root in a user namespace of its own, as any user may be. */
static void own_namespace(void)
{
	char text[64];
	unsigned int uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER) < 0)
		die("unshare");
	write_file("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", uid);
	write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	write_file("/proc/self/gid_map", text);
}

static void read_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4400], perms[5], exe[4096];
	unsigned long start, end;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (!f || n < 0)
		die("maps");
	exe[n] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) != 3 || !strstr(line, exe))
			continue;
		if (maps_len == MAPS_MAX)
			die("too many maps");
		maps[maps_len++] = (struct map){ start, end, (perms[0] == 'r' ? PROT_READ : 0) |
			(perms[1] == 'w' ? PROT_WRITE : 0) | (perms[2] == 'x' ? PROT_EXEC : 0) };
	}
	fclose(f);
}

/* Puts an anonymous copy where the file was mapped, also under our own feet. */
static void replace_map(const struct map *m)
{
	size_t len = m->end - m->start;
	char *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		die("mmap");
	memcpy(copy, (void *)m->start, len);
	if (mprotect(copy, len, m->prot) < 0)
		die("mprotect");
	if (mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)m->start) == MAP_FAILED)
		die("mremap");
}

/* Fields of /proc/self/stat that prctl wants back. */
static void fill_map(struct prctl_mm_map *map)
{
	char text[2048], *p;
	unsigned long long v[53] = { 0 };
	FILE *f = fopen("/proc/self/stat", "r");
	int i;

	if (!f || !fgets(text, sizeof(text), f))
		die("stat");
	fclose(f);
	p = strrchr(text, ')') + 4;
	for (i = 4; i < 53; i++)
		v[i] = strtoull(p, &p, 10);
	*map = (struct prctl_mm_map){ .start_code = v[26], .end_code = v[27], .start_stack = v[28],
		.start_data = v[45], .end_data = v[46], .start_brk = v[47],
		.brk = (unsigned long)sbrk(0), .arg_start = v[48], .arg_end = v[49],
		.env_start = v[50], .env_end = v[51], .exe_fd = -1 };
}

static int talk(int udp, const char *text, int port, long wait)
{
	union address a;
	socklen_t len = address_of(&a, text, port);
	int fd = socket_for(&a, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	uint64_t start = now_us();
	int err = connect(fd, &a.sa, len) < 0 ? errno : 0;

	if (udp)
		err = send(fd, "talk", 4, 0) < 0 ? errno : 0;
	report("start", err, start);
	if (err == EINPROGRESS)
		err = wait_connect(fd, wait);
	report(udp ? "send" : "connect", err, start);
	if (!udp && !err)
		send(fd, "talk", 4, MSG_NOSIGNAL);
	usleep(200000);
	return err != 0;
}

/* A child, and its child, as often as told, goes on; the others wait. */
static void fork_on(long count)
{
	int status = 0;

	fflush(stdout);
	for (; count > 0; count--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			continue;
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
}

int do_disguise(void)
{
	long wait = option_wait("--wait", 1000), forks = option_number("--fork", 0);
	int udp = flag("--udp");
	const char *exe = arg("executable"), *text = arg("address");
	int port = atoi(arg("port"));
	struct prctl_mm_map map;
	char now[4096];
	ssize_t n;

	own_namespace();
	read_maps();
	fill_map(&map);
	for (int i = 0; i < maps_len; i++)
		replace_map(&maps[i]);
	map.exe_fd = open(exe, O_RDONLY);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		die("PR_SET_MM_MAP");
	n = readlink("/proc/self/exe", now, sizeof(now) - 1);
	printf("exe %.*s\n", (int)(n < 0 ? 0 : n), now);
	fork_on(forks);
	return talk(udp, text, port, wait);
}

int do_lazyargv(void)
{
	long wait = option_wait("--wait", 1000);
	const char *text = arg("address");
	int port = atoi(arg("port"));
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct prctl_mm_map map;
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || page == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0)
		die("userfaultfd");
	reg.range.start = (unsigned long)page;
	reg.range.len = 4096;
	if (ioctl(fd, UFFDIO_REGISTER, &reg) < 0)
		die("UFFDIO_REGISTER");
	fill_map(&map);
	map.arg_start = (unsigned long)page;
	map.arg_end = (unsigned long)page + 64;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		die("PR_SET_MM_MAP");
	return talk(0, text, port, wait);
}
