/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions `snitch ask` has to put, and which one comes next. Pure: it
 * must never take a question from the screen while a person is choosing.
 */
#ifndef SNITCH_ASK_QUEUE_H
#define SNITCH_ASK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct ask_entry {
	json_t *q;		/* owned */
	uint64_t id;
	bool later;
};

struct ask_queue {
	struct ask_entry *entry;
	unsigned int n;
	unsigned int room;
};

/**
 * ask_queue_put - a question that is new or has changed
 * @q: a reference is taken
 *
 * Return: 1 (new), 0 (replaces what was known), -EINVAL (no id), -ENOMEM.
 */
int ask_queue_put(struct ask_queue *queue, json_t *q);

/** ask_queue_find - the question with this id, or NULL; stays the queue's */
json_t *ask_queue_find(const struct ask_queue *queue, uint64_t id);

/** ask_queue_drop - forget a question; false when it was not there */
bool ask_queue_drop(struct ask_queue *queue, uint64_t id);

/** ask_queue_later - put a question off, behind the others */
void ask_queue_later(struct ask_queue *queue, uint64_t id);

/** ask_queue_recall - questions put off count again; returns how many there were */
unsigned int ask_queue_recall(struct ask_queue *queue);

/**
 * ask_queue_next - the id of the question to show: held before missed ones, the oldest first
 *
 * Return: 0 when there is none that was not put off.
 */
uint64_t ask_queue_next(const struct ask_queue *queue);

/** ask_queue_count - questions not put off */
unsigned int ask_queue_count(const struct ask_queue *queue);

/** ask_queue_clear - forget all */
void ask_queue_clear(struct ask_queue *queue);

/** ask_is_held - do flows wait for this question? */
bool ask_is_held(const json_t *q);

#endif
