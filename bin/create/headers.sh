# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Which units a change of a header can reach. Those that may include it are told
# by the #include lines of the whole source. If they are many, mentions.sh leaves
# those that have a file which names what changes. Each of these is run through the
# preprocessor, which is several times as fast as the compiler and knows two things
# for sure: whether the unit reads the header, and, with definitions.awk, whether
# its code depends on a name that the change defines. What is left is compiled.
#
#	work/reach/changes	what changes in the headers
#	tree_dir/reach/KEY	UNIT TAB yes|no, for these changes; kept

headers_cost=35		# preprocessing a unit takes so many hundredths of a second, or so
headers_compiling=8	# compiling it takes so many times as long
headers_reading=30	# for more units than this it is worth while to read the whole source

# headers_units FILE...: adds the units whose code a change in one of the files can reach
headers_units()
{
	local list reached

	stage "Looking for the units that include ${*##*/}"
	mkdir -p "$work/reach/text"
	headers_changes "$@"
	headers_candidates "$@"
	[[ -s $work/reach/commands ]] || return 0
	headers_search "$@"
	# What an earlier run with the same changes found is there as well.
	mapfile -t reached < <(awk -F '\t' 'FILENAME == ARGV[1] { wanted[$1]; next }
		$2 == "yes" && ($1 in wanted) { print $1 }' "$work/reach/commands" "$headers_known" | sort -u)
	units+=(${reached[@]+"${reached[@]}"})
	headers_announce ${#reached[@]} "$(headers_targets "${reached[@]}")" "$@"
}

# Units that are configured, may include a file and a file that names what changes, with their
# commands -> work/reach/commands
headers_candidates()
{
	local candidates

	if [[ ! -e $tree_dir/include-lines ]]; then
		logged headers_scan || die_log 1 failed "the source's include lines could not be read"
	fi
	# Headers that the patch adds are reached through files that it changes as well.
	awk -f "$KSPLICE_LIBDIR/create/includes.awk" users "$tree_dir/include-lines" "$@" |
		sort -u >"$work/reach/candidates"
	headers_narrow
	mapfile -t candidates <"$work/reach/candidates"
	units_list ${candidates[@]+"${candidates[@]}"}
	[[ ${#candidates[@]} -eq 0 ]] || ! headers_elsewhere || units_list_all
	: >"$work/reach/commands"
	[[ ${#candidates[@]} -eq 0 ]] ||
		units_commands "$work/reach/candidates" | targets_filter >"$work/reach/commands"
}

# Whether a candidate's folder has no unit of its own: another folder's Makefile may have it, as
# arch/x86/kvm/../../../virt/kvm/kvm_main.o, and only the list of all units tells.
headers_elsewhere()
{
	[[ ! -e $tree_dir/commands/all ]] || return 1
	awk '{ folder = $1; sub(/\/[^\/]*$/, "", folder) }
		FILENAME != ARGV[ARGC - 1] { listed[folder]; next }
		!(folder in listed) { found = 1; exit }
		END { exit !found }' "$tree_dir"/commands/* "$work/reach/candidates"
}

# Leaves out the candidates that have no file which names what changes
headers_narrow()
{
	[[ $(wc -l <"$work/reach/candidates") -ge $progress_many ]] || return 0
	stage "Looking for what changes in the source"
	mentions_find || return 0
	xargs -r -d '\n' awk -f "$KSPLICE_LIBDIR/create/includes.awk" users "$tree_dir/include-lines" \
		<"$work/reach/live" | sort -u >"$work/reach/users"
	comm -12 "$work/reach/candidates" "$work/reach/users" >"$work/reach/narrowed"
	mv "$work/reach/narrowed" "$work/reach/candidates"
}

# headers_changes FILE...: what changes in them, and where the answers for it are kept
headers_changes()
{
	local path key

	for path; do
		if [[ -e $work/changes/$path ]]; then
			cat "$work/changes/$path"
		elif [[ -e $tree_src/$path || ! -e $work/new/$path ]]; then
			echo "unknown $path"
		fi
	done | sort -u >"$work/reach/changes"
	printf '%s\n' "${@/#/$tree_src/}" >"$work/reach/files"
	key=$(cat "$work/reach/changes" "$work/reach/files" "$KSPLICE_LIBDIR"/create/{definitions,reached}.awk |
		sha256sum | cut -c 1-16)
	mkdir -p "$tree_dir/reach"
	headers_known=$tree_dir/reach/$key
	[[ -e $headers_known ]] || : >"$headers_known"
}

# headers_search FILE...: an answer for each unit that has none yet
headers_search()
{
	local count

	headers_missing
	((count)) || return 0
	if ((count >= headers_reading)) && ! headers_named; then
		verbose "nothing in the source names what ${*##*/} would have besides"
		return
	fi
	if [[ $changes_types ]] && ((count >= progress_many)); then
		headers_try
		headers_missing
	fi
	if ((count >= progress_many)); then
		note "the changes of ${*##*/} may reach $count units; to look at each of them takes about $(
			progress_duration $((count * headers_cost / 100 / opt_jobs)))"
	fi
	stage "Looking for the units whose code can change"
	headers_look
}

# headers_missing: the units that have no answer -> work/reach/missing; sets $count
headers_missing()
{
	awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { known[$1]; next } !($1 in known)' \
		"$headers_known" "$work/reach/commands" >"$work/reach/missing"
	count=$(wc -l <"$work/reach/missing")
}

# headers_try: a type with another layout is refused as a rule, and each unit that uses it tells.
# So a few units, from here and there, come first.
headers_try()
{
	local some

	awk -v every=$((count / build_first)) 'NR % every == 1' "$work/reach/missing" >"$work/reach/some"
	mv "$work/reach/some" "$work/reach/missing"
	headers_look
	mapfile -t some < <(awk -F '\t' 'FILENAME == ARGV[1] { asked[$1]; next }
		$2 == "yes" && ($1 in asked) { print $1 }' "$work/reach/missing" "$headers_known")
	build_try "${some[@]}"
}

# headers_look: an answer for each unit in work/reach/missing
headers_look()
{
	logged headers_jobs "$(wc -l <"$work/reach/missing")" ||
		die_log 1 failed "the preprocessor could not be run"
}

# headers_named: whether the source, as it is, may name what the changes define. If they only add,
# and nothing names what they add, then no unit's code depends on them, but for the sources that the
# patch changes: these are compiled anyway, and so this is no answer to keep. Not so for macros: a
# name that ## makes is found in no text, and a macro would take it. (A function or type cannot have
# been used in this way, for it was not declared.)
headers_named()
{
	local top there status

	! grep -qvE '^(new |types$)' "$work/reach/changes" || return 0
	sed -n 's/^new //p' "$work/reach/changes" >"$work/reach/names"
	[[ -s $work/reach/names ]] || return 0
	for top in "$tree_src" "$tree_build"; do
		status=0
		(headers_enter "$top" && grep -RIlwF -f "$work/reach/names" "${there[@]}") || status=$?
		# What could not be read may name it.
		((status <= 1)) || echo "$top"
	done >"$work/reach/named"
	printf '%s\n' "${patch_sources[@]}" | grep '\.[cS]$' >"$work/reach/compiled" || true
	grep -qvxF -f "$work/reach/compiled" "$work/reach/named"
}

headers_jobs()
{
	export REACH_DIR=$work/reach REACH_LIB=$KSPLICE_LIBDIR/create REACH_BUILD=$tree_build
	export REACH_PRE=$tree_dir/pre REACH_KNOWN=$headers_known
	tr '\t' '\n' <"$work/reach/missing" |
		xargs -r -d '\n' -P "$opt_jobs" -n 2 sh "$KSPLICE_LIBDIR/create/reach.sh" |
		progress "$1"
}

# headers_targets UNIT...: how many targets they are linked into
headers_targets()
{
	awk -F '\t' 'FILENAME == ARGV[1] { wanted[$0]; next } $1 in wanted' <(printf '%s\n' "$@") \
		"$work/reach/commands" | awk -f "$KSPLICE_LIBDIR/create/targets.awk" | cut -f 1 | sort -u | wc -l
}

# headers_announce NUMBER TARGETS FILE...: what there is to do now; too much is refused
headers_announce()
{
	local number=$1 where cost

	where="$number units of $2 target$(plural "$2")"
	shift 2
	cost=$((number * headers_cost * headers_compiling * 2 / 100 / opt_jobs))
	verbose "$where can be changed by ${*##*/}"
	((number <= opt_max_units)) ||
		die 6 unsupported "the changes of ${*##*/} reach $where; the limit is $opt_max_units" \
			"make the change in the .c files that need it; fewer of them with --targets; or --max-units $number, which takes about $(
				progress_duration "$cost")"
	((number < progress_many / 2)) ||
		note "the changes of ${*##*/} reach $where; to compile them before and after takes up to $(
			progress_duration "$cost")"
}

# Folders of the source that kernel code comes from.
headers_folders=(arch/x86 block certs crypto drivers fs include init io_uring ipc kernel lib mm net
	security sound virt)

# headers_scan: writes tree_dir/include-lines
headers_scan()
{
	headers_scan_lines | awk -f "$KSPLICE_LIBDIR/create/includes.awk" scan >"$tree_dir/include-lines.new" &&
		mv "$tree_dir/include-lines.new" "$tree_dir/include-lines"
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
	# grep reads a gigabyte in seconds, which awk does not. -R: a source that is given is a farm
	# of links.
	for top in "$tree_src" "$tree_build"; do
		headers_enter "$top"
		grep -RHE --include='*.[chS]' --include='*.inc' \
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
