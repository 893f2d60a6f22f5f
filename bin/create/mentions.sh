# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Which files of the source name what changes in some headers, at first or at second
# hand. A name that a few files have takes a second or two to find, where the
# preprocessor would have to read each unit that includes the header: half of the
# kernel, often. It is what the text says and no more than that: reach.sh looks at
# the units that are left.
#
# The source is searched for the names. In a .c file each mention counts. In a
# header the definition that has it brings names of its own into scope, which are
# searched for in turn; what is not understood, and what makes code, counts for each
# unit that includes the header. Names that macros put together with ## are in no
# text; pastes.awk tells which these can be.
#
#	tree_dir/pastes		what pastes.awk says of this source; kept
#	work/reach/names	the names, at first and at second hand
#	work/reach/live		the files whose users may depend on the change

mentions_most=250	# so many names are everywhere: it would take long and say no more
mentions_rounds=10	# how often a macro's name is handed on
mentions_common='(include|arch/x86/include)/'	# headers that all units may include

# mentions_find: work/reach/changes -> work/reach/live; false: any unit may depend on it
mentions_find()
{
	! grep -q '^unknown' "$work/reach/changes" || return 1
	[[ -e $tree_dir/pastes ]] || logged mentions_pastes ||
		die_log 1 failed "the source's macros could not be read"
	sed -nE 's/^(name|macro|new) //p' "$work/reach/changes" | sort -u >"$work/reach/names"
	cp "$work/reach/names" "$work/reach/fresh"
	: >"$work/reach/live"
	while [[ -s $work/reach/fresh ]]; do
		(($(wc -l <"$work/reach/names") <= mentions_most)) || return 1
		logged mentions_round || die_log 1 failed "the source could not be searched"
	done
	sort -u -o "$work/reach/live" "$work/reach/live"
}

# What follows from the names in work/reach/fresh -> the same: names that are new
mentions_round()
{
	local said=$work/reach/said

	mentions_pasted >"$said" || return 1
	mentions_files "$work/reach/fresh" >"$work/reach/files_with" || return 1
	grep '\.[cS]$' "$work/reach/files_with" | sed 's/^/live /' >>"$said" || true
	grep -v '\.[cS]$' "$work/reach/files_with" >"$work/reach/headers_with" || true
	mentions_headers "$tree_src" >>"$said" && mentions_headers "$tree_build" >>"$said" || return 1
	sed -n 's/^live //p' "$said" >>"$work/reach/live"
	sed -n 's/^name //p' "$said" | sort -u | comm -23 - "$work/reach/names" >"$work/reach/fresh"
	sort -u -o "$work/reach/names" "$work/reach/names" "$work/reach/fresh"
}

# mentions_files NAMES: the files that have one of them as a word
mentions_files()
{
	local top there

	for top in "$tree_src" "$tree_build"; do
		(
			headers_enter "$top"
			# 1: there is none
			grep -RlwF --include='*.[chS]' --include='*.inc' -f "$1" "${there[@]}" || (($? == 1))
		) || return 1
	done | sort -u
}

# mentions_headers TOP: what those of work/reach/headers_with say that lie below TOP
mentions_headers()
(
	cd "$1" || exit 1
	while read -r path; do
		[[ ! -e $path ]] || printf '%s\n' "$path"
	done <"$work/reach/headers_with" | xargs -r -d '\n' awk -f "$KSPLICE_LIBDIR/create/definitions.awk" \
		-f "$KSPLICE_LIBDIR/create/mentions.awk" "$work/reach/fresh"
)

# The macros that can make one of the names in work/reach/fresh; in code, the file. What a macro
# of a common header makes is looked for where it is called.
mentions_pasted()
{
	local folder=$work/reach/calls round

	mkdir -p "$folder"
	: >"$folder/done"
	mentions_fitting <"$tree_dir/pastes" >"$folder/said" || return 1
	for ((round = 0; round < mentions_rounds; round++)); do
		grep '^\(live\|name\) ' "$folder/said" || true
		grep '^template ' "$folder/said" | sort -u | comm -23 - "$folder/done" >"$folder/templates" || true
		[[ -s $folder/templates ]] || return 0
		sort -u -o "$folder/done" "$folder/done" "$folder/templates"
		cut -f 2 "$folder/templates" | sort -u >"$folder/macros"
		mentions_macros call "$folder/macros" "$folder/templates" >"$folder/made" || return 1
		sed -E 's/^(name|template) //' "$folder/made" | mentions_plain | mentions_fitting \
			>"$folder/said" || return 1
	done
	sed -n 's/^template [^\t]*\t\([^\t]*\)\t.*/name \1/p' "$folder/said"
}

# mentions_fitting: of lines as in tree_dir/pastes, those that may make a name in work/reach/fresh
mentions_fitting()
{
	awk -F '\t' -v common="^$mentions_common" '
		function fits(name, pattern,	n, i, at, rest) {
			n = split(pattern, part, "*")
			if (n == 1)
				return name == pattern
			if (length(name) < length(pattern) - n + 1 || index(name, part[1]) != 1 ||
			    substr(name, length(name) - length(part[n]) + 1) != part[n])
				return 0
			rest = length(name) - length(part[1]) - length(part[n])
			name = substr(name, length(part[1]) + 1, rest)
			for (i = 2; i < n; i++) {
				if (!(at = index(name, part[i])))
					return 0
				name = substr(name, at + length(part[i]))
			}
			return 1
		}
		FILENAME == ARGV[1] { names[$1]; next }
		{
			pattern = $3
			called = gsub(/[<@][0-9]+>/, "*", pattern)
			gsub(/\*\*+/, "*", pattern)
			found = pattern in names
			if (!found && pattern ~ /[*]/)
				for (name in names)
					if (fits(name, pattern)) {
						found = 1
						break
					}
			if (!found)
				next
			# A header of a few units: they are soon looked at.
			if ($2 == "-" || $1 !~ common)
				print "live " $1
			else if (called)
				print "template " $0
			else
				print "name " $2
		}' "$work/reach/fresh" - | sort -u
}

# mentions_pastes: writes tree_dir/pastes
mentions_pastes()
{
	local folder=$work/reach/pastes round

	mkdir -p "$folder"
	printf '##\n' >"$folder/sign"
	: >"$folder/names"
	: >"$folder/done"
	: >"$folder/known"
	mentions_macros define "$folder/sign" >"$folder/said" || return 1
	for ((round = 0; round < mentions_rounds; round++)); do
		grep '^name ' "$folder/said" >>"$folder/names" || true
		grep '^template ' "$folder/said" | sort -u | comm -23 - "$folder/done" >"$folder/templates" || true
		[[ -s $folder/templates ]] || break
		sort -u -o "$folder/done" "$folder/done" "$folder/templates"
		# What all may use is followed to those who do. The others have few users.
		grep -E "^template $mentions_common" "$folder/templates" >"$folder/common" || true
		grep -vE "^template $mentions_common" "$folder/templates" | mentions_unfollowed >>"$folder/names"
		cut -f 2 "$folder/common" | sort -u >"$folder/macros"
		cat "$folder/common" >>"$folder/known"
		mentions_macros call "$folder/macros" "$folder/known" >"$folder/said" || return 1
		mv "$folder/common" "$folder/last"
		: >"$folder/common"
	done
	# Handed on for so long: with any argument then.
	((round < mentions_rounds)) || mentions_unfollowed <"$folder/last" >>"$folder/names"
	mentions_plain <"$folder/names" >"$tree_dir/pastes.new" &&
		mv "$tree_dir/pastes.new" "$tree_dir/pastes"
}

# Names as pastes.awk prints them, with what !THIS! is: anything if it is a macro, else itself
mentions_plain()
{
	local folder=$work/reach/pastes

	mkdir -p "$folder"
	sed 's/^name //' | sort -u >"$folder/marked"
	grep -oE '![^!]+!' "$folder/marked" | tr -d ! | sort -u >"$folder/capitals" || true
	if [[ ! -s $folder/capitals ]]; then
		cat "$folder/marked"
		return
	fi
	mentions_files "$folder/capitals" >"$folder/files" || return 1
	mentions_defined "$tree_src" >"$folder/defined" && mentions_defined "$tree_build" >>"$folder/defined" ||
		return 1
	awk 'FILENAME == ARGV[1] { defined[$1]; next }
		{
			while (match($0, /![^!]+!/)) {
				word = substr($0, RSTART + 1, RLENGTH - 2)
				$0 = substr($0, 1, RSTART - 1) (word in defined ? "*" : word) \
					substr($0, RSTART + RLENGTH)
			}
			print
		}' "$folder/defined" "$folder/marked" | sort -u
}

# mentions_defined TOP: which of the words in capitals are macros without arguments there
mentions_defined()
(
	cd "$1" || exit 1
	while read -r path; do
		[[ ! -e $path ]] || printf '%s\0' "$path"
	done <"$work/reach/pastes/files" | xargs -r -0 grep -hE '^[[:blank:]]*#[[:blank:]]*define[[:blank:]]' |
		sed -E 's/^[[:blank:]]*#[[:blank:]]*define[[:blank:]]+//' |
		awk -v words="$work/reach/pastes/capitals" '
			BEGIN { while ((getline word < words) > 0) wanted[word] }
			match($0, /^[A-Za-z0-9_]+/) {
				word = substr($0, 1, RLENGTH)
				if (word in wanted && substr($0, RLENGTH + 1, 1) != "(")
					print word
			}' | sort -u
)

# Templates whose calls are not looked for, as names: any argument
mentions_unfollowed()
{
	sed -E 's/^template /name /; s/[<@][0-9]+>/*/g; s/\*\*+/*/g'
}

# mentions_macros define|call WORDS [TEMPLATES]: pastes.awk for the files that have one of the words
mentions_macros()
{
	local top there

	for top in "$tree_src" "$tree_build"; do
		(
			headers_enter "$top"
			if [[ $1 = call ]]; then
				set -- "$@" -w
			fi
			grep -RlF ${4+"$4"} --include='*.[chS]' --include='*.inc' -f "$2" "${there[@]}" \
				>"$2.files" || (($? == 1)) || exit 1
			awk -f "$KSPLICE_LIBDIR/create/pastes.awk" "$1" ${3+"$3"} "$2.files"
		) || return 1
	done
}
