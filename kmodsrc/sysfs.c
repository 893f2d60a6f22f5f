// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/ksplice: one value per file. */
#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat/compat.h"
#include "ksplice.h"

#define STAGE_TEXT(name, text) [KSPLICE_##name] = text,
static const char *const stage_texts[] = { KSPLICE_STAGES(STAGE_TEXT) };

#define CAUSE_TEXT(name, text) [KSPLICE_CAUSE_##name] = text,
static const char *const cause_texts[] = { KSPLICE_CAUSES(CAUSE_TEXT) };

static struct kobject *root;

static struct ksplice_update *to_update(struct kobject *kobj)
{
	return container_of(kobj, struct ksplice_update, kobj);
}

/* ---- ID/ ----------------------------------------------------------------------- */

static ssize_t stage_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", stage_texts[READ_ONCE(to_update(kobj)->stage)]);
}

/* Removes the directory that the file being written is in. */
static int cleanup(struct kobject *kobj, struct kobj_attribute *attr)
{
	struct kernfs_node *node;
	int err;

	kobject_get(kobj);
	node = sysfs_break_active_protection(kobj, &attr->attr);
	if (!node) {
		kobject_put(kobj);
		return -ENODEV;
	}
	err = ksplice_update_cleanup(to_update(kobj));
	sysfs_unbreak_active_protection(node);
	kobject_put(kobj);
	return err;
}

static ssize_t stage_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	int err;

	/* A process may own the file without being trusted with the kernel's code. */
	if (!capable(CAP_SYS_MODULE))
		return -EPERM;
	if (sysfs_streq(buf, "applied"))
		err = ksplice_request(to_update(kobj), KSPLICE_REQUEST_APPLY);
	else if (sysfs_streq(buf, "dry-run"))
		err = ksplice_request(to_update(kobj), KSPLICE_REQUEST_DRY_RUN);
	else if (sysfs_streq(buf, "reversed"))
		err = ksplice_request(to_update(kobj), KSPLICE_REQUEST_REVERSE);
	else if (sysfs_streq(buf, "cleanup"))
		err = cleanup(kobj, attr);
	else
		err = -EINVAL;
	return err ? err : count;
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	bool working = smp_load_acquire(&to_update(kobj)->working);

	return sysfs_emit(buf, "%s\n", working ? "working" : "idle");
}

static ssize_t abort_cause_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t len;

	mutex_lock(&ksplice_mutex);
	len = sysfs_emit(buf, "%s\n", cause_texts[to_update(kobj)->abort.cause]);
	mutex_unlock(&ksplice_mutex);
	return len;
}

static ssize_t abort_detail_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t len;

	mutex_lock(&ksplice_mutex);
	len = sysfs_emit(buf, "%s\n", to_update(kobj)->abort.detail);
	mutex_unlock(&ksplice_mutex);
	return len;
}

static ssize_t conflicts_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t len;

	mutex_lock(&ksplice_mutex);
	len = sysfs_emit(buf, "%s", to_update(kobj)->conflicts);
	mutex_unlock(&ksplice_mutex);
	return len;
}

static ssize_t stop_ns_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_update(kobj)->stop_ns));
}

static ssize_t keeps_module_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_update(kobj)->keeps_module));
}

static struct kobj_attribute stage_attr = __ATTR(stage, 0644, stage_show, stage_store);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute abort_cause_attr = __ATTR_RO(abort_cause);
/* Quotes bytes of the running code, which tell where the kernel lies. */
static struct kobj_attribute abort_detail_attr = __ATTR_RO_MODE(abort_detail, 0400);
static struct kobj_attribute conflicts_attr = __ATTR_RO(conflicts);
static struct kobj_attribute stop_ns_attr = __ATTR_RO(stop_ns);
static struct kobj_attribute keeps_module_attr = __ATTR_RO(keeps_module);

static struct attribute *update_attrs[] = {
	&stage_attr.attr,     &state_attr.attr,	  &abort_cause_attr.attr,  &abort_detail_attr.attr,
	&conflicts_attr.attr, &stop_ns_attr.attr, &keeps_module_attr.attr, NULL,
};
ATTRIBUTE_GROUPS(update);

static void update_release(struct kobject *kobj)
{
	ksplice_update_free(to_update(kobj));
}

static const struct kobj_type update_type = {
	.release = update_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = update_groups,
};

int ksplice_sysfs_add_update(struct ksplice_update *update)
{
	int err;

	err = kobject_init_and_add(&update->kobj, (struct kobj_type *)&update_type, root, "%s",
				   update->id);
	if (err)
		goto fail;
	update->targets_kobj = kobject_create_and_add("targets", &update->kobj);
	if (update->targets_kobj)
		return 0;
	err = -ENOMEM;
fail:
	kobject_put(&update->kobj);
	return err;
}

void ksplice_sysfs_remove_update(struct ksplice_update *update)
{
	kobject_del(update->targets_kobj);
	kobject_put(update->targets_kobj);
	kobject_del(&update->kobj);
	kobject_put(&update->kobj);
}

/* ---- ID/targets/TARGET/ ------------------------------------------------------------ */

/*
 * These files show what does not change while they exist; so they need no lock,
 * and may be removed under one.
 */
static ssize_t module_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  container_of(attr, struct ksplice_part, module_attr)->mod->name);
}

static ssize_t old_address_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%lx\n",
			  container_of(attr, struct ksplice_splice, old_attr)->old_address);
}

static ssize_t new_address_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%lx\n",
			  container_of(attr, struct ksplice_splice, new_attr)->new_address);
}

static ssize_t kind_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct ksplice_splice *splice = container_of(attr, struct ksplice_splice, kind_attr);

	return sysfs_emit(buf, "%s\n",
			  splice->func->kind == KSPLICE_FUNC_ADDED ? "added" : "replaced");
}

static ssize_t address_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%lx\n",
			  container_of(attr, struct ksplice_constant, address_attr)->address);
}

static ssize_t rewritten_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "rewritten\n");
}

static ssize_t functions_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(
		buf, "%u\n",
		container_of(attr, struct ksplice_part, matched_attrs[0])->matched.functions);
}

static ssize_t bytes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  container_of(attr, struct ksplice_part, matched_attrs[1])->matched.bytes);
}

static ssize_t sites_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct ksplice_part *part = container_of(attr, struct ksplice_part, matched_attrs[2]);
	unsigned int i, sum = 0;

	for (i = 0; i < KSPLICE_NR_SITE_KINDS; i++)
		sum += part->matched.sites[i];
	return sysfs_emit(buf, "%u\n", sum);
}

static void init_attr(struct kobj_attribute *attr, const char *name, umode_t mode,
		      ssize_t (*show)(struct kobject *, struct kobj_attribute *, char *))
{
	sysfs_attr_init(&attr->attr);
	attr->attr.name = name;
	attr->attr.mode = mode;
	attr->show = show;
}

/* N of "function,N": how many of this name came before. */
static unsigned int ordinal(const struct ksplice_part *part, const struct ksplice_splice *splice)
{
	const struct ksplice_splice *other;
	unsigned int n = 0;

	for (other = part->splices; other < splice; other++)
		if (other->func->kind != KSPLICE_FUNC_OLD_PART &&
		    !strcmp(other->name, splice->name))
			n++;
	return n;
}

static int add_function(const struct ksplice_part *part, struct ksplice_splice *splice)
{
	unsigned int i = 0;

	/* A very long name is cut; the room for the ordinal is kept. */
	scnprintf(splice->dir, sizeof(splice->dir), "%.*s,%u", KSPLICE_FUNC_DIR_LEN - 12,
		  splice->name, ordinal(part, splice));
	strreplace(splice->dir, '/', '!');
	init_attr(&splice->old_attr, "old_address", 0400, old_address_show);
	init_attr(&splice->new_attr, "new_address", 0400, new_address_show);
	init_attr(&splice->kind_attr, "kind", 0444, kind_show);
	splice->attrs[i++] = &splice->old_attr.attr;
	splice->attrs[i++] = &splice->new_attr.attr;
	splice->attrs[i++] = &splice->kind_attr.attr;
	splice->group.name = splice->dir;
	splice->group.attrs = splice->attrs;
	return sysfs_create_group(part->kobj, &splice->group);
}

/* A name may be a function's in one unit and a constant's in another. */
static unsigned int constant_ordinal(const struct ksplice_part *part,
				     const struct ksplice_constant *constant)
{
	const struct ksplice_splice *splice;
	const struct ksplice_constant *other;
	unsigned int n = 0;

	for (splice = part->splices; splice < part->splices + part->nr_splices; splice++)
		if (splice->func->kind != KSPLICE_FUNC_OLD_PART &&
		    !strcmp(splice->name, constant->name))
			n++;
	for (other = part->constants; other < constant; other++)
		if (!strcmp(other->name, constant->name))
			n++;
	return n;
}

static int add_constant(const struct ksplice_part *part, struct ksplice_constant *constant)
{
	scnprintf(constant->dir, sizeof(constant->dir), "%.*s,%u", KSPLICE_FUNC_DIR_LEN - 12,
		  constant->name, constant_ordinal(part, constant));
	strreplace(constant->dir, '/', '!');
	init_attr(&constant->address_attr, "address", 0400, address_show);
	init_attr(&constant->kind_attr, "kind", 0444, rewritten_show);
	constant->attrs[0] = &constant->address_attr.attr;
	constant->attrs[1] = &constant->kind_attr.attr;
	constant->group.name = constant->dir;
	constant->group.attrs = constant->attrs;
	return sysfs_create_group(part->kobj, &constant->group);
}

/* TARGET/matched/: how much of the target was proved to be what the update was made for. */
static int add_matched(struct ksplice_part *part)
{
	unsigned int i;

	init_attr(&part->matched_attrs[0], "functions", 0444, functions_show);
	init_attr(&part->matched_attrs[1], "bytes", 0444, bytes_show);
	init_attr(&part->matched_attrs[2], "sites", 0444, sites_show);
	for (i = 0; i < ARRAY_SIZE(part->matched_attrs); i++)
		part->matched_list[i] = &part->matched_attrs[i].attr;
	part->matched_group.name = "matched";
	part->matched_group.attrs = part->matched_list;
	return sysfs_create_group(part->kobj, &part->matched_group);
}

int ksplice_sysfs_add_part(struct ksplice_part *part)
{
	unsigned int i;
	int err;

	part->kobj = kobject_create_and_add(part->target_name, part->update->targets_kobj);
	if (!part->kobj)
		return -ENOMEM;
	init_attr(&part->module_attr, "module", 0444, module_show);
	err = sysfs_create_file(part->kobj, &part->module_attr.attr);
	if (!err)
		err = add_matched(part);
	for (i = 0; i < part->nr_splices && !err; i++)
		if (part->splices[i].func->kind != KSPLICE_FUNC_OLD_PART)
			err = add_function(part, &part->splices[i]);
	for (i = 0; i < part->nr_constants && !err; i++)
		err = add_constant(part, &part->constants[i]);
	if (err) {
		ksplice_sysfs_remove_part(part->kobj);
		part->kobj = NULL;
	}
	return err;
}

void ksplice_sysfs_remove_part(struct kobject *kobj)
{
	kobject_del(kobj);
	kobject_put(kobj);
}

/* ---- /sys/kernel/ksplice/ ------------------------------------------------------------ */

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", KSPLICE_FORMAT_VERSION);
}

static struct kobj_attribute version_attr = __ATTR_RO(version);

static ssize_t symbols_write(struct file *file, struct kobject *kobj,
			     ksplice_compat_bin_attribute *attr, char *buf, loff_t offset,
			     size_t count)
{
	if (!capable(CAP_SYS_MODULE))
		return -EPERM;
	return ksplice_intake_write(buf, offset, count);
}

static struct bin_attribute symbols_attr = {
	.attr = { .name = "symbols", .mode = 0200 },
	.write = symbols_write,
};

int ksplice_sysfs_init(void)
{
	int err;

	root = kobject_create_and_add("ksplice", kernel_kobj);
	if (!root)
		return -ENOMEM;
	err = sysfs_create_file(root, &version_attr.attr);
	if (!err)
		err = sysfs_create_bin_file(root, &symbols_attr);
	if (err) {
		kobject_del(root);
		kobject_put(root);
	}
	return err;
}

void ksplice_sysfs_exit(void)
{
	sysfs_remove_bin_file(root, &symbols_attr);
	ksplice_intake_exit();
	ksplice_updates_forget();
	kobject_del(root);
	kobject_put(root);
}
