#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ksplice-create as far as it goes without a kernel: options, patches, line numbers.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
	export KSPLICE_CACHE=$dir/cache TMPDIR=$dir
	cat >"$dir/good.patch" <<-'EOF'
	--- a/fs/proc/cmdline.c
	+++ b/fs/proc/cmdline.c
	@@ -1 +1 @@
	-old
	+new
	EOF
}

# fails STATUS CODE TEXT OPTION...: one error line with this code; nothing is left
fails()
{
	local status_wanted=$1 code=$2 text=$3

	shift 3
	run ksplice-create "$@"
	[ "$status" = "$status_wanted" ] && [[ $output == *"[$code]"* && $output == *"$text"* ]] || {
		echo "status $status, wanted $status_wanted [$code] $text; got:"
		echo "$output"
		return 1
	}
	[ -z "$(find "$dir" -maxdepth 1 -name 'ksplice-create.*')" ]
}

@test "--help and --version" {
	run ksplice-create --help
	[ "$status" = 0 ]
	[[ $output == usage:* ]]
	run ksplice-create --version
	[ "$status" = 0 ]
	[[ $output == "ksplice-create "* ]]
}

@test "wrong command lines are told apart" {
	fails 2 usage "neither --patch nor --git"
	fails 2 usage "exclude each other" --patch "$dir/good.patch" --git HEAD
	fails 2 usage "unrecognized option" --nonsense
	fails 2 usage "--jobs" --patch "$dir/good.patch" -j 0
	fails 2 usage "--accept" --patch "$dir/good.patch" --accept everything
	fails 2 usage "--accept" --patch "$dir/good.patch" --accept layout=
	fails 2 usage "--max-units" --patch "$dir/good.patch" --max-units all
	fails 2 usage "--targets" --patch "$dir/good.patch" --targets "vmlinux nf_tables"
	fails 2 usage "--id" --patch "$dir/good.patch" --id 'A b'
	fails 2 usage "--id" --patch "$dir/good.patch" --id 1234567890123456789012345
	fails 2 usage "not a kernel release" --patch "$dir/good.patch" --kernel '../x'
	fails 2 usage "belong together" --patch "$dir/good.patch" --source "$dir"
	fails 2 usage "options only" "$dir/good.patch"
}

@test "files that are not there" {
	fails 1 not_found "no such file" --patch "$dir/none"
	fails 1 not_found "no such folder" --patch "$dir/good.patch" -o "$dir/none/x.ksplice"
	fails 1 not_found "not a kernel's source" --patch "$dir/good.patch" --source "$dir" \
		--config "$dir/good.patch" --headers "$dir"
	fails 1 not_found "not in a git tree" --git HEAD --source /proc --config /dev/null --headers /proc ||
		fails 1 not_found "" --git HEAD --source /proc --config "$dir/good.patch" --headers /proc
}

@test "broken patches" {
	: >"$dir/empty"
	fails 7 no_change "empty" --patch "$dir/empty"
	echo text >"$dir/text"
	fails 1 bad_patch "no unified diff" --patch "$dir/text"
	head -n 4 "$dir/good.patch" >"$dir/cut"
	fails 1 bad_patch "cut short" --patch "$dir/cut"
	sed 's/^+new/*new/' "$dir/good.patch" >"$dir/damaged"
	fails 1 bad_patch "damaged" --patch "$dir/damaged"
	# patch(1) would leave out what follows the end of a hunk, without a word.
	(cat "$dir/good.patch"; echo "+more") >"$dir/more"
	fails 1 bad_patch "line 6: the hunk before has more lines than it says" --patch "$dir/more"
	(cat "$dir/good.patch"; printf "%s\n" " context" "" +more) >"$dir/behind"
	fails 1 bad_patch "line 8: the hunk before has more lines than it says" --patch "$dir/behind"
	(cat "$dir/good.patch"; printf "%s\n" " context" "@@ -9 +9 @@" -old +new) >"$dir/next"
	fails 1 bad_patch "line 7: a hunk without a file" --patch "$dir/next"
	sed 's,fs/proc,../..,' "$dir/good.patch" >"$dir/outside"
	fails 1 bad_patch "leads out" --patch "$dir/outside"
	sed 's,fs/proc/cmdline,fs/$(x),' "$dir/good.patch" >"$dir/name"
	fails 1 bad_patch "unusual name" --patch "$dir/name"
	head -c 4096 /dev/urandom >"$dir/random"
	fails 1 bad_patch "" --patch "$dir/random"
}

@test "what an update cannot carry" {
	sed 's,fs/proc/cmdline.c,scripts/Kconfig.include,' "$dir/good.patch" >"$dir/scripts"
	fails 6 unsupported "scripts/Kconfig.include" --patch "$dir/scripts"
	sed 's,fs/proc/cmdline.c,Makefile,' "$dir/good.patch" >"$dir/makefile"
	fails 6 unsupported "changes Makefile: how the whole kernel" --patch "$dir/makefile"
	sed 's,fs/proc/cmdline.c,arch/x86/boot/Makefile,' "$dir/good.patch" >"$dir/boot"
	fails 6 unsupported "before the kernel" --patch "$dir/boot"
	sed 's,fs/proc/cmdline.c,arch/x86/entry/vdso/vclock_gettime.c,' "$dir/good.patch" >"$dir/vdso"
	fails 6 unsupported "user space" --patch "$dir/vdso"
	sed 's,fs/proc/cmdline.c,Documentation/x.rst,' "$dir/good.patch" >"$dir/documentation"
	fails 7 no_change "no code" --patch "$dir/documentation"
	sed 's,fs/proc/cmdline.c,arch/arm64/kernel/setup.c,' "$dir/good.patch" >"$dir/arm"
	fails 7 no_change "no code" --patch "$dir/arm"
	printf 'diff --git a/a.c b/b.c\nsimilarity index 100%%\ncopy from a.c\ncopy to b.c\n' >"$dir/copy"
	fails 6 unsupported "copies a.c" --patch "$dir/copy"
	[[ $output == *--no-renames* ]]
}

@test "what is no code is ignored, with a note" {
	local path

	for path in Documentation/x.rst MAINTAINERS .mailmap fs/README tools/perf/perf.c debian/rules \
		scripts/checkpatch.pl samples/bpf/x.c arch/arm64/kernel/setup.c; do
		sed "s,fs/proc/cmdline.c,$path," "$dir/good.patch" >"$dir/ignored"
		fails 7 no_change "no code" --patch "$dir/ignored"
		[[ $output == *"ignored: $path"* ]]
	done
	printf -- '--- a/Makefile\n+++ b/Makefile\n@@ -1,3 +1,3 @@\n VERSION = 6\n-SUBLEVEL = 1\n+SUBLEVEL = 2\n NAME = a\n' \
		>"$dir/version"
	fails 7 no_change "no code" --patch "$dir/version"
	[[ $output == *"only the version in Makefile changes"* ]]
	# Anything else in it may matter, as may what the build runs or makes code of.
	sed 's/^-SUBLEVEL = 1/-SUBLEVEL = 1\n-KBUILD_CFLAGS += -O2/; s/-1,3/-1,4/' "$dir/version" >"$dir/more"
	fails 6 unsupported "changes Makefile: how the whole kernel" --patch "$dir/more"
	for path in scripts/mod/modpost.c arch/x86/lib/x86-opcode-map.txt; do
		sed "s,fs/proc/cmdline.c,$path," "$dir/good.patch" >"$dir/matters"
		fails 6 unsupported "$path" --patch "$dir/matters"
	done
}

# files PATCH: what it touches, KIND|PATH|OLD PATH in a line
files()
{
	awk -f "$create/patch-files.awk" <"$1" | tr '\t' '|'
}

@test "files that are renamed" {
	cat >"$dir/renamed" <<-'EOF'
	Subject: with a mail's head

	diff --git a/fs/a.c b/fs/b.c
	similarity index 90%
	rename from fs/a.c
	rename to fs/b.c
	--- a/fs/a.c
	+++ b/fs/b.c
	@@ -1,2 +1,2 @@
	 kept
	-old
	+new
	\ No newline at end of file
	diff --git a/fs/a.h b/fs/b.h
	similarity index 100%
	rename from fs/a.h
	rename to fs/b.h
	diff --git a/Documentation/a b/Documentation/b
	similarity index 100%
	rename from Documentation/a
	rename to Documentation/b
	--
	2.39
	EOF
	[ "$(files "$dir/renamed" | paste -s -d ' ')" = "removed|fs/a.c renamed|fs/b.c|fs/a.c removed|fs/a.h renamed|fs/b.h|fs/a.h removed|Documentation/a renamed|Documentation/b|Documentation/a" ]
	# As patch takes it, without what is ignored.
	mkdir -p "$dir/tree/fs"
	printf 'kept\nold\n' >"$dir/tree/fs/a.c"
	echo header >"$dir/tree/fs/a.h"
	printf 'fs/a.c\nfs/b.c\nfs/a.h\nfs/b.h\n' >"$dir/only"
	awk -v "only=$dir/only" -f "$create/patch-files.awk" <"$dir/renamed" >"$dir/part"
	patch -s -d "$dir/tree" -p1 --batch --forward --input="$dir/part"
	[ "$(cd "$dir/tree" && find . -type f | sort | paste -s -d ' ')" = './fs/b.c ./fs/b.h' ]
	[ "$(cat "$dir/tree/fs/b.c")" = $'kept\nnew' ]
	# A name that says something else than the head, or leads out.
	sed 's,+++ b/fs/b.c,+++ b/fs/c.c,' "$dir/renamed" >"$dir/other"
	fails 1 bad_patch "not what the file is renamed to" --patch "$dir/other"
	sed 's,--- a/fs/a.c,--- a/fs/c.c,' "$dir/renamed" >"$dir/other"
	fails 1 bad_patch "not what the file is renamed to" --patch "$dir/other"
	sed 's,rename to fs/b.h,rename to ../b.h,' "$dir/renamed" >"$dir/outside"
	fails 1 bad_patch "leads out" --patch "$dir/outside"
	sed 's,rename to fs/b.h,rename to /b.h,' "$dir/renamed" >"$dir/outside"
	fails 1 bad_patch "leads out" --patch "$dir/outside"
}

@test "a part of a patch: other files' hunks need not apply" {
	cat "$dir/good.patch" >"$dir/two"
	sed 's,fs/proc/cmdline.c,Documentation/x,' "$dir/good.patch" >>"$dir/two"
	echo fs/proc/cmdline.c >"$dir/only"
	awk -v "only=$dir/only" -f "$create/patch-files.awk" <"$dir/two" | cmp - "$dir/good.patch"
	# An added file that a later patch changes is an added one.
	printf -- '--- /dev/null\n+++ b/fs/a.c\n@@ -0,0 +1 @@\n+a\n--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1 +1 @@\n-a\n+b\n' >"$dir/again"
	[ "$(files "$dir/again")" = 'added|fs/a.c' ]
}

# lines OLD NEW: NEW with its lines numbered as in OLD
lines()
{
	diff -U0 "$1" "$2" >"$dir/diff" || true
	awk -f "$create/lines.awk" "$dir/diff" "$2"
}

# same_numbers: each `L(NAME)' of old.c that is in new.c too is on the same line for the compiler
same_numbers()
{
	local name expected

	lines "$dir/old.c" "$dir/new.c" >"$dir/numbered.c"
	gcc -E -P "$dir/old.c" | grep -o '@[a-z0-9]* [0-9]*' | sort >"$dir/old.numbers"
	gcc -E -P "$dir/numbered.c" | grep -o '@[a-z0-9]* [0-9]*' | sort >"$dir/new.numbers"
	[ -s "$dir/old.numbers" ]
	while read -r name expected; do
		! grep -q "^$name " "$dir/new.numbers" || grep -qx "$name $expected" "$dir/new.numbers" || {
			echo "$name was on line $expected:"
			cat "$dir/numbered.c"
			return 1
		}
	done <"$dir/old.numbers"
	# The directives change nothing else.
	[ "$(grep -v '^#line' "$dir/numbered.c")" = "$(cat "$dir/new.c")" ]
}

@test "lines keep their numbers: added, removed, changed" {
	printf '#define L(n) @n __LINE__\n' >"$dir/old.c"
	for i in $(seq 40); do echo "L(a$i)"; done >>"$dir/old.c"
	sed -e '5i new' -e '9,12d' -e '20s/.*/x\ny\nz/' -e '30i more\nand more' "$dir/old.c" >"$dir/new.c"
	same_numbers
	[ "$(grep -c '^#line' "$dir/numbered.c")" = 7 ]
	# What was added has numbers that nothing had.
	[ "$(grep -c '^#line 100' "$dir/numbered.c")" = 3 ]
}

@test "lines keep their numbers: no directive inside comments, macros, argument lists" {
	cat >"$dir/old.c" <<-'EOF'
	#define L(n) @n __LINE__
	#define two(a, b) a b
	L(a1)
	/* a comment (
	 * with "one quote
	 */
	L(a2)
	#define M(x) \
		x (( \
		y
	L(a3)
	two(L(a4),
	    b)
	L(a5)
	char c = '"', d = '(';
	L(a6)
	EOF
	sed -e 's/^ \* with/ * new\n&/' -e 's/^\tx ((.*/&\n\tz \\/' -e 's/^    b)/    c\n    b)/' \
		-e "s/^char c/int new;\n&/" "$dir/old.c" >"$dir/new.c"
	same_numbers
	[ "$(grep -A 1 '^#line' "$dir/numbered.c" | grep -c 'with\|^.y\|^    b')" = 0 ]
}

@test "lines keep their numbers: groups that are not compiled" {
	cat >"$dir/old.c" <<-'EOF'
	#define L(n) @n __LINE__
	#ifdef NEVER
	L(b1)
	#if 1
	L(b2)
	#else
	L(b3)
	#endif
	L(b4)
	#else
	L(a1)
	#endif
	L(a2)
	EOF
	sed -e 's/^L(b2)/new\nnewer\n&/' "$dir/old.c" >"$dir/new.c"
	same_numbers
}

# parts COMMAND: bash with ksplice-create's parts
parts()
{
	run bash -c 'for part in log cache apt featureset tree; do source "$0/$part.sh"; done; kernel_release=6.1.0-1-rt-amd64
		eval "$1"' "$create" "$1"
}

@test "a configuration that the source does not keep is refused, with what is different" {
	for i in A=y B=m C=5 D=y PREEMPT_COUNT=y GCC_VERSION=120200; do echo "CONFIG_$i"; done >"$dir/was"
	for i in B=y C=5 D=y E=y PREEMPT_COUNT=y GCC_VERSION=120300; do echo "CONFIG_$i"; done >"$dir/is"
	compared='diff <(tree_options "$dir/was") <(tree_options "$dir/is")'
	export dir
	parts "tree_refuse_configuration \"\$($compared)\""
	[ "$status" = 1 ]
	[[ $output == *"of 6.1.0-1-rt-amd64, and so would make other code: A=y, B=m, !E [config]"* ]]
	[[ $output != *PREEMPT_RT* && $output == *binutils* ]]
	for i in $(seq 20); do echo "CONFIG_N$i=y"; done >>"$dir/was"
	echo "CONFIG_PREEMPT_RT=y" >>"$dir/was"
	parts "tree_refuse_configuration \"\$($compared)\""
	[[ $output == *" and 16 more [config]"*"hint:"*PREEMPT_RT* ]]
	# Tools may be others, as long as no option is.
	sed 's/^CONFIG_GCC.*/CONFIG_GCC_VERSION=120300/' "$dir/was" >"$dir/is"
	parts "$compared"
	[ "$status" = 0 ] && [ -z "$output" ]
}

@test "kernels of a featureset" {
	for i in 6.1.0-47-rt-amd64=rt 6.12.95+deb12-rt-amd64=rt 6.1.0-47-amd64= 6.1.0-47-cloud-amd64= \
		6.1.0-rt-5-amd64=; do
		parts "featureset_of ${i%=*}"
		[ "$output" = "${i#*=}" ]
	done
}

@test "patches of a featureset: in order, none skipped, no guessing" {
	mkdir -p "$dir/debian/patches-rt" "$dir/source"
	seq 1 20 >"$dir/source/file"
	: >"$dir/source/obsolete"
	cat >"$dir/debian/patches-rt/one.patch" <<-'EOF'
	--- a/file
	+++ b/file
	@@ -4,3 +4,3 @@
	 4
	-5
	+five
	 6
	EOF
	sed -e 's/^-5/-five/' -e 's/^+five/+fifth/' "$dir/debian/patches-rt/one.patch" \
		>"$dir/debian/patches-rt/two.patch"
	printf '# the series\n\none.patch\ntwo.patch # and more\n' >"$dir/debian/patches-rt/series"
	tar -C "$dir" -cJf "$dir/packaging.tar.xz" debian
	cp -r "$dir/source" "$dir/again"
	parts "featureset_patch $dir/packaging.tar.xz rt $dir/source"
	[ "$status" = 0 ]
	[ "$(sed -n 5p "$dir/source/file")" = fifth ]
	[ ! -e "$dir/source.patches" ]
	# A context that is another.
	sed -i 's/^4$/four/' "$dir/again/file"
	parts "featureset_patch $dir/packaging.tar.xz rt $dir/again"
	[ "$status" != 0 ]
	# A series that wants more than we know, or is missing.
	sed -i 's/^two.patch.*/two.patch -R/' "$dir/debian/patches-rt/series"
	tar -C "$dir" -cJf "$dir/packaging.tar.xz" debian
	seq 1 20 >"$dir/again/file"
	parts "featureset_patch $dir/packaging.tar.xz rt $dir/again"
	[ "$status" != 0 ] && [[ $output == *"two.patch"*"-R"* ]]
	parts "featureset_patch $dir/packaging.tar.xz other $dir/again"
	[ "$status" != 0 ]
}

@test "the machine's sources of packages become sources of source packages" {
	mkdir "$dir/list"
	printf 'Types: deb deb-src\nURIs: http://example.org/debian\nSuites: bookworm\n' >"$dir/list/a.sources"
	printf '# deb comment\ndeb [arch=amd64] http://example.org/debian bookworm main\ndeb-src http://example.org/debian bookworm main\n' \
		>"$dir/list/b.list"
	parts "apt_types_source $dir/list"
	[ "$status" = 0 ]
	[ "$(head -n 1 "$dir/list/a.sources")" = "Types: deb-src" ]
	[ "$(grep -v '^#' "$dir/list/b.list")" = "deb-src [arch=amd64] http://example.org/debian bookworm main" ]
}

@test "locks are let go in turn" {
	export dir
	parts 'lock "$dir/one"; lock "$dir/two"; unlock
		flock -n "$dir/two" true && ! flock -n "$dir/one" true && unlock && flock -n "$dir/one" true'
	[ "$status" = 0 ]
}

@test "at its end a process leaves alone what another one has put into the tree" {
	mkdir -p "$dir/tree/source/fs" "$dir/mine"
	echo original >"$dir/tree/source/fs/a.c"
	echo patched >"$dir/mine/a.c"
	cat >"$dir/process" <<-'EOF'
	set -eu
	for part in log options cache tree; do
		source "$1/$part.sh"
	done
	dir=$2 log_file=/dev/null tree_dir=$dir/tree tree_src=$dir/tree/source
	trap tree_abandon EXIT
	tree_enter
	EOF
	# The first goes on without the tree until the second has patched it.
	bash -c 'source "$0"; tree_leave; touch "$2/left"; until [ -e "$2/patched" ]; do sleep 0.1; done' \
		"$dir/process" "$create" "$dir" &
	first=$!
	until [ -e "$dir/left" ]; do sleep 0.1; done
	bash -c 'source "$0"; tree_replace fs/a.c "$2/mine/a.c"; touch "$2/patched"
		 until [ -e "$2/over" ]; do sleep 0.1; done' "$dir/process" "$create" "$dir" &
	second=$!
	wait "$first"
	[ "$(cat "$dir/tree/source/fs/a.c")" = patched ]
	touch "$dir/over"
	wait "$second"
	[ "$(cat "$dir/tree/source/fs/a.c")" = original ]
}
