# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Which units a change of a header can reach: those that include it, as the
# #include lines of the whole source tell and the compiler's notes confirm.

headers_max=400		# more units than these from a header is not a fix but a new kernel

# headers_units FILE...: adds the units that include one of them
headers_units()
{
	local candidates configured=() unit unused=()

	stage "Looking for the units that include ${*##*/}"
	if [[ ! -e $tree_dir/includes ]]; then
		logged headers_scan || die_log 1 failed "the source's include lines could not be read"
	fi
	# Headers that the patch adds are reached through files that it changes as well.
	mapfile -t candidates < <(awk -f "$KSPLICE_LIBDIR/create/includes.awk" users "$tree_dir/includes" "$@" | sort -u)
	units_list ${candidates[@]+"${candidates[@]}"}
	for unit in ${candidates[@]+"${candidates[@]}"}; do
		! units_configured "$unit" || configured+=("$unit")
	done
	verbose "${#configured[@]} units may include ${*##*/}"
	[[ ${#configured[@]} -gt 0 ]] || return 0
	if [[ ${#configured[@]} -gt $headers_max ]]; then
		die 6 unsupported "${#configured[@]} units of this kernel may include ${*##*/}; the limit is $headers_max" \
			"make the change in the .c files that need it"
	fi
	build_before "${configured[@]}"
	for unit in "${configured[@]}"; do
		# The compiler noted what it really read.
		if headers_reads "$unit" "$@"; then
			units+=("$unit")
		else
			unused+=("$unit")
		fi
	done
	verbose "do not include it after all: ${unused[*]-}"
}

# Folders of the source that kernel code comes from.
headers_folders=(arch/x86 block certs crypto drivers fs include init io_uring ipc kernel lib mm net
	security sound virt)

# headers_scan: writes tree_dir/includes
headers_scan()
{
	headers_scan_lines | awk -f "$KSPLICE_LIBDIR/create/includes.awk" scan >"$tree_dir/includes.new" &&
		mv "$tree_dir/includes.new" "$tree_dir/includes"
}

# What includes.awk reads: the files to include, an empty line, the #include lines.
headers_scan_lines()
{
	local top there

	for top in "$tree_src" "$tree_build"; do
		headers_enter "$top"
		find "${there[@]}" -name '*.[ch]' -o -name '*.inc'
	done
	echo
	# grep reads a gigabyte in seconds, which awk does not.
	for top in "$tree_src" "$tree_build"; do
		headers_enter "$top"
		grep -rHE --include='*.[chS]' --include='*.inc' \
			'^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*["<]' "${there[@]}" || true
	done
}

# headers_enter TOP: goes there, or ends the subshell; sets $there: which of the folders it has
headers_enter()
{
	local folder

	cd "$1" || exit 1
	there=()
	for folder in "${headers_folders[@]}"; do
		[[ ! -d $folder ]] || there+=("$folder")
	done
}

# headers_reads UNIT FILE...: whether the compiler read one of them
headers_reads()
{
	local unit=$1 path

	shift
	for path; do
		! grep -qF -- "$tree_src/$path" "$tree_dir/pre/$unit.d" || return 0
	done
	return 1
}
