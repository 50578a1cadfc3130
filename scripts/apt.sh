# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A private apt: the machine's own Debian sources with source packages enabled,
# its own lists and cache, nothing of the machine's touched.  Read after lib.sh.

# With a suite beside the release itself, e.g. "backports", it is another private
# apt: a package of the one is never taken for a newer version of the other.
use_suite() {
	SUITE=$1
	APT=$CACHE/apt${SUITE:+-$SUITE}
}
use_suite ""

# Only Debian itself: suites of this release that have a "main" component.  Other
# archives in the machine's configuration have nothing that we need.
release_name() {
	sed -n "s/^VERSION_CODENAME=//p" /etc/os-release
}

# One-line format: deb [options] URI suite component...
convert_list() {
	awk -v release="$(release_name)" '
		$1 != "deb" && $1 != "deb-src" { next }
		{
			line = $0
			sub(/#.*/, "", line)
			sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
			sub(/[ \t]+$/, "", line)
			rest = line
			sub(/^\[[^]]*\][ \t]*/, "", rest)
			split(rest, field, /[ \t]+/)
			if (field[2] !~ "^(" release "|stable|oldstable)([-/]|$)" || rest !~ /[ \t]main([ \t]|$)/)
				next
			print "deb " line
			print "deb-src " line
		}' "$@" | sort -u
}

# deb822 format: stanzas of fields, a field goes on in lines that start blank
convert_sources() {
	awk -v release="$(release_name)" '
		function finish() {
			if (text != "" && types ~ /deb/ && enabled !~ /no|false/ &&
			    suites ~ "(^|[ \t])(" release "|stable|oldstable)([-/ \t]|$)" &&
			    components ~ /(^|[ \t])main([ \t]|$)/)
				printf "Types: deb deb-src\n%s\n", text
			text = types = enabled = suites = components = ""
		}
		/^[ \t]*$/ { finish(); next }
		/^#/ { next }
		/^[^ \t]/ {
			field = tolower($1)
			value = $0
			sub(/^[^:]*:[ \t]*/, "", value)
			if (field == "suites:") suites = value
			if (field == "components:") components = value
			if (field == "enabled:") enabled = tolower(value)
			if (field == "types:") types = value
		}
		/^[ \t]/ && field == "suites:" { suites = suites " " $0 }
		/^[ \t]/ && field == "components:" { components = components " " $0 }
		field != "types:" { text = text $0 "\n" }
		END { finish() }' "$@"
}

# The same, with the suite RELEASE-$SUITE added from the archive that has RELEASE
add_suite_to_list() {
	awk -v release="$(release_name)" -v suite="$SUITE" '
		{ print }
		suite != "" {
			for (i = 2; i <= NF; i++)
				if ($i == release) {
					$i = release "-" suite
					print
				}
		}'
}

add_suite_to_sources() {
	awk -v RS= -v ORS='\n\n' -v release="$(release_name)" -v suite="$SUITE" '
		{ print }
		suite != "" && match($0, /(^|\n)[Ss]uites:[^\n]*(\n[ \t][^\n]*)*/) {
			field = substr($0, RSTART, RLENGTH)
			if (field ~ "[: \t]" release "([ \t\n]|$)")
				print substr($0, 1, RSTART - 1) "\nSuites: " release "-" suite \
					substr($0, RSTART + RLENGTH)
		}'
}

write_private_sources() {
	local Main Parts
	eval "$(apt-config shell Main Dir::Etc::sourcelist/f Parts Dir::Etc::sourceparts/d)"
	mkdir -p "$APT/sources" "$APT/lists/partial" "$APT/archives/partial"
	rm -f "$APT"/sources/*
	{
		cat "$Main" 2>/dev/null || true
		find "$Parts" -maxdepth 1 -name '*.list' -exec cat {} + 2>/dev/null || true
	} | convert_list - | add_suite_to_list >"$APT/sources/machine.list"
	find "$Parts" -maxdepth 1 -name '*.sources' | sort | while read -r file; do
		convert_sources "$file"
		echo
	done | add_suite_to_sources >"$APT/sources/machine.sources"
	if [ ! -s "$APT/sources/machine.list" ] &&
		! grep -q . "$APT/sources/machine.sources"; then
		die "apt's configuration names no archive of Debian $(release_name) with 'main'"
	fi
}

# The sandbox user of apt cannot write into a home directory; what is fetched is
# checked against signed lists either way.
private_apt() {
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$APT/sources" \
		-o Dir::State::lists="$APT/lists" -o Dir::Cache="$APT" -o Dir::Cache::archives="$APT/archives" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
		-o Acquire::Retries=3 "$@"
}

update_private_lists() {
	write_private_sources
	private_apt apt-get update -o APT::Update::Error-Mode=any </dev/null
}
