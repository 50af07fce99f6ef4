// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A compact set of domain names. It must never take time or memory that a hostile list or host
 * chooses: labels, bytes and entries are bounded.
 */
#include "nameset.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../util/hostname.h"

#define ENTRY_HEAD	2		/* length, below */
#define POOL_MAX	(1U << 30)
#define WORD		sizeof(uint64_t)

#define KEY_END		264		/* a multiple of WORD; a host and a word fit before it */

#define ONES		0x0101010101010101ULL
#define HIGH		(0x80 * ONES)

#define DOTS		('.' * ONES)

/*
 * The last parts of a host, in lower case.
 * @text: the host ends at KEY_END, words are counted from there
 * @start: where parts begin, the last one first
 * @labels: of them, no more than were asked for: what is before them is as it was written
 */
struct key {
	char text[KEY_END + WORD];
	uint16_t start[NAMESET_LABELS + 1];
	unsigned int labels;
	unsigned int begin;
};

static inline uint64_t load(const char *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return le64toh(word);
}

static inline void store(char *to, uint64_t word)
{
	word = htole64(word);
	memcpy(to, &word, sizeof(word));
}

/* Eight bytes of ASCII at once: 'A' to 'Z' in lower case. */
static inline uint64_t lower(uint64_t word)
{
	uint64_t from_a = word + (0x80 - 'A') * ONES, past_z = word + (0x7f - 'Z') * ONES;

	return word | ((from_a & ~past_z & HIGH) >> 2);
}

/* The high bit of each byte of ASCII that is a dot. */
static inline uint64_t find_dots(uint64_t word)
{
	return ~((word ^ DOTS) + ~HIGH) & HIGH;
}

/*
 * Word by word from the end, until there are @most parts. Return: false for what is not ASCII.
 */
static bool find_parts(struct key *key, unsigned int most)
{
	unsigned int at = KEY_END, begin = key->begin, labels = 0;
	uint64_t seen = 0;

	while (at > begin) {
		uint64_t word, dots;

		at -= WORD;
		word = load(key->text + at);
		seen |= word;
		word = lower(word);
		store(key->text + at, word);
		/* the last byte first */
		for (dots = __builtin_bswap64(find_dots(word)); dots; dots &= dots - 1) {
			key->start[labels++] = at + WORD - __builtin_ctzll(dots) / 8;
			if (labels == most)
				goto out;
		}
	}
	key->start[labels++] = begin;
out:
	key->labels = labels;
	return !(seen & HIGH);
}

/* Return: false for what cannot be in a set. */
static bool make_key(struct key *key, const char *host, size_t len, unsigned int most)
{
	if (len && host[len - 1] == '.')
		len--;
	if (!len || len > SNITCH_HOSTNAME_MAX)
		return false;
	key->begin = KEY_END - len;
	/* the word that the host begins in may begin before it, and the last may be read beyond */
	store(key->text + key->begin - WORD, 0);
	store(key->text + KEY_END, 0);
	memcpy(key->text + key->begin, host, len);
	return find_parts(key, most);
}

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* A word beyond @label may be read, too. */
static inline uint64_t hash_label(uint64_t hash, const char *label, size_t len)
{
	hash = (hash << 7 | hash >> 57) ^ len;
	/* two at a time: the longest names are what the bound of a lookup is about */
	for (; len > 2 * WORD; label += 2 * WORD, len -= 2 * WORD)
		hash = mix(mix(hash, load(label)), load(label + WORD));
	if (len > WORD) {
		hash = mix(hash, load(label));
		label += WORD;
		len -= WORD;
	}
	return mix(hash, len ? load(label) & ~0ULL >> (64 - 8 * len) : 0);
}

static inline uint32_t slot_of(const struct nameset *set, uint64_t hash)
{
	return (uint32_t)((hash * 0xff51afd7ed558ccdULL) >> 32) & (set->size - 1);
}

static inline size_t entry_len(const struct nameset *set, uint32_t place)
{
	return (uint8_t)set->pool[place];
}

/* The slot of a name, or the free one where it belongs. */
static inline uint32_t *find_slot(const struct nameset *set, uint64_t hash, const char *name,
				  size_t len)
{
	uint32_t mask = set->size - 1, i, *slot;

	for (i = slot_of(set, hash);; i = (i + 1) & mask) {
		slot = &set->slots[i];
		if (!*slot || (entry_len(set, *slot) == len &&
			       !memcmp(set->pool + *slot + ENTRY_HEAD, name, len)))
			return slot;
	}
}

/* Hash of a whole entry. */
static uint64_t hash_entry(const struct nameset *set, const char *name, size_t len)
{
	uint64_t hash = set->seed;
	size_t end = len, start;
	const char *dot;

	for (;; end = start - 1) {
		dot = memrchr(name, '.', end);
		start = dot ? dot - name + 1 : 0;
		hash = hash_label(hash, name + start, end - start);
		if (!start)
			return hash;
	}
}

static int grow_slots(struct nameset *set)
{
	uint32_t *old = set->slots, old_size = set->size, i;
	uint64_t hash;

	set->size = old_size ? 2 * old_size : 64;
	set->slots = calloc(set->size, sizeof(*set->slots));
	if (!set->slots) {
		set->slots = old;
		set->size = old_size;
		return -ENOMEM;
	}
	for (i = 0; i < old_size; i++) {
		const char *name = set->pool + old[i] + ENTRY_HEAD;

		if (!old[i])
			continue;
		hash = hash_entry(set, name, entry_len(set, old[i]));
		*find_slot(set, hash, name, entry_len(set, old[i])) = old[i];
	}
	free(old);
	return 0;
}

static int grow_pool(struct nameset *set)
{
	uint32_t room = set->room ? set->room + set->room / 2 : 4096;
	char *more;

	if (room > POOL_MAX)
		return -ENOSPC;
	more = realloc(set->pool, room);
	if (!more)
		return -ENOMEM;
	if (!set->used) {
		more[0] = '\0';
		set->used = 1;	/* 0 is no place */
	}
	set->pool = more;
	set->room = room;
	return 0;
}

static int make_room(struct nameset *set, size_t bytes)
{
	int r = 0;

	if (!set->seed && getrandom(&set->seed, sizeof(set->seed), 0) != sizeof(set->seed))
		return -EIO;
	set->seed |= 1;
	/* at most three eighths full: memory is there, and long walks from slot to slot are rare */
	if (8ULL * (set->n + 1) > 3ULL * set->size)
		r = grow_slots(set);
	while (!r && set->room - set->used < bytes)
		r = grow_pool(set);
	return r;
}

int nameset_add(struct nameset *set, const char *name, size_t len, bool below)
{
	struct key key;
	uint32_t *slot;
	char *entry;
	int r;

	if (!make_key(&key, name, len, NAMESET_LABELS + 1))
		return -EINVAL;
	if (key.labels > NAMESET_LABELS)
		return -E2BIG;
	len = KEY_END - key.begin;
	name = key.text + key.begin;
	r = make_room(set, ENTRY_HEAD + len + 1 + WORD);
	if (r)
		return r;
	slot = find_slot(set, hash_entry(set, name, len), name, len);
	if (*slot) {
		set->pool[*slot + 1] |= below;
		return 0;
	}
	*slot = set->used;
	entry = set->pool + set->used;
	entry[0] = len;
	entry[1] = below;
	memcpy(entry + ENTRY_HEAD, name, len);
	entry[ENTRY_HEAD + len] = '\0';
	set->used += ENTRY_HEAD + len + 1;
	set->depths |= 1U << key.labels;
	set->n++;
	return 1;
}

void nameset_trim(struct nameset *set)
{
	char *less = set->pool ? realloc(set->pool, set->used + WORD) : NULL;

	if (!less)
		return;
	set->pool = less;
	set->room = set->used + WORD;
}

const char *nameset_find(const struct nameset *set, const char *host)
{
	uint64_t hash = set->seed;
	unsigned int i, end = KEY_END;
	struct key key;

	/* no more parts than the deepest entry has */
	if (!set->n || !make_key(&key, host, strnlen(host, SNITCH_HOSTNAME_MAX + 2),
				 31 - __builtin_clz(set->depths)))
		return NULL;
	for (i = 0; i < key.labels; i++) {
		unsigned int start = key.start[i];
		uint32_t place;

		hash = hash_label(hash, key.text + start, end - start);
		end = start - 1;
		if (!(set->depths & 1U << (i + 1)))
			continue;
		place = *find_slot(set, hash, key.text + start, KEY_END - start);
		if (place && (start == key.begin || set->pool[place + 1]))
			return set->pool + place + ENTRY_HEAD;
	}
	return NULL;
}

void nameset_clear(struct nameset *set)
{
	free(set->pool);
	free(set->slots);
	memset(set, 0, sizeof(*set));
}

size_t nameset_bytes(const struct nameset *set)
{
	return set->room + (size_t)set->size * sizeof(*set->slots);
}
