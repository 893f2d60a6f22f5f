# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Folders: the cache, which lives on, and the work folder, which does not.
# Locks, signals and cleaning up.

cache=
work=
cleanups=()	# functions to call at the end, last first

cache_init()
{
	cache=${KSPLICE_CACHE:-${HOME:-/root}/.cache/ksplice}
	mkdir -p "$cache"/{apt,debs,kernels,trees,logs} 2>/dev/null ||
		die 1 failed "the cache $cache cannot be written" "set KSPLICE_CACHE to a folder"
	cache=$(cd "$cache" && pwd -P)
	# make and the compiler's command lines take no such names.
	[[ $cache != *[^A-Za-z0-9_./+~@,=-]* ]] ||
		die 1 failed "the cache $cache has a blank or special character in its name" \
			"set KSPLICE_CACHE to another folder"
	# What runs must not depend on the user's habits.
	export LC_ALL=C
	unset MAKEFLAGS MAKELEVEL MFLAGS KBUILD_OUTPUT KCFLAGS ARCH CROSS_COMPILE CC CFLAGS
	umask 022
	log_file=$cache/logs/$(date +%Y%m%d-%H%M%S)-$$.log
	: >"$log_file"
	# Old logs: the newest 50 stay.
	find "$cache/logs" -name '*.log' -printf '%T@ %p\n' | sort -rn | tail -n +51 | cut -d ' ' -f 2- |
		xargs -r rm -f --
	trap 'on_exit' EXIT
	trap 'on_error "$BASH_COMMAND" "${BASH_SOURCE[0]##*/}:$LINENO"' ERR
	trap 'on_signal INT 130' INT
	trap 'on_signal TERM 143' TERM
	trap 'on_signal HUP 129' HUP
}

work_init()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/ksplice-create.XXXXXX") ||
		die 1 failed "no work folder can be made in ${TMPDIR:-/tmp}"
	cleanups+=(work_remove)
}

work_remove()
{
	if [[ $opt_keep ]]; then
		cp "$log_file" "$work/log"
		note "work folder: $work"
	else
		rm -rf "$work"
	fi
}

on_exit()
{
	local status=$? i

	trap '' INT TERM HUP
	log_stop_child
	rm -f "$log_file.failed"
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		"${cleanups[i]}" || true
	done
	trap - EXIT
	exit "$status"
}

# Nothing ends without a word: what fails where no failure was thought of.
on_error()
{
	# Of the shells that a failure passes through, the innermost speaks.
	[[ ! -e $log_file.failed ]] || return 0
	[[ ! -f $log_file ]] || : >"$log_file.failed"
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	printf 'ksplice-create: error: failed unexpectedly: %s (%s) [failed]\n  full log: %s\n' \
		"$1" "$2" "$log_file" >&2
}

on_signal()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	printf 'ksplice-create: interrupted (SIG%s); everything is put back\n' "$1" >&2
	log_stage=
	exit "$2"
}

# lock FILE: held until its unlock() or the end; waits for another ksplice-create
lock()
{
	local fd before=$log_stage

	exec {fd}>"$1"
	if ! flock -n "$fd"; then
		note "waiting for another ksplice-create that works on this kernel"
		# Not the time of what was begun.
		stage "Waiting"
		flock "$fd"
		stage_end
		[[ ! $before ]] || stage "$before"
	fi
	lock_fds+=("$fd")
}
lock_fds=()

# unlock: lets go of the lock that was taken last
unlock()
{
	local fd

	((${#lock_fds[@]})) || return 0
	fd=${lock_fds[-1]}

	exec {fd}>&-
	unset 'lock_fds[-1]'
}
