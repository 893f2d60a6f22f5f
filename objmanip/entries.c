// SPDX-License-Identifier: GPL-2.0-only
#include "entries.h"

#include "compare.h"

/* A name for a place inside of it that other units can use: assembler code has such. */
static const struct elf_symbol *inner_global(const struct atom *atom)
{
	for (size_t i = 0; i < atom->sec->nr_symbols; i++) {
		const struct elf_symbol *sym = atom->sec->symbols[i];

		if (sym->priv == atom && sym->bind != STB_LOCAL && sym->value > atom->start)
			return sym;
	}
	return NULL;
}

static int check_global(const struct extract *x, const struct atom *post, struct error *err)
{
	const struct elf_symbol *inner = post->twin ? inner_global(post->twin) : NULL;
	int rc;

	if (!inner)
		return 0;
	rc = error_refuse(err, "%s: %s() changes (%s), and %s is an entry in the middle of it",
			  x->name, atom_name(post), post->reason, inner->name);
	error_hint(err, "who enters there would go on in the old code; change its callers instead");
	return rc;
}

/* Code that stays and goes to where the old one is. */
static int check_user(const struct extract *x, const struct atom *user, struct error *err)
{
	for (size_t i = 0; i < user->nr_refs; i++) {
		const struct atom *to = user->refs[i].atom;
		int rc;

		if (!to || !to->included || !to->twin || !atom_is_code(to) || to->owner ||
		    user->refs[i].place <= 0)
			continue;
		rc = error_refuse(
			err,
			"%s: %s() changes (%s), and %s(), which does not, enters it in the middle",
			x->name, atom_name(to), to->reason, atom_name(user));
		error_hint(err, "it would go on in the old code; change it as well");
		return rc;
	}
	return 0;
}

int entries_check(const struct extract *x, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < x->post->nr_atoms; i++) {
		const struct atom *atom = x->post->atoms[i];

		if (!atom_is_code(atom) || atom_family(atom)->included)
			continue;
		rc = check_user(x, atom, err);
	}
	for (size_t i = 0; !rc && i < x->post->nr_atoms; i++)
		if (compare_replaces(x->post->atoms[i], x->target))
			rc = check_global(x, x->post->atoms[i], err);
	return rc;
}
