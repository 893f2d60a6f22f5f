// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: audit-mutate --copy DIR --vmlinux FILE --modules DIR --release RELEASE --list FILE
 *                     --result FILE [--changes N] [--seed N]
 *
 * Changes the copy of a running kernel's memory (audit-copy) in many ways, one at a time, and
 * matches again the unit whose function it has changed, with the matcher of ksplice.ko. What is
 * accepted then must be what the kernel could have made itself, as the judge says (judge.h), or a
 * string or constant of the same content.
 *
 * Each line of the list is an image's file and its target. MODULES/RELEASE has the file NAME.ko of
 * each target that is a module, and modules.dep, which names them. The copy has, in sys, the parts
 * of /sys/module that tell where the modules' sections were and of which build they are.
 * The result is a text with tabs between its words; see write_result().
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bin/candidates.h"
#include "bin/cleanup.h"
#include "judge.h"
#include "kmodsrc/ksplice_format.h"
#include "loaded.h"
#include "matching.h"
#include "memory.h"
#include "mutate.h"

/* ---- what there is to be matched ------------------------------------------------ */

static int read_image(struct unit *unit, const char *path, struct failure *f)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char *data;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		return fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
	rewind(file);
	data = malloc(size + 1);
	unit->image = data;
	unit->size = size;
	if (!data)
		return fail_memory(f);
	if (fread(data, 1, size, file) != (size_t)size || size < (long)sizeof(struct ksplice_image))
		return fail(f, STATUS_FAILED, "failed", "%s: cannot be read", path);
	return 0;
}

static const char *image_name(const void *data)
{
	const struct ksplice_image *image = data;

	return (const char *)data + image->strings_off + image->unit_name;
}

static int read_list(struct mutate *m, const char *path, struct failure *f)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char image[4096], target[64];

	if (!file)
		return fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
	while (fscanf(file, "%4095s %63s", image, target) == 2) {
		struct unit *units = reallocarray(m->units, m->nr_units + 1, sizeof(*units));
		struct unit *unit;

		if (!units)
			return fail_memory(f);
		m->units = units;
		unit = &units[m->nr_units++];
		memset(unit, 0, sizeof(*unit));
		strcpy(unit->target, target);
		if (read_image(unit, image, f) ||
		    candidates_want(m->symbols, unit->image, unit->size, f))
			return -1;
		unit->name = image_name(unit->image);
	}
	return 0;
}

/*
 * What a module has freed: the file's own symbols, with the copy of /sys and the modules that were
 * booted (KSPLICE_SYSFS, KSPLICE_MODULES). Without them the audit would be one of less than the
 * kernel gets.
 */
static int read_freed(const struct options *o, const char *module, struct freed *freed,
		      struct failure *f)
{
	if (freed_read(module, o->release, freed))
		return fail_memory(f);
	if (!freed->has_symbols)
		return fail(f, STATUS_FAILED, "failed", "what module %s has freed: %s", module,
			    freed->missing);
	return 0;
}

static int make_candidates(struct mutate *m, const struct options *o, struct failure *f)
{
	_cleanup_freed_ struct freed freed = { 0 };
	const char *module = ""; /* whose `freed' is */
	size_t size;

	if (candidates_make_core(m->symbols, &m->core, &size, f))
		return -1;
	for (size_t i = 0; i < m->nr_units; i++) {
		struct unit *unit = &m->units[i];
		bool builtin = !strcmp(unit->target, "vmlinux");
		void *candidates;

		if (!builtin && strcmp(unit->target, module)) {
			freed_free(&freed);
			module = unit->target;
			if (read_freed(o, module, &freed, f))
				return -1;
		}
		if (candidates_make(m->symbols, builtin ? NULL : &freed, unit->image, unit->size,
				    "audit", unit->target, &candidates, &size, f))
			return -1;
		unit->candidates = candidates;
		if (!builtin)
			unit->nr_ranges = memory_module(m->memory, unit->target, unit->ranges,
							MATCHING_RANGES);
	}
	return 0;
}

/* ---- the judge's files ------------------------------------------------------------ */

static int add_file(struct mutate *m, const char *module, const char *path)
{
	struct loaded **files = reallocarray(m->files, m->nr_files + 1, sizeof(*files));

	if (!files)
		return -1;
	m->files = files;
	files[m->nr_files] = loaded_read(m->memory, module, path);
	return !files[m->nr_files] || judge_add(&m->judge, files[m->nr_files++]) ? -1 : 0;
}

static const struct loaded *find_file(const struct mutate *m, const char *module)
{
	for (size_t i = 0; i < m->nr_files; i++)
		if (!strcmp(m->files[i]->module, module))
			return m->files[i];
	return NULL;
}

static int add_files(struct mutate *m, const struct options *o, struct failure *f)
{
	m->judge.memory = m->memory;
	if (add_file(m, "", o->vmlinux))
		return fail(f, STATUS_FAILED, "failed", "%s: no sites", o->vmlinux);
	for (size_t i = 0; i < m->nr_units; i++) {
		_cleanup_free_ char *path = NULL;
		const char *target = m->units[i].target;

		if (!strcmp(target, "vmlinux"))
			continue;
		m->units[i].file = find_file(m, target);
		if (m->units[i].file)
			continue;
		if (asprintf(&path, "%s/%s/%s.ko", o->modules, o->release, target) < 0)
			return fail_memory(f);
		if (add_file(m, target, path))
			return fail(f, STATUS_FAILED, "failed", "%s: no sites", path);
		m->units[i].file = find_file(m, target);
	}
	judge_ready(&m->judge);
	return 0;
}

/* ---- before anything is changed ------------------------------------------------------ */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Matches all as it is; what does not match now cannot be tried. */
static int match_all(struct mutate *m, FILE *result, struct failure *f)
{
	double start = seconds();
	char why[600];

	for (size_t i = 0; i < m->nr_units; i++)
		matching_try(&m->units[i], why, sizeof(why));
	m->seconds = seconds() - start;
	for (size_t i = 0; i < m->nr_units; i++) {
		struct unit *unit = &m->units[i];

		if (matching_list(unit, why, sizeof(why))) {
			m->nr_unmatched++;
			fprintf(result, "unmatched\t%s\t%s\n", unit->name, why);
			continue;
		}
		m->bytes += unit->bytes;
		m->nr_functions += unit->nr_functions;
	}
	m->functions = calloc(m->nr_functions + 1, sizeof(*m->functions));
	if (!m->functions)
		return fail_memory(f);
	m->nr_functions = 0;
	for (size_t i = 0; i < m->nr_units; i++)
		for (size_t k = 0; k < m->units[i].nr_functions; k++)
			m->functions[m->nr_functions++] =
				(struct choice){ &m->units[i], &m->units[i].functions[k] };
	if (!m->nr_functions)
		return fail(f, STATUS_FAILED, "no_match", "no unit matches");
	return mutate_sort(m) ? fail_memory(f) : 0;
}

/*
 * What the judge makes of the sites as they are. All of them are legal, or it is the judge who is
 * wrong.
 */
static void judge_all(struct mutate *m, FILE *result)
{
	size_t sites[JUDGE_NR] = { 0 }, legal[JUDGE_NR] = { 0 };

	for (size_t i = 0; i < m->nr_functions; i++) {
		const struct function *function = m->functions[i].function;
		uint64_t end = function->address + function->size;
		const struct judge_site *s = judge_from(&m->judge, function->address);

		for (; s < m->judge.sites + m->judge.nr_sites && s->address < end; s++) {
			sites[s->kind]++;
			if (judge_understands(&m->judge, s))
				legal[s->kind]++;
		}
	}
	for (size_t i = 0; i < JUDGE_NR; i++)
		fprintf(result, "sites\t%s\t%zu\t%zu\n", judge_words[i], sites[i], legal[i]);
}

/* ---- the result ------------------------------------------------------------------- */

/*
 * Lines by their first word:
 *
 *	unmatched UNIT REASON		it does not match as it is
 *	sites KIND NUMBER LEGAL		in the functions; the judge finds LEGAL of them legal as is
 *	wrong CHANGE UNIT FUNCTION+OFFSET OLD NEW
 *					a change that was accepted and must not be
 *	matched UNITS FUNCTIONS BYTES SECONDS
 *					all units once, in user space
 *	changes CHANGE TRIED REJECTED LEGAL SAME WRONG
 *					LEGAL: accepted, the kernel could have made it;
 *					SAME: accepted, a string or constant of the same content
 *	total TRIED WRONG
 */
static void write_result(const struct mutate *m, FILE *result)
{
	unsigned long tried = 0, wrong = 0;

	fprintf(result, "matched\t%zu\t%zu\t%" PRIu64 "\t%.3f\n", m->nr_units - m->nr_unmatched,
		m->nr_functions, m->bytes, m->seconds);
	for (size_t i = 0; i < CHANGE_NR; i++) {
		const struct tally *t = &m->tally[i];

		fprintf(result, "changes\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\n", change_words[i],
			t->tried, t->rejected, t->legal, t->same, t->wrong);
		tried += t->tried;
		wrong += t->wrong;
	}
	fprintf(result, "total\t%lu\t%lu\n", tried, wrong);
}

static int run(struct mutate *m, const struct options *o, struct failure *f)
{
	_cleanup_fclose_ FILE *result = fopen(o->result, "we");
	_cleanup_free_ char *kallsyms = NULL, *sys = NULL;

	if (!result)
		return fail(f, STATUS_FAILED, "failed", "%s: %s", o->result, strerror(errno));
	if (setenv("KSPLICE_MODULES", o->modules, 1) || asprintf(&sys, "%s/sys", o->copy) < 0 ||
	    setenv("KSPLICE_SYSFS", sys, 1))
		return fail_memory(f);
	m->random = o->seed;
	m->memory = memory_open(o->copy);
	m->symbols = kallsyms_new();
	if (asprintf(&kallsyms, "%s/kallsyms", o->copy) < 0 || !m->symbols)
		return fail_memory(f);
	if (!m->memory)
		return fail(f, STATUS_FAILED, "failed", "%s: no copy of memory", o->copy);
	if (candidates_want_core(m->symbols, f) || read_list(m, o->list, f) ||
	    kallsyms_read(m->symbols, kallsyms, f) || make_candidates(m, o, f) ||
	    add_files(m, o, f))
		return -1;
	matching_start(m->memory, m->core);
	if (match_all(m, result, f))
		return -1;
	judge_all(m, result);
	for (size_t i = 0; i < CHANGE_NR; i++)
		mutate_try(m, i, o->changes, result);
	write_result(m, result);
	return 0;
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "copy", required_argument, NULL, 'c' },
		{ "vmlinux", required_argument, NULL, 'v' },
		{ "modules", required_argument, NULL, 'm' },
		{ "list", required_argument, NULL, 'l' },
		{ "result", required_argument, NULL, 'r' },
		{ "changes", required_argument, NULL, 'n' },
		{ "release", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'c': o->copy = optarg; break;
		case 'v': o->vmlinux = optarg; break;
		case 'm': o->modules = optarg; break;
		case 'l': o->list = optarg; break;
		case 'r': o->result = optarg; break;
		case 'n': o->changes = strtoul(optarg, NULL, 10); break;
		case 'k': o->release = optarg; break;
		case 's': o->seed = strtoul(optarg, NULL, 10); break;
		default: return -1;
		}
	}
	return optind == argc && o->copy && o->vmlinux && o->modules && o->list && o->result &&
			       o->release ?
		       0 :
		       -1;
}

int main(int argc, char **argv)
{
	struct options o = { .changes = 1000, .seed = 1 };
	struct speaker who = { .name = "audit-mutate" };
	struct failure f = { 0 };
	struct mutate m = { 0 };
	unsigned long wrong = 0;
	int status;

	if (read_options(&o, argc, argv)) {
		fprintf(stderr, "usage: audit-mutate --copy DIR --vmlinux FILE --modules DIR "
				"--release RELEASE --list FILE --result FILE [--changes N] "
				"[--seed N]\n");
		return STATUS_USAGE;
	}
	status = run(&m, &o, &f) ? say_failure(&who, &f) : STATUS_OK;
	for (size_t i = 0; i < CHANGE_NR; i++)
		wrong += m.tally[i].wrong;
	for (size_t i = 0; i < m.nr_units; i++) {
		unit_free(&m.units[i]);
		free((void *)m.units[i].image);
		free((void *)m.units[i].candidates);
	}
	for (size_t i = 0; i < m.nr_files; i++)
		loaded_free(m.files[i]);
	free(m.files);
	free(m.units);
	free(m.functions);
	free(m.by_size);
	free(m.core);
	judge_free(&m.judge);
	kallsyms_free(m.symbols);
	memory_free(m.memory);
	return status ? status : wrong || m.nr_unmatched ? STATUS_FAILED : STATUS_OK;
}
