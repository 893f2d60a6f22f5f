# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Which units the patch can change: those made from the files that it touches,
# and those that include one of them. Each is built as the distribution did
# (run objects) on the way: what Kbuild does not build is not configured.

units=()		# names, as "fs/proc/cmdline.o"
units_max=400		# more than these from a header is not a fix but a new kernel

units_find()
{
	local path unit included=() direct=() candidates=() ignored=() found

	for path in "${patch_sources[@]}"; do
		[[ $path = *.[cS] ]] || { included+=("$path"); continue; }
		unit=${path%.*}.o
		if [[ -e $tree_src/$path ]]; then
			direct+=("$unit")
		else
			units_new_file "$path"
			included+=("$path")
		fi
	done

	stage "Building ${#direct[@]} unit$(plural ${#direct[@]}) as the distribution did"
	build_run ${direct[@]+"${direct[@]}"}
	for unit in ${direct[@]+"${direct[@]}"}; do
		if [[ -e $tree_dir/run/$unit ]]; then
			[[ -e $work/new/${unit%.o}.c || -e $work/new/${unit%.o}.S ]] ||
				die 6 unsupported "the patch removes ${unit%.o}.c, which is built into this kernel"
			units+=("$unit")
		elif [[ -e $tree_src/${unit%.o}.c ]]; then
			# Not a unit by itself, but another one may include it.
			included+=("${unit%.o}.c")
		else
			ignored+=("${unit%.o}.S")
		fi
	done

	if [[ ${#included[@]} -gt 0 ]]; then
		units_including "${included[@]}"
	fi
	mapfile -t units < <(printf '%s\n' ${units[@]+"${units[@]}"} | sed '/^$/d' | sort -u)
	if [[ ${#units[@]} = 0 ]]; then
		die 7 no_change "nothing of ${patch_sources[*]} is built into $kernel_release: its configuration leaves it out"
	fi
	verbose "units: ${units[*]}"
}

plural()
{
	[[ $1 = 1 ]] || printf s
}

# A new file is fine if something includes it; a new unit has no place in the kernel's build.
units_new_file()
{
	if ! grep -rqs -- "include.*[\"</]${1##*/}[\">]" "$work/new"; then
		die 6 unsupported "the patch adds the unit $1, which no part of the running kernel can refer to" \
			"put the new functions into a file that is there already"
	fi
}

# units_including FILE...: adds the units that include one of them
units_including()
{
	local candidates unit unused=()

	stage "Looking for the units that include ${*##*/}"
	if [[ ! -e $tree_dir/includes ]]; then
		logged units_scan || die_log 1 failed "the source's include lines could not be read"
	fi
	# Headers that the patch adds are reached through files that it changes as well.
	mapfile -t candidates < <(perl "$KSPLICE_LIBDIR/create/includes.pl" users "$tree_dir/includes" "$@")
	mapfile -t candidates < <(printf '%s\n' ${candidates[@]+"${candidates[@]}"} | units_configured)
	verbose "${#candidates[@]} units may include ${*##*/}"
	if [[ ${#candidates[@]} -gt $units_max ]]; then
		die 6 unsupported "${#candidates[@]} units of this kernel may include ${*##*/}; the limit is $units_max" \
			"make the change in the .c files that need it"
	fi
	stage "Building ${#candidates[@]} unit$(plural ${#candidates[@]}) as the distribution did"
	build_run ${candidates[@]+"${candidates[@]}"}
	for unit in ${candidates[@]+"${candidates[@]}"}; do
		[[ -e $tree_dir/run/$unit ]] || continue
		# The compiler noted what it really read.
		if units_reads "$unit" "$@"; then
			units+=("$unit")
		else
			unused+=("$unit")
		fi
	done
	verbose "do not include it after all: ${unused[*]-}"
}

units_scan()
{
	perl "$KSPLICE_LIBDIR/create/includes.pl" scan "$tree_src" "$tree_build" >"$tree_dir/includes.new" &&
		mv "$tree_dir/includes.new" "$tree_dir/includes"
}

# units_reads UNIT FILE...: whether the compiler read one of them
units_reads()
{
	local unit=$1 path

	shift
	for path; do
		! grep -qF -- "/$path" "$tree_dir/run/$unit.cmd" || return 0
	done
	return 1
}

# Of the units on stdin, those that the configuration has: Kbuild's own word,
# from a run that builds nothing and lists everything.
units_configured()
{
	if [[ ! -e $tree_dir/units ]]; then
		units_list >&2
	fi
	sort -u | comm -12 - "$tree_dir/units"
}

units_list()
{
	stage "Listing the units of the whole configuration (once)"
	logged units_list_make || true
	[[ -s $tree_dir/units.new ]] || die_log 1 failed "Kbuild listed no units"
	mv "$tree_dir/units.new" "$tree_dir/units"
}

units_list_make()
{
	# It "fails" at files that would have been built before.
	"${tree_make[@]}" -n -k V=1 vmlinux modules 2>/dev/null |
		sed -n 's/^.* -c -o \([^ ]*\.o\) .*$/\1/p' | sort -u >"$tree_dir/units.new"
}
