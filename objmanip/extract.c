// SPDX-License-Identifier: GPL-2.0-only
#include "extract.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"
#include "check.h"
#include "compare.h"
#include "entries.h"
#include "gone.h"
#include "pair.h"
#include "rewrite.h"

/* ---- RUN ---------------------------------------------------------------------- */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the functions, sorted; those of cold parts depend on the sections. */
static const char **function_names(const struct elf_file *elf, size_t *nr)
{
	const char **names = calloc(elf->nr_symbols, sizeof(*names));

	*nr = 0;
	for (size_t i = 1; names && i < elf->nr_symbols; i++) {
		const struct elf_symbol *sym = elf->symbols[i];

		if (sym->section && sym->type == STT_FUNC && !strstr(sym->name, ".cold"))
			names[(*nr)++] = sym->name;
	}
	if (names)
		qsort(names, *nr, sizeof(*names), compare_strings);
	return names;
}

/* RUN and PRE must be builds of one source by one compiler: inlining shows in the names. */
static int check_same_functions(const struct extract *x, struct error *err)
{
	size_t nr_run, nr_pre, i = 0;
	const char **run = function_names(x->run, &nr_run);
	const char **pre = function_names(x->pre->elf, &nr_pre);
	int rc = 0;

	if (!run || !pre) {
		rc = error_set(err, -ENOMEM, "%s: out of memory", x->name);
		goto out;
	}
	while (i < nr_run && i < nr_pre && !strcmp(run[i], pre[i]))
		i++;
	if (i < nr_run || i < nr_pre) {
		bool in_pre = i == nr_run || (i < nr_pre && strcmp(pre[i], run[i]) < 0);

		rc = error_refuse(
			err,
			"%s: %s() is only in the object compiled %s sections of its own for each function",
			x->name, in_pre ? pre[i] : run[i], in_pre ? "with" : "without");
		error_hint(
			err,
			"the compiler inlined or cloned functions differently, so their objects cannot be compared");
	}
out:
	free(run);
	free(pre);
	return rc;
}

static bool same_initial_bytes(const struct atom *pre, const struct elf_symbol *run)
{
	const unsigned char *x = atom_bytes(pre);
	const unsigned char *y = run->section->data ? run->section->data + run->value : NULL;
	uint64_t pos = 0;

	if (!x || !y)
		return !x == !y;
	for (size_t i = 0; i <= pre->nr_refs; i++) {
		uint64_t end = i < pre->nr_refs ? pre->refs[i].offset : atom_size(pre);

		if (memcmp(x + pos, y + pos, end - pos))
			return false;
		if (i < pre->nr_refs)
			pos = end + reloc_size(pre->refs[i].type);
	}
	return true;
}

int extract_running(struct extract *x, const struct atom *post, struct elf_symbol **ret,
		    uint32_t *index, struct error *err)
{
	const struct atom *pre = post->twin;
	const char *name = pre->sym ? pre->sym->name : NULL;
	struct elf_symbol *sym = name ? elf_find_symbol(x->run, name) : NULL;
	int rc;

	*index = KSPLICE_NONE;
	if (sym && sym->section) {
		if (!atom_is_code(pre) &&
		    (sym->size != pre->sym->size || sym->value + sym->size > sym->section->size ||
		     !same_initial_bytes(pre, sym))) {
			rc = error_refuse(
				err, "%s: %s is another object when each has a section of its own",
				x->name, name);
			error_hint(
				err,
				"the compiler numbers this unit's static objects differently in the two builds");
			return rc;
		}
		*index = image_symbol(x->image, sym);
	}
	if (*index == KSPLICE_NONE) {
		rc = error_refuse(
			err,
			"%s: new code needs %s (section %s), which has no place in the running kernel",
			x->name, atom_name(pre), pre->sec->name);
		error_hint(
			err,
			"it is freed after boot, or is in a section that objmanip does not follow");
		return rc;
	}
	if (image_need(x->image, *index))
		return error_set(err, -EINVAL, "%s: the image lacks %s", x->name, name);
	if (ret)
		*ret = sym;
	return 0;
}

/* ---- what comes along ----------------------------------------------------------- */

bool extract_is_running(const struct atom *atom)
{
	if (!atom->twin)
		return false;
	if (atom_is_code(atom))
		return true;
	return !pair_by_content(atom) && !atom->renewed;
}

bool extract_is_dead_call(const struct atom *atom, const struct ref *ref)
{
	const struct atom *pre = atom->twin;

	if (!pre || !ref->atom || ref->atom->class != SECTION_INIT_CODE || !ref->atom->twin ||
	    !ref_is_branch(atom, ref))
		return false;
	for (size_t i = 0; i < pre->nr_refs; i++)
		if (pre->refs[i].atom == ref->atom->twin && ref_is_branch(pre, &pre->refs[i]))
			return true;
	return false;
}

/* May a copy of this be part of new code? */
static int check_new(const struct extract *x, const struct atom *atom, const struct atom *user,
		     struct error *err)
{
	int rc;

	switch (atom->class) {
	case SECTION_CODE:
	case SECTION_EXIT_CODE:
	case SECTION_RODATA:
	case SECTION_DATA:
		break;
	case SECTION_INIT_CODE:
	case SECTION_INIT_DATA:
		rc = error_refuse(err, "%s: %s uses %s (section %s), which is freed after boot",
				  x->name, atom_name(user), atom_name(atom), atom->sec->name);
		error_hint(err, "code that runs later must not use what is marked __init");
		return rc;
	default:
		rc = error_refuse(err, "%s: %s needs %s in section %s, which is not known", x->name,
				  atom_name(user), atom_name(atom), atom->sec->name);
		error_hint(
			err,
			"the kernel's use of that section is unknown to objmanip, so nothing new can be put there");
		return rc;
	}
	/* A constant holds nothing that could be lost. */
	if (atom->unsure && atom->class == SECTION_DATA) {
		rc = error_refuse(
			err,
			"%s: cannot tell whether %s of %s() is a new object or one that the running kernel has",
			x->name, atom_name(atom), atom_name(user));
		error_hint(err, "give the new static variable another name");
		return rc;
	}
	return 0;
}

/* The new version of an atom that was in init sections has lost what it held at boot. */
static bool was_init_data(const struct extract *x, const struct atom *atom)
{
	const struct atom *pre;

	if (atom->twin || !atom->sym || !section_is_data(atom->class))
		return false;
	pre = unit_find(x->pre, atom->sym->name);
	return pre && !pre->twin && pre->class == SECTION_INIT_DATA;
}

struct worklist {
	struct atom **atoms; /* room for all of the unit */
	size_t nr, done;
};

static int include(struct extract *x, struct worklist *work, struct atom *atom,
		   const struct atom *user, struct error *err)
{
	int rc;

	if (atom->included)
		return 0;
	rc = check_new(x, atom, user, err);
	if (!rc)
		rc = gone_check_variable(x, atom, err);
	if (rc)
		return rc;
	if (was_init_data(x, atom)) {
		rc = error_refuse(err, "%s: %s was freed after boot, so its value is lost", x->name,
				  atom_name(atom));
		error_hint(err, "give the object another name, and its value by code");
		return rc;
	}
	atom->included = true;
	work->atoms[work->nr++] = atom;
	return 0;
}

/* Of a rewritten constant, the references that change. */
static int include_refs(struct extract *x, struct worklist *work, const struct atom *atom,
			const struct atom *user, struct error *err)
{
	for (size_t i = 0; i < atom->nr_refs; i++) {
		struct atom *target = atom->refs[i].atom;
		int rc = 0;

		if (!target || target->class == SECTION_TABLE || gone_moved_variable(x, target) ||
		    (atom->rewritten && !rewrite_changes_ref(atom, &atom->refs[i])))
			continue;
		if (!extract_is_running(target))
			rc = include(x, work, target, user, err);
		else if ((target->class == SECTION_INIT_CODE ||
			  target->class == SECTION_INIT_DATA) &&
			 !extract_is_dead_call(atom, &atom->refs[i]))
			rc = check_new(x, target, user, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int choose(struct extract *x, struct error *err)
{
	struct worklist work = { .atoms = calloc(x->post->nr_atoms + 1, sizeof(struct atom *)) };
	int rc = 0;

	if (!work.atoms)
		return error_set(err, -ENOMEM, "%s: out of memory", x->name);
	for (size_t i = 0; !rc && i < x->post->nr_atoms; i++) {
		struct atom *atom = x->post->atoms[i];

		if (compare_replaces(atom, x->target) ||
		    (compare_new_global(atom) && !gone_moved_variable(x, atom)))
			rc = include(x, &work, atom, atom, err);
		else if (atom->rewritten)
			rc = include_refs(x, &work, atom, atom, err);
	}
	while (!rc && work.done < work.nr) {
		struct atom *atom = work.atoms[work.done++];

		rc = include_refs(x, &work, atom, atom, err);
		for (size_t e = 0; !rc && e < atom->nr_entries; e++)
			rc = include_refs(x, &work, atom->entries[e], atom, err);
		if (!rc && atom->cold)
			rc = include(x, &work, atom->cold, atom, err);
	}
	free(work.atoms);
	return rc;
}

/*
 * Entries of a table that no row describes: if they belong to copied code, or are new
 * themselves, they would be missing there.
 */
static int check_unknown_entries(const struct extract *x, struct error *err)
{
	for (size_t i = 0; i < x->post->nr_atoms; i++) {
		const struct atom *atom = x->post->atoms[i];

		if (atom->class != SECTION_UNKNOWN || (atom->sym && atom->twin))
			continue;
		for (size_t r = 0; r < atom->nr_refs; r++) {
			const struct atom *target = atom->refs[r].atom;
			int rc;

			if (!target || !target->included || (!atom->sym && !atom_is_code(target)))
				continue;
			rc = error_refuse(
				err,
				"%s: section %s has an entry for %s%s, and it is not known how to copy that",
				x->name, atom->sec->name, atom_name(target),
				atom_is_code(target) ? "()" : "");
			error_hint(err,
				   "objmanip has to learn what this kernel keeps in that section");
			return rc;
		}
	}
	return 0;
}

/* What the module loader calls by name has been called, or will be as it was. */
static int check_entry_points(const struct extract *x, struct error *err)
{
	static const char *const names[] = { "init_module", "cleanup_module" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct atom *atom = unit_find(x->post, names[i]);
		int rc;

		if (!atom || atom->twin || atom->sym->bind == STB_LOCAL)
			continue;
		rc = error_refuse(err, "%s: the patch adds %s, but %s is loaded already", x->name,
				  i ? "module_exit()" : "module_init()", x->target);
		error_hint(err,
			   "let code that still runs do what is needed when it is called first");
		return rc;
	}
	return 0;
}

/* ---- all of it -------------------------------------------------------------------- */

int extract_unit(struct extract *x, const char *path, struct error *err)
{
	int rc;

	x->image = NULL;
	x->out = NULL;
	x->unit_id = image_unit_id(x->name);
	rc = check_same_functions(x, err);
	if (!rc)
		compare_units(x->pre, x->post);
	if (!rc)
		rc = check_units(x->pre, x->post, x->name, x->target, err);
	if (!rc)
		rc = gone_check(x, err);
	if (!rc)
		rc = check_entry_points(x, err);
	if (rc)
		return rc;
	if (!compare_any_change(x->post, x->target) && !gone_any(x))
		return 1;
	rc = choose(x, err);
	if (!rc)
		rc = check_unknown_entries(x, err);
	if (!rc)
		rc = entries_check(x, err);
	if (!rc)
		rc = image_build(x->run, x->name, x->target, &x->image, err);
	if (rc)
		return rc;
	x->out = elf_new(path, x->post->elf);
	if (!x->out)
		return error_set(err, -ENOMEM, "%s: out of memory", x->name);
	rc = emit_code(x, err);
	return rc ? rc : emit_tables(x, err);
}

void extract_done(struct extract *x)
{
	image_free(x->image);
	elf_free(x->out);
	x->image = NULL;
	x->out = NULL;
}

void extract_report(const struct extract *x, FILE *file)
{
	for (size_t i = 0; i < x->post->nr_named; i++) {
		const struct atom *atom = x->post->by_name[i];

		const char *kind = accept_kind(atom);

		if (!atom->included && (atom->changed || !atom->twin) &&
		    atom->class == SECTION_EXIT_CODE)
			fprintf(file, "ignored %s\n", atom_name(atom));
		if (atom->rewritten)
			fprintf(file, "rewritten %s\n", atom_name(atom));
		if (kind && accept_covers(atom, kind) &&
		    !(atom_is_code(atom) && check_only_clones(atom)) &&
		    (atom->class != SECTION_REGISTRY || check_registers(x->pre, atom)))
			fprintf(file, "accepted %s=%s\n", kind, atom_name(atom));
		if (!atom->included || (atom->owner && atom_is_code(atom)) || pair_by_content(atom))
			continue;
		if (!atom_is_code(atom))
			fprintf(file, "data %s\n", atom_name(atom));
		else
			fprintf(file, "%s %s\n", atom->twin ? "replaced" : "added",
				atom_name(atom));
	}
	for (size_t i = 0; i < x->pre->nr_named; i++) {
		const struct atom *atom = x->pre->by_name[i];
		uint32_t size;

		if (!atom->twin && (atom_is_code(atom) || section_is_data(atom->class)) &&
		    !atom->owner && !pair_is_harmless(atom) && !pair_by_content(atom) &&
		    !gone_moved_variable(x, atom))
			fprintf(file, "%s %s\n", gone_to(x, atom, &size) ? "replaced" : "removed",
				atom_name(atom));
		if (gone_is_stored(x, atom))
			fprintf(file, "stored %s\n", atom_name(atom));
	}
}
