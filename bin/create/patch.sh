# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The patch: read, checked, and applied to copies of the files it touches.
#
#	work/patch		all patches, one after the other
#	work/new/PATH		the files as patched
#	work/lines/PATH		the same, with the lines numbered as before

patch_files=()		# all that it touches
patch_sources=()	# those of them that are code: .c .h .S and what they include
patch_makefiles=()	# those that tell how units are built
patch_kconfigs=()	# those that tell what can be configured
patch_removed=()
patch_changed=()	# those that are there before and after

patch_read()
{
	local file first line kind path

	stage "Reading the patch"
	if [[ $opt_git ]]; then
		patch_from_git
	else
		for file in "${opt_patches[@]}"; do
			cat "$file"
			# Without it the next one's first line would be lost.
			[[ ! $(tail -c 1 "$file") ]] || echo
		done >"$work/patch"
	fi
	[[ -s $work/patch ]] || die 7 no_change "the patch is empty"
	awk -f "$KSPLICE_LIBDIR/create/patch-files.awk" <"$work/patch" >"$work/patch.files" 2>"$work/patch.error" ||
		die 1 bad_patch "$(<"$work/patch.error")" "a unified diff that 'patch -p1' takes in the kernel's source"
	while IFS=$'\t' read -r kind path; do
		case $kind in
		unsupported)
			[[ $path = *binary* ]] ||
				die 6 unsupported "the patch $path" "make it with 'git diff --no-renames'"
			die 6 unsupported "the patch $path"
			;;
		removed) patch_removed+=("$path") ;;
		changed) patch_changed+=("$path") ;;
		esac
		patch_files+=("$path")
	done <"$work/patch.files"
	[[ ${#patch_files[@]} -gt 0 ]] ||
		die 1 bad_patch "no unified diff in the patch" "make it with 'diff -u' or 'git diff'"
	patch_sort_files
	if [[ ! $opt_description ]]; then
		opt_description=$(sed -n 's/^Subject: *\(\[[^]]*\] *\)\?\(.*\)/\2/;T;p;q' "$work/patch")
		[[ $opt_description ]] || opt_description=${opt_git:-$(basename "${opt_patches[0]:-}")}
	fi
}

patch_from_git()
{
	local tree=${opt_source:-.}

	git -C "$tree" rev-parse --git-dir >/dev/null 2>&1 ||
		die 1 not_found "--git: $(cd "$tree" && pwd) is not in a git tree"
	[[ $opt_git = *..* ]] || opt_git=$opt_git^..$opt_git
	git -C "$tree" diff --no-ext-diff --no-color --no-renames --src-prefix=a/ --dst-prefix=b/ \
		"$opt_git" -- >"$work/patch" 2>"$work/patch.error" ||
		die 1 not_found "--git: $(head -n 1 "$work/patch.error")"
	[[ $opt_description ]] || opt_description=$(git -C "$tree" log -1 --format=%s "${opt_git##*..}" 2>/dev/null || true)
}

# What kind of file each one is; what an update cannot carry is refused.
patch_sort_files()
{
	local path ignored=()

	for path in "${patch_files[@]}"; do
		case $path in
		Documentation/* | LICENSES/* | MAINTAINERS | CREDITS | README | \
			.gitignore | */.gitignore | .mailmap | tools/* | samples/* | debian/* | \
			*.rst | *.txt | *.yaml)
			ignored+=("$path")
			;;
		arch/x86/*) patch_source "$path" ;;
		arch/*/*) ignored+=("$path") ;;
		*) patch_source "$path" ;;
		esac
	done
	[[ ${#ignored[@]} = 0 ]] ||
		note "not part of this kernel, ignored: ${ignored[*]}"
	((${#patch_sources[@]} + ${#patch_makefiles[@]} + ${#patch_kconfigs[@]})) ||
		die 7 no_change "the patch touches no code of this kernel"
}

patch_source()
{
	case $1 in
	Makefile | Kbuild | */Makefile.* | arch/x86/Makefile | scripts/* | *.config)
		die 6 unsupported "the patch changes $1: how the whole kernel is built cannot be changed while it runs" \
			"leave that file out of the patch, if the rest does without it"
		;;
	arch/x86/boot/* | arch/x86/realmode/* | arch/x86/purgatory/*)
		die 6 unsupported "the patch changes $1, which runs before the kernel does"
		;;
	arch/x86/entry/vdso/* | lib/vdso/*)
		die 6 unsupported "the patch changes $1, which runs in user space: processes keep the code they have"
		;;
	*/Makefile | */Kbuild)
		patch_makefiles+=("$1")
		;;
	Kconfig | */Kconfig | */Kconfig.*)
		patch_kconfigs+=("$1")
		;;
	*.c | *.h | *.S | *.inc)
		patch_sources+=("$1")
		;;
	*)
		die 6 unsupported "the patch changes $1: it is not known which code is made from it"
		;;
	esac
}

# Applies it to copies: the tree is not touched before that went well.
patch_apply()
{
	local path

	stage "Applying the patch"
	for path in ${patch_changed[@]+"${patch_changed[@]}"}; do
		[[ -e $tree_src/$path ]] ||
			die 1 bad_patch "the patch changes $path, which the source of $kernel_release has not" \
				"its names need one folder to strip, as 'git diff' makes them: a/$path"
	done
	mkdir "$work/new"
	for path in "${patch_files[@]}"; do
		mkdir -p "$work/new/$(dirname "$path")"
		[[ ! -e $tree_src/$path ]] || cp -L "$tree_src/$path" "$work/new/$path"
	done
	chmod -R u+w "$work/new"
	logged patch -d "$work/new" -p1 --no-backup-if-mismatch --batch --forward --input="$work/patch" || {
		log_tail "$log_file"
		die 1 bad_patch "the patch does not apply to the source of $kernel_release" \
			"bring it to that version of the source first"
	}
	! grep -q '^Hunk .* with fuzz' "$log_file" ||
		warn "the patch applies only with fuzz: its context differs from this source"
	patch_number_lines
}

# Copies of the patched files, with the lines numbered as before.
patch_number_lines()
{
	local path

	for path in "${patch_sources[@]}"; do
		[[ -e $work/new/$path ]] || continue
		mkdir -p "$work/lines/$(dirname "$path")"
		if [[ -e $tree_src/$path ]]; then
			diff -U0 "$tree_src/$path" "$work/new/$path" >"$work/diff" || true
			awk -f "$KSPLICE_LIBDIR/create/lines.awk" "$work/diff" "$work/new/$path" \
				>"$work/lines/$path" || die_log 1 failed "$path: lines could not be numbered"
		else
			cp "$work/new/$path" "$work/lines/$path"
		fi
	done
}
