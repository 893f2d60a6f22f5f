# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The patch: read, checked, and applied to copies of the files it touches.
#
#	work/patch		all patches, one after the other
#	work/patch.code		the same without the files that are no code of this kernel
#	work/new/PATH		the files as patched
#	work/lines/PATH		the same, with the lines numbered as before

patch_files=()		# all that it touches and that counts
patch_sources=()	# those of them that are code: .c .h .S and what they include
patch_makefiles=()	# those that tell how units are built
patch_kconfigs=()	# those that tell what can be configured
declare -A patch_kinds=()	# of a file: changed, added, removed, renamed or version
declare -A patch_origin=()	# of a renamed file: its path before

patch_read()
{
	local file kind path origin

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
	while IFS=$'\t' read -r kind path origin; do
		if [[ $kind = unsupported ]]; then
			[[ $path = *binary* ]] ||
				die 6 unsupported "the patch $path" \
					"a copy is a new file, and this form of a patch has not all of its text: make it with 'git diff --no-renames'"
			die 6 unsupported "the patch $path"
		fi
		patch_kinds[$path]=$kind
		[[ $kind != renamed ]] || patch_origin[$path]=$origin
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
	git -C "$tree" diff --no-ext-diff --no-color --find-renames --src-prefix=a/ --dst-prefix=b/ \
		"$opt_git" -- >"$work/patch" 2>"$work/patch.error" ||
		die 1 not_found "--git: $(head -n 1 "$work/patch.error")"
	[[ $opt_description ]] || opt_description=$(git -C "$tree" log -1 --format=%s "${opt_git##*..}" 2>/dev/null || true)
}

# patch_is_outside PATH: can no code of a kernel for x86-64 be made of it?
patch_is_outside()
{
	case $1 in
	# A table of instructions, which a part of the kernel is made of.
	arch/x86/lib/*.txt) return 1 ;;
	Documentation/* | LICENSES/* | COPYING | MAINTAINERS | CREDITS | README | README.* | \
		*/README | .* | */.gitignore | tools/* | samples/* | debian/* | \
		*.rst | *.txt | *.yaml)
		return 0
		;;
	# What people run; not what the build runs.
	scripts/checkpatch.pl | scripts/get_maintainer.pl | scripts/*kernel-doc* | \
		scripts/coccinelle/* | scripts/gdb/* | scripts/package/*)
		return 0
		;;
	arch/x86/*) return 1 ;;
	arch/*/*) return 0 ;;
	esac
	return 1
}

# What kind of file each one is; what an update cannot carry is refused.
patch_sort_files()
{
	local path ignored=() counted=()

	for path in "${patch_files[@]}"; do
		if [[ ${patch_kinds[$path]} = version ]]; then
			note "only the version in $path changes, which the running kernel has in texts: it keeps its own, ignored"
		# A file that is renamed goes with its old name.
		elif patch_is_outside "$path" && patch_is_outside "${patch_origin[$path]-$path}"; then
			ignored+=("$path")
		else
			counted+=("$path")
			patch_is_outside "$path" || patch_source "$path"
		fi
	done
	[[ ${#ignored[@]} = 0 ]] ||
		note "not part of this kernel, ignored: ${ignored[*]}"
	((${#patch_sources[@]} + ${#patch_makefiles[@]} + ${#patch_kconfigs[@]})) ||
		die 7 no_change "the patch touches no code of this kernel"
	patch_files=("${counted[@]}")
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
	local path from file

	stage "Applying the patch"
	mkdir "$work/new"
	for path in "${patch_files[@]}"; do
		from=${patch_origin[$path]-$path}
		[[ ! ${patch_kinds[$path]} =~ ^(changed|renamed)$ || -e $tree_src/$from ]] ||
			die 1 bad_patch "the patch changes $from, which the source of $kernel_release has not" \
				"its names need one folder to strip, as 'git diff' makes them: a/$from"
		mkdir -p "$work/new/$(dirname "$path")" "$work/new/$(dirname "$from")"
		for file in "$path" "$from"; do
			[[ ! -e $tree_src/$file ]] || cp -L "$tree_src/$file" "$work/new/$file"
		done
	done
	chmod -R u+w "$work/new"
	printf '%s\n' "${patch_files[@]}" >"$work/patch.only"
	awk -v "only=$work/patch.only" -f "$KSPLICE_LIBDIR/create/patch-files.awk" <"$work/patch" >"$work/patch.code"
	logged patch -d "$work/new" -p1 --no-backup-if-mismatch --batch --forward --input="$work/patch.code" || {
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
	local path from

	for path in "${patch_sources[@]}"; do
		[[ -e $work/new/$path ]] || continue
		from=$tree_src/${patch_origin[$path]-$path}
		mkdir -p "$work/lines/$(dirname "$path")"
		if [[ -e $from ]]; then
			diff -U0 "$from" "$work/new/$path" >"$work/diff" || true
			awk -f "$KSPLICE_LIBDIR/create/lines.awk" "$work/diff" "$work/new/$path" \
				>"$work/lines/$path" || die_log 1 failed "$path: lines could not be numbered"
		else
			cp "$work/new/$path" "$work/lines/$path"
		fi
	done
}
