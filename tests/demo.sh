#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration: takes a fix that a later Debian version of the kernel shipped, makes an
# update of it for an older stock kernel, and applies and undoes it there, in a virtual machine.
#
# Fixes to choose from are in tests/demo/NAME: "fix" says which lines of which file, probe.c sees
# the difference. The first is taken whose lines really differ between the two versions that the
# archive has now.

set -o errexit -o nounset -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=${here%/*}
build=${KSPLICE_BUILD:-$top/build}
export PATH="$build/bin:$build/objmanip:$PATH"
# shellcheck source=tests/vm/kernel.sh
source "$here/vm/kernel.sh"

start=$SECONDS
work=$(mktemp -d "${TMPDIR:-/tmp}/ksplice-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say()
{
	printf '\n== %s\n' "$*"
}

not_shown()
{
	printf '\nThe demonstration FAILED: %s\n' "$*"
	exit 1
}

# The values of KEY in a fix's description.
value_of()
{
	sed -n "s/^$1 //p" "$2/fix"
}

# Hunks of the diff on standard input whose changed lines match the pattern.
hunks_with()
{
	awk -v pattern="$1" '
		function flush() {
			if (wanted) {
				if (!shown++)
					printf "%s", head
				printf "%s", hunk
			}
			hunk = ""
			wanted = 0
		}
		/^@@/ { flush(); body = 1 }
		!body { head = head $0 "\n"; next }
		{ hunk = hunk $0 "\n" }
		/^[-+]/ && $0 ~ pattern { wanted = 1 }
		END { flush() }'
}

# Choose a fix: sets fix, and writes the patch.
choose_fix()
{
	local file

	for fix in "$here"/demo/auxv "$here"/demo/*/; do
		fix=${fix%/}
		file=$(value_of file "$fix")
		[[ -e $old_source/$file && -e $new_source/$file ]] || continue
		(cd "$work" && ln -sfn "$old_source" a && ln -sfn "$new_source" b && diff -up "a/$file" "b/$file") \
			| hunks_with "$(value_of lines "$fix")" >"$work/fix.patch" || true
		[[ ! -s $work/fix.patch ]] || return 0
	done
	return 1
}

say "Two kernels of the archive: an older one to run, the newest one for its fix"
mapfile -t offered < <(kernel_offered)
((${#offered[@]} > 1)) || not_shown "the archive offers only ${#offered[@]} kernel(s): ${offered[*]-}"
release=${KSPLICE_TEST_KERNEL:-${offered[0]}}
newest=${offered[-1]}
echo "$release will run; $newest has the fix."
image=$(kernel_image "$release")
old_source=$(kernel_source "$release")
new_source=$(kernel_source "$newest")

choose_fix || not_shown "none of the fixes in tests/demo lies between $release and $newest"
title=$(value_of title "$fix")
say "The fix: $title"
value_of text "$fix"
echo
cat "$work/fix.patch"

say "Make an update from the patch"
mkdir -p "$work/job/demo" "$work/boot"
id=demo_$(tr -c 'a-z0-9\n' _ <<<"${fix##*/}")
echo "\$ ksplice-create --kernel $release --patch fix.patch --id $id"
ksplice-create --kernel "$release" --patch "$work/fix.patch" --id "$id" --description "$title" \
	-o "$work/job/demo/$id.ksplice" || not_shown "ksplice-create exited with $?"
gcc -static -O2 -o "$work/job/demo/probe" "$fix/probe.c"
cp "$here/demo/session" "$work/job/main"
echo "$id" >"$work/job/id"

say "Boot the stock kernel in a virtual machine"
mapfile -t commands < <(kernel_commands "$build")
status=0
"$here/vm/boot" --image "$image" --release "$release" --job "$work/job" --out "$work/boot" \
	--show result "${commands[@]}" | sed -u -e 's/\r$//' -e '/^done [0-9]*$/d' || status=$?
case $status in
0) ;;
1) not_shown "a step did not do what it should (marked with ^^^)" ;;
*)
	tail -n 30 "$work/boot/console"
	not_shown "the machine crashed or hung ($status)"
	;;
esac
printf '\nThe demonstration succeeded in %d seconds: %s.\n' $((SECONDS - start)) \
	"old behaviour, applied, new behaviour, undone, old behaviour again"
