# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# How far a stage with many steps has come.

progress_many=100	# fewer steps are over before anyone wonders
progress_started=	# the stage that progress_shown belongs to, by its start
progress_shown=

# progress_duration SECONDS: in words, rounded up
progress_duration()
{
	local seconds=$1

	if [[ $seconds -lt 90 ]]; then
		printf '%d seconds' $((seconds < 10 ? 10 : (seconds + 9) / 10 * 10))
	elif [[ $seconds -lt 5400 ]]; then
		printf '%d minutes' $(((seconds + 59) / 60))
	else
		printf '%d hours' $(((seconds + 3599) / 3600))
	fi
}

# progress_show DONE TOTAL: on a terminal beside the stage, elsewhere and in the
# log as lines, one after each tenth
progress_show()
{
	local done=$1 total=$2 now tenth left=0 text

	now=$(now)
	if [[ $progress_started != "$log_started" ]]; then
		progress_started=$log_started
		progress_shown=0
	fi
	if [[ $log_tty ]]; then
		((now - progress_shown > 200000)) || return 0
		progress_shown=$now
		printf -v text '[%*d/%d]' ${#total} "$done" "$total"
		((done == 0 || now - log_started < 5000000)) ||
			left=$(((now - log_started) * (total - done) / done / 1000000))
		((left < 20)) || text+=", about $(progress_duration "$left") left"
		printf '\r\033[K%s ... %s' "$log_stage" "$text" >&"$log_screen"
	else
		tenth=$((done * 10 / total))
		((total >= progress_many && tenth != progress_shown)) || return 0
		progress_shown=$tenth
		printf '%8s[%*d/%d]\n' '' ${#total} "$done" "$total" | tee -a "$log_file" >&"$log_screen"
	fi
}

# progress TOTAL: reads a line for each step that is done
progress()
{
	local done=0 step

	while read -r step; do
		done=$((done + 1))
		progress_show $done "$1"
	done
}
