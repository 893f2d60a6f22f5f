/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of ksplice.ko: what its files share. Each file implements one block
 * of this header.
 *
 * Life of an update: user space writes the candidates of each target's symbols
 * (intake.c); loads the target's module, whose arrival (arrive.c) is the moment
 * for match (match.c) and relocate (relocate.c); asks for the splice, which
 * takes all targets in one stop of the machine (request.c, splice.c, stop.c).
 */
#ifndef _KSPLICE_H
#define _KSPLICE_H

#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "arch/text.h"
#include "ksplice_format.h"

#define KSPLICE_FUNC_DIR_LEN	160
#define KSPLICE_CONFLICTS_LEN	4000	/* fits what one read of a sysfs file gives */

/*
 * Marks what runs while the machine is stopped: it neither sleeps nor
 * allocates nor prints, takes no lock, and leads to no tracer.
 */
#define __in_stop notrace

/* ---- abort: why something was refused ----------------------------------- */

#define KSPLICE_DETAIL_LEN 512

/* Zero is "ok". The first cause wins. */
struct ksplice_abort {
	enum ksplice_cause cause;
	char detail[KSPLICE_DETAIL_LEN];	/* one line: what, where, why */
};

/*
 * Records a cause and returns the errno that goes with it (negative), for
 * `return ksplice_refuse(...)'. Does not sleep; not for use in the stop.
 */
__printf(3, 4) int ksplice_refuse(struct ksplice_abort *abort, enum ksplice_cause cause,
				  const char *fmt, ...);

/* ---- symbols.c: candidates from kallsyms -------------------------------- */

/* 0, or -EINVAL if the blob is not what its header says. */
int ksplice_candidates_check(const void *blob, size_t size);

/* The candidates of one symbol: a pointer into the blob and a count (may be 0). */
const struct ksplice_candidate *
ksplice_candidates_find(const struct ksplice_candidates *c, u32 unit_id, u32 symbol, u32 *count);

/* The same of what a module has freed; see struct ksplice_freed. */
const struct ksplice_freed *ksplice_candidates_freed(const struct ksplice_candidates *c,
						     u32 unit_id, u32 symbol, u32 *count);

/* The address of one of the kernel's own symbols, or 0 when user space gave none. */
unsigned long ksplice_core_address(enum ksplice_core_symbol symbol);

/* Takes over the core's candidates (copies what it needs). */
void ksplice_core_addresses_set(const struct ksplice_candidates *c);

/* ---- match.c: prove that the running code is the pre code --------------- */

struct ksplice_match;	/* the solution: an address for each section and symbol */

/*
 * Matches all images against memory. `target' is "vmlinux" or a module's name,
 * `mod' that module (NULL for vmlinux). Process context, may sleep. On success
 * *ret is the caller's, for ksplice_match_free(). Fails with abort->cause
 * NO_MATCH, AMBIGUOUS, UNKNOWN_SYMBOL, BAD_UPDATE or NO_MEMORY; nothing is changed.
 * The match points into `images', which must outlive it.
 */
int ksplice_match_images(const void *images, size_t size,
			 const struct ksplice_candidates *candidates, const char *target,
			 struct module *mod, struct ksplice_match **ret,
			 struct ksplice_abort *abort);

void ksplice_match_free(struct ksplice_match *match);

#define KSPLICE_NR_SITE_KINDS	(KSPLICE_SITE_PADDING + 1)

/* What was proved, for reports. */
struct ksplice_match_stats {
	u32 functions;
	u64 bytes;
	u32 sites[KSPLICE_NR_SITE_KINDS];
};

const struct ksplice_match_stats *ksplice_match_stats(const struct ksplice_match *match);

/*
 * The address (or per-CPU offset) of a symbol, and its size if `size' is not
 * NULL. -ENOENT when the match does not determine it.
 */
int ksplice_match_symbol(const struct ksplice_match *match, u32 unit_id, u32 symbol,
			 unsigned long *address, u32 *size);

/*
 * Is the symbol in a section of constants that was placed and compared? Then its
 * contents in memory are those that the image has.
 */
bool ksplice_match_proved(const struct ksplice_match *match, u32 unit_id, u32 symbol);

/*
 * Is this a weak function of the unit in whose place the final link took another
 * definition? Then the symbol's address is not where the unit's code is.
 */
bool ksplice_match_overridden(const struct ksplice_match *match, u32 unit_id, u32 symbol);

/* The symbol's name, or "?". */
const char *ksplice_match_symbol_name(const struct ksplice_match *match, u32 unit_id, u32 symbol);

/* ---- arch/ARCH/sites.c: what the kernel may have made of a site --------- */

/*
 * Is `run' (site->length bytes, copied from `address') a legal state of the
 * site? match.c defines the context that resolves symbols and compares
 * variants; see arch.h.
 */

/* ---- text.c: reading and writing kernel text ----------------------------- */

struct ksplice_alias;

/*
 * Copies kernel memory, with the bytes below our own jumps as they were before
 * we spliced. 0 or -EFAULT. Does not sleep.
 */
int ksplice_read_original(void *dst, unsigned long address, size_t len);

/* Is that a part of the module that nothing writes: its code and constants? Does not sleep. */
bool ksplice_module_is_constant(const struct module *mod, unsigned long address, size_t len);

/*
 * A writable alias of `len' bytes of text or module memory at `address' (may
 * straddle a page). Sleeps; not for use in the stop. NULL: not mappable.
 */
struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len);
void *ksplice_alias_pointer(struct ksplice_alias *alias);
void ksplice_alias_unmap(struct ksplice_alias *alias);

/* ---- update.c: the objects ----------------------------------------------- */

/*
 * One function of a part, and where it is replaced the change of its first
 * bytes. Addresses are 0 where they do not apply (see enum ksplice_func_kind).
 */
struct ksplice_splice {
	const struct ksplice_func *func;	/* in the update's module */
	const char *name;			/* likewise */
	unsigned long old_address;
	unsigned long old_size;
	unsigned long new_address;
	unsigned long new_size;
	unsigned long site;			/* old_address + jump_offset */
	u8 original[KSPLICE_JUMP_SIZE];		/* what was there when the unit matched */
	u8 jump[KSPLICE_JUMP_SIZE];		/* what we write */
	struct ksplice_redirect *redirect;	/* registered, while applied through ftrace */
	char dir[KSPLICE_FUNC_DIR_LEN];		/* "function,N" in sysfs */
	struct kobj_attribute old_attr;
	struct kobj_attribute new_attr;
	struct kobj_attribute kind_attr;
	struct attribute *attrs[4];
	struct attribute_group group;
};

/* One constant of a part that changes where it is. */
struct ksplice_constant {
	const struct ksplice_rewrite *rewrite;	/* in the update's module */
	const char *name;			/* likewise */
	unsigned long address;
	u32 size;
	u8 *original;				/* what was there when the unit matched; kvmalloc */
	u8 *wanted;				/* what we write; kvmalloc */
	char dir[KSPLICE_FUNC_DIR_LEN];		/* "constant,N" in sysfs */
	struct kobj_attribute address_attr;
	struct kobj_attribute kind_attr;
	struct attribute *attrs[3];
	struct attribute_group group;
};

/* One module of an update: the new code for one target. */
struct ksplice_part {
	struct list_head list;			/* in update->parts */
	struct ksplice_update *update;
	char target_name[KSPLICE_TARGET_LEN];
	struct module *mod;			/* the update's module; NULL until it is loaded */
	struct module *target;			/* referenced while `mod' is loaded; NULL: vmlinux */
	struct ksplice_descriptor *desc;	/* in `mod' */
	struct ksplice_candidates *candidates;	/* vmalloc; freed by the load that uses them */
	struct ksplice_splice *splices;		/* one per entry of desc->funcs; kvmalloc */
	unsigned int nr_splices;
	struct ksplice_constant *constants;	/* one per entry of desc->rewrites; kvmalloc */
	unsigned int nr_constants;
	bool pinned;				/* we hold a reference to `mod' */
	struct ksplice_match_stats matched;	/* what the load has proved */
	struct kobject *kobj;			/* ID/targets/TARGET */
	struct kobj_attribute module_attr;
	struct kobj_attribute matched_attrs[3];
	struct attribute *matched_list[4];
	struct attribute_group matched_group;
};

/* What user space asked for by a write to ID/stage. */
enum ksplice_request {
	KSPLICE_REQUEST_APPLY,
	KSPLICE_REQUEST_DRY_RUN,
	KSPLICE_REQUEST_REVERSE,
};

/*
 * An update: all its parts are spliced in one stop, or none. Everything below
 * `kobj' is guarded by ksplice_mutex; `working' alone is also read without it.
 */
struct ksplice_update {
	struct list_head list;
	struct kobject kobj;			/* /sys/kernel/ksplice/ID */
	struct kobject *targets_kobj;		/* ID/targets */
	char id[KSPLICE_ID_LEN];
	enum ksplice_stage stage;
	struct ksplice_abort abort;		/* of the last attempt or load */
	struct list_head parts;
	u64 stop_ns;				/* how long the last stop took */
	struct work_struct work;
	enum ksplice_request request;
	bool working;				/* an attempt is queued or running */
	bool keeps_module;			/* undo leaves the modules loaded */
	bool removed;				/* `cleanup' has been here */
	char conflicts[KSPLICE_CONFLICTS_LEN];	/* text: "pid comm function" lines */
};

/* Serialises everything but the stop itself: updates, parts, stages. */
extern struct mutex ksplice_mutex;

/* All updates; under ksplice_mutex. */
extern struct list_head ksplice_updates;

/* Is `text' a legal update id / name of a target (NUL within `size' bytes)? */
bool ksplice_id_valid(const char *text, size_t size);
bool ksplice_target_valid(const char *text, size_t size);

/* Under ksplice_mutex. Owned by the list. NULL: no such update, no such part. */
struct ksplice_update *ksplice_update_find(const char *id);
struct ksplice_part *ksplice_part_find(struct ksplice_update *update, const char *target);

/*
 * Takes over `candidates' (vmalloc) for the part it names, and makes update and
 * part where there is none yet. Takes ksplice_mutex. On failure the caller
 * still owns the candidates. -EBUSY: that part's module is loaded.
 */
int ksplice_update_take_candidates(struct ksplice_candidates *candidates);

/* For ID/stage <- "cleanup": forgets the update, unless a module of it is loaded. */
int ksplice_update_cleanup(struct ksplice_update *update);

/* When ksplice.ko goes, no update's module is left: forget all. */
void ksplice_updates_forget(void);

/* When the last reference goes (an attempt may hold one). */
void ksplice_update_free(struct ksplice_update *update);

/* Releases what arrive.c built: splices, the target's reference. Not the kobject. */
void ksplice_part_clear(struct ksplice_part *part);

/* ---- arrive.c: an update's module comes and goes -------------------------- */

/* Called at MODULE_STATE_COMING; an errno fails the module's load. Takes ksplice_mutex. */
int ksplice_part_arrive(struct module *mod, struct ksplice_descriptor *desc);

/* Called at MODULE_STATE_GOING, also when the load failed after us. Takes ksplice_mutex. */
void ksplice_part_leave(struct module *mod, struct ksplice_descriptor *desc);

/* ---- relocate.c ----------------------------------------------------------- */

/*
 * Writes the addresses that the match found into the new code. The module is
 * not running yet; when this fails, the load has to fail too.
 */
int ksplice_relocate(const struct ksplice_part *part, const struct ksplice_match *match,
		     struct ksplice_abort *abort);

/* ---- keys.c ---------------------------------------------------------------- */

/*
 * Gives the jump labels of relocated new code that depend on read-only static
 * keys their last form, and takes them from the module's list. When this
 * fails, the load has to fail.
 */
int ksplice_fix_branches(struct module *mod, struct ksplice_abort *abort);

/* arch/ARCH/branch.c: may the kernel write there? */
bool ksplice_arch_writable(unsigned long address);

/*
 * Makes the jump label that is run at `address', written through `code', a jump
 * to `target' or a nop. -EINVAL when it is neither yet, or too far away.
 */
int ksplice_arch_set_branch(u8 *code, unsigned long address, unsigned long target, bool jump);

/* ---- request.c: what user space asks for ------------------------------------ */

/*
 * Queues an attempt. -EBUSY: one is under way; -EINVAL: not possible in this
 * stage. Asking for the stage that the update has is a success without effect.
 */
int ksplice_request(struct ksplice_update *update, enum ksplice_request request);

int ksplice_request_init(void);
void ksplice_request_exit(void);

/* ---- splice.c: one attempt ------------------------------------------------ */

/*
 * Apply (in a dry run: all but that) or reverse all parts of an update. In the
 * worker, under ksplice_mutex. On success ->stage is the new one; otherwise
 * nothing has changed, and abort and ->conflicts say why.
 */
int ksplice_apply(struct ksplice_update *update, bool dry_run, struct ksplice_abort *abort);
int ksplice_reverse(struct ksplice_update *update, struct ksplice_abort *abort);

/*
 * Names the applied update that has replaced a function which `splice' would
 * replace too, or NULL. Under ksplice_mutex.
 */
const char *ksplice_replaced_by(const struct ksplice_splice *splice,
				const struct ksplice_update *except);

/* ---- rewrite.c: constants that change where they are ------------------------ */

/*
 * Finds the constants that a part rewrites, and what they will hold. The new
 * contents must have been relocated. ksplice_part_clear() frees what it makes.
 */
int ksplice_constants_resolve(struct ksplice_part *part, const struct ksplice_match *match,
			      struct ksplice_abort *abort);
void ksplice_constants_free(struct ksplice_part *part);

/*
 * Names the applied update that has rewritten a constant which `constant' would
 * rewrite too, or NULL. Under ksplice_mutex.
 */
const char *ksplice_rewritten_by(const struct ksplice_constant *constant,
				 const struct ksplice_update *except);

/* A constant being written. */
struct ksplice_data_write {
	const char *name;		/* of the constant */
	u8 *alias;			/* the same bytes, writable, equally aligned */
	const u8 *expected;		/* `size' bytes each */
	const u8 *wanted;
	u32 size;
	struct ksplice_alias *map;	/* of `alias' */
};

struct ksplice_stop;

/*
 * Adds the writes of all constants of an update to a stop, which has room for
 * them: to their new contents, or back. Sleeps. Refuses with cause IN_USE or
 * NO_MEMORY; the caller unmaps what was added.
 */
int ksplice_constants_prepare(const struct ksplice_update *update, bool to_new,
			      struct ksplice_stop *stop, struct ksplice_abort *abort);

/* Records what a write has found instead of what is expected, as cause CHANGED. */
void ksplice_data_report(const struct ksplice_data_write *write, struct ksplice_abort *abort);

/* Is there what is expected? In the stop. */
bool ksplice_data_expected(const struct ksplice_data_write *write);
/* Writes what is wanted. In the stop. */
void ksplice_data_store(const struct ksplice_data_write *write);

/* ---- redirect.c: through ftrace, where there is no room for a jump --------- */

struct ksplice_redirect;

/* Registers, not yet active. Sleeps. Refuses with cause FTRACE or NO_MEMORY. */
int ksplice_redirect_register(const struct ksplice_splice *splice, struct ksplice_redirect **ret,
			      struct ksplice_abort *abort);
/* Sleeps. NULL is allowed. */
void ksplice_redirect_unregister(struct ksplice_redirect *redirect);
/* From now on calls go to the new function (or to the old one again). In the stop. */
void ksplice_redirect_set(struct ksplice_redirect *redirect, bool active);

/* ---- int3.c: CPUs that run into a jump while it is being written ----------- */

/* A jump being written. */
struct ksplice_site_write {
	unsigned long address;
	unsigned long destination;	/* where a trap on the first byte goes */
	u8 *alias;			/* the same bytes, writable */
	const u8 *expected;		/* KSPLICE_JUMP_SIZE bytes each */
	const u8 *wanted;
	struct ksplice_alias *map;	/* of `alias' */
};

/* The writes under way, ascending address; `nr' 0 when there are none. In the stop. */
void ksplice_int3_sites(const struct ksplice_site_write *writes, unsigned int nr);

int ksplice_int3_init(void);
void ksplice_int3_exit(void);

/* ---- stack.c: is a thread inside? ------------------------------------------ */

/* A range of code that no thread may be in. `name' has to stay valid. */
struct ksplice_range {
	unsigned long start;
	unsigned long end;		/* inclusive: a return address may lie just behind a call */
	const char *name;
};

struct ksplice_conflict {
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned long address;
	const char *name;		/* of the range */
};

#define KSPLICE_MAX_CONFLICTS 64

/* One check of all stacks; everything that it needs in the stop is allocated before. */
/* ---- survey.c: tasks that are found outside of all ranges before the stop ----- */

struct ksplice_stack_check;

struct ksplice_survey {
	struct ksplice_noted *slots;	/* kvcalloc; NULL: no task is noted */
	unsigned int bits;		/* log2 of their number */
};

/*
 * Notes the tasks that are asleep outside of all ranges of a prepared check.
 * May sleep. Without memory it notes none, and the stop takes longer.
 */
void ksplice_survey_make(struct ksplice_survey *survey, const struct ksplice_stack_check *check);
/* In the stop: was the task noted, and has it not run since? */
bool ksplice_survey_holds(const struct ksplice_survey *survey, const struct task_struct *task);
void ksplice_survey_free(struct ksplice_survey *survey);

struct ksplice_stack_check {
	struct ksplice_range *ranges;	/* ascending start; kvmalloc */
	unsigned int nr_ranges;
	atomic_t nr_conflicts;		/* may exceed KSPLICE_MAX_CONFLICTS */
	struct ksplice_conflict conflicts[KSPLICE_MAX_CONFLICTS];
	bool no_idle_tasks;		/* they could not be found */
	struct ksplice_survey survey;
};

/* Sorts the ranges: the last step before the stop. */
void ksplice_stack_prepare(struct ksplice_stack_check *check);
/*
 * Is no address of a range anywhere on the stack of a task? False if that cannot be told. Anywhere,
 * in an RCU read section; means something only if the task did not run meanwhile.
 */
bool ksplice_stack_is_clear(const struct ksplice_stack_check *check, struct task_struct *task);
/* In the stop, on each CPU: its own stack. */
void ksplice_stack_check_self(struct ksplice_stack_check *check);
/* In the stop, on one CPU while all others wait: all other tasks. */
void ksplice_stack_check_all(struct ksplice_stack_check *check);

/* ---- stop.c: what happens while the machine stands still ------------------- */

struct ksplice_stop {
	/* in */
	struct ksplice_site_write *writes;	/* ascending address; kvmalloc */
	unsigned int nr_writes;
	struct ksplice_data_write *data;	/* kvmalloc */
	unsigned int nr_data;
	struct ksplice_redirect **redirects;	/* kvmalloc */
	unsigned int nr_redirects;
	bool redirect_to_new;
	bool dry_run;
	struct ksplice_stack_check check;
	/* out */
	enum ksplice_cause cause;
	unsigned int changed;			/* CHANGED: which write, and what is there */
	const struct ksplice_data_write *changed_data;	/* CHANGED: or which of these */
	u8 found[KSPLICE_JUMP_SIZE];
	u64 stop_ns;
	/* between the CPUs */
	atomic_t entered;
	atomic_t arrived;
	atomic_t acknowledged;
	unsigned int step;
	u64 start_ns;
};

/* Stops the machine once. Either all of it happens or nothing; see ->cause. */
void ksplice_stop_run(struct ksplice_stop *stop);

/* ---- sysfs.c, intake.c ------------------------------------------------------ */

int ksplice_sysfs_init(void);
void ksplice_sysfs_exit(void);

/* Makes ID/. On failure the update's kobject has been put (and the update freed). */
int ksplice_sysfs_add_update(struct ksplice_update *update);
/* Removes ID/ and drops a reference. Not under ksplice_mutex: a reader may wait for it. */
void ksplice_sysfs_remove_update(struct ksplice_update *update);
/* Makes ID/targets/TARGET/. Under ksplice_mutex. */
int ksplice_sysfs_add_part(struct ksplice_part *part);
/* Removes a part's directory. */
void ksplice_sysfs_remove_part(struct kobject *kobj);

/* For /sys/kernel/ksplice/symbols. */
ssize_t ksplice_intake_write(const char *buf, loff_t offset, size_t count);
void ksplice_intake_exit(void);

#endif /* _KSPLICE_H */
