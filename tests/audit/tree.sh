# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # shares its variables with ksplice-create's parts
#
# What prepare and compare share: the parts of ksplice-create, set up for the kernel to audit, and
# the units in batches, each with the tree locked only as long as it takes.

top=${here%/*/*}
KSPLICE_LIBDIR=$top/bin KSPLICE_KMODSRC=$top/kmodsrc
KSPLICE_OBJMANIP=${KSPLICE_BUILD:-$top/build}/objmanip/objmanip

# All that ksplice-create reads, in its order.
while read -r part; do
	# shellcheck source=/dev/null
	source "$top/bin/create/$part.sh"
done < <(sed -n 's|^source ".*/create/\(.*\)\.sh"$|\1|p' "$top/bin/ksplice-create")

audit_batch=64	# units that are compiled at a time

# audit_setup RELEASE: as ksplice-create does for a patch, up to the list of what is configured
audit_setup()
{
	opt_kernel=$1
	opt_id=audit
	opt_jobs=$(nproc)
	cache_init
	work_init
	kernel_fetch image "$opt_kernel"
	kernel_find
	tree_prepare
	units_list_all
	tree_leave
}

# audit_apart COMMAND...: for a subshell, so that what it dies of is not the end of all
audit_apart()
{
	trap 'log_stop_child; exit 143' INT TERM HUP
	"$@"
}

# audit_locked FUNCTION UNIT...: with the tree to itself
audit_locked()
{
	tree_enter
	"$@"
	tree_leave
	# Others that wait for the tree get their turn.
	sleep 0.2
}

# audit_hashes FOLDER UNIT...: HASH TAB UNIT for each of them that is there
audit_hashes()
{
	local folder=$1

	shift
	[[ -d $folder ]] || return 0
	printf '%s\n' "$@" | (
		cd "$folder" || exit
		while read -r unit; do
			[[ ! -e $unit ]] || printf '%s\0' "$unit"
		done | xargs -0 -r sha256sum
	) | awk '{ print substr($1, 1, 16) "\t" $2 }'
}

# audit_hash FILE...
audit_hash()
{
	cat "$@" | sha256sum | cut -c 1-16
}

# audit_order: units (from stdin) so that a batch can be compiled by several jobs: those of arch/x86
# cannot (build_make()); and what the kernel has built in before its modules
audit_order()
{
	awk -F '\t' '{ print ($3 != "vmlinux") index($2, "arch/x86/") "\t" $2 }' | sort -u | cut -f 2
}
