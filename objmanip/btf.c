// SPDX-License-Identifier: GPL-2.0-only
#include "btf.h"

#include <string.h>

#include "pair_internal.h"

static const char prefix[] = "__BTF_ID__";

bool btf_is_id(const char *name)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool is_id(const struct atom *atom)
{
	return atom->class == SECTION_UNKNOWN && atom->sym && btf_is_id(atom->sym->name);
}

static bool same_ids(const struct atom *a, const struct atom *b, int round)
{
	(void)round;
	return is_id(b) && atom_size(a) == atom_size(b) &&
	       pair_same_base(a->sym->name, b->sym->name);
}

void btf_pair(struct unit *pre, struct unit *post)
{
	pair_left(pre, post, is_id, same_ids, 0);
}

/*
 * The number's name. The label of a list is at the place of the first of its numbers, and it is
 * the label by which code has that.
 */
static const char *id_of(const struct atom *atom)
{
	for (size_t i = 0; i < atom->sec->nr_symbols; i++) {
		const struct elf_symbol *sym = atom->sec->symbols[i];

		if (sym->priv == atom && sym->value == atom->start && btf_is_id(sym->name))
			return sym->name;
	}
	return NULL;
}

int btf_check(const struct atom *post, const char *name, struct error *err)
{
	const char *id, *old;
	int rc;

	if (post->class != SECTION_UNKNOWN)
		return 0;
	id = id_of(post);
	old = id && post->twin ? id_of(post->twin) : NULL;
	if (!id || (old && pair_same_base(old, id)))
		return 0;
	rc = error_refuse(err, "%s: %s is new in section %s, which the kernel's build fills in",
			  name, id, post->sec->name);
	error_hint(err, "a running kernel cannot be given more of them");
	return rc;
}
