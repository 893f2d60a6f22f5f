// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"
#include "special.h"

/* ---- printing ------------------------------------------------------------------ */

struct named {
	const struct elf_symbol *symbol;
	size_t length; /* of its name without numbers */
	enum name_kind kind;
};

static const char *const kind_words[] = { "function", "constant", "variable" };

static bool listed(const struct elf_symbol *sym, struct named *ret)
{
	bool global = sym->bind != STB_LOCAL;

	if (!sym->section || !*sym->name || sym->type == STT_SECTION || sym->type == STT_FILE)
		return false;
	switch (section_classify(sym->section)) {
	case SECTION_CODE:
		ret->kind = NAME_FUNCTION;
		break;
	case SECTION_RODATA:
		ret->kind = NAME_CONSTANT;
		break;
	case SECTION_DATA:
		ret->kind = NAME_VARIABLE;
		break;
	default:
		return false;
	}
	ret->symbol = sym;
	ret->length = global ? strlen(sym->name) : pair_base_length(sym->name);
	return global || (ret->kind == NAME_VARIABLE && sym->type == STT_OBJECT);
}

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	size_t length = a->length < b->length ? a->length : b->length;
	int rc = memcmp(a->symbol->name, b->symbol->name, length);

	if (rc)
		return rc;
	return a->length < b->length ? -1 : a->length > b->length;
}

/* Sorted by name; NULL: out of memory. */
static struct named *list(const struct elf_file *elf, size_t *nr)
{
	struct named *ret = calloc(elf->nr_symbols + 1, sizeof(*ret));

	*nr = 0;
	for (size_t i = 1; ret && i < elf->nr_symbols; i++)
		*nr += listed(elf->symbols[i], &ret[*nr]);
	if (ret)
		qsort(ret, *nr, sizeof(*ret), compare_named);
	return ret;
}

/* What tells contents apart: FNV-1a, of 64 bits. */
static void mix(uint64_t *hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*hash = (*hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ULL;
}

static void mix_text(uint64_t *hash, const char *text)
{
	mix(hash, text, strlen(text) + 1);
}

/* Of an object: where it lies, what is in it, and what it refers to. */
static uint64_t contents(const struct elf_symbol *sym)
{
	const struct elf_section *sec = sym->section;
	uint64_t hash = 0xcbf29ce484222325ULL;

	mix_text(&hash, sec->name);
	if (sec->data && sym->value + sym->size <= sec->size)
		mix(&hash, sec->data + sym->value, sym->size);
	for (size_t i = 0; i < sec->nr_relocs; i++) {
		const struct elf_reloc *rel = &sec->relocs[i];
		uint64_t offset = rel->offset - sym->value;

		if (offset >= sym->size)
			continue;
		mix(&hash, &offset, sizeof(offset));
		mix(&hash, &rel->type, sizeof(rel->type));
		mix(&hash, &rel->addend, sizeof(rel->addend));
		mix_text(&hash, rel->symbol->type == STT_SECTION && rel->symbol->section
					? rel->symbol->section->name
					: rel->symbol->name);
	}
	return hash;
}

static void print(FILE *out, const char *unit, const char *what, const struct named *named)
{
	const struct elf_symbol *sym = named->symbol;

	fprintf(out, "%s\t%s\t%s\t%s\t%" PRIu64 "\t%.*s", unit, what, kind_words[named->kind],
		sym->bind == STB_LOCAL ? "static" : "global", sym->size, (int)named->length,
		sym->name);
	if (named->kind == NAME_VARIABLE && sym->bind != STB_LOCAL)
		fprintf(out, "\t%016" PRIx64, contents(sym));
	fputc('\n', out);
}

int names_print(const struct elf_file *pre, const struct elf_file *post, const char *unit,
		FILE *out, struct error *err)
{
	size_t nr_old, nr_new, i = 0, k = 0;
	struct named *old = list(pre, &nr_old), *new = list(post, &nr_new);
	int rc = old && new ? 0 : error_set(err, -ENOMEM, "out of memory");

	while (!rc && (i < nr_old || k < nr_new)) {
		int order = i == nr_old ? 1 : k == nr_new ? -1 : compare_named(&old[i], &new[k]);

		if (order < 0)
			print(out, unit, "lost", &old[i++]);
		else if (order > 0)
			print(out, unit, "new", &new[k++]);
		else
			i++, k++;
	}
	free(old);
	free(new);
	return rc;
}

/* ---- reading ------------------------------------------------------------------- */

struct line {
	const char *unit, *name, *contents; /* "": not known */
	enum name_kind kind;
	bool lost, global;
	uint32_t size;
};

struct names {
	char *text; /* the file, cut into its fields */
	struct line *lines;
	size_t nr;
};

static int read_line(struct line *line, char *text)
{
	char *fields[6], *end;
	unsigned long long size;

	for (size_t i = 0; i < 6; i++) {
		fields[i] = strsep(&text, "\t");
		if (!fields[i])
			return -EINVAL;
	}
	line->unit = fields[0];
	line->lost = !strcmp(fields[1], "lost");
	line->global = !strcmp(fields[3], "global");
	line->name = fields[5];
	line->contents = text ? text : "";
	errno = 0;
	size = strtoull(fields[4], &end, 10);
	if (errno || end == fields[4] || *end || size > UINT32_MAX)
		return -EINVAL;
	line->size = (uint32_t)size;
	for (size_t i = 0; i < sizeof(kind_words) / sizeof(kind_words[0]); i++) {
		if (strcmp(fields[2], kind_words[i]))
			continue;
		line->kind = (enum name_kind)i;
		return 0;
	}
	return -EINVAL;
}

static int read_lines(struct names *names, const char *path, struct error *err)
{
	char *rest = names->text, *text;
	size_t number = 0;

	for (const char *at = names->text; (at = strchr(at, '\n')); at++)
		number++;
	names->lines = calloc(number + 1, sizeof(*names->lines));
	if (!names->lines)
		return error_set(err, -ENOMEM, "out of memory");
	while ((text = strsep(&rest, "\n"))) {
		if (!*text)
			continue;
		if (read_line(&names->lines[names->nr], text))
			return error_set(err, -EINVAL, "%s:%zu: not a line of `objmanip names'",
					 path, names->nr + 1);
		names->nr++;
	}
	return 0;
}

int names_open(const char *path, struct names **ret, struct error *err)
{
	_cleanup_names_ struct names *names = calloc(1, sizeof(*names));
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int rc = 0;

	if (!names || !file) {
		rc = error_set(err, -errno, "%s: %s", path, strerror(errno));
		if (file)
			fclose(file);
		return rc;
	}
	/* No NUL is expected: this reads all. */
	if (getdelim(&names->text, &size, 0, file) > 0)
		rc = read_lines(names, path, err);
	else if (ferror(file))
		rc = error_set(err, -EIO, "%s: cannot be read", path);
	fclose(file);
	if (rc)
		return rc;
	*ret = names;
	names = NULL;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	free(names->lines);
	free(names->text);
	free(names);
}

const char *names_new_function(const struct names *names, const char *unit, const char *name,
			       uint32_t *size)
{
	const struct line *found = NULL;

	for (size_t i = 0; names && i < names->nr; i++) {
		const struct line *line = &names->lines[i];

		if (line->lost || line->kind != NAME_FUNCTION || strcmp(line->name, name) ||
		    !strcmp(line->unit, unit))
			continue;
		if (found)
			return NULL;
		found = line;
	}
	if (!found)
		return NULL;
	*size = found->size;
	return found->unit;
}

const char *names_lost_variable(const struct names *names, const char *unit, const char *name)
{
	size_t length = pair_base_length(name);

	for (size_t i = 0; names && i < names->nr; i++) {
		const struct line *line = &names->lines[i];

		if (line->lost && line->kind == NAME_VARIABLE && strcmp(line->unit, unit) &&
		    strlen(line->name) == length && !memcmp(line->name, name, length))
			return line->unit;
	}
	return NULL;
}

bool names_moved_function(const struct names *names, const char *name)
{
	for (size_t i = 0; names && i < names->nr; i++) {
		const struct line *line = &names->lines[i];
		uint32_t size;

		if (line->lost && line->kind == NAME_FUNCTION && !strcmp(line->name, name))
			return names_new_function(names, line->unit, name, &size);
	}
	return false;
}

bool names_new_global(const struct names *names, const char *name)
{
	for (size_t i = 0; names && i < names->nr; i++)
		if (!names->lines[i].lost && names->lines[i].global &&
		    !strcmp(names->lines[i].name, name))
			return true;
	return false;
}

bool names_moved_variable(const struct names *names, const char *name)
{
	const struct line *lost = NULL, *new = NULL;

	for (size_t i = 0; names && i < names->nr; i++) {
		const struct line *line = &names->lines[i], **found = line->lost ? &lost : &new;

		if (line->kind != NAME_VARIABLE || !line->global || strcmp(line->name, name))
			continue;
		if (*found)
			return false;
		*found = line;
	}
	return lost && new && lost->size == new->size && lost->contents[0] &&
	       !strcmp(lost->contents, new->contents);
}
