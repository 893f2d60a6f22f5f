// SPDX-License-Identifier: GPL-2.0-only
/* The references of what was chosen for the new object; place.c copies it there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "extract.h"
#include "gone.h"
#include "pair.h"
#include "place.h"
#include "rewrite.h"
#include "runtime.h"
#include "stub.h"

/* A string or constant that was copied already. */
struct copied {
	const unsigned char *bytes;
	size_t size;
	uint64_t offset;
	bool string;
};

struct emitter {
	struct extract *x;
	struct elf_section *strings, *consts;
	struct copied *copied;
	size_t nr_copied, max_copied;
	struct error *err;
};

static int no_memory(struct emitter *e)
{
	return error_set(e->err, -ENOMEM, "%s: out of memory", e->x->name);
}

/* ---- references --------------------------------------------------------------- */

static int undefined(struct emitter *e, const char *name, unsigned char bind,
		     struct elf_symbol **ret)
{
	struct elf_file *out = e->x->out;

	for (size_t i = 1; i < out->nr_symbols; i++) {
		*ret = out->symbols[i];
		if (!(*ret)->section && !strcmp((*ret)->name, name))
			return 0;
	}
	*ret = elf_add_symbol(out, name, NULL, 0, 0, STT_NOTYPE, bind);
	return *ret ? 0 : no_memory(e);
}

/* The undefined symbol that means symbol `index' of the unit's image. */
static int by_index(struct emitter *e, const char *name, uint32_t index, struct elf_symbol **ret)
{
	char marked[512];

	if (snprintf(marked, sizeof(marked), "%s%s%08x.%u", name, KSPLICE_UNDEF_MARK, e->x->unit_id,
		     index) >= (int)sizeof(marked))
		return error_set(e->err, -EINVAL, "%s: the name %s is too long", e->x->name, name);
	return undefined(e, marked, STB_GLOBAL, ret);
}

/*
 * A symbol of another unit, or a static call's (which objtool must know by
 * name). One that nobody exports has to be in the image; `objmanip finish'
 * marks it there if no other unit of the update brings it along.
 */
static int by_name(struct emitter *e, const char *name, unsigned char bind, struct elf_symbol **ret)
{
	static const char tramp[] = "__SCT__";
	struct elf_symbol *key;
	int rc;

	/*
	 * The update's own link would define these, too: the target that the code belongs to; and a
	 * function that moves, whose old address is the one that may be stored.
	 */
	if (!strcmp(name, "__this_module") || names_moved_function(e->x->names, name) ||
	    names_moved_variable(e->x->names, name)) {
		uint32_t index = image_add_extern(e->x->image, name, KSPLICE_SYM_NEEDED);

		return index == KSPLICE_NONE ? no_memory(e) : by_index(e, name, index, ret);
	}
	if (!symvers_exporter(e->x->symvers, name) &&
	    image_add_extern(e->x->image, name, 0) == KSPLICE_NONE)
		return no_memory(e);
	rc = undefined(e, name, bind, ret);
	if (rc || strncmp(name, tramp, strlen(tramp)))
		return rc;

	char key_name[512];

	snprintf(key_name, sizeof(key_name), "__SCK__%s", name + strlen(tramp));
	return by_name(e, key_name, STB_GLOBAL, &key);
}

static int by_mark(struct emitter *e, const struct atom *target, struct elf_symbol **ret)
{
	uint32_t index;
	int rc = extract_running(e->x, target, NULL, &index, e->err);

	if (rc)
		return rc;
	return by_index(e, atom_name(target), index, ret);
}

static int copy_literal(struct emitter *e, const struct ref *ref, struct elf_section **sec,
			uint64_t *offset)
{
	const unsigned char *bytes;
	bool string = ref->literal->flags & SHF_STRINGS;
	/* How wide a constant is says nothing: code may load an aligned part of one. */
	uint64_t align = string ? ref->literal->entsize : ref->literal->align;
	size_t size;

	if (pair_literal(ref, &bytes, &size))
		return error_set(e->err, -EINVAL, "%s: a reference into %s lies outside of it",
				 e->x->name, ref->literal->name);
	if (string && !e->strings)
		e->strings = elf_add_section(e->x->out, ".rodata.str", SHT_PROGBITS, SHF_ALLOC, 1,
					     0, NULL, 0);
	if (!string && !e->consts)
		e->consts = elf_add_section(e->x->out, ".rodata.cst", SHT_PROGBITS, SHF_ALLOC, 1, 0,
					    NULL, 0);
	*sec = string ? e->strings : e->consts;
	if (!*sec)
		return no_memory(e);
	for (size_t i = 0; i < e->nr_copied; i++) {
		const struct copied *c = &e->copied[i];

		if (c->string == string && c->size == size && !memcmp(c->bytes, bytes, size) &&
		    (align < 2 || c->offset % align == 0)) {
			*offset = c->offset;
			return 0;
		}
	}
	if (e->nr_copied == e->max_copied) {
		size_t max = e->max_copied ? 2 * e->max_copied : 64;
		struct copied *grown = realloc(e->copied, max * sizeof(*grown));

		if (!grown)
			return no_memory(e);
		e->copied = grown;
		e->max_copied = max;
	}
	if (elf_append(*sec, bytes, size, align, offset))
		return no_memory(e);
	e->copied[e->nr_copied++] = (struct copied){ bytes, size, *offset, string };
	return 0;
}

/* Where a reference of new code goes. */
struct goal {
	struct elf_symbol *symbol;
	int64_t place; /* from the symbol */
};

static void into_copy(const struct atom *target, int64_t place, bool by_section, struct goal *goal)
{
	if (target->out && !by_section) {
		goal->symbol = target->out;
		goal->place = place;
	} else {
		goal->symbol = target->out_sec->symbol;
		goal->place = (int64_t)(target->out_start + (uint64_t)place);
	}
}

/*
 * The address of a function that the unit's code did not take so far. Nothing
 * points to a static one: a stub can stand for it, or its own new copy. To a
 * global one other units may, and compare: its address stays the real one, and
 * the stub is for ksplice.ko to choose where that cannot be called through.
 */
static int new_address(struct emitter *e, const struct atom *target, struct goal *goal)
{
	struct elf_symbol *stub;
	bool is_static = target->twin->sym && target->twin->sym->bind == STB_LOCAL;
	int rc;

	e->x->keep = true;
	if (is_static && target->included) {
		into_copy(target, 0, false, goal);
		return 0;
	}
	rc = by_mark(e, target, &goal->symbol);
	if (rc)
		return rc;
	if (stub_entry(e->x->out, goal->symbol, &stub))
		return no_memory(e);
	if (is_static)
		goal->symbol = stub;
	return 0;
}

/*
 * Code: a replaced function is meant by its old address, where the jump is:
 * stored pointers stay good after undo. Only a function's own parts, and
 * places inside it, are the new ones.
 */
static int into_code(struct emitter *e, const struct atom *from, const struct ref *ref,
		     struct goal *goal)
{
	const struct atom *target = ref->atom;
	const struct atom *user = from->table ? from->owner : from;
	bool own = atom_family(user) == atom_family(target);
	bool branch = ref_is_branch(from, ref);
	int rc;

	if (target->included && (!target->twin || ref->place || from->table || !target->sym ||
				 (own && (branch || target->owner)))) {
		if (!target->twin && target->sym && !target->owner && !ref->place &&
		    escape_address(from, ref))
			e->x->keep = true;
		/* objtool takes a jump to a function's symbol for a tail call. */
		into_copy(target, ref->place, from->table || ref->place || own, goal);
		return 0;
	}
	if (ref->place) {
		rc = error_refuse(e->err,
				  "%s: new code of %s refers to the middle of %s() (+0x%llx)",
				  e->x->name, atom_name(user), atom_name(target),
				  (unsigned long long)ref->place);
		error_hint(
			e->err,
			"only the beginning of a function has a known place in the running kernel");
		return rc;
	}
	goal->place = 0;
	if (extract_is_dead_call(from, ref))
		return stub_trap(e->x->out, atom_name(target), &goal->symbol) ? no_memory(e) : 0;
	if (!strncmp(atom_name(target), "__SCT__", 7))
		return by_name(e, atom_name(target), STB_GLOBAL, &goal->symbol);
	if (from->table || branch || !stub_needs_entry(e->x, target))
		return by_mark(e, target, &goal->symbol);
	return new_address(e, target, goal);
}

/* Undo cannot see whether something of the running kernel points to the update's own object. */
static bool may_be_stored(const struct atom *from, const struct ref *ref)
{
	const struct atom *object = ref->atom;

	/* It may be the kernel's own by another name, which is stored already. */
	if (object->unsure)
		return true;
	if (pair_is_harmless(object))
		return false;
	if (pair_by_content(object) && !object->nr_refs)
		return escape_stored(from, ref);
	return escape_address(from, ref);
}

/*
 * Is it something new of another unit of the update? If nobody says what the others
 * bring, whatever the running kernel's own version of this unit does not name may be.
 */
static bool may_be_new(const struct emitter *e, const char *name)
{
	if (symvers_exporter(e->x->symvers, name) || names_moved_function(e->x->names, name) ||
	    names_moved_variable(e->x->names, name))
		return false;
	if (e->x->all_names)
		return names_new_global(e->x->all_names, name);
	return !elf_find_symbol(e->x->pre->elf, name);
}

static int find_goal(struct emitter *e, const struct atom *from, const struct ref *ref,
		     struct goal *goal)
{
	struct elf_section *sec = NULL;
	uint64_t offset;
	int rc;

	goal->place = ref->place;
	if (ref->name) {
		if (ref->symbol->section || ref->symbol->shndx != SHN_UNDEF)
			return error_refuse(e->err,
					    "%s: %s refers to %s, which objmanip cannot copy",
					    e->x->name, atom_name(from), ref->name);
		if (may_be_new(e, ref->name))
			e->x->keep |= escape_address(from, ref);
		return by_name(e, ref->name, ref->symbol->bind, &goal->symbol);
	}
	if (ref->literal) {
		e->x->keep |= escape_stored(from, ref);
		rc = copy_literal(e, ref, &sec, &offset);
		if (rc)
			return rc;
		goal->symbol = sec->symbol;
		goal->place = (int64_t)(offset + (uint64_t)ref->place);
		return 0;
	}
	if (atom_is_code(ref->atom))
		return into_code(e, from, ref, goal);
	if (gone_moved_variable(e->x, ref->atom))
		return by_name(e, atom_name(ref->atom), STB_GLOBAL, &goal->symbol);
	if (!extract_is_running(ref->atom)) {
		e->x->keep |= may_be_stored(from, ref);
		into_copy(ref->atom, ref->place, ref->place != 0, goal);
		return 0;
	}
	if (!strncmp(atom_name(ref->atom), "__SCK__", 7))
		return by_name(e, atom_name(ref->atom), STB_GLOBAL, &goal->symbol);
	return by_mark(e, ref->atom, &goal->symbol);
}

/*
 * The kernel sorts and reads a module's tables, and patches alternatives, before an update's
 * own relocations are made: where control goes on after a fault, and what is patched there,
 * can only be what the module loader knows.
 */
static bool is_used_early(const struct atom *atom, const struct ref *ref)
{
	if (atom->table)
		return !strcmp(atom->table->name, "__ex_table");
	return ref_is_branch(atom, ref) && stub_is_patched_early(atom, ref);
}

static int avoid_late(struct emitter *e, const struct atom *atom, const struct ref *ref,
		      struct goal *goal)
{
	if (goal->symbol->section || symvers_exporter(e->x->symvers, goal->symbol->name) ||
	    !is_used_early(atom, ref))
		return 0;
	return stub_jump(e->x->out, goal->symbol, &goal->symbol) ? no_memory(e) : 0;
}

/* Fills in a jump behind the copy (place.c). */
static int emit_jump(struct emitter *e, const struct atom *atom, uint64_t at,
		     const struct goal *goal)
{
	if (elf_add_reloc(atom->out_sec, at + 1, R_X86_64_PLT32, goal->symbol, goal->place - 4))
		return no_memory(e);
	return 0;
}

static int emit_short_branch(struct emitter *e, const struct atom *atom, const struct ref *ref,
			     uint64_t tail, const struct goal *goal)
{
	uint64_t field = atom->out_start + ref->offset;
	int rc;

	if (tail - (field + 1) > INT8_MAX) {
		rc = error_refuse(
			e->err,
			"%s: %s() cannot be copied: its short branch to %s is too far from its end",
			e->x->name, atom_name(atom), atom_name(ref->atom));
		error_hint(e->err, "the assembler joined it with its neighbour in section %s",
			   atom->sec->name);
		return rc;
	}
	atom->out_sec->data[field] = (unsigned char)(tail - (field + 1));
	return emit_jump(e, atom, tail, goal);
}

/* A reference where the code has a field for it. */
static int emit_field(struct emitter *e, const struct atom *atom, const struct ref *ref,
		      struct goal *goal)
{
	int rc = avoid_late(e, atom, ref, goal);

	if (rc)
		return rc;
	if (elf_add_reloc(atom->out_sec, atom->out_start + ref->offset, ref->type, goal->symbol,
			  (int64_t)((uint64_t)goal->place - ref->adjust)))
		return no_memory(e);
	return 0;
}

static int emit_refs(struct emitter *e, const struct atom *atom)
{
	uint64_t tail = atom->out_end + (atom->next ? PLACE_JUMP_SIZE : 0);

	/* A replacement of no length is nowhere: let it be where the original is. */
	bool nowhere = atom->table && atom->table->ends_with_length &&
		       !atom_bytes(atom)[atom_size(atom) - 1];

	for (size_t i = 0; i < atom->nr_refs; i++) {
		const struct ref *ref = &atom->refs[i];
		struct goal goal;
		int rc = find_goal(e, atom, nowhere ? &atom->refs[0] : ref, &goal);

		if (rc)
			return rc;
		if (ref_is_next(ref)) {
			rc = emit_jump(e, atom, atom->out_end, &goal);
		} else if (place_is_short_branch(atom, ref)) {
			rc = emit_short_branch(e, atom, ref, tail, &goal);
			tail += PLACE_JUMP_SIZE;
		} else {
			rc = emit_field(e, atom, ref, &goal);
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* Of a rewritten constant: the references that change. */
static int emit_contents(struct emitter *e, const struct atom *atom)
{
	for (size_t i = 0; i < atom->nr_refs; i++) {
		const struct ref *ref = &atom->refs[i];
		struct goal goal;
		int rc;

		if (!rewrite_changes_ref(atom, ref))
			continue;
		rc = find_goal(e, atom, ref, &goal);
		if (rc)
			return rc;
		if (elf_add_reloc(atom->out_sec, atom->out_start + ref->offset, ref->type,
				  goal.symbol, goal.place))
			return no_memory(e);
	}
	return 0;
}

static int add_keep_marker(struct emitter *e)
{
	if (!e->x->keep)
		return 0;
	return elf_add_section(e->x->out, ".ksplice.keep", SHT_PROGBITS, SHF_ALLOC, 1, 0, NULL, 0)
		       ? 0
		       : no_memory(e);
}

int emit_code(struct extract *x, struct error *err)
{
	struct emitter e = { .x = x, .err = err };
	int rc = place_all(x, err);

	for (size_t i = 0; !rc && i < x->post->nr_atoms; i++) {
		const struct atom *atom = x->post->atoms[i];

		if (atom->rewritten)
			rc = emit_contents(&e, atom);
		else if (atom->included)
			rc = place_is_runtime(atom) ? runtime_emit(x, atom, err)
						    : emit_refs(&e, atom);
	}
	if (!rc)
		rc = add_keep_marker(&e);
	free(e.copied);
	return rc;
}
