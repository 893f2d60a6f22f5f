# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The update file: a manifest, the modules and the patch, packed so that equal
# input makes an equal file.

pack_file=

pack()
{
	local dir=$work/pack/$opt_id target module when

	stage "Packing"
	pack_file=${opt_output:-$opt_id.ksplice}
	when=$(pack_time)
	mkdir -p "$dir"
	cp "$link_core/ksplice.ko" "$work/out"/*.ko "$work/patch" "$dir/"
	{
		printf 'format 1\n'
		printf 'id %s\n' "$opt_id"
		printf 'kernel %s\n' "$kernel_release"
		printf 'machine x86_64\n'
		printf 'version %s\n' "$kernel_uname_v"
		printf 'created %s\n' "$when"
		printf 'core ksplice.ko %s\n' "$(pack_sum "$dir/ksplice.ko")"
		while read -r target module; do
			printf 'target %s %s.ko %s\n' "$target" "$module" "$(pack_sum "$dir/$module.ko")"
		done <"$work/modules"
		awk -F '\t' '$2 == "replaced" || $2 == "added" { print "function", $1, $2, $3, $4 }' \
			"$work/functions"
		awk -F '\t' '$2 == "rewritten" { print "data", $1, $2, $3, $4 }' "$work/functions"
		printf 'patch patch %s\n' "$(pack_sum "$dir/patch")"
		printf 'description %s\n' "$opt_description"
	} >"$dir/manifest"
	logged pack_tar "$when" "$pack_file.new" || die_log 1 failed "$pack_file could not be written"
	mv -f "$pack_file.new" "$pack_file"
	stage_end
}

pack_sum()
{
	sha256sum <"$1" | cut -d ' ' -f 1
}

# Seconds since 1970 that depend on the input only.
pack_time()
{
	local file newest=0 time

	if [[ ${SOURCE_DATE_EPOCH-} ]]; then
		printf '%s\n' "$SOURCE_DATE_EPOCH"
		return
	fi
	if [[ $opt_git ]]; then
		git -C "${opt_source:-.}" log -1 --format=%ct "${opt_git##*..}" 2>/dev/null || printf '0\n'
		return
	fi
	for file in "${opt_patches[@]}"; do
		time=$(stat -L -c %Y "$file")
		[[ $time -le $newest ]] || newest=$time
	done
	printf '%s\n' "$newest"
}

pack_tar()
{
	(
		cd "$work/pack" || exit
		tar -c -f - --format=ustar --sort=name --mtime="@$1" --owner=0 --group=0 --numeric-owner \
			--mode=u=rwX,go=rX "$opt_id"
	) | zstd -q -T1 -12 -f -o "$2"
}

# What the user wanted to know: the functions of each target, and the file.
report()
{
	local target module

	while read -r target module; do
		printf '%s (%s.ko):\n' "$target" "$module"
		awk -F '\t' -v target="$target" '$1 == target { printf "  %-8s  %s  (%s)\n", $2, $3, $4 }' \
			"$work/functions"
	done <"$work/modules"
	if grep -q '	rewritten	' "$work/functions"; then
		cat <<'EOF'
  rewritten: a constant that changes where it is, for all who use it from now on;
  what has been copied out of it before stays as it is
EOF
	fi
	printf 'Update %s for %s: %s\n' "$opt_id" "$kernel_release" "$pack_file"
}
