# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# What the user sees: stages, notes, errors; and the full log of what ran.
# Everything here goes to stderr: stdout carries results.

log_file=/dev/null
log_stage=
log_started=
log_tty=
[[ -t 2 && ${TERM-dumb} != dumb ]] && log_tty=1
# For what runs with its output in the log.
exec {log_screen}>&2

now()
{
	printf '%s' "${EPOCHREALTIME/[.,]/}"
}

# Ends the stage that is shown: on a terminal its line goes away, elsewhere it stays.
stage_end()
{
	[[ $log_stage ]] || return 0
	local tenths=$((($(now) - log_started) / 100000))

	if [[ $log_tty ]]; then
		printf '\r\033[K' >&2
	else
		printf '%4d.%d s  %s\n' $((tenths / 10)) $((tenths % 10)) "$log_stage" >&2
	fi
	printf -- '---- %s: %d.%d s\n' "$log_stage" $((tenths / 10)) $((tenths % 10)) >>"$log_file"
	log_stage=
}

# stage TEXT: what is being done now
stage()
{
	stage_end
	log_stage=$1
	log_started=$(now)
	printf -- '==== %s\n' "$1" >>"$log_file"
	[[ ! $log_tty ]] || printf '\r\033[K%s ...' "$1" >&2
}

log_end()
{
	stage_end
}

# note TEXT: something the user should know, though nothing is wrong
note()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	printf 'ksplice-create: %s\n' "$1" >&2
	printf '%s\n' "$1" >>"$log_file"
	[[ ! $log_tty || ! $log_stage ]] || printf '%s ...' "$log_stage" >&2
}

warn()
{
	note "warning: $1"
}

verbose()
{
	[[ ! ${opt_verbose-} ]] || note "$1"
	printf '%s\n' "$1" >>"$log_file"
}

# die EXIT-STATUS CODE TEXT [HINT]
die()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	printf 'ksplice-create: error: %s [%s]\n' "$3" "$2" >&2
	[[ ! ${4-} ]] || printf '  hint: %s\n' "$4" >&2
	printf 'error: %s\n' "$3" >>"$log_file"
	log_stage=
	exit "$1"
}

# die_log EXIT-STATUS CODE TEXT [HINT]: with the end of the log
die_log()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	log_tail "$log_file"
	die "$@"
}

# log_tail FILE: the last lines of its last stage, and where all of it is
log_tail()
{
	awk '/^==== / { n = 0; next } !/^(----|\$) / { line[n++] = $0 }
		END { for (i = n > 20 ? n - 20 : 0; i < n; i++) print "    " line[i] }' "$1" >&2
	printf '  full log: %s\n' "$log_file" >&2
}

# logged COMMAND...: runs it into the log, in a process group of its own and
# in the background, so that a signal is acted on at once
logged()
{
	local status=0

	printf '$ %s\n' "$*" >>"$log_file"
	set -m
	if [[ ${opt_verbose-} ]]; then
		"$@" > >(tee -a "$log_file" >&2) 2>&1 </dev/null &
	else
		"$@" >>"$log_file" 2>&1 </dev/null &
	fi
	log_child=$!
	set +m
	wait "$log_child" || status=$?
	log_child=
	return $status
}
log_child=

# Ends what logged() has running.
log_stop_child()
{
	[[ $log_child ]] || return 0
	kill -TERM -- "-$log_child" 2>/dev/null || true
	wait "$log_child" 2>/dev/null || true
	log_child=
}

# refuse TEXT HINT: a reason why there will be no update; there may be more
refuse()
{
	[[ ! $log_tty ]] || printf '\r\033[K' >&2
	printf 'ksplice-create: error: %s [unsupported]\n  hint: %s\n' "$1" "$2" >&2
	printf 'error: %s\n' "$1" >>"$log_file"
}
