// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirects a function through ftrace, where the bytes that a jump would take
 * hold a site that the kernel rewrites by itself (a jump label, a static call).
 * Such a writer checks what it overwrites and stops the machine when it is not
 * its own.
 *
 * The redirect is registered before the stop and switched on in it, so that it
 * takes effect together with the jumps.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "ksplice.h"

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) || defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)

struct ksplice_redirect {
	struct ftrace_ops ops;
	unsigned long address;
	unsigned long destination;
	bool active;
};

/*
 * Any context, also NMI. Calls nothing, hence cannot recurse, hence needs no
 * protection against that, which would have to let a call through to old code.
 */
static void notrace redirect_call(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	const struct ksplice_redirect *redirect = container_of(ops, struct ksplice_redirect, ops);

	if (READ_ONCE(redirect->active))
		ksplice_compat_ftrace_set_ip(fregs, redirect->destination);
}
NOKPROBE_SYMBOL(redirect_call);

int ksplice_redirect_register(const struct ksplice_splice *splice, struct ksplice_redirect **ret,
			      struct ksplice_abort *abort)
{
	struct ksplice_redirect *redirect = kzalloc(sizeof(*redirect), GFP_KERNEL);
	int err;

	if (!redirect)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory for a redirect");
	redirect->address = splice->old_address;
	redirect->destination = splice->new_address;
	redirect->ops.func = redirect_call;
	/* PERMANENT: kernel.ftrace_enabled must not switch a fix off. */
	redirect->ops.flags = FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_IPMODIFY |
			      FTRACE_OPS_FL_PERMANENT;
	if (!IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
		redirect->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;

	err = ftrace_set_filter_ip(&redirect->ops, redirect->address, 0, 0);
	if (err) {
		ksplice_refuse(abort, KSPLICE_CAUSE_FTRACE,
			       "%s: ftrace knows no call at the function's start (%d)",
			       splice->name, err);
		goto fail;
	}
	err = register_ftrace_function(&redirect->ops);
	if (err) {
		ksplice_refuse(abort, KSPLICE_CAUSE_FTRACE,
			       "%s: ftrace refuses to redirect it (%d)%s", splice->name, err,
			       err == -EBUSY
				       ? ": something else redirects it, or ftrace is disabled"
				       : "");
		goto fail;
	}
	*ret = redirect;
	return 0;

fail:
	ftrace_free_filter(&redirect->ops);
	kfree(redirect);
	return ksplice_refuse(abort, KSPLICE_CAUSE_FTRACE, "ftrace");
}

void ksplice_redirect_unregister(struct ksplice_redirect *redirect)
{
	if (!redirect)
		return;
	/*
	 * Fails only for one that is not registered, or after ftrace has shut
	 * itself down: then calls may still come here, and the memory has to stay.
	 */
	if (unregister_ftrace_function(&redirect->ops)) {
		pr_err("ksplice: ftrace does not let go of %ps\n", (void *)redirect->address);
		return;
	}
	ftrace_free_filter(&redirect->ops);
	kfree(redirect);
}

void __in_stop ksplice_redirect_set(struct ksplice_redirect *redirect, bool active)
{
	WRITE_ONCE(redirect->active, active);
}

#else

int ksplice_redirect_register(const struct ksplice_splice *splice, struct ksplice_redirect **ret,
			      struct ksplice_abort *abort)
{
	return ksplice_refuse(
		abort, KSPLICE_CAUSE_FTRACE,
		"%s: has no room for a jump, and this kernel has no ftrace that can redirect it",
		splice->name);
}

void ksplice_redirect_unregister(struct ksplice_redirect *redirect)
{
}

void __in_stop ksplice_redirect_set(struct ksplice_redirect *redirect, bool active)
{
}

#endif
