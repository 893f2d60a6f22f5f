# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # shares its variables with run
#
# The part of the audit that boots: each unit is matched once in each way of tests/audit/variants.
# What a machine has said of a unit stays valid for the same image, ksplice.ko and variant:
#
#	OUT/matched/VARIANT	KEY TAB what audit-match prints for the unit; the last line counts
#	OUT/functions		KEY TAB UNIT TAB NAME TAB SECTION TAB WHY: those not matched
#	OUT/boot/VARIANT/	the machine's console and result, while they are not taken over yet

# boot_keys LINE-OF-VARIANT: KEY TAB UNIT TAB TARGET for each unit that has an image
boot_keys()
{
	local common

	common=$({ cat "$out/version" "$out/job/ksplice.ko" "$here/match.c"; printf '%s\n' "$1"; } |
		sha256sum | cut -c 1-16)
	(cd "$out/images" && cut -f 2 "$out/units" | while read -r unit; do
		[[ ! -e $unit ]] || printf '%s\0' "$unit"
	done | xargs -0 -r sha256sum) |
		awk -v "common=$common" -v OFS='\t' 'FILENAME == ARGV[1] { split($0, f, "\t"); target[f[2]] = f[3]; next }
			{ print common "-" substr($1, 1, 16), $2, target[$2] }' "$out/units" -
}

# boot_collect VARIANT: takes over what a machine has said, even one that came to no good end
boot_collect()
{
	local boot=$out/boot/$1

	[[ -e $boot/result && -e $boot/keys ]] || return 0
	# A last line without its end may lack something.
	tr -d '\r' <"$boot/result" | awk -v "functions=$out/functions" -v OFS='\t' -F '\t' '
		FILENAME == ARGV[1] { key[$2] = $1; next }
		line != "" { take(line) }
		{ line = /^(unit|function)\t/ ? $0 : "" }
		function take(line,	f, rest) {
			split(line, f, "\t")
			rest = substr(line, length(f[1]) + 2)
			if (!(f[2] in key))
				return
			if (f[1] == "unit")
				print key[f[2]], rest
			else
				print key[f[2]], rest >>functions
		}' "$boot/keys" - >>"$out/matched/$1"
	rm -f "$boot/keys"
}

# boot_progress VARIANT TOTAL: says now and then how far the machine is
boot_progress()
{
	local seen

	while sleep 30; do
		seen=$(grep -c $'^unit\t' "$out/boot/$1/result" || true)
		echo "  $1: $seen of $2 units"
	done
}

# boot_variant LINE: matches what was not yet matched in this variant
boot_variant()
{
	local name options append meanwhile status=0 boot count progress

	IFS=$'\t' read -r name options append meanwhile <<<"$1"
	boot=$out/boot/$name
	mkdir -p "$boot" "$out/matched"
	touch "$out/matched/$name"
	boot_collect "$name"
	boot_keys "$1" >"$out/keys"
	# Those that failed are tried again.
	awk -F '\t' 'FILENAME == ARGV[1] { if ($3 == "failed") delete have[$1]; else have[$1]; next }
		!($1 in have) { print $3, $2 }' "$out/matched/$name" "$out/keys" >"$out/job/list"
	count=$(wc -l <"$out/job/list")
	((count)) || return 0
	echo "Matching $count units in the running kernel: $name"
	[[ $options != - ]] || options=''
	[[ $append != - ]] || append=''
	echo "$meanwhile" >"$out/job/meanwhile"
	# Once is enough for what does not depend on how the machine was booted.
	: >"$out/job/thorough"
	[[ $name != "$first_variant" ]] || echo thorough >"$out/job/thorough"
	cp "$here/machine" "$out/job/main"
	cp "$out/keys" "$boot/keys"
	boot_progress "$name" "$count" &
	progress=$!
	children=("$progress") # those of run
	# shellcheck disable=SC2086 # a list of words
	run_child "$tests/vm/boot" --image "$image" --release "$release" --job "$out/job" --out "$boot" \
		--share "$out/images" --memory 1536 --timeout $((600 + 2 * count)) --append "$append" $options \
		"$build/tests/audit-match" || status=$?
	kill "$progress"
	wait "$progress" 2>/dev/null || true
	boot_collect "$name"
	case $status in
	0) return ;;
	3 | 4) echo "FAILED $name: the machine crashed or hung" ;;
	*) echo "FAILED $name: $(tr -d '\r' <"$boot/result" | grep -vP '^(unit|function)\t' | head -n 1)" ;;
	esac
	failed=$((failed + 1))
	tail -n 20 "$boot/console" | tr -d '\r' | sed 's/^/      | /'
}

# boot_chosen: the lines of tests/audit/variants that were asked for
boot_chosen()
{
	local line name

	grep -v '^#' "$here/variants" | while IFS= read -r line; do
		name=${line%%$'\t'*}
		[[ $variants && " $variants " != *" $name "* ]] || printf '%s\n' "$line"
	done
}

boot_all()
{
	local line lines

	mapfile -t lines < <(boot_chosen)
	((${#lines[@]})) || {
		echo "audit: error: no such variant: $variants" >&2
		exit 2
	}
	for line in "${lines[@]}"; do
		boot_variant "$line"
	done
}

# boot_results: VARIANT TAB what audit-match printed, for what is valid now, of every variant
boot_results()
{
	local line name

	grep -v '^#' "$here/variants" | while IFS= read -r line; do
		name=${line%%$'\t'*}
		[[ -e $out/matched/$name ]] || continue
		boot_keys "$line" | awk -F '\t' -v "name=$name" '
			FILENAME == ARGV[1] { key[$1]; next }
			$1 in key { sub(/^[^\t]*\t/, ""); last[$1] = $0 }
			END { for (unit in last) print name "\t" last[unit] }' - "$out/matched/$name"
	done
}
