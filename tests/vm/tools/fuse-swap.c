// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuse-swap FOLDER UID FIRST SECOND: a file system with one file, "prog", that is FIRST, and after
 * SIGUSR1 SECOND, after another FIRST again; inode, size and times stay. UID's, as fusermount(1)
 * mounts it: nobody else gets in. With "all" after them anybody does, and the file is root's. It ends
 * when it is unmounted. Speaks the kernel's protocol itself. It must never change anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROG	2		/* its inode */
#define NAME	"prog"
#define WRITE	(64 << 10)
#define TIME	1000000000	/* of everything, always */

static struct content {
	char *bytes;
	size_t len;
} contents[2];

static size_t size;	/* of the longer one */
static uid_t owner;
static volatile sig_atomic_t which;

static void swap(int signal)
{
	(void)signal;
	which = !which;
}

static int take(const char *path, struct content *c)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return -1;
	c->bytes = malloc(st.st_size);
	if (!c->bytes || read(fd, c->bytes, st.st_size) != st.st_size)
		return -1;
	c->len = st.st_size;
	if (c->len > size)
		size = c->len;
	close(fd);
	return 0;
}

static void describe(uint64_t ino, struct fuse_attr *a)
{
	*a = (struct fuse_attr){
		.ino = ino, .size = ino == PROG ? size : 0, .nlink = 1, .uid = owner, .gid = owner,
		.mode = ino == PROG ? S_IFREG | 0755 : S_IFDIR | 0755,
		.atime = TIME, .mtime = TIME, .ctime = TIME, .blksize = 4096,
	};
}

static void reply(int dev, uint64_t id, int error, const void *data, size_t len)
{
	static char buf[sizeof(struct fuse_out_header) + (1 << 20)];
	struct fuse_out_header out = { .error = error, .unique = id };

	out.len = sizeof(out) + len;
	memcpy(buf, &out, sizeof(out));
	memcpy(buf + sizeof(out), data, len);
	if (write(dev, buf, out.len) < 0 && errno != ENOENT)
		perror("fuse-swap: write");
}

static void reply_entry(int dev, uint64_t id, const char *name)
{
	struct fuse_entry_out e = { .nodeid = PROG };

	if (strcmp(name, NAME)) {
		reply(dev, id, -ENOENT, "", 0);
		return;
	}
	describe(PROG, &e.attr);
	reply(dev, id, 0, &e, sizeof(e));
}

static void reply_read(int dev, uint64_t id, const struct fuse_read_in *in)
{
	static char page[1 << 20];
	const struct content *c = &contents[which];
	size_t n = in->size < sizeof(page) ? in->size : sizeof(page), have = 0;

	if (in->offset >= size)
		n = 0;
	else if (n > size - in->offset)
		n = size - in->offset;
	memset(page, 0, n);		/* what the shorter one lacks */
	if (in->offset < c->len)
		have = n < c->len - in->offset ? n : c->len - in->offset;
	memcpy(page, c->bytes + in->offset, have);
	reply(dev, id, 0, page, n);
}

static void serve(int dev, const struct fuse_in_header *in, const void *arg)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 1 << 17,
		.max_write = WRITE,
	};
	struct fuse_attr_out attr = { .attr_valid = 0 };
	struct fuse_open_out opened = { .fh = 0 };	/* each open reads it anew */

	switch (in->opcode) {
	case FUSE_INIT:
		reply(dev, in->unique, 0, &init, sizeof(init));
		return;
	case FUSE_LOOKUP:
		reply_entry(dev, in->unique, arg);
		return;
	case FUSE_GETATTR:
		describe(in->nodeid, &attr.attr);
		reply(dev, in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(dev, in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_READ:
		reply_read(dev, in->unique, arg);
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(dev, in->unique, 0, "", 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		reply(dev, in->unique, -ENOSYS, "", 0);
	}
}

static int mount_it(int dev, const char *folder, uid_t uid, bool all)
{
	char options[128];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u%s", dev,
		 uid, uid, all ? ",allow_other,default_permissions" : "");
	return mount("fuse-swap", folder, "fuse", MS_NOSUID | MS_NODEV, options);
}

int main(int argc, char **argv)
{
	static char buf[WRITE + 4096 + 1];
	struct sigaction action = { .sa_handler = swap, .sa_flags = SA_RESTART };
	bool all = argc > 5 && !strcmp(argv[5], "all");
	int dev;

	if (argc < 5 || take(argv[3], &contents[0]) || take(argv[4], &contents[1])) {
		fprintf(stderr, "usage: fuse-swap FOLDER UID FIRST SECOND [all]\n");
		return 2;
	}
	owner = all ? 0 : strtoul(argv[2], NULL, 10);
	sigaction(SIGUSR1, &action, NULL);
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0 || mount_it(dev, argv[1], strtoul(argv[2], NULL, 10), all)) {
		perror("fuse-swap");
		return 1;
	}
	for (;;) {
		ssize_t n = read(dev, buf, sizeof(buf) - 1);

		if (n < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			return errno != ENODEV;		/* unmounted */
		if (n >= (ssize_t)sizeof(struct fuse_in_header)) {
			buf[n] = '\0';
			serve(dev, (const void *)buf, buf + sizeof(struct fuse_in_header));
		}
	}
}
