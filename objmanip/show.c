// SPDX-License-Identifier: GPL-2.0-only
#include "show.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "object.h"

struct shown {
	const struct elf_file *elf;
	struct image_view *views;
	size_t nr_views;
	FILE *out;
};

/* The relocation of a field, or NULL. */
static const struct elf_reloc *reloc_of(const struct elf_section *sec, uint64_t offset)
{
	size_t i = elf_reloc_at(sec, offset);

	return i < sec->nr_relocs && sec->relocs[i].offset == offset ? &sec->relocs[i] : NULL;
}

/* The NUL-terminated string that a field points at, or "?". */
static const char *string_of(const struct elf_section *sec, uint64_t offset)
{
	const struct elf_reloc *rel = reloc_of(sec, offset);
	const struct elf_section *to = rel ? rel->symbol->section : NULL;
	uint64_t at = rel ? rel->symbol->value + (uint64_t)rel->addend : 0;

	if (!to || !to->data || at >= to->size || !memchr(to->data + at, 0, to->size - at))
		return "?";
	return (const char *)to->data + at;
}

/* "foo+0x10" for what a field points at. */
static void print_target(const struct shown *s, const struct elf_section *sec, uint64_t offset)
{
	const struct elf_reloc *rel = reloc_of(sec, offset);
	const struct elf_section *to = rel ? rel->symbol->section : NULL;
	uint64_t at = rel ? rel->symbol->value + (uint64_t)rel->addend : 0;
	const struct elf_symbol *func = to ? elf_func_at(to, at) : NULL;

	if (func)
		fprintf(s->out, "%s+0x%" PRIx64, func->name, at - func->value);
	else
		fprintf(s->out, "%s+0x%" PRIx64, to ? to->name : "?", at);
}

/* "symbol (unit)" of an image. */
static void print_symbol(const struct shown *s, uint32_t unit_id, uint32_t symbol)
{
	const struct image_view *view = image_view_of(s->views, s->nr_views, unit_id);

	if (!view) {
		fprintf(s->out, "symbol %u of unknown unit %08x", symbol, unit_id);
		return;
	}
	if (symbol < view->head->nr_symbols && view->symbols[symbol].type == KSPLICE_SYM_SECTION &&
	    view->symbols[symbol].section < view->head->nr_sections)
		fputs(view->strings + view->sections[view->symbols[symbol].section].name, s->out);
	else
		fputs(image_view_symbol(view, symbol), s->out);
	fprintf(s->out, " (%s)", image_view_unit(view));
}

static void show_descriptor(const struct shown *s, const struct elf_section *sec)
{
	struct ksplice_descriptor desc;

	if (!sec->data || sec->size != sizeof(desc)) {
		fprintf(s->out, "descriptor: bad size %" PRIu64 "\n", sec->size);
		return;
	}
	memcpy(&desc, sec->data, sizeof(desc));
	fprintf(s->out, "update %.*s for %.*s: format %u, %u target%s%s%s\n", (int)sizeof(desc.id),
		desc.id, (int)sizeof(desc.target), desc.target, desc.version, desc.nr_targets,
		desc.nr_targets == 1 ? "" : "s",
		desc.flags & KSPLICE_UPDATE_KEEP ? ", stays loaded after undo" : "",
		desc.flags & KSPLICE_UPDATE_MATCH_ONLY ? ", only to match"
		: desc.images_size		       ? ""
						       : ", not finished");
}

static void show_funcs(const struct shown *s, const struct elf_section *sec)
{
	static const char *const kinds[] = { "?", "replaced", "old part", "added" };
	struct ksplice_func func;

	for (uint64_t at = 0; sec->data && at + sizeof(func) <= sec->size; at += sizeof(func)) {
		memcpy(&func, sec->data + at, sizeof(func));
		fprintf(s->out, "  %-8s %s", kinds[func.kind <= KSPLICE_FUNC_ADDED ? func.kind : 0],
			string_of(sec, at + offsetof(struct ksplice_func, name)));
		if (func.kind != KSPLICE_FUNC_ADDED) {
			fprintf(s->out, ", old ");
			print_symbol(s, func.unit_id, func.symbol);
		}
		if (func.kind != KSPLICE_FUNC_OLD_PART)
			fprintf(s->out, ", new %u bytes", func.new_size);
		if (func.kind == KSPLICE_FUNC_REPLACED)
			fprintf(s->out, ", jump at +%u%s", func.jump_offset,
				func.flags & KSPLICE_FUNC_FTRACE ? " through ftrace" : "");
		fputc('\n', s->out);
	}
}

static void show_rewrites(const struct shown *s, const struct elf_section *sec)
{
	struct ksplice_rewrite rewrite;

	for (uint64_t at = 0; sec->data && at + sizeof(rewrite) <= sec->size;
	     at += sizeof(rewrite)) {
		memcpy(&rewrite, sec->data + at, sizeof(rewrite));
		fprintf(s->out, "  rewritten %s, old ",
			string_of(sec, at + offsetof(struct ksplice_rewrite, name)));
		print_symbol(s, rewrite.unit_id, rewrite.symbol);
		fprintf(s->out, ", %u bytes\n", rewrite.size);
	}
}

static void show_relocs(const struct shown *s, const struct elf_section *sec, bool verbose)
{
	static const char *const types[] = {
		"?", "pc32", "pc64", "abs64", "abs32s", "abs32", "pc8", "constant", "shift",
	};
	struct ksplice_reloc rel;

	fprintf(s->out, "relocations of the update's own: %" PRIu64 "\n", sec->size / sizeof(rel));
	for (uint64_t at = 0; verbose && sec->data && at + sizeof(rel) <= sec->size;
	     at += sizeof(rel)) {
		memcpy(&rel, sec->data + at, sizeof(rel));
		fprintf(s->out, "  ");
		print_target(s, sec, at);
		fprintf(s->out, " %s ", types[rel.type <= KSPLICE_RUNTIME_SHIFT ? rel.type : 0]);
		print_symbol(s, rel.unit_id, rel.symbol);
		fprintf(s->out, " %+" PRId64 "\n", (int64_t)rel.addend);
	}
}

static int show_elf(const char *path, bool verbose, FILE *out, struct error *err)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	struct shown s = { .out = out };
	struct elf_section *images, *sec;
	int ret = elf_open(path, &elf, err);

	if (ret)
		return ret;
	s.elf = elf;
	images = elf_find_section(elf, KSPLICE_SEC_IMAGE);
	if (!images && !elf_find_section(elf, KSPLICE_SEC_DESCRIPTOR))
		return error_set(
			err, -EINVAL,
			"%s: neither an update's module nor new code: no section " KSPLICE_SEC_IMAGE,
			path);
	if (images && images->data)
		ret = image_views_read(images->data, images->size, path, &s.views, &s.nr_views,
				       err);
	if (ret)
		return ret;
	if ((sec = elf_find_section(elf, KSPLICE_SEC_DESCRIPTOR)))
		show_descriptor(&s, sec);
	if ((sec = elf_find_section(elf, KSPLICE_SEC_FUNCS)))
		show_funcs(&s, sec);
	if ((sec = elf_find_section(elf, KSPLICE_SEC_REWRITES)))
		show_rewrites(&s, sec);
	if ((sec = elf_find_section(elf, KSPLICE_SEC_RELOCS)))
		show_relocs(&s, sec, verbose);
	for (size_t i = 0; i < s.nr_views; i++)
		show_image(&s.views[i], verbose, out);
	free(s.views);
	return 0;
}

/* The whole file if it begins as an image does; *bytes stays NULL if not. */
static int read_image(const char *path, unsigned char **bytes, size_t *size, struct error *err)
{
	FILE *file;
	uint32_t magic = 0;
	struct stat st;
	long length;
	int ret = 0;

	/* elf_open() says what is wrong with it; opening a pipe would wait. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return 0;
	file = fopen(path, "rbe");
	if (!file)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fread(&magic, 1, sizeof(magic), file) != sizeof(magic) ||
	    magic != KSPLICE_IMAGE_MAGIC) {
		fclose(file);
		return 0;
	}
	if (fseek(file, 0, SEEK_END) || (length = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
		ret = error_set(err, -errno, "%s: %s", path, strerror(errno));
	else if (!(*bytes = malloc(length)))
		ret = error_set(err, -ENOMEM, "out of memory");
	else if (fread(*bytes, 1, length, file) != (size_t)length)
		ret = error_set(err, -EIO, "%s: cannot be read", path);
	else
		*size = length;
	fclose(file);
	return ret;
}

int show_file(const char *path, bool verbose, FILE *out, struct error *err)
{
	struct image_view *views = NULL;
	unsigned char *bytes = NULL;
	size_t size = 0, nr = 0;
	int ret = read_image(path, &bytes, &size, err);

	if (!ret && !bytes)
		return show_elf(path, verbose, out, err);
	if (!ret)
		ret = image_views_read(bytes, size, path, &views, &nr, err);
	for (size_t i = 0; i < nr; i++)
		show_image(&views[i], verbose, out);
	free(views);
	free(bytes);
	return ret;
}

static const char usage[] =
	"Usage: objmanip show [-v] FILE...\n"
	"Print the contents of an update's module, of a unit's new code or of an image.\n"
	"\n"
	"  -v, --verbose  every symbol, reference and site too\n"
	"  -h, --help     print this and exit\n";

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct error err = { 0 };
	bool verbose = false;
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		switch (c) {
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			return command_usage_error("show", "bad option %s", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return command_usage_error("show", "needs a file");
	for (; optind < argc; optind++)
		if (show_file(argv[optind], verbose, stdout, &err))
			return command_fail(&err);
	return EXIT_OK;
}
