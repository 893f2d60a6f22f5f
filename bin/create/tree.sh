# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The tree that units are built in: a source that may be changed for a moment
# (a fetched one, or a farm of links to the user's), a build folder prepared
# as the distribution's was, and the files that stand in for touched ones.
#
#	tree_dir/build		Kbuild's O=
#	tree_dir/run, pre	objects built before, kept
#	tree_dir/original	what tree_replace() took out of the source

tree_dir=
tree_src=
tree_build=
tree_cc=
tree_make=()	# make with all that the distribution's build was given

tree_prepare()
{
	if [[ $kernel_dir ]]; then
		tree_dir=$kernel_dir
		tree_src=$kernel_dir/source
	else
		tree_dir=$cache/trees/$(printf '%s\n' "$kernel_source" "$kernel_config" \
			"$kernel_headers" | sha256sum | cut -c 1-16)
		tree_src=$tree_dir/source
		mkdir -p "$tree_dir"
	fi
	tree_build=$tree_dir/build
	tree_compiler
	tree_make=(make -C "$tree_src" "O=$tree_build" ARCH=x86 "CC=$tree_cc" "HOSTCC=$tree_cc" KCFLAGS=-g0
		"${kernel_make[@]}")

	cleanups+=(tree_abandon)
	tree_enter
	[[ $kernel_dir ]] || tree_farm
	local key
	key=$(tree_key)
	if [[ -e $tree_dir/prepared && $(<"$tree_dir/prepared") = "$key" ]]; then
		return
	fi
	rm -rf "$tree_dir"/{prepared,run,pre,build,include-lines,pastes,commands,reach,layout}
	tree_configure
	tree_modules_prepare
	printf '%s\n' "$key" >"$tree_dir/prepared"
}

# The tree is one process's alone from tree_enter() to tree_leave(): what stands in for a touched file
# then is its own, and nobody else's to put back.
tree_held=

tree_enter()
{
	lock "$tree_dir/lock"
	tree_held=yes
	# What an interrupted run may have left.
	tree_restore
}

tree_leave()
{
	tree_restore
	tree_held=
	unlock
}

# At the end, however that comes.
tree_abandon()
{
	[[ ! $tree_held ]] || tree_restore
}

# All that the build folder was made from.
tree_key()
{
	{
		printf '%s\n' "$tree_dir" "$kernel_release" "$tree_cc" "${kernel_make[@]}"
		"$tree_cc" --version
		ld --version
		sha256sum <"$kernel_config"
		sha256sum <"$kernel_headers/Module.symvers"
		[[ ! -e $tree_dir/farm ]] || cat "$tree_dir/farm"
	} | sha256sum | cut -d ' ' -f 1
}

# The compiler that the configuration names, and no other: its code must be
# the running kernel's, byte for byte.
tree_compiler()
{
	local text name major candidate found=

	text=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\(.*\)"$/\1/p' "$kernel_config")
	[[ $text ]] || die 1 failed "$kernel_config: no CONFIG_CC_VERSION_TEXT: not a kernel's configuration" \
		"take the configuration that the kernel was built with: /boot/config-RELEASE"
	grep -q '^CONFIG_X86_64=y' "$kernel_config" ||
		die 1 failed "$kernel_config: not an x86-64 configuration"
	! grep -q '^CONFIG_CC_IS_CLANG=y' "$kernel_config" ||
		die 1 failed "the kernel was built with clang ($text), which is not supported"
	name=${text%% *}
	name=${name##*/}
	major=$(sed -n 's/^CONFIG_GCC_VERSION=\([0-9]*\)[0-9]\{4\}$/\1/p' "$kernel_config")
	for candidate in "$name" "${name#x86_64-linux-gnu-}" gcc "gcc-$major"; do
		command -v "$candidate" >/dev/null || continue
		found=${found:-$candidate}
		# The name that it was called by is a part of the first line.
		if [[ $("$candidate" --version | sed '1s/^[^ ]* //;q') = "${text#* }" ]]; then
			tree_cc=$candidate
			return
		fi
	done
	if [[ $found ]]; then
		die 1 compiler "the kernel was built with '$text', but here is '$("$found" --version | head -n 1)'" \
			"install that version of the Debian package gcc-$major"
	fi
	die 1 compiler "the kernel was built with '$text', which is not installed" \
		"apt-get install gcc-$major"
}

# A farm of links to the user's source, so that nothing there is ever written.
tree_farm()
{
	local state

	state=$(cd "$kernel_source" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' |
		sort | sha256sum)
	[[ -e $tree_dir/farm && $(<"$tree_dir/farm") = "$state" && -d $tree_src ]] && return
	stage "Linking to the source $kernel_source"
	rm -rf "$tree_src" "$tree_dir/farm" "$tree_dir/prepared"
	mkdir "$tree_src"
	logged tree_link "$kernel_source" "$tree_src" || die_log 1 failed "the source could not be linked to"
	printf '%s\n' "$state" >"$tree_dir/farm"
}

# tree_link FROM TO: all but what a build in the source left there
tree_link()
{
	(
		cd "$1" || exit
		find . -mindepth 1 -maxdepth 1 ! -name .git -print0 |
			xargs -0 -I{} cp -rs "$1/{}" "$2/"
	) || return
	cd "$2" || return
	rm -rf .config .config.old include/config include/generated arch/x86/include/generated
	# Each file that Kbuild makes has its command beside it.
	find . -name '.*.cmd' -type l -printf '%h/%f\n' | sed 's|/\.\([^/]*\)\.cmd$|/\1|' |
		xargs -r -d '\n' rm -f -- || return
	find . \( -name '*.o' -o -name '.*.cmd' -o -name '*.ko' -o -name '*.a' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name 'modules.order' -o -name 'Module.symvers' \
		-o -name 'built-in.a' -o -name '.tmp_*' \) -type l -delete
}

tree_configure()
{
	local changes

	stage "Configuring"
	mkdir -p "$tree_build"
	cp "$kernel_config" "$tree_build/.config"
	logged "${tree_make[@]}" olddefconfig ||
		die_log 1 failed "the configuration could not be taken over" "$(tree_hint)"
	changes=$(diff <(tree_options "$kernel_config") <(tree_options "$tree_build/.config") || true)
	[[ ! $changes ]] || tree_refuse_configuration "$changes"
}

# tree_refuse_configuration DIFF: another configuration makes other code, and other layouts of
# structures that no comparison of code sees
tree_refuse_configuration()
{
	local options hint="is the source the one that this configuration is of? then install the tools that the kernel was built with: the compiler's and binutils' versions decide about options too"

	printf '%s\n' "$1" >>"$log_file"
	# One word for each option: NAME=VALUE as it was, or !NAME where it is new.
	options=$(awk -F '[ =]' '
		/^</ { value = $0; sub(/^< CONFIG_/, "", value); was[$2] = value; name[++n] = $2 }
		/^>/ && !($2 in was) { option = $2; sub(/^CONFIG_/, "!", option); was[$2] = option; name[++n] = $2 }
		END { for (i = 1; i <= n && i <= 8; i++) printf "%s%s", (i > 1 ? ", " : ""), was[name[i]]
			if (n > 8) printf " and %d more", n - 8 }' <<<"$1")
	! grep -q '^< CONFIG_PREEMPT_RT=y' <<<"$1" ||
		hint="this is a PREEMPT_RT kernel, and the source lacks its patch: for --source, apply debian/patches-rt of Debian's packaging, or kernel.org's patch, to it"
	die 1 config "the source does not keep the configuration of $kernel_release, and so would make other code: $options" "$hint"
}

# What most often is in the way: tools that Kbuild needs.
tree_hint()
{
	local missing=

	! command -v dpkg-query >/dev/null ||
		missing=$("$KSPLICE_LIBDIR/create/deps.sh" --missing create || true)
	[[ ! $missing ]] || printf 'apt-get install --no-install-recommends %s\n' "$missing"
}

# The options that decide about code: not those that describe tools, or that a
# distribution leaves out of the configuration it ships.
tree_options()
{
	local others='CC_VERSION_TEXT|GCC_VERSION|AS_VERSION|LD_VERSION|PAHOLE_VERSION'

	others+='|RUSTC_[A-Z_]*|BINDGEN_[A-Z_]*|BUILD_SALT|MODULE_SIG_ALL|MODULE_SIG_KEY|SYSTEM_TRUSTED_KEYS'
	grep '^CONFIG_' "$1" | grep -Ev "^CONFIG_($others)=" | sort
}

tree_modules_prepare()
{
	stage "Preparing the build folder"
	logged "${tree_make[@]}" -j "$opt_jobs" OBJECT_FILES_NON_STANDARD=y modules_prepare ||
		die_log 1 failed "the build folder could not be prepared" "$(tree_hint)"
	cp "$kernel_headers/Module.symvers" "$tree_build/Module.symvers"
	# Made only by a whole build: text that some units hold.
	[[ ! -e $kernel_headers/include/generated/utsversion.h ]] ||
		cp "$kernel_headers/include/generated/utsversion.h" "$tree_build/include/generated/"
}

# tree_replace PATH FILE: FILE stands in for the source's PATH until tree_restore()
tree_replace()
{
	local original=$tree_dir/original/$1

	mkdir -p "$(dirname "$original")"
	if [[ -e $original || -e $original.absent ]]; then
		: # It is replaced once more.
	elif [[ -e $tree_src/$1 ]]; then
		mv "$tree_src/$1" "$original"
	else
		mkdir -p "$(dirname "$tree_src/$1")"
		: >"$original.absent"
	fi
	cp "$2" "$tree_src/$1.ksplice-new"
	mv "$tree_src/$1.ksplice-new" "$tree_src/$1"
}

# tree_remove PATH: the source has no such file until tree_restore()
tree_remove()
{
	mkdir -p "$(dirname "$tree_dir/original/$1")"
	mv "$tree_src/$1" "$tree_dir/original/$1"
}

# Puts back what was taken out, in any order and as often as wanted.
tree_restore()
{
	local path

	[[ -d $tree_dir/original ]] || return 0
	while IFS= read -r -d '' path; do
		if [[ $path = *.absent ]]; then
			rm -f "$tree_src/${path%.absent}"
		else
			mv -f "$tree_dir/original/$path" "$tree_src/$path"
		fi
	done < <(find "$tree_dir/original" ! -type d -printf '%P\0')
	find "$tree_src" -name '*.ksplice-new' -delete 2>/dev/null &
	wait $!
	rm -rf "$tree_dir/original"
}
