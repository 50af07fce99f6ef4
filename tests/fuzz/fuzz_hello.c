// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws random and spoiled first messages of TLS and QUIC clients at their readers, those of
 * corpus/hello among them (a folder there is a reader). Whatever comes, a name that is told is a
 * host name, and one that is whole in the message is found. $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "rounds.h"
#include "tests/unit/hello-build.h"

#define FILES_MAX	64
#define FILE_SIZE_MAX	4096

struct seed_file {
	uint8_t b[FILE_SIZE_MAX];
	size_t n;
};

static struct seed_file files[2][FILES_MAX];
static unsigned int n_files[2];
static const char *const folders[2] = { "tls", "quic" };
static struct hello_build message, frames, wire;

static void spoil(uint8_t *b, size_t n)
{
	unsigned int k;

	for (k = n ? roll(5) : 0; k; k--)
		b[roll(n)] = roll(3) ? roll(256) : roll(4);
}

/* Mostly a ClientHello, with odd extensions and more than one name at times. */
static const char *make_message(bool *good)
{
	static const char *const names[] = { "a.example", "www.b.example", "x", "c.d.e.f.g.h" };
	const char *name = names[roll(sizeof(names) / sizeof(names[0]))];
	size_t extensions = hello_start(&message);
	unsigned int k;

	for (k = roll(4); k; k--)
		hello_extension(&message, 1 + roll(100), roll(60));
	hello_server_name(&message, name);
	*good = roll(8);
	if (!*good)
		hello_server_name(&message, "again.example");
	if (!roll(4))
		hello_extension(&message, 0xfe0d, roll(200));
	hello_finish(&message, extensions);
	if (!roll(3)) {
		*good = false;
		spoil(message.b, message.n);
	}
	return name;
}

static void check(int r, const struct tls_hello *hello, unsigned long round)
{
	char again[DNS_NAME_SIZE];

	require(!r || r == -EAGAIN || r == -EBADMSG || r == -EMSGSIZE, "an odd result", round);
	if (r || !hello->name[0])
		return;
	require(dns_name_clean(hello->name, again) && !strcmp(hello->name, again),
		"a name that is no host name", round);
}

static int read_tls(const uint8_t *b, size_t n, struct tls_hello *hello)
{
	/* its own piece of memory, so that a byte too far is noticed */
	uint8_t *copy = malloc(n ? n : 1);
	int r;

	if (!copy)
		exit(1);
	memcpy(copy, b, n);
	r = tls_read(copy, n, hello);
	free(copy);
	return r;
}

static int read_quic(struct quic_reader *q, const uint8_t *b, size_t n, struct tls_hello *hello)
{
	uint8_t *copy = malloc(n ? n : 1);
	int r;

	if (!copy)
		exit(1);
	memcpy(copy, b, n);
	r = quic_read(q, copy, n, hello);
	free(copy);
	return r;
}

static bool tls_round(unsigned long round)
{
	struct tls_hello hello;
	bool good;
	const char *name = make_message(&good);
	int r;

	hello_records(&wire, &message, 1 + roll(roll(2) ? 8 : 2000));
	if (!roll(3)) {
		good = false;
		spoil(wire.b, wire.n);
	}
	if (!roll(4)) {
		good = false;
		wire.n = roll(wire.n + 1);
	}
	r = read_tls(wire.b, wire.n, &hello);
	check(r, &hello, round);
	if (good)
		require(!r && !strcmp(hello.name, name), "a name is not found", round);
	return !r;
}

/* The message in pieces, in whatever order, over some packets. */
static bool quic_round(unsigned long round)
{
	static struct quic_reader q;
	uint8_t cid[QUIC_CID_MAX] = { roll(256), roll(256) };
	struct tls_hello hello;
	bool good;
	const char *name = make_message(&good);
	size_t cut = roll(message.n + 1), len = roll(QUIC_CID_MAX + 1);
	uint32_t version = roll(2) ? QUIC_VERSION_1 : QUIC_VERSION_2;
	bool first = roll(2);
	int r;

	memset(&q, 0, sizeof(q));
	frames.n = 0;
	quic_crypto(&frames, first ? 0 : cut, message.b + (first ? 0 : cut),
		    first ? cut : message.n - cut);
	wire.n = 0;
	quic_seal(&wire, version, cid, len, roll(100), &frames, frames.n + 20 + roll(100));
	if (roll(2)) {
		r = read_quic(&q, wire.b, wire.n, &hello);
		check(r, &hello, round);
		wire.n = 0;
	}
	frames.n = 0;
	quic_crypto(&frames, first ? cut : 0, message.b + (first ? cut : 0),
		    first ? message.n - cut : cut);
	if (!roll(4)) {
		good = false;
		spoil(frames.b, frames.n);
	}
	quic_seal(&wire, version, cid, len, 100, &frames, frames.n + 20 + roll(100));
	if (!roll(4)) {
		good = false;
		spoil(wire.b, wire.n);
	}
	if (!roll(8)) {
		good = false;
		wire.n = roll(wire.n + 1);
	}
	r = read_quic(&q, wire.b, wire.n, &hello);
	check(r, &hello, round);
	if (good)
		require(!r && !strcmp(hello.name, name), "a name is not found", round);
	return !r;
}

static void file_round(unsigned long round)
{
	static struct quic_reader q;
	unsigned int kind = roll(2);
	const struct seed_file *f;
	struct tls_hello hello;
	uint8_t b[FILE_SIZE_MAX];
	size_t n;

	if (!n_files[kind])
		return;
	f = &files[kind][roll(n_files[kind])];
	n = roll(4) ? f->n : roll(f->n + 1);
	memcpy(b, f->b, n);
	if (round >= 64)
		spoil(b, n);
	if (roll(2))
		memset(&q, 0, sizeof(q));
	check(kind ? read_quic(&q, b, n, &hello) : read_tls(b, n, &hello), &hello, round);
}

static void load(unsigned int kind)
{
	const char *top = getenv("SNITCH_TOP");
	char path[512];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/hello/%s", top ? top : ".",
		 folders[kind]);
	dir = opendir(path);
	while (dir && (e = readdir(dir)) && n_files[kind] < FILES_MAX) {
		struct seed_file *f = &files[kind][n_files[kind]];
		char name[1024];
		FILE *in;

		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		in = e->d_name[0] == '.' ? NULL : fopen(name, "re");
		if (!in)
			continue;
		f->n = fread(f->b, 1, sizeof(f->b), in);
		n_files[kind]++;
		fclose(in);
	}
	if (dir)
		closedir(dir);
	require(n_files[kind], "no corpus", 0);
}

int main(void)
{
	unsigned long left = rounds_begin(20000), round, found = 0;

	load(0);
	load(1);
	for (round = 0; round < left; round++) {
		switch (roll(4)) {
		case 0:
			found += quic_round(round);
			break;
		case 1:
			file_round(round);
			break;
		default:
			found += tls_round(round);
		}
	}
	require(left < 1000 || found > left / 20, "almost nothing was read", round);
	rounds_end(round);
	printf("fuzz_hello: %lu rounds, %lu read\n", left, found);
	return 0;
}
