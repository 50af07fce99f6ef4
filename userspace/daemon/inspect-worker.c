// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One file: its identity, its digests, and what the package manager says. It must never give the
 * digest of contents that another identity had.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../package/package.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/nettle.h"
#include "../util/timespan.h"
#include "inspect.h"

#define FILE_MAX	(2ULL << 30)	/* bytes that are read */
#define READ_SECONDS	10		/* then the worker is ended by SIGALRM */
#define TICK_NS		(50 * SNITCH_NSEC_PER_MSEC)
#define SETTLE_TRIES	8
#define BUSY_TRIES	24
#define BUSY_NS		(500 * SNITCH_NSEC_PER_MSEC)

static void wait_ns(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / SNITCH_NSEC_PER_SEC, .tv_nsec = ns % SNITCH_NSEC_PER_SEC,
	};

	nanosleep(&ts, NULL);
}

/*
 * Times of files advance in ticks: what is written in the tick of the last change leaves no mark.
 * So a file that has just changed is read a little later.
 */
static void let_tick_pass(const struct stat *st)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec - st->st_ctim.tv_sec > 1 || st->st_ctim.tv_sec - now.tv_sec > 1)
		return;
	age = (now.tv_sec - st->st_ctim.tv_sec) * (int64_t)SNITCH_NSEC_PER_SEC + now.tv_nsec -
	      st->st_ctim.tv_nsec;
	if (age < (int64_t)TICK_NS)
		wait_ns(TICK_NS - (age < 0 ? 0 : age));
}

static int hash_file(int fd, struct sha256_ctx *sha256, struct md5_ctx *md5)
{
	static unsigned char buf[1 << 16];
	uint64_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		sha256_update(sha256, n, buf);
		md5_update(md5, n, buf);
		at += n;
		if (at > FILE_MAX)
			return -EFBIG;
	}
	return 0;
}

static int digest(int fd, uint8_t out[KNOWN_SHA256], char hex[PACKAGE_MD5])
{
	uint8_t sum[MD5_DIGEST_SIZE];
	struct sha256_ctx sha256;
	struct md5_ctx md5;
	unsigned int i;
	int r;

	sha256_init(&sha256);
	md5_init(&md5);
	r = hash_file(fd, &sha256, &md5);
	snitch_digest(sha256_digest, &sha256, KNOWN_SHA256, out);
	snitch_digest(md5_digest, &md5, sizeof(sum), sum);
	for (i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return r;
}

static int read_file(int fd, struct inspect_finding *finding, char hex[PACKAGE_MD5])
{
	struct known_file after;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	let_tick_pass(&st);
	if (fstat(fd, &st))
		return -errno;
	known_file_of_stat(&finding->file, &st);
	r = digest(fd, finding->sha256, hex);
	if (r)
		return r;
	if (fstat(fd, &st))
		return -errno;
	known_file_of_stat(&after, &st);
	return known_file_equal(&finding->file, &after) ? 0 : -ESTALE;
}

/* A link that comes or goes, as in an upgrade, changes the ctime, too. */
static int read_settled(int fd, struct inspect_finding *finding, char hex[PACKAGE_MD5])
{
	unsigned int tries;
	int r = -ESTALE;

	for (tries = 0; r == -ESTALE && tries < SETTLE_TRIES; tries++)
		r = read_file(fd, finding, hex);
	return r;
}

static bool is_at(const char *path, const struct known_file *file)
{
	struct known_file there;
	struct stat st;

	if (stat(path, &st))
		return false;
	known_file_of_stat(&there, &st);
	return known_file_equal(&there, file);
}

/* Asks until the package manager has finished what it is at, but not for ever. */
static void ask_package(const char *root, const char *path, const char *hex,
			struct inspect_finding *finding)
{
	_cleanup_free_ char *full = snitch_format("%s%s", root, path);
	_cleanup_free_ char *real = full ? realpath(full, NULL) : NULL;
	_cleanup_free_ char *top = realpath(root[0] ? root : "/", NULL);
	_cleanup_close_ int dir = -1;
	struct package_question q = { .md5 = hex };
	struct package_word word;
	unsigned int tries;
	struct stat st;
	size_t skip;

	if (!real || !top)
		return;
	skip = top[1] ? strlen(top) : 0;
	dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) || strncmp(real, top, skip))
		return;
	q.root = dir;
	q.owner = root[0] ? st.st_uid : 0;
	q.path = real + skip;
	for (tries = 0; tries < BUSY_TRIES; tries++) {
		if (!package_trusted(&q) || !is_at(real, &finding->file))
			return;
		if (package_vouches(&q, &word)) {
			finding->vouched = is_at(real, &finding->file);
			snprintf(finding->package, sizeof(finding->package), "%s", word.name);
			snprintf(finding->version, sizeof(finding->version), "%s", word.version);
			return;
		}
		if (!word.busy)
			return;
		wait_ns(BUSY_NS);
	}
}

void inspect_file(const char *root, const char *path, int fd, struct inspect_finding *finding)
{
	_cleanup_free_ char *full = snitch_format("%s%s", root, path);
	_cleanup_close_ int own = -1;
	char hex[PACKAGE_MD5];

	if (!full) {
		finding->error = -ENOMEM;
		return;
	}
	alarm(READ_SECONDS);
	if (fd < 0) {
		own = open(full, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		fd = own;
	}
	finding->error = fd < 0 ? -errno : read_settled(fd, finding, hex);
	if (!finding->error) {
		finding->at_path = is_at(full, &finding->file);
		alarm(0);
		if (finding->at_path && hex[0])
			ask_package(root, path, hex, finding);
	}
	alarm(0);
}
