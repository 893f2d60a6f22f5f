# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The three objects of a unit:
#
#	tree_dir/run/UNIT	as the distribution compiled it, by Kbuild
#	tree_dir/pre/UNIT	the same with a section for each function and datum
#	work/post/UNIT		as pre, of the patched source
#
# Kbuild makes the first, and its command line makes the others, so that all
# three have the same flags. objtool runs on none of them: it comes once, over
# the finished new code.

build_sections='-ffunction-sections -fdata-sections'
build_extra=		# more options
build_batch=16		# units for one make: its start takes a second
build_first=4		# units to begin with where the patch may be refused for a type

# build_run UNIT...: units that are configured
build_run()
{
	local unit missing=() i

	for unit; do
		[[ -e $tree_dir/run/$unit ]] || missing+=("$unit")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	stage "Building ${#missing[@]} unit$(plural ${#missing[@]}) as the distribution did"
	for ((i = 0; i < ${#missing[@]}; i += build_batch)); do
		progress_show $i ${#missing[@]}
		build_run_batch "${missing[@]:i:build_batch}"
	done
}

build_run_batch()
{
	local unit cmd status=0

	for unit; do
		rm -f "$tree_build/$unit" "$(build_cmd_file "$unit")"
	done
	logged build_make "$@" || status=$?
	for unit; do
		cmd=$(build_cmd_file "$unit")
		if [[ -e $tree_build/$unit && -e $cmd ]]; then
			mkdir -p "$tree_dir/run/$(dirname "$unit")"
			build_check_flags "$unit" "$cmd"
			cp "$tree_build/$unit" "$tree_dir/run/$unit.new"
			mv "$tree_dir/run/$unit.new" "$tree_dir/run/$unit"
			# So that a list of all commands has this one, too.
			rm -f "$tree_build/$unit" "$cmd"
		else
			die_log 1 failed "$unit could not be built from the unpatched source (make: $status)" \
				"is the source the one of $kernel_release?"
		fi
	done
}

# A make of many single targets once lost flags of one of them: what was used
# is compared with what Kbuild lists, which the other two objects are made by.
build_check_flags()
{
	local listed used

	used=$(sed -n 's/^\(saved\)\?cmd_[^ ]* := //p' "$2" | build_flags)
	listed=$(units_command "$1" | build_flags)
	[[ $used = "$listed" ]] || {
		diff <(printf '%s\n' "$listed") <(printf '%s\n' "$used") >>"$log_file" || true
		die_log 1 failed "$1 was compiled with other flags than Kbuild lists for it" "try again"
	}
}

# The options in a command line that decide about code, one per line.
build_flags()
{
	tr " ';" '\n' | grep -E '^-[fmO][a-z0-9]' | grep -vE '^-f(function|data)-sections$' | sort -u
}

build_make()
{
	local jobs=$opt_jobs

	# Kbuild makes a unit of arch/x86/lib, pci and the like from two folders, the one
	# with its flags last: at once, they would write the same file.
	[[ " $*" != *' arch/x86/'* ]] || jobs=1
	# Versions of exports are in Module.symvers; to compute them takes as long as to compile.
	"${tree_make[@]}" -k -j "$jobs" OBJECT_FILES_NON_STANDARD=y CONFIG_MODVERSIONS= "$@"
}

build_cmd_file()
{
	printf '%s/%s/.%s.cmd\n' "$tree_build" "$(dirname "$1")" "${1##*/}"
}

# build_command UNIT OUTPUT: the compiler's command line, for another output and with sections
build_command()
{
	local unit=$1 command

	command=$(units_command "$unit")
	[[ $command = *" -c -o $unit "* && $command = *' -Wp,-M'* ]] ||
		die 1 failed "$unit: Kbuild's command line is not understood: $command"
	command=${command/ -c -o $unit / $build_sections $build_extra -c -o $2 }
	sed -E "s|-Wp,-MM?D,[^ ]+|-Wp,-MMD,${2%.new}.d|" <<<"$command"
}

# build_compile DIR UNIT...: DIR/UNIT for each, some at once; names of those
# that failed in work/failed
build_compile()
{
	local dir=$1 unit command jobs=$work/jobs

	shift
	rm -rf "$jobs" "$work/failed"
	mkdir "$jobs"
	: >"$work/failed"
	[[ $# -gt 0 ]] || return 0
	for unit; do
		mkdir -p "$dir/$(dirname "$unit")" "$jobs/$(dirname "$unit")"
		command=$(build_command "$unit" "$dir/$unit.new") || exit
		{
			printf 'cd %q || exit 1\n' "$tree_build"
			printf 'if { %s; } >%q 2>&1; then\n' "$command" "$jobs/$unit.log"
			printf 'mv %q %q\nelse\necho %q >>%q\nfi\necho\n' "$dir/$unit.new" "$dir/$unit" "$unit" \
				"$work/failed"
		} >"$jobs/$unit.sh"
	done
	logged build_jobs "$jobs" "$@" || die_log 1 failed "the compiler could not be run"
	for unit; do
		[[ ! -s $jobs/$unit.log ]] || {
			printf -- '-- %s:\n' "$unit"
			sed "s|$tree_src/||g" "$jobs/$unit.log"
		} >>"$log_file"
	done
}

build_jobs()
{
	local jobs=$1

	shift
	printf '%s\n' "${@/%/.sh}" | sed "s|^|$jobs/|" | xargs -r -P "$opt_jobs" -n 1 sh | progress $#
}

# build_before UNIT...: the pre objects, from the source as it is; kept, as the run objects are
build_before()
{
	local unit missing=() failed

	for unit; do
		[[ -e $tree_dir/pre/$unit && -e $tree_dir/pre/$unit.d ]] || missing+=("$unit")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	stage "Compiling ${#missing[@]} unit$(plural ${#missing[@]}) before the patch"
	build_compile "$tree_dir/pre" "${missing[@]}"
	mapfile -t failed <"$work/failed"
	[[ ${#failed[@]} -gt 0 ]] || return 0
	# Some include a header that Kbuild makes on the way.
	build_run "${failed[@]}"
	build_compile "$tree_dir/pre" "${failed[@]}"
	[[ ! -s $work/failed ]] ||
		die_log 1 failed "$(head -n 1 "$work/failed") could not be compiled from the unpatched source"
}

# build_units: the pre and post objects; then, of the units that changed, the run objects.
#
# Where a type may have another layout, which is refused as a rule, a few units come
# first, then ever more: with a header that many include, what is refused is refused
# before all are compiled.
build_units()
{
	local slice=() changed=() all=("${units[@]}") size=${#units[@]} added=${#units_added[@]} i=0

	[[ ! $changes_types ]] || size=$build_first
	build_before "${units_gone[@]}"
	while ((i < ${#all[@]} || added)); do
		slice=("${all[@]:i:size}")
		build_before "${slice[@]}"
		if ((added)); then
			build_after "${slice[@]}" "${units_added[@]}"
		else
			build_after "${slice[@]}"
		fi
		mapfile -t units < <(build_changed "${slice[@]}")
		layout_check "${units[@]}"
		changed+=("${units[@]}")
		i=$((i + size))
		size=$((4 * size))
		added=0
	done
	units=("${changed[@]}")
	[[ ${#units[@]} -gt 0 || ${#units_added[@]} -gt 0 || ${#units_gone[@]} -gt 0 ]] ||
		die 7 no_change "the patch changes no code: all units compile to the same (${#all[@]} tried)"
	undefined_check "${units[@]}" "${units_added[@]}"
	build_debugged
	build_run "${units[@]}" "${units_gone[@]}"
}

# build_changed UNIT...: those whose objects differ. Compilers are deterministic: equal files are an
# unchanged unit.
build_changed()
{
	local unit

	for unit; do
		cmp -s "$tree_dir/pre/$unit" "$work/post/$unit" || printf '%s\n' "$unit"
	done
}

# build_try UNIT...: the objects of sources that the patch changes, before it is found out which
# other units its headers reach: that may take long, and a part of a greater change, or one that
# changes a layout, often ends here
build_try()
{
	local unit there=() changed

	for unit; do
		units_among "$unit" "${rules_gone[@]}" || there+=("$unit")
	done
	build_before "${there[@]}"
	build_after "${there[@]}"
	mapfile -t changed < <(build_changed "${there[@]}")
	layout_check "${changed[@]}"
}

# build_after UNIT...: the post objects that are not there yet, with the patched files in the tree
# for that long
build_after()
{
	local unit missing=() failed

	for unit; do
		[[ -e $work/post/$unit ]] || missing+=("$unit")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	stage "Compiling ${#missing[@]} unit$(plural ${#missing[@]}) after the patch"
	build_put_patched lines
	units_when=after
	build_compile "$work/post" "${missing[@]}"
	mapfile -t failed <"$work/failed"
	if [[ ${#failed[@]} -gt 0 ]]; then
		build_explain "${failed[@]}"
	fi
	tree_restore
	units_when=before
}

# Debugging information of units where it alone tells the static objects of functions apart, and of
# those with objects of other initial values: their fields have names there
build_debugged()
{
	local unit unclear=()

	for unit in "${units[@]}"; do
		differences_of "$unit"
		! grep -q '^unclear \|^changed *object ' "$differences" || unclear+=("$unit")
	done
	[[ ${#unclear[@]} -gt 0 ]] || return 0
	layout_compile post debug "$layout_options" "${unclear[@]}"
	layout_compile pre debug "$layout_options" "${unclear[@]}"
}

# build_explain UNIT...: dies for patched units that do not compile, and names what they need and
# the source has not: a part of a greater change, most often
build_explain()
{
	local unit needs count names

	for unit; do
		cat "$work/jobs/$unit.log"
	done | awk -f "$KSPLICE_LIBDIR/create/needs.awk" >"$work/needs"
	# Once more, for messages with the lines as they are in the patched file.
	build_put_patched new
	build_compile "$work/again" "$1"
	build_show_errors "$1"
	names=${*:1:5}
	(($# <= 5)) || names+=" and $(($# - 5)) more"
	count=$(wc -l <"$work/needs")
	((count)) || die 1 compile "the patch does not compile: $names" \
		"all of the compiler's messages are in $log_file"
	needs=$(head -n 5 "$work/needs" | paste -s -d , | sed 's/,/, /g')
	((count <= 5)) || needs+=" and $((count - 5)) more"
	die 1 compile "the patch does not compile: $names: the patched source has not $needs" \
		"a mistake, or a part of a greater change: then give the patches that bring the rest as well (--patch may be repeated). All of the compiler's messages are in $log_file"
}

# build_put_patched FOLDER: the patched files of that folder of work into the tree
build_put_patched()
{
	local path

	for path in "${patch_sources[@]}"; do
		if [[ -e $work/new/$path ]]; then
			tree_replace "$path" "$work/$1/$path"
		elif [[ -e $tree_src/$path ]]; then
			tree_remove "$path"
		fi
	done
}

# build_show_errors UNIT: the compiler's first words on what is wrong
build_show_errors()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	sed "s|$tree_src/||g" "$work/jobs/$1.log" |
		awk '/error:/ { found = 1 } found && n++ < 20 { print "    " $0 }' >&2
}
