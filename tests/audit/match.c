// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: audit-match JOB IMAGES [thorough]
 *
 * Runs in the machine: has the image of each unit matched by ksplice.ko, nothing is changed. JOB
 * has ksplice.ko, frame.ko (see frame.h) and list: lines "TARGET UNIT"; IMAGES/UNIT is the image of
 * a unit. Prints a line for each unit, with tabs between the words:
 *
 *	unit UNIT RESULT FUNCTIONS MATCHED FREED BYTES SITES MICROSECONDS KINDS-OF-SITES CAUSE
 *		REASON
 *
 * RESULT is matched, undecided (it is there, but some code fits at several places) or failed.
 * MICROSECONDS is the time that the kernel took to load the module, of which matching is the most.
 *
 * "thorough" matches each unit once more with one byte of it changed, which must be refused, and
 * prints before a unit's line one for each of its functions that is not matched:
 *
 *	function UNIT NAME SECTION WHY
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "bin/attempt.h"
#include "bin/candidates.h"
#include "bin/cleanup.h"
#include "bin/module.h"
#include "bin/remove.h"
#include "bin/sysfs.h"
#include "expected.h"
#include "frame.h"
#include "kmodsrc/ksplice_format.h"

#define ID "audit" /* of every update that the audit makes */

struct item {
	char target[KSPLICE_TARGET_LEN];
	char *unit;
};

struct audit {
	const char *job;
	const char *images;
	bool thorough;
	struct item *items;
	size_t nr_items;
	struct kallsyms *symbols;
	struct frame frame;
	struct freed freed; /* what the module of the last unit that was one's has freed */
	char module[KSPLICE_TARGET_LEN]; /* its name */
};

/* One unit on its way: the image in memory, and what came of matching it. */
struct trial {
	const struct item *item;
	struct ksplice_image *image;
	size_t size;
	struct expected expected;
	unsigned long functions, bytes, sites; /* that the kernel says that it has matched */
	unsigned long microseconds;
};

/* ---- input --------------------------------------------------------------- */

static int read_image(const struct audit *a, struct trial *t, struct failure *f)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", a->images, t->item->unit) < 0)
		return fail_memory(f);
	t->image = read_whole_file(path, &t->size, f);
	return t->image ? 0 : -1;
}

/* The names that an image needs; it is read again when it is its turn: all are too many. */
static int want_names(struct audit *a, const struct item *item, struct failure *f)
{
	struct trial t = { .item = item };
	int ret = read_image(a, &t, f);

	ret = ret ?: candidates_want(a->symbols, t.image, t.size, f);
	free(t.image);
	return ret;
}

static int read_list(struct audit *a, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	struct item item = { 0 };

	if (asprintf(&path, "%s/list", a->job) < 0)
		return fail_memory(f);
	file = fopen(path, "re");
	if (!file)
		return fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
	while (fscanf(file, "%63s %ms", item.target, &item.unit) == 2) {
		struct item *items = realloc(a->items, (a->nr_items + 1) * sizeof(*items));

		if (!items) {
			free(item.unit);
			return fail_memory(f);
		}
		a->items = items;
		items[a->nr_items] = item;
		if (want_names(a, &items[a->nr_items++], f))
			return -1;
	}
	return 0;
}

/* ksplice.ko, and the addresses of the kernel that it needs itself. */
static int load_core(struct audit *a, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *blob = NULL, *core = NULL;
	size_t size;
	int err;

	if (asprintf(&path, "%s/ksplice.ko", a->job) < 0)
		return fail_memory(f);
	core = read_whole_file(path, &size, f);
	if (!core)
		return -1;
	err = module_load(core, size);
	if (err)
		return module_load_failure("ksplice", err, f);
	if (candidates_make_core(a->symbols, &blob, &size, f))
		return -1;
	return sysfs_write_symbols(blob, size, f);
}

/* ---- matching ------------------------------------------------------------ */

static unsigned long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000UL + now.tv_nsec / 1000;
}

/* What a module has freed, as ksplice-apply finds it out; NULL in *ret: vmlinux. */
static int read_freed(struct audit *a, const char *target, const struct freed **ret)
{
	struct utsname uts;

	*ret = NULL;
	if (!strcmp(target, "vmlinux"))
		return 0;
	*ret = &a->freed;
	if (!strcmp(target, a->module))
		return 0;
	freed_free(&a->freed);
	strcpy(a->module, target);
	return uname(&uts) ? -1 : freed_read(target, uts.release, &a->freed);
}

/* Loads the module with the image as it is now. 0: it matched; -1: not, for the reason in *f. */
static int match(struct audit *a, struct trial *t, struct failure *f)
{
	_cleanup_free_ void *blob = NULL, *module = NULL;
	const struct freed *freed;
	unsigned long start;
	size_t size;
	int err;

	if (read_freed(a, t->item->target, &freed))
		return fail_memory(f);
	if (candidates_make(a->symbols, freed, t->image, t->size, ID, t->item->target, &blob,
			    &size, f) ||
	    sysfs_write_symbols(blob, size, f))
		return -1;
	module = frame_fill(&a->frame, t->item->target, t->image, t->size, &size, f);
	if (!module)
		return -1;
	start = now_us();
	err = module_load(module, size);
	t->microseconds = now_us() - start;
	if (!err)
		return 0;
	if (attempt_failure(ID, f))
		return -1;
	return module_load_failure(t->item->unit, err, f);
}

static unsigned long read_number(const struct item *item, const char *what)
{
	_cleanup_free_ char *attribute = NULL;
	char value[SYSFS_VALUE_MAX];

	if (asprintf(&attribute, "targets/%s/matched/%s", item->target, what) < 0)
		return 0;
	return sysfs_read(ID, attribute, value) ? strtoul(value, NULL, 10) : 0;
}

/* Whether the update that changes nothing is refused when it is asked to. */
static int try_apply(struct failure *f)
{
	const struct speaker who = { .name = "audit-match" };
	struct failure refusal = { 0 };

	if (attempt(&who, ID, "applied", 0, &refusal) && !strcmp(refusal.code, "unsupported"))
		return 0;
	return fail(f, STATUS_FAILED, "applied", "it could be applied: %s", refusal.text);
}

/* Matches again with a byte changed, which must be refused. */
static int match_changed(struct audit *a, struct trial *t, struct failure *f)
{
	unsigned char *byte = plain_byte(t->image), change = 1 + rand() % 255;
	unsigned long microseconds = t->microseconds;
	struct failure why = { 0 };
	int ret;

	if (!byte)
		return 0;
	*byte ^= change;
	ret = match(a, t, &why);
	*byte ^= change;
	t->microseconds = microseconds;
	if (ret && !strcmp(why.code, "no_match"))
		return 0;
	return fail(f, STATUS_FAILED, "accepted", "a changed byte (at %td of its image) is %s: %s",
		    byte - (const unsigned char *)t->image,
		    ret ? "refused for another reason" : "accepted", why.text);
}

/* ---- functions that are not matched -------------------------------------- */

static uint64_t address_of(const struct audit *a, const char *name)
{
	size_t count;
	const struct kallsyms_entry *entry = kallsyms_find(a->symbols, name, &count);

	return count ? entry->address : 0;
}

/*
 * What the kernel's own list of symbols says of a function that the image has among the freed
 * ones: a second opinion, since the image goes by the section's name alone.
 */
static const char *why_freed(const struct audit *a, const struct item *item, const char *name)
{
	bool builtin = !strcmp(item->target, "vmlinux"), elsewhere = false;
	uint64_t start = address_of(a, "__init_begin"), end = address_of(a, "__init_end");
	const struct kallsyms_entry *entries;
	size_t count;

	entries = kallsyms_find(a->symbols, name, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(*entries[i].module ? entries[i].module : "vmlinux", item->target))
			continue;
		if (builtin && entries[i].address >= start && entries[i].address < end)
			return "freed after boot";
		elsewhere = true;
	}
	if (elsewhere)
		return "of a section that is freed or never loaded; others have its name";
	return builtin ? "never linked" : "freed after the module was loaded";
}

static void print_function(const struct trial *t, const struct ksplice_symbol *sym, const char *why)
{
	printf("function\t%s\t%s\t%s\t%s\n", t->item->unit, image_string(t->image, sym->name),
	       image_string(t->image, image_section(t->image, sym->section)->name), why);
}

/*
 * Matches again with the address of one function wanted: then ksplice.ko must decide where its
 * section is, or say between which places it cannot. 0: decided.
 */
static int decide(struct audit *a, struct trial *t, uint32_t symbol, struct failure *why)
{
	struct ksplice_symbol *sym = image_symbol(t->image, symbol);
	unsigned long microseconds = t->microseconds;
	uint16_t flags = sym->flags;
	int ret;

	sym->flags |= KSPLICE_SYM_NEEDED;
	ret = match(a, t, why);
	sym->flags = flags;
	t->microseconds = microseconds;
	return ret;
}

static int list_undecided(struct audit *a, struct trial *t, struct failure *f)
{
	for (uint32_t i = 0; i < t->image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = image_symbol(t->image, i);
		struct failure why = { 0 };

		if (!is_function_of(t->image, sym, KSPLICE_TEXT))
			continue;
		if (decide(a, t, i, &why))
			print_function(t, sym, why.text);
		if (remove_update(ID, f))
			return -1;
	}
	return 0;
}

static void list_freed(const struct audit *a, const struct trial *t)
{
	for (uint32_t i = 0; i < t->image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = image_symbol(t->image, i);

		if (is_function_of(t->image, sym, KSPLICE_FREED))
			print_function(
				t, sym,
				why_freed(a, t->item, image_string(t->image, sym->name)));
	}
}

/* ---- the whole ----------------------------------------------------------- */

static void print_unit(const struct trial *t, const struct failure *why)
{
	const struct expected *e = &t->expected;
	const char *gap = "", *result = "matched";

	if (*why->text)
		result = "failed";
	else if (t->functions != e->functions)
		result = "undecided";
	printf("unit\t%s\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t", t->item->unit, result, e->functions,
	       t->functions, e->freed, t->bytes, t->sites, t->microseconds);
	for (unsigned int i = 0; i < NR_SITE_KINDS; i++) {
		if (!e->sites[i])
			continue;
		printf("%s%s=%lu", gap, site_names[i], e->sites[i]);
		gap = " ";
	}
	printf("\t%s\t%s\n", why->code, why->text);
}

/* All that is tried with one unit; *why says what is wrong with it, *f what ends the audit. */
static int try_unit(struct audit *a, struct trial *t, struct failure *why, struct failure *f)
{
	if (match(a, t, why))
		return remove_update(ID, f);
	t->functions = read_number(t->item, "functions");
	t->bytes = read_number(t->item, "bytes");
	t->sites = read_number(t->item, "sites");
	if (t->item == a->items)
		try_apply(why);
	if (remove_update(ID, f))
		return -1;
	if (!a->thorough)
		return 0;
	list_freed(a, t);
	if (t->functions != t->expected.functions)
		return list_undecided(a, t, f);
	match_changed(a, t, why);
	return remove_update(ID, f);
}

static int match_item(struct audit *a, const struct item *item, struct failure *f)
{
	struct trial t = { .item = item };
	struct failure why = { 0 };
	int ret;

	if (read_image(a, &t, f))
		return -1;
	expected_count(t.image, &t.expected);
	ret = try_unit(a, &t, &why, f);
	if (!ret)
		print_unit(&t, &why);
	free(t.image);
	return ret;
}

static int audit(struct audit *a, struct failure *f)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/frame.ko", a->job) < 0)
		return fail_memory(f);
	a->symbols = kallsyms_new();
	if (!a->symbols || kallsyms_want(a->symbols, "__init_begin") ||
	    kallsyms_want(a->symbols, "__init_end"))
		return fail_memory(f);
	if (frame_read(&a->frame, path, f) || candidates_want_core(a->symbols, f) ||
	    read_list(a, f) || kallsyms_read(a->symbols, "/proc/kallsyms", f) || load_core(a, f))
		return -1;
	for (size_t i = 0; i < a->nr_items; i++) {
		if (match_item(a, &a->items[i], f))
			return -1;
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct speaker who = { .name = "audit-match" };
	struct audit a = { 0 };
	struct failure f = { 0 };
	int status = STATUS_OK;

	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "thorough"))) {
		fprintf(stderr, "usage: audit-match JOB IMAGES [thorough]\n");
		return STATUS_USAGE;
	}
	a.job = argv[1];
	a.images = argv[2];
	a.thorough = argc == 4;
	if (audit(&a, &f))
		status = say_failure(&who, &f);
	for (size_t i = 0; i < a.nr_items; i++)
		free(a.items[i].unit);
	free(a.items);
	frame_free(&a.frame);
	freed_free(&a.freed);
	kallsyms_free(a.symbols);
	return status;
}
