# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# The completion of bash, asked as bash does.

# complete_line WORD...: the last one is being typed
complete_line() (
	. "$top/completion/mktme-dax"
	COMP_WORDS=("$OUT/mktme-dax" "$@")
	COMP_CWORD=$#
	_mktme_dax
	printf '%s\n' "${COMPREPLY[@]}"
)

offers() {
	local wanted=$1
	shift
	# Not -q: it would end before the other side of the pipe does.
	complete_line "$@" | grep -xF -- "$wanted"
}

offers_nothing() { [ -z "$(complete_line "$@")" ]; }

# For each verb: all its words, and each option of its help, and no other
each_verb_is_offered() {
	local verb words
	"$OUT/mktme-dax" --list-verbs | while read -r verb; do
		read -ra words <<<"$verb"
		offers "${words[0]}" "${words[0]:0:1}" || return 1
		[ ${#words[@]} -eq 1 ] || offers "${words[1]}" "${words[0]}" "" || return 1
		diff <(complete_line "${words[@]}" -- | sort -u) \
			<({ "$OUT/mktme-dax" help "${words[@]}" | grep -oE -- '--[a-z][a-z-]+'; echo --help; } | sort -u) ||
			{ echo "$verb"; return 1; }
	done
}

test_completion() {
	expect 0 "completion of each verb and its options" each_verb_is_offered
	expect 0 "completion of help" offers status help st
	expect 0 "completion of a value" offers xfs setup --filesystem x
	expect 0 "completion leaves paths to bash" offers_nothing status /
	expect 0 "completion of what is no verb" offers_nothing encrpyt ""
}
