// SPDX-License-Identifier: GPL-2.0-only
/* The steps from an update file to modules that have matched and are linked. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../kmodsrc/ksplice_format.h"
#include "attempt.h"
#include "candidates.h"
#include "cleanup.h"
#include "interrupt.h"
#include "module.h"
#include "paths.h"
#include "remove.h"
#include "sysfs.h"

/* A line of /proc/sys/kernel. */
static int read_kernel_word(const char *name, char *value, size_t size, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;

	if (asprintf(&path, "%s/sys/kernel/%s", path_proc(), name) < 0)
		return fail_memory(f);
	file = fopen(path, "re");
	if (!file || !fgets(value, (int)size, file))
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int check_kernel(struct load *l, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	char release[256], version[256];
	struct utsname uts;

	if (read_kernel_word("osrelease", release, sizeof(release), f) ||
	    read_kernel_word("version", version, sizeof(version), f))
		return -1;
	if (strcmp(release, m->kernel)) {
		fail(f, STATUS_MISMATCH, "wrong_kernel",
		     "update %s is for kernel %s, and %s is running", m->id, m->kernel, release);
		fail_hint(f, "make it for this one: ksplice-create --kernel %s", release);
		return -1;
	}
	if (!uname(&uts) && strcmp(uts.machine, m->machine))
		return fail(f, STATUS_MISMATCH, "wrong_kernel",
			    "update %s is for machine %s, and this is %s", m->id, m->machine,
			    uts.machine);
	/* Not a reason to refuse: matching decides, and knows better. */
	if (strcmp(m->version, "-") && strcmp(m->version, version))
		say_step(l->who, "the update was made for another build: %s; running: %s",
			 m->version, version);
	return 0;
}

static int check_module(const struct update_member *member, const char *release,
			struct module_file *ret, struct failure *f)
{
	size_t length = strlen(release);

	if (module_file_read(member, ret, f))
		return -1;
	if (strncmp(ret->vermagic, release, length) || ret->vermagic[length] != ' ')
		return fail(f, STATUS_MISMATCH, "wrong_kernel",
			    "%s: built for kernel %s, not for %s", member->name, ret->vermagic,
			    release);
	return 0;
}

int load_check(struct load *l, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	struct module_file core;

	if (check_kernel(l, f))
		return -1;
	if (check_module(update_file_member(l->file, m->core.name), m->kernel, &core, f))
		return -1;
	if (strcmp(core.name, "ksplice"))
		return fail(f, STATUS_FAILED, "bad_update", "%s: not the core module",
			    m->core.name);
	l->modules = calloc(m->nr_targets, sizeof(*l->modules));
	if (!l->modules)
		return fail_memory(f);
	for (size_t i = 0; i < m->nr_targets; i++) {
		if (check_module(update_file_member(l->file, m->targets[i].name), m->kernel,
				 &l->modules[i], f))
			return -1;
		/* The name is how kallsyms' entries of updates are told from the kernel's. */
		if (strncmp(l->modules[i].name, "ksplice_", 8))
			return fail(f, STATUS_FAILED, "bad_update", "%s: not an update's module",
				    m->targets[i].name);
	}
	return 0;
}

int load_check_targets(struct load *l, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	const char *first = NULL;
	char others[32] = "";
	size_t missing = 0;

	l->targets = calloc(m->nr_targets, sizeof(*l->targets));
	if (!l->targets)
		return fail_memory(f);
	for (size_t i = 0; i < m->nr_targets; i++) {
		const char *target = m->targets[i].target;

		if (!strcmp(target, "vmlinux"))
			continue;
		l->targets[i] = sysfs_module_number(target);
		if (l->targets[i] && sysfs_module_is_live(target)) {
			l->changes_modules = true;
			continue;
		}
		if (!missing++)
			first = target;
	}
	if (!missing)
		return 0;
	if (missing > 1)
		snprintf(others, sizeof(others), ", and %zu more", missing - 1);
	fail(f, STATUS_FAILED, "target_not_loaded",
	     "update %s changes module %s, which is not loaded%s", m->id, first, others);
	fail_hint(f, "load it first: modprobe %s; ksplice-create --targets leaves modules out",
		  first);
	return -1;
}

int load_read_symbols(struct load *l, struct failure *f)
{
	_cleanup_free_ char *path = NULL;

	say_step(l->who, "reading the kernel's symbols");
	l->symbols = kallsyms_new();
	if (!l->symbols || asprintf(&path, "%s/kallsyms", path_proc()) < 0)
		return fail_memory(f);
	if (candidates_want_core(l->symbols, f))
		return -1;
	for (size_t i = 0; i < l->file->manifest.nr_targets; i++) {
		if (candidates_want(l->symbols, l->modules[i].images, l->modules[i].images_size, f))
			return -1;
	}
	if (!l->changes_modules)
		return kallsyms_read(l->symbols, path, f);
	return kallsyms_read_modules(l->symbols, path, l->wait, f);
}

static int insert_core(struct load *l, struct failure *f)
{
	const struct update_member *core = update_file_member(l->file, l->file->manifest.core.name);
	int err;

	say_step(l->who, "loading ksplice.ko");
	l->has_begun = true;
	err = module_load(core->data, core->size);
	if (err && err != -EEXIST)
		return module_load_failure("ksplice", err, f);
	if (!sysfs_core_is_loaded())
		return fail(f, STATUS_FAILED, "unexpected",
			    "module ksplice is loaded, but %s/kernel/ksplice is not there",
			    path_sys());
	return 0;
}

int load_core(struct load *l, struct failure *f)
{
	_cleanup_free_ void *blob = NULL;
	size_t size;
	int version;

	if (!sysfs_core_is_loaded() && insert_core(l, f))
		return -1;
	version = sysfs_core_version(f);
	if (version < 0)
		return -1;
	if (version != KSPLICE_FORMAT_VERSION) {
		fail(f, STATUS_FAILED, "other_version",
		     "the loaded ksplice.ko has format %d, this program and the update have %d",
		     version, KSPLICE_FORMAT_VERSION);
		fail_hint(f,
			  "undo all updates with the ksplice-undo that belongs to it, or reboot");
		return -1;
	}
	l->has_begun = true;
	if (candidates_make_core(l->symbols, &blob, &size, f))
		return -1;
	return sysfs_write_symbols(blob, size, f);
}

/* Makes the candidates of a target's symbols and gives them to the kernel. */
static int hand_in_candidates(struct load *l, size_t i, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	const struct module_file *module = &l->modules[i];
	const char *target = m->targets[i].target;
	bool builtin = !strcmp(target, "vmlinux");
	_cleanup_freed_ struct freed freed = { 0 };
	_cleanup_free_ void *blob = NULL;
	size_t size;

	if (!builtin && freed_read(target, m->kernel, &freed))
		return fail_memory(f);
	if (*freed.missing)
		say_step(l->who, "what module %s has freed is known %s: %s", target,
			 freed.has_sections ? "by its sections alone" : "by nothing", freed.missing);
	if (candidates_make(l->symbols, builtin ? NULL : &freed, module->images,
			    module->images_size, m->id, target, &blob, &size, f))
		return -1;
	say_step(l->who, "handing in %u candidates and %u of what is freed, for %s",
		 ((struct ksplice_candidates *)blob)->nr_entries,
		 ((struct ksplice_candidates *)blob)->nr_freed, target);
	return sysfs_write_symbols(blob, size, f);
}

/* Has the target been loaded anew? Then the symbols that were read are those of another place. */
static int check_reloaded(const struct load *l, size_t i, struct failure *f)
{
	const char *target = l->file->manifest.targets[i].target;
	uint64_t number = l->targets[i] ? sysfs_module_number(target) : 0;

	if (!number || number == l->targets[i])
		return 0;
	fail(f, STATUS_FAILED, "target_reloaded",
	     "module %s was removed and loaded again while its symbols were looked at", target);
	fail_hint(f, "apply the update again");
	return -1;
}

static int load_one(struct load *l, size_t i, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	const struct update_member *member = update_file_member(l->file, m->targets[i].name);
	const struct module_file *module = &l->modules[i];
	int err;

	if (hand_in_candidates(l, i, f))
		return -1;
	say_step(l->who, "matching and loading %s", module->name);
	err = module_load(member->data, member->size);
	if (!err)
		return 0;
	if (check_reloaded(l, i, f))
		return -1;
	/* A refusal by ksplice.ko has a cause; one by the kernel's own loader has none. */
	if (attempt_failure(m->id, f)) {
		char version[256] = "";
		struct failure ignored = { 0 };

		read_kernel_word("version", version, sizeof(version), &ignored);
		if (!strcmp(f->code, "no_match") && strcmp(m->version, "-") &&
		    strcmp(m->version, version))
			snprintf(
				f->hint, sizeof(f->hint),
				"the update was made for the build `%.160s', and `%.160s' is running",
				m->version, version);
		return -1;
	}
	return module_load_failure(module->name, err, f);
}

int load_modules(struct load *l, struct failure *f)
{
	for (size_t i = 0; i < l->file->manifest.nr_targets; i++) {
		if (interrupt_check(f) || load_one(l, i, f))
			return -1;
	}
	return interrupt_check(f);
}

void load_roll_back(struct load *l, struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	char stage[SYSFS_VALUE_MAX];
	struct failure now = { 0 };
	bool clean = true;

	if (sysfs_read(m->id, "stage", stage) && !strcmp(stage, "applied"))
		return;
	if (l->has_begun) {
		/* Where the kernel does not name a part's module (yet), we know the name. */
		for (size_t i = m->nr_targets; i-- > 0;) {
			int err = module_unload(l->modules[i].name);

			if (!err)
				continue;
			clean = false;
			say_note(l->who, "module %s could not be removed: %s", l->modules[i].name,
				 strerror(-err));
		}
		if (remove_update(m->id, &now)) {
			clean = false;
			say_note(l->who, "%s", now.text);
		}
		remove_core_if_idle();
	}
	f->unchanged = clean;
}

void load_free(struct load *l)
{
	free(l->modules);
	free(l->targets);
	kallsyms_free(l->symbols);
}
