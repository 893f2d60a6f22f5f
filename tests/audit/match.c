// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: audit-match DIR
 *
 * Runs in the machine: has each module DIR/modules/N.ko matched by ksplice.ko, nothing is changed.
 * DIR/list has a line "N TARGET" for each. Prints a line for each, with tabs between the words:
 *
 *	N RESULT FUNCTIONS MATCHED FREED BYTES SITES SITES-OF-KINDS [CAUSE REASON]
 *
 * RESULT is matched, undecided (it is there, but some code fits at several places) or failed. Of a
 * unit that matched, a byte is changed, too: then it must not match.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/attempt.h"
#include "bin/candidates.h"
#include "bin/cleanup.h"
#include "bin/module.h"
#include "bin/module_file.h"
#include "bin/remove.h"
#include "bin/sysfs.h"
#include "bin/update_file.h"
#include "kmodsrc/ksplice_format.h"

#define ID	 "audit" /* of every update that the audit makes */
#define NR_KINDS (KSPLICE_SITE_PADDING + 1)

static const char *const site_names[NR_KINDS] = {
	[KSPLICE_SITE_FENTRY] = "fentry",
	[KSPLICE_SITE_RETURN] = "return",
	[KSPLICE_SITE_RETPOLINE] = "retpoline",
	[KSPLICE_SITE_STATIC_CALL] = "static_call",
	[KSPLICE_SITE_JUMP_LABEL] = "jump_label",
	[KSPLICE_SITE_ALTERNATIVE] = "alternative",
	[KSPLICE_SITE_PARAVIRT] = "paravirt",
	[KSPLICE_SITE_LOCK] = "lock",
	[KSPLICE_SITE_ENDBR] = "endbr",
	[KSPLICE_SITE_CALL] = "call",
	[KSPLICE_SITE_RUNTIME_PTR] = "runtime_ptr",
	[KSPLICE_SITE_RUNTIME_SHIFT] = "runtime_shift",
	[KSPLICE_SITE_PADDING] = "padding",
};

struct item {
	unsigned int number;
	char target[KSPLICE_TARGET_LEN];
	struct update_member file;
	struct module_file module;
};

struct audit {
	const char *dir;
	struct item *items;
	size_t nr_items;
	struct kallsyms *symbols;
};

/* What the image says there is to match. */
struct expected {
	unsigned long functions;
	unsigned long freed; /* functions of code that the kernel frees or never loads */
	unsigned long sites[NR_KINDS];
};

/* What the kernel says that it has matched. */
struct matched {
	struct expected expected;
	unsigned long functions, bytes, sites;
};

static int read_file(const char *path, struct update_member *member, struct failure *f)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	unsigned char *data;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		return fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
	rewind(file);
	data = malloc(size + 1);
	if (!data)
		return fail_memory(f);
	member->data = data;
	member->size = size;
	member->name = strdup(path);
	if (fread(data, 1, size, file) != (size_t)size)
		return fail(f, STATUS_FAILED, "failed", "%s: cannot be read", path);
	return 0;
}

static int read_item(struct audit *a, struct item *item, struct failure *f)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/modules/%u.ko", a->dir, item->number) < 0)
		return fail_memory(f);
	if (read_file(path, &item->file, f) || module_file_read(&item->file, &item->module, f))
		return -1;
	return candidates_want(a->symbols, item->module.images, item->module.images_size, f);
}

static int read_list(struct audit *a, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	struct item item = { 0 };

	if (asprintf(&path, "%s/list", a->dir) < 0)
		return fail_memory(f);
	file = fopen(path, "re");
	if (!file)
		return fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
	while (fscanf(file, "%u %63s", &item.number, item.target) == 2) {
		struct item *items = realloc(a->items, (a->nr_items + 1) * sizeof(*items));

		if (!items)
			return fail_memory(f);
		a->items = items;
		items[a->nr_items] = item;
		if (read_item(a, &items[a->nr_items++], f))
			return -1;
	}
	return 0;
}

/* ksplice.ko, and the addresses of the kernel that it needs itself. */
static int load_core(struct audit *a, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *blob = NULL;
	struct update_member core = { 0 };
	size_t size;
	int err;

	if (asprintf(&path, "%s/ksplice.ko", a->dir) < 0)
		return fail_memory(f);
	if (read_file(path, &core, f))
		return -1;
	err = module_load(core.data, core.size);
	if (err)
		return module_load_failure("ksplice", err, f);
	if (candidates_make_core(a->symbols, &blob, &size, f))
		return -1;
	return sysfs_write_symbols(blob, size, f);
}

static void count_section(const struct ksplice_image *image, const struct ksplice_section *sec,
			  struct expected *e)
{
	const char *base = (const char *)image;
	const struct ksplice_symbol *symbols = (const void *)(base + image->symbols_off);
	const struct ksplice_site *sites = (const void *)(base + image->sites_off);
	unsigned long functions = 0;

	for (unsigned int i = 0; i < sec->nr_symbols; i++)
		functions += symbols[sec->first_symbol + i].type == KSPLICE_SYM_FUNC;
	if (sec->kind == KSPLICE_FREED)
		e->freed += functions;
	if (sec->kind != KSPLICE_TEXT)
		return;
	e->functions += functions;
	for (unsigned int i = 0; i < sec->nr_sites; i++)
		e->sites[sites[sec->first_site + i].kind % NR_KINDS]++;
}

static void count_image(const struct ksplice_image *image, struct expected *e)
{
	const struct ksplice_section *sections =
		(const void *)((const char *)image + image->sections_off);

	for (unsigned int i = 0; i < image->nr_sections; i++)
		count_section(image, &sections[i], e);
}

static unsigned long read_number(const struct item *item, const char *what)
{
	_cleanup_free_ char *attribute = NULL;
	char value[SYSFS_VALUE_MAX];

	if (asprintf(&attribute, "targets/%s/matched/%s", item->target, what) < 0)
		return 0;
	return sysfs_read(ID, attribute, value) ? strtoul(value, NULL, 10) : 0;
}

static void read_matched(const struct item *item, struct matched *m)
{
	count_image(item->module.images, &m->expected);
	m->functions = read_number(item, "functions");
	m->bytes = read_number(item, "bytes");
	m->sites = read_number(item, "sites");
}

static void report_matched(const struct item *item, const struct matched *m)
{
	const struct expected *e = &m->expected;
	const char *gap = "";

	printf("%u\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\t", item->number,
	       m->functions == e->functions ? "matched" : "undecided", e->functions, m->functions,
	       e->freed, m->bytes, m->sites);
	for (unsigned int i = 0; i < NR_KINDS; i++) {
		if (!e->sites[i])
			continue;
		printf("%s%s=%lu", gap, site_names[i], e->sites[i]);
		gap = " ";
	}
	putchar('\n');
}

static void report_failed(const struct item *item, const struct failure *f)
{
	struct expected e = { 0 };

	count_image(item->module.images, &e);
	printf("%u\tfailed\t%lu\t0\t%lu\t0\t0\t\t%s\t%s\n", item->number, e.functions, e.freed,
	       f->code, f->text);
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

/* Is a byte neither a part of a site nor of a reference: has it only one legal value? */
static bool is_plain(const struct ksplice_image *image, const struct ksplice_section *sec,
		     unsigned int offset)
{
	const char *base = (const char *)image;
	const struct ksplice_site *sites = (const void *)(base + image->sites_off);
	const struct ksplice_ref *refs = (const void *)(base + image->refs_off);

	for (unsigned int i = sec->first_site; i < sec->first_site + sec->nr_sites; i++)
		if (offset >= sites[i].offset && offset < sites[i].offset + sites[i].length)
			return false;
	for (unsigned int i = sec->first_ref; i < sec->first_ref + sec->nr_refs; i++)
		if (offset >= refs[i].offset && offset < refs[i].offset + 8)
			return false;
	return true;
}

/* A byte of one of the unit's functions that has only one legal value, or NULL. */
static unsigned char *plain_byte(const struct ksplice_image *image)
{
	const char *base = (const char *)image;
	const struct ksplice_section *sections = (const void *)(base + image->sections_off);
	const struct ksplice_symbol *symbols = (const void *)(base + image->symbols_off);
	unsigned char *found = NULL;
	unsigned int seen = 0;

	for (unsigned int i = 0; i < image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &symbols[i];
		const struct ksplice_section *sec;

		if (sym->type != KSPLICE_SYM_FUNC || sym->section >= image->nr_sections)
			continue;
		sec = &sections[sym->section];
		if (sec->kind != KSPLICE_TEXT)
			continue;
		for (unsigned int at = sym->offset; at < sym->offset + sym->size; at++)
			/* Any of them, each as probable as the others. */
			if (is_plain(image, sec, at) && !(rand() % ++seen))
				found = (unsigned char *)base + image->bytes_off + sec->bytes + at;
	}
	return found;
}

static int match(struct audit *a, const struct item *item, struct failure *f)
{
	_cleanup_free_ void *blob = NULL;
	size_t size;
	int err;

	if (candidates_make(a->symbols, item->module.images, item->module.images_size, ID,
			    item->target, &blob, &size, f) ||
	    sysfs_write_symbols(blob, size, f))
		return -1;
	err = module_load(item->file.data, item->file.size);
	if (!err)
		return 0;
	if (attempt_failure(ID, f))
		return -1;
	return module_load_failure(item->module.name, err, f);
}

/* Matches again with a byte changed, which must be refused. */
static int match_changed(struct audit *a, const struct item *item, struct failure *f)
{
	unsigned char *byte = plain_byte(item->module.images), change = 1 + rand() % 255;
	struct failure why = { 0 };
	int ret;

	if (!byte)
		return 0;
	*byte ^= change;
	ret = match(a, item, &why);
	*byte ^= change;
	if (ret && !strcmp(why.code, "no_match"))
		return 0;
	return fail(f, STATUS_FAILED, "accepted", "a changed byte (at %td of its image) is %s: %s",
		    byte - (const unsigned char *)item->module.images,
		    ret ? "refused for another reason" : "accepted", why.text);
}

/* Matches one unit, and prints what came of it. */
static int match_item(struct audit *a, const struct item *item, struct failure *f)
{
	struct failure why = { 0 };
	struct matched m = { 0 };

	if (!match(a, item, &why)) {
		read_matched(item, &m);
		if (item == a->items)
			try_apply(&why);
		if (remove_update(ID, f))
			return -1;
		if (m.functions == m.expected.functions)
			match_changed(a, item, &why);
	}
	if (*why.text)
		report_failed(item, &why);
	else
		report_matched(item, &m);
	return remove_update(ID, f);
}

static int match_all(struct audit *a, struct failure *f)
{
	for (size_t i = 0; i < a->nr_items; i++) {
		if (match_item(a, &a->items[i], f))
			return -1;
		fflush(stdout);
	}
	return 0;
}

static int audit(struct audit *a, struct failure *f)
{
	a->symbols = kallsyms_new();
	if (!a->symbols)
		return fail_memory(f);
	if (candidates_want_core(a->symbols, f) || read_list(a, f) ||
	    kallsyms_read(a->symbols, "/proc/kallsyms", f) || load_core(a, f))
		return -1;
	return match_all(a, f);
}

int main(int argc, char **argv)
{
	struct speaker who = { .name = "audit-match" };
	struct audit a = { .dir = argv[1] };
	struct failure f = { 0 };
	int status = STATUS_OK;

	if (argc != 2) {
		fprintf(stderr, "usage: audit-match DIR\n");
		return STATUS_USAGE;
	}
	if (audit(&a, &f))
		status = say_failure(&who, &f);
	for (size_t i = 0; i < a.nr_items; i++) {
		free((void *)a.items[i].file.data);
		free((void *)a.items[i].file.name);
	}
	free(a.items);
	kallsyms_free(a.symbols);
	return status;
}
