// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy inside an executable: an ELF note named "IAP" of type 1 in a section of notes. It
 * must never read more than a bounded part of the file, nor believe a number in it.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "iap.h"

#define SECTIONS_MAX	1024
#define NOTES_MAX	64		/* in one section */
#define SECTION_MAX	(IAP_BYTES_MAX + 4096)

/* A file whose numbers are @big-endian or not, of 64 bits or 32 (@wide). */
struct elf {
	int fd;
	bool big;
	bool wide;
	uint64_t table;			/* of section headers */
	unsigned int entry;		/* bytes of one */
	unsigned int n;
};

struct section {
	uint32_t type;
	uint64_t offset;
	uint64_t size;
};

static int read_at(const struct elf *e, void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > INT64_MAX - len)
		return -EINVAL;
	n = pread(e->fd, buf, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EINVAL;
}

static uint16_t u16(const struct elf *e, uint16_t v)
{
	return e->big ? be16toh(v) : le16toh(v);
}

static uint32_t u32(const struct elf *e, uint32_t v)
{
	return e->big ? be32toh(v) : le32toh(v);
}

static uint64_t u64(const struct elf *e, uint64_t v)
{
	return e->big ? be64toh(v) : le64toh(v);
}

static int read_header(struct elf *e)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr small;
		Elf64_Ehdr large;
	} h = { .ident = { 0 } };
	int r = read_at(e, &h.small, sizeof(h.small), 0);

	if (r || memcmp(h.ident, ELFMAG, SELFMAG))
		return r ? r : -EINVAL;
	e->big = h.ident[EI_DATA] == ELFDATA2MSB;
	e->wide = h.ident[EI_CLASS] == ELFCLASS64;
	if (!e->wide) {
		e->table = u32(e, h.small.e_shoff);
		e->entry = u16(e, h.small.e_shentsize);
		e->n = u16(e, h.small.e_shnum);
		return e->entry == sizeof(Elf32_Shdr) || !e->n ? 0 : -EINVAL;
	}
	r = read_at(e, &h.large, sizeof(h.large), 0);
	if (r)
		return r;
	e->table = u64(e, h.large.e_shoff);
	e->entry = u16(e, h.large.e_shentsize);
	e->n = u16(e, h.large.e_shnum);
	return e->entry == sizeof(Elf64_Shdr) || !e->n ? 0 : -EINVAL;
}

static int read_section(const struct elf *e, unsigned int i, struct section *s)
{
	uint64_t at = e->table + (uint64_t)i * e->entry;
	Elf32_Shdr small;
	Elf64_Shdr large;
	int r;

	if (at < e->table)
		return -EINVAL;
	r = e->wide ? read_at(e, &large, sizeof(large), at) : read_at(e, &small, sizeof(small), at);
	if (r)
		return r;
	if (e->wide)
		*s = (struct section){ u32(e, large.sh_type), u64(e, large.sh_offset),
				       u64(e, large.sh_size) };
	else
		*s = (struct section){ u32(e, small.sh_type), u32(e, small.sh_offset),
				       u32(e, small.sh_size) };
	return 0;
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Looks through the notes of one section. Return: as iap_elf_note(). */
static int find_note(const struct elf *e, const char *notes, size_t size, char **out, size_t *len)
{
	unsigned int i;

	for (i = 0; i < NOTES_MAX && size >= sizeof(Elf32_Nhdr); i++) {
		size_t name, desc, whole;
		Elf32_Nhdr h;

		memcpy(&h, notes, sizeof(h));
		name = u32(e, h.n_namesz);
		desc = u32(e, h.n_descsz);
		if (name > size || desc > size)
			return -EINVAL;
		whole = sizeof(h) + padded(name) + padded(desc);
		/* the last one's padding may be missing */
		if (sizeof(h) + padded(name) + desc > size)
			return -EINVAL;
		if (u32(e, h.n_type) == IAP_NOTE_TYPE && name == sizeof(IAP_NOTE_NAME) &&
		    !memcmp(notes + sizeof(h), IAP_NOTE_NAME, name)) {
			*out = malloc(desc + 1);
			if (!*out)
				return -ENOMEM;
			memcpy(*out, notes + sizeof(h) + padded(name), desc);
			(*out)[desc] = '\0';
			*len = desc;
			return 0;
		}
		if (whole > size)
			break;
		notes += whole;
		size -= whole;
	}
	return -ENOENT;
}

int iap_elf_note(int fd, char **out, size_t *len)
{
	struct elf e = { .fd = fd };
	int r = read_header(&e);
	struct section s;
	unsigned int i;

	if (r)
		return r;
	for (i = 0; i < e.n && i < SECTIONS_MAX; i++) {
		_cleanup_free_ char *notes = NULL;

		r = read_section(&e, i, &s);
		if (r)
			return r;
		if (s.type != SHT_NOTE || !s.size || s.size > SECTION_MAX)
			continue;
		notes = malloc(s.size);
		if (!notes)
			return -ENOMEM;
		r = read_at(&e, notes, s.size, s.offset);
		if (r)
			return r;
		/* a note that is broken is not ours; what follows may be */
		r = find_note(&e, notes, s.size, out, len);
		if (!r || r == -ENOMEM)
			return r;
	}
	return -ENOENT;
}
