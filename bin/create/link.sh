# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# New code out of the objects (objmanip), and one module per target from it
# (Kbuild, with its own objtool arguments). ksplice.ko is built beside them.
#
#	work/code/TARGET/UNIT	new code of a unit
#	work/functions		TARGET TAB replaced|added|removed|rewritten TAB NAME TAB UNIT
#	work/link		the folder that Kbuild builds the modules in
#	work/out		the finished modules

link_targets=()
link_core=	# folder with ksplice.ko and its Module.symvers

link_extract()
{
	local unit target targets refused='' changed=()

	local all=("${units[@]}" "${units_added[@]}" "${units_gone[@]}")

	stage "Taking the new code out of ${#all[@]} unit$(plural ${#all[@]})"
	: >"$work/functions"
	for unit in "${all[@]}"; do
		targets=$(link_targets_of "$unit") || exit
		for target in $targets; do
			targets_wanted "$target" || continue
			link_extract_unit "$unit" "$target"
		done
	done
	[[ ! $refused ]] || die 6 unsupported "the patch cannot be applied to a running kernel as it is"
	[[ ${#changed[@]} -gt 0 ]] ||
		die 7 no_change "the patch changes no code that a running kernel uses"
	mapfile -t link_targets < <(printf '%s\n' "${changed[@]}" | sort -u)
	targets_check "${link_targets[@]}"
	cut -f 2 "$work/functions" | grep -xE "replaced|rewritten" >/dev/null ||
		die 7 no_change "the patch changes no function that is there already: nothing would call what it adds"
}

# The targets a unit is linked into: vmlinux, a module, or several modules.
link_targets_of()
{
	local command units_when=$units_when

	! units_among "$1" "${units_added[@]}" || units_when=after
	command=$(units_command "$1")
	command=$(rules_targets <<<"$command")
	[[ $command && $command != *'?'* ]] || die 1 failed "$1: no module's name on its command line"
	printf '%s\n' "$command"
}

# link_objects UNIT: sets $objects, options of objmanip: those of pre and post that there are
link_objects()
{
	objects=()
	units_among "$1" "${units_added[@]}" || objects+=(--pre "$tree_dir/pre/$1")
	units_among "$1" "${units_gone[@]}" || objects+=(--post "$work/post/$1")
}

# link_extract_unit UNIT TARGET: appends to changed, or sets refused
link_extract_unit()
{
	local unit=$1 target=$2 code=$work/code/$2/$1 status=0 line objects accept

	mkdir -p "$(dirname "$code")"
	link_objects "$unit"
	# Which static object of a function is which, where their names leave it open.
	[[ ! -e $work/layout/debug/pre/$unit || ! -e $work/layout/debug/post/$unit ]] ||
		objects+=(--pre-debug "$work/layout/debug/pre/$unit" --post-debug "$work/layout/debug/post/$unit")
	units_among "$unit" "${units_added[@]}" || objects+=(--run "$tree_dir/run/$unit")
	accept=$(accept_list "$unit") || true
	logged link_objmanip extract "${objects[@]}" --unit "$unit" --target "$target" \
		--symvers "$tree_build/Module.symvers" \
		--names "$work/names/$target" --all-names "$work/names.all" \
		-o "$code" --report "$code.report" ${accept:+--accept "$accept"} || status=$?
	accept_report "$unit" "$code.report"
	case $status in
	0)
		changed+=("$target")
		while read -r line; do
			[[ $line != "stored "* ]] ||
				note "$unit: ${line#* }() is removed, but its address may be stored somewhere: there the old code goes on being called"
			[[ $line != "ignored "* ]] ||
				note "$unit: ${line#* }() is exit code, which nothing in the running kernel calls: left out"
			[[ $line =~ ^(replaced|added|removed|rewritten)\ (.+)$ ]] || continue
			printf '%s\t%s\t%s\t%s\n' "$target" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "$unit"
		done <"$code.report" >>"$work/functions"
		;;
	7) rm -f "$code" ;;
	6)
		refused=1
		link_forward "$unit"
		;;
	*) die_log 1 failed "objmanip failed on $unit ($target)" ;;
	esac
}

# objmanip with its messages kept apart as well
link_objmanip()
{
	local status=0

	"$KSPLICE_OBJMANIP" "$@" 2>"$work/objmanip.error" || status=$?
	cat "$work/objmanip.error"
	return $status
}

# What objmanip said, as ours.
link_forward()
{
	local line

	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	while read -r line; do
		case $line in
		'objmanip: error: '*) printf 'ksplice-create: error: %s\n' "${line#objmanip: error: }" ;;
		'objmanip: hint: '*) printf '  hint: %s\n' "${line#objmanip: hint: }" ;;
		'objmanip: '*) printf 'ksplice-create: %s: %s\n' "$1" "${line#objmanip: }" ;;
		*) printf '  %s\n' "$line" ;;
		esac
	done <"$work/objmanip.error" >&2
}

link_modules()
{
	local target module mains=''

	link_core_module
	link_make_id
	stage "Linking ${#link_targets[@]} module$(plural ${#link_targets[@]})"
	mkdir -p "$work/link" "$work/out"
	: >"$work/modules"
	{
		printf 'ccflags-y := -I%s -DKSPLICE_ID='\''"%s"'\'' -DKSPLICE_NR_TARGETS=%d\n' \
			"$link_core/src" "$opt_id" ${#link_targets[@]}
		for target in "${link_targets[@]}"; do
			module=$(link_module_name "$target")
			printf '%s %s\n' "$target" "$module" >>"$work/modules"
			mains+=" $module"
			printf 'obj-m += %s.o\n%s-y := %s_main.o %s_code.o\n' "$module" "$module" \
				"$module" "$module"
			printf 'CFLAGS_%s_main.o := -DKSPLICE_TARGET='\''"%s"'\''\n' "$module" "$target"
		done
		cat <<'EOF'

# objmanip made the code. objtool adds the tables that loader and unwinder
# need, here as for any object: unless this kernel runs it on whole modules.
quiet_cmd_ksplice_code = OBJTOOL $@
      cmd_ksplice_code = cat $< >$@$(if $(delay-objtool),, \
	; $(or $(objtool),false) $(or $(objtool-args),$(objtool_args)) $@)

EOF
		for module in $mains; do
			# shellcheck disable=SC2016 # for make
			printf '$(obj)/%s_code.o: $(obj)/%s_code.raw FORCE\n\t$(call if_changed,ksplice_code)\n' \
				"$module" "$module"
			printf 'targets += %s_code.o\n' "$module"
		done
	} >"$work/link/Kbuild"
	while read -r target module; do
		logged link_code "$target" "$module" || die_log 1 failed "the new code of $target could not be linked"
	done <"$work/modules"
	between_find
	while read -r target module; do
		link_main "$target" "$module"
	done <"$work/modules"

	logged "${tree_make[@]}" -j "$opt_jobs" "M=$work/link" CONFIG_DEBUG_INFO_BTF_MODULES= \
		CONFIG_MODULE_SIG_ALL= KBUILD_MODPOST_WARN=1 \
		"KBUILD_EXTRA_SYMBOLS=$link_core/Module.symvers" modules ||
		die_log 1 failed "the update's modules could not be linked"
	link_finish
}

# Refers to the patch and the kernel: equal input makes an equal id.
link_make_id()
{
	[[ ! $opt_id ]] || return 0
	opt_id=$({ cat "$work/patch"; printf '%s %s%s\n' "$kernel_release" "$kernel_uname_v" \
		"${opt_targets:+ $opt_targets}"; } |
		sha256sum | cut -c 1-8)
}

# link_module_name TARGET: within the kernel's limit of 55 characters
link_module_name()
{
	local name=ksplice_${opt_id}_${1//-/_}

	[[ ${#name} -le 55 ]] || name=${name:0:46}_$(sha256sum <<<"$1" | cut -c 1-8)
	printf '%s\n' "$name"
}

link_code()
{
	local target=$1 module=$2

	(
		cd "$work/code/$target" || exit
		find . -name '*.o' -printf '%P\0' | sort -z |
			xargs -0 ld -r -o "$work/link/${module}_code.raw"
	)
}

# link_main TARGET MODULE: the module's own source, with what it exports for other parts of the
# update, and the namespaces of the exports that the code uses
link_main()
{
	{
		cat "$link_core/src/update/main.c"
		between_exports "$1"
		nm -u "$work/link/$2_code.raw" | awk 'NR == FNR { undefined[$2]; next }
			$5 != "" && ($2 in undefined) { print "MODULE_INFO(import_ns, \"" $5 "\");" }' \
			- FS='\t' "$tree_build/Module.symvers" | sort -u
	} >"$work/link/$2_main.c"
}

link_finish()
{
	local target module status

	cat "$tree_build/Module.symvers" "$link_core/Module.symvers" "$work/link/Module.symvers" >"$work/symvers"
	while read -r target module; do
		status=0
		logged link_objmanip finish "$work/link/$module.ko" --symvers "$work/symvers" \
			-o "$work/out/$module.ko" || status=$?
		case $status in
		0) ;;
		6) link_forward "$module.ko"; die 6 unsupported "the patch cannot be applied to a running kernel as it is" ;;
		*) die_log 1 failed "objmanip could not finish $module.ko" ;;
		esac
	done <"$work/modules"
}

# ksplice.ko for this kernel: built once for each state of its source.
link_core_module()
{
	local key

	key=$({ cat "$tree_dir/prepared"; link_core_files | LC_ALL=C sort -z |
		(cd "$KSPLICE_KMODSRC" && xargs -0 sha256sum); } | sha256sum | cut -c 1-16)
	link_core=$tree_dir/core/$key
	[[ ! -e $link_core/ksplice.ko ]] || return 0
	stage "Building ksplice.ko for $kernel_release"
	lock "$tree_dir/core.lock"
	if [[ ! -e $link_core/ksplice.ko ]]; then
		rm -rf "$link_core" "$link_core.new"
		mkdir -p "$link_core.new/src"
		link_core_files | (cd "$KSPLICE_KMODSRC" && xargs -0 cp --parents -t "$link_core.new/src")
		# Built where it stays: its path may be in the objects.
		mv "$link_core.new" "$link_core"
		cp -r "$link_core/src" "$link_core/build"
		logged "${tree_make[@]}" -j "$opt_jobs" "M=$link_core/build" \
			CONFIG_DEBUG_INFO_BTF_MODULES= modules ||
			die_log 1 failed "ksplice.ko could not be built for $kernel_release"
		cp "$link_core/build/Module.symvers" "$link_core/Module.symvers"
		strip --strip-debug -o "$link_core/ksplice.new" "$link_core/build/ksplice.ko"
		rm -rf "$link_core/build"
		mv "$link_core/ksplice.new" "$link_core/ksplice.ko"
	fi
	unlock
}

# The source files of ksplice.ko, never what a build left between them.
link_core_files()
{
	(
		cd "$KSPLICE_KMODSRC" || exit
		find . -type f \( -name '*.[chS]' -o -name 'Kbuild*' -o -name '*.sh' \) \
			! -name '*.mod.c' ! -name autoconf.h -printf '%P\0'
	)
}
