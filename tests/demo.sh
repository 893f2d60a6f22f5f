#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration: takes a fix that a later Debian version of the kernel shipped, makes an
# update of it for an older stock kernel, and applies and undoes it there, in a virtual machine.
#
# Fixes to choose from are in tests/demo/N-NAME: "fix" says which lines of which file, probe.c sees
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
need_build "$build"
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

# patch_of FIX: the patch to the file that the fix is in, empty if the two sources agree there.
patch_of()
{
	local file

	file=$(value_of file "$1")
	[[ -e $old_source/$file && -e $new_source/$file ]] || return 0
	(cd "$work" && diff -up "old/$file" "new/$file") | hunks_with "$(value_of lines "$1")" || true
}

# make_update FIX: shows the fix and makes the update of it.
make_update()
{
	local title

	title=$(value_of title "$1")
	id=demo_$(sed -e 's/.*[0-9]-//' -e 's/[^a-z0-9]/_/g' <<<"$1")
	say "The fix: $title"
	value_of text "$1"
	echo
	cat "$work/fix.patch"

	say "Make an update from the patch"
	echo "\$ ksplice-create --kernel $release --patch fix.patch --id $id"
	ksplice-create --kernel "$release" --patch "$work/fix.patch" --id "$id" \
		--description "$title" -o "$work/job/demo/$id.ksplice"
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

ln -s "$old_source" "$work/old"
ln -s "$new_source" "$work/new"
mkdir -p "$work/job/demo" "$work/boot"

# The archive changes: take the first fix that lies between the two versions and can be had.
fix=''
for candidate in "$here"/demo/[0-9]*/; do
	patch_of "${candidate%/}" >"$work/fix.patch"
	[[ -s $work/fix.patch ]] || continue
	if make_update "${candidate%/}"; then
		fix=${candidate%/}
		break
	fi
	echo "No update comes of this fix; trying the next one."
done
[[ $fix ]] || not_shown "no fix of tests/demo lies between $release and $newest"
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
