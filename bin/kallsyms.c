// SPDX-License-Identifier: GPL-2.0-only
/* A hash of wanted names, filled from one pass over /proc/kallsyms. */
#include "kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "interrupt.h"
#include "modules.h"

/*
 * Which modules there are is noted each so many lines of vmlinux. The last but one note is older
 * than any line of a module: what is read at once is much less.
 */
#define LINES_PER_NOTE 4096
#define PAUSE_MS       10

struct wanted {
	char *name;
	struct kallsyms_entry *entries;
	size_t nr_entries;
};

/* Open addressing; the number of slots is a power of two, at most half of them used. */
struct kallsyms {
	struct wanted *slots;
	size_t nr_slots;
	size_t nr_used;
};

static uint32_t hash(const char *name)
{
	uint32_t h = 0x811c9dc5; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x01000193;
	return h;
}

/* The slot of the name, or the free one where it belongs. */
static struct wanted *find_slot(const struct kallsyms *k, const char *name)
{
	size_t i = hash(name) & (k->nr_slots - 1);

	while (k->slots[i].name && strcmp(k->slots[i].name, name))
		i = (i + 1) & (k->nr_slots - 1);
	return &k->slots[i];
}

struct kallsyms *kallsyms_new(void)
{
	struct kallsyms *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->nr_slots = 1024;
	k->slots = calloc(k->nr_slots, sizeof(*k->slots));
	if (!k->slots) {
		free(k);
		return NULL;
	}
	return k;
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->nr_slots; i++) {
		free(k->slots[i].name);
		free(k->slots[i].entries);
	}
	free(k->slots);
	free(k);
}

static int grow(struct kallsyms *k)
{
	struct kallsyms larger = { .nr_slots = 2 * k->nr_slots, .nr_used = k->nr_used };

	larger.slots = calloc(larger.nr_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -1;
	for (size_t i = 0; i < k->nr_slots; i++) {
		if (k->slots[i].name)
			*find_slot(&larger, k->slots[i].name) = k->slots[i];
	}
	free(k->slots);
	*k = larger;
	return 0;
}

int kallsyms_want(struct kallsyms *k, const char *name)
{
	struct wanted *slot;

	if (2 * (k->nr_used + 1) > k->nr_slots && grow(k))
		return -1;
	slot = find_slot(k, name);
	if (slot->name)
		return 0;
	slot->name = strdup(name);
	if (!slot->name)
		return -1;
	k->nr_used++;
	return 0;
}

static int add_entry(struct wanted *slot, uint64_t address, char type, const char *module)
{
	struct kallsyms_entry *entries;

	/* Capacity is the next power of two. */
	if (!(slot->nr_entries & (slot->nr_entries - 1))) {
		size_t capacity = slot->nr_entries ? 2 * slot->nr_entries : 1;

		entries = reallocarray(slot->entries, capacity, sizeof(*entries));
		if (!entries)
			return -1;
		slot->entries = entries;
	}
	entries = &slot->entries[slot->nr_entries++];
	entries->address = address;
	entries->type = type;
	snprintf(entries->module, sizeof(entries->module), "%s", module);
	return 0;
}

/*
 * Names in brackets that are no module whose code could be meant: "bpf",
 * "__builtin__ftrace", "__builtin__kprobes", and the modules of updates.
 */
static bool is_foreign(const char *module)
{
	return !strcmp(module, "bpf") || !strncmp(module, "__builtin__", 11) ||
	       !strncmp(module, "ksplice_", 8) || !strcmp(module, "ksplice");
}

/* One line, "ADDRESS TYPE NAME[\t[MODULE]]". *shown: it had an address other than 0. */
static int read_line(struct kallsyms *k, char *line, bool *shown)
{
	char *end, *name, *module = (char *)"";
	uint64_t address = strtoull(line, &end, 16);
	struct wanted *slot;
	char type;

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return 0;
	if (address)
		*shown = true;
	type = end[1];
	name = end + 3;
	end = strpbrk(name, " \t\n");
	if (end) {
		char separator = *end;

		*end = '\0';
		if (separator != '\n') {
			module = end + 1 + strspn(end + 1, " \t[");
			module[strcspn(module, "]\n")] = '\0';
		}
	}
	slot = find_slot(k, name);
	if (!slot->name || is_foreign(module))
		return 0;
	return add_entry(slot, address, type, module);
}

/* Which modules there were before the first line of one was made. */
struct notes {
	char *older, *newer;
};

static void notes_free(struct notes *notes)
{
	free(notes->older);
	free(notes->newer);
}
#define _cleanup_notes_ __attribute__((cleanup(notes_free)))

static int take_note(struct notes *notes, struct failure *f)
{
	char *now = modules_present(f);

	if (!now)
		return -1;
	free(notes->older);
	notes->older = notes->newer;
	notes->newer = now;
	return 0;
}

/* Reads all of the file; notes may be NULL. */
static int read_file(struct kallsyms *k, const char *path, struct notes *notes, struct failure *f)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	bool shown = false, of_modules = false;
	size_t size = 0;

	if (!file)
		return fail(f, errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_FAILED,
			    "no_symbols", "%s: %s", path, strerror(errno));
	for (size_t nr = 0; getline(&line, &size, file) >= 0; nr++) {
		if (notes && !of_modules && !(nr % LINES_PER_NOTE) && take_note(notes, f))
			return -1;
		of_modules = of_modules || strchr(line, '[');
		if (read_line(k, line, &shown))
			return fail_memory(f);
	}
	if (ferror(file))
		return fail(f, STATUS_FAILED, "no_symbols", "%s: %s", path, strerror(errno));
	if (!shown) {
		fail(f, STATUS_DENIED, "no_symbols", "%s: the kernel shows no addresses", path);
		fail_hint(f,
			  "set sysctl kernel.kptr_restrict to 1 or 0 while an update is applied");
		return -1;
	}
	return 0;
}

int kallsyms_read(struct kallsyms *k, const char *path, struct failure *f)
{
	return read_file(k, path, NULL, f);
}

/* Forgets what was found, not what is wanted. */
static void forget(struct kallsyms *k)
{
	for (size_t i = 0; i < k->nr_slots; i++) {
		free(k->slots[i].entries);
		k->slots[i].entries = NULL;
		k->slots[i].nr_entries = 0;
	}
}

int kallsyms_read_modules(struct kallsyms *k, const char *path, unsigned int seconds,
			  struct failure *f)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;

	for (unsigned int turn = 0;; turn++) {
		_cleanup_notes_ struct notes notes = { 0 };
		_cleanup_free_ char *after = NULL;
		const char *before;

		if (read_file(k, path, &notes, f))
			return -1;
		after = modules_present(f);
		if (!after)
			return -1;
		before = notes.older ? notes.older : notes.newer;
		if (before && !strcmp(before, after))
			return 0;
		if (interrupt_check(f))
			return -1;
		if (now_ms() >= end) {
			fail(f, STATUS_BUSY, "modules_changing",
			     "modules were loaded or removed each time that %s was read", path);
			fail_hint(f, "try again when that is over, or with a larger --wait");
			return -1;
		}
		forget(k);
		interrupt_sleep_ms(PAUSE_MS, turn);
	}
}

const struct kallsyms_entry *kallsyms_find(const struct kallsyms *k, const char *name,
					   size_t *count)
{
	const struct wanted *slot = find_slot(k, name);

	*count = slot->name ? slot->nr_entries : 0;
	return *count ? slot->entries : NULL;
}
