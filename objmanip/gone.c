// SPDX-License-Identifier: GPL-2.0-only
#include "gone.h"

#include "pair.h"

bool gone_function(const struct atom *pre)
{
	return !pre->twin && pre->sym && pre->class == SECTION_CODE && !pre->owner;
}

const char *gone_to(const struct extract *x, const struct atom *pre, uint32_t *size)
{
	if (!gone_function(pre) || pre->sym->bind == STB_LOCAL)
		return NULL;
	return names_new_function(x->names, x->name, atom_name(pre), size);
}

bool gone_any(const struct extract *x)
{
	for (size_t i = 0; i < x->pre->nr_named; i++)
		if (gone_function(x->pre->by_name[i]))
			return true;
	return false;
}

bool gone_is_stored(const struct extract *x, const struct atom *pre)
{
	uint32_t size;

	if (!gone_function(pre) || gone_to(x, pre, &size))
		return false;
	for (size_t i = 0; i < x->pre->nr_atoms; i++) {
		const struct atom *user = x->pre->atoms[i];

		for (size_t r = 0; user->class != SECTION_TABLE && r < user->nr_refs; r++)
			if (user->refs[r].atom == pre && !user->refs[r].place &&
			    !ref_is_branch(user, &user->refs[r]))
				return true;
	}
	return false;
}

int gone_check(const struct extract *x, struct error *err)
{
	for (size_t i = 0; i < x->pre->nr_named; i++) {
		const struct atom *atom = x->pre->by_name[i];
		const char *exporter;
		uint32_t size;
		int rc;

		if (!gone_function(atom) || atom->sym->bind == STB_LOCAL || gone_to(x, atom, &size))
			continue;
		exporter = symvers_exporter(x->symvers, atom_name(atom));
		if (!exporter)
			continue;
		rc = error_refuse(
			err, "%s: the patch removes %s(), which %s exports: any module may call it",
			x->name, atom_name(atom), exporter);
		error_hint(err, "leave the function; only calls of it can be removed");
		return rc;
	}
	return 0;
}

bool gone_moved_variable(const struct extract *x, const struct atom *post)
{
	return !post->twin && post->sym && post->class == SECTION_DATA &&
	       post->sym->bind != STB_LOCAL && names_moved_variable(x->names, atom_name(post));
}

int gone_check_variable(const struct extract *x, const struct atom *post, struct error *err)
{
	const char *unit;
	int rc;

	if (post->twin || !post->sym || post->class != SECTION_DATA || pair_is_harmless(post))
		return 0;
	unit = names_lost_variable(x->all_names ? x->all_names : x->names, x->name,
				   atom_name(post));
	if (!unit)
		return 0;
	rc = error_refuse(
		err,
		"%s: the variable %s moves here from %s: what the running kernel has stored in it would be lost",
		x->name, atom_name(post), unit);
	error_hint(
		err,
		"leave the variable where it is, and give its address out by a new function beside it; if the patch renames the file, make it with `git diff -M'; if it is another variable, give it another name");
	return rc;
}
