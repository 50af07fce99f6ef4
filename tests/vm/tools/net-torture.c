// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sender of the torture: does what a string of letters says, in processes and threads that
 * hand the rest of the string on, and writes down who it is before each packet of its own.
 * Must never learn who it is from anything but itself and /proc.
 *
 *   0-4  exec /run/torture/pN          v  the same, p0, by posix_spawn
 *   m    exec a memfd                  S  exec a script
 *   d r n  exec a copy, then delete, replace or rename it
 *   M    exec a copy in a mount namespace of its own
 *   u    exec a set-user-id program    U  another uid, without exec
 *   f F  fork; F: the parent exits at once
 *   t T  thread; T: the leader exits
 *   o    socket()
 *   P G <  fork; the child has no socket, takes it at '<' by SCM_RIGHTS or pidfd_getfd()
 *   k a b c  connect(): call, io_uring at once, by a worker, by the polling thread
 *   K    connect() that does not wait
 *   s w i j q x  send: sendto, write, io_uring the three ways, x: of a descriptor that is closed
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net-torture.h"
#include "netprog.h"

extern char **environ;

static struct {
	const char *way;		/* NUMBER:LETTERS, as the generator made it */
	const char *to, *port, *proto;
	const char *script;		/* this program was executed as, or "" */
	char *self;			/* argv[0]: the path that was executed */
	const char *steps;		/* what is left to do */
	union address a;
	socklen_t len;
	/* Handed on through exec: */
	int fd, channel, remote_fd, remote_pid;
	int elsewhere;			/* in a mount namespace of its own: paths are private */
} me;

__attribute__((noreturn)) static void go_on(void);

/* ---- the truth ---- */

static uint64_t start_ticks(void)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC), field;
	char text[1024], *p;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		die("stat");
	close(fd);
	text[n] = '\0';
	p = strrchr(text, ')') + 2;
	for (field = 3; field < 22; field++)
		p = strchr(p, ' ') + 1;
	return strtoull(p, NULL, 10);
}

/* One line for one send, written at once: lines of others never come in between. */
static void tell_truth(void)
{
	char exe[512], line[1536], *deleted;
	struct stat st;
	ssize_t n;

	/* Not /proc/self: a leader that has exited has none any more. */
	n = readlink("/proc/thread-self/exe", exe, sizeof(exe) - 1);
	if (n < 0 || stat("/proc/thread-self/exe", &st) < 0)
		die("exe");
	exe[n] = '\0';
	deleted = strstr(exe, " (deleted)");
	if (deleted)
		*deleted = '\0';
	n = snprintf(line, sizeof(line),
		     "TRUTH %s %s:%s pid=%d start=%llu dev=%u:%u ino=%llu uid=%u exe=%s script=%s way=%s\n",
		     me.proto, me.to, me.port, getpid(), (unsigned long long)start_ticks(),
		     major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino, geteuid(),
		     me.elsewhere ? "?" : exe, me.script, me.way);
	if (n >= (ssize_t)sizeof(line) || write(TORTURE_TRUTH, line, n) != n)
		die("truth");
}

/* ---- exec ---- */

static int copy_self(int out)
{
	int in = open("/proc/thread-self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t off = 0;

	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		die("copy");
	while (off < st.st_size)
		if (sendfile(out, in, &off, st.st_size - off) <= 0)
			die("sendfile");
	close(in);
	return out;
}

static void copy_to(const char *path)
{
	unlink(path);	/* a parent may still run what is there */
	close(copy_self(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755)));
	if (chmod(path, 0755) < 0)
		die("%s", path);
}

/* @how: execve, posix_spawn ('v') or, with @path "", execveat of @file. */
static void run(const char *path, const char *steps, int file, int spawn)
{
	char state[96];
	char *argv[] = { (char *)path, "torture", (char *)me.way, (char *)me.to, (char *)me.port,
			 (char *)me.proto, state, (char *)steps, NULL };
	/* A script's interpreter gets two words of its own in front. */
	char *script[] = { (char *)path, argv[2], argv[3], argv[4], argv[5], state, argv[7], NULL };
	int status = 0, err;
	pid_t pid;

	snprintf(state, sizeof(state), "%d,%d,%d,%d,%d", me.fd, me.channel, me.remote_fd,
		 me.remote_pid, me.elsewhere);
	if (spawn) {
		err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
		errno = err;
		if (err)
			die("spawn %s", path);
		if (me.fd >= 0)
			close(me.fd);
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	if (file >= 0)
		syscall(SYS_execveat, file, "", argv, environ, AT_EMPTY_PATH);
	else
		execve(path, strstr(path, ".s") ? script : argv, environ);
	die("exec %s", path);
}

/* A file of this sender alone; the coordinator removes what is left. */
static const char *own_path(const char *suffix)
{
	static char path[128];

	snprintf(path, sizeof(path), TORTURE_DIR "/x.%d%s", atoi(me.way), suffix);
	return path;
}

static void run_copy(char then)
{
	char steps[256];
	const char *path = own_path("");

	copy_to(path);
	snprintf(steps, sizeof(steps), "%c%s", then, me.steps);
	run(path, steps, -1, 0);
}

/* The first step of a copy: what it was executed from goes. */
static void lose_file(char how)
{
	char moved[160];

	snprintf(moved, sizeof(moved), "%s.n", me.self);
	if (how == '+')
		copy_to(moved);
	if (how == '-' ? unlink(me.self) :
	    how == '+' ? rename(moved, me.self) : rename(me.self, moved))
		die("%s", me.self);
}

static void run_script(void)
{
	const char *path = own_path(".s");
	const char text[] = "#!" TORTURE_DIR "/p2 script\n";
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		die("%s", path);
	close(fd);
	run(path, me.steps, -1, 0);
}

static void run_elsewhere(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", TORTURE_DIR "/mnt", "tmpfs", 0, "mode=755") < 0)
		die("mount");
	copy_to(TORTURE_DIR "/mnt/prog");
	me.elsewhere = 1;
	run(TORTURE_DIR "/mnt/prog", me.steps, -1, 0);
}

static void run_program(char which)
{
	char path[] = TORTURE_DIR "/p0";

	path[sizeof(path) - 2] = which;
	run(path, me.steps, -1, 0);
}

/* ---- processes and threads ---- */

static void await(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Goes on in a child; the socket is the child's alone. */
static void fork_on(int stay)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		return;
	if (!stay)
		_exit(0);
	if (me.fd >= 0)
		close(me.fd);
	if (me.channel >= 0)
		close(me.channel);
	await(pid);
}

/* The parent keeps the socket until the child has taken it. */
static void give(int rights)
{
	int sv[2], fd = me.fd;
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(fd);
		close(sv[0]);
		me.fd = -1;
		me.channel = sv[1];
		me.remote_fd = rights ? -1 : fd;
		me.remote_pid = getppid();
		return;
	}
	close(sv[1]);
	if (rights)
		send_fd(sv[0], fd);
	else if (read(sv[0], &byte, 1) < 0)
		die("give");
	close(fd);
	await(pid);
}

static void take(void)
{
	int pidfd;

	if (me.remote_fd < 0) {
		me.fd = take_fd(me.channel);
	} else {
		pidfd = syscall(SYS_pidfd_open, me.remote_pid, 0);
		me.fd = syscall(SYS_pidfd_getfd, pidfd, me.remote_fd, 0);
		if (me.fd < 0 || write(me.channel, "x", 1) != 1)
			die("pidfd_getfd");
		close(pidfd);
		fcntl(me.fd, F_SETFD, 0);
	}
	close(me.channel);
	me.channel = -1;
}

static void *thread(void *unused)
{
	(void)unused;
	go_on();
}

static void thread_on(int stay)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, NULL))
		die("thread");
	if (!stay)
		syscall(SYS_exit, 0);
	for (;;)	/* whoever comes last ends the process */
		pause();
}

/* ---- packets ---- */

static void open_socket(void)
{
	int v6 = me.a.sa.sa_family == AF_INET6;

	if (!strcmp(me.proto, "tcp"))
		me.fd = socket_for(&me.a, SOCK_STREAM, 0);
	else if (!strcmp(me.proto, "udp"))
		me.fd = socket_for(&me.a, SOCK_DGRAM, 0);
	else
		me.fd = socket_for(&me.a, SOCK_DGRAM, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static enum uring uring_of(char step)
{
	return step == 'a' || step == 'i' ? URING_INLINE :
	       step == 'b' || step == 'j' ? URING_ASYNC :
	       step == 'x' ? URING_FIXED : URING_SQPOLL;
}

static void connect_by(char step)
{
	int err;

	if (!strcmp(me.proto, "tcp"))
		tell_truth();
	if (step == 'K')
		fcntl(me.fd, F_SETFL, O_NONBLOCK);
	if (step == 'k' || step == 'K')
		err = connect(me.fd, &me.a.sa, me.len) < 0 ? errno : 0;
	else
		err = uring_connect(me.fd, &me.a, me.len, uring_of(step));
	errno = err;
	if (err && (step != 'K' || err != EINPROGRESS))
		die("connect %s", me.way);
}

/*
 * Waits until what another program has sent is there: else TCP might keep the next bytes back, and
 * who has ended by then, with an answer unread, has never sent them.
 */
static void drain(void)
{
	int i, left = 1;

	for (i = 0; i < 20000 && left; i++) {
		if (ioctl(me.fd, SIOCOUTQ, &left) < 0)
			die("SIOCOUTQ");
		if (left)
			usleep(1000);
	}
	if (left)
		die("drain %s", me.way);
}

static void send_by(char step)
{
	/* Both echo requests and, for TCP and UDP, just bytes. */
	char data[16] = { me.a.sa.sa_family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
	int tcp = !strcmp(me.proto, "tcp"), err = 0;

	if (!tcp && step != 's' && connect(me.fd, &me.a.sa, me.len) < 0)
		die("connect");
	if (tcp)
		drain();
	tell_truth();
	if (step == 's')
		err = sendto(me.fd, data, sizeof(data), MSG_NOSIGNAL, tcp ? NULL : &me.a.sa,
			     tcp ? 0 : me.len) < 0 ? errno : 0;
	else if (step == 'w')
		err = write(me.fd, data, sizeof(data)) < 0 ? errno : 0;
	else
		err = uring_send(me.fd, data, sizeof(data), uring_of(step));
	errno = err;
	if (err)
		die("send %s", me.way);
}

/* ---- one letter after the other ---- */

static void step(char c)
{
	switch (c) {
	case '0' ... '4':
		run_program(c);
		break;
	case 'v':
		run(TORTURE_DIR "/p0", me.steps, -1, 1);
		break;
	case 'm':
		run("memfd", me.steps, copy_self(memfd_create("t", MFD_CLOEXEC)), 0);
		break;
	case 'S':
		run_script();
		break;
	case 'd':
		run_copy('-');
		break;
	case 'r':
		run_copy('+');
		break;
	case 'n':
		run_copy('=');
		break;
	case '-':
	case '+':
	case '=':
		lose_file(c);
		break;
	case 'M':
		run_elsewhere();
		break;
	case 'u':
		run(TORTURE_DIR "/su", me.steps, -1, 0);
		break;
	case 'U':
		/* Not by the C library: it is this thread's alone. */
		if (syscall(SYS_setresuid, TORTURE_UID, TORTURE_UID, TORTURE_UID) < 0)
			die("setresuid");
		break;
	case 'f':
	case 'F':
		fork_on(c == 'f');
		break;
	case 't':
	case 'T':
		thread_on(c == 't');
		break;
	case 'o':
		open_socket();
		break;
	case 'P':
	case 'G':
		give(c == 'P');
		break;
	case '<':
		take();
		break;
	case 'k':
	case 'K':
	case 'a' ... 'c':
		connect_by(c);
		break;
	default:
		send_by(c);
	}
}

static void go_on(void)
{
	int number = atoi(me.way);

	while (*me.steps)
		step(*me.steps++);
	if (write(TORTURE_DONE, &number, sizeof(number)) != sizeof(number))
		_exit(4);
	_exit(0);
}

static int torture(const char *script, char *self)
{
	me.self = self;
	me.script = script;
	me.way = arg("way");
	me.to = arg("address");
	me.port = arg("port");
	me.proto = arg("protocol");
	if (sscanf(arg("state"), "%d,%d,%d,%d,%d", &me.fd, &me.channel, &me.remote_fd,
		   &me.remote_pid, &me.elsewhere) != 5)
		die("state");
	me.steps = more_args() ? arg("steps") : "";
	me.len = address_of(&me.a, me.to, atoi(me.port));
	go_on();
}

int do_torture(void)
{
	return torture("", program_path());
}

/* As the interpreter of a script, whose path comes first. */
int do_script(void)
{
	const char *path = arg("script");

	return torture(path, program_path());
}
