#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What failed, once more and in one place: scripts/failures.sh LOG...
#
# A run prints thousands of lines, and of a run elsewhere often the end alone is kept.
# For each "not ok" of the logs (TAP) prints the line and what was said beside it, at
# most a dozen lines before it and after it; then the names alone.
set -euo pipefail

# Comments before a test belong to it from the last test on.
awk -v most=12 '
	function tail_of_kept(   i) {
		for (i = kept > most ? kept - most : 0; i < kept; i++)
			print before[i]
	}
	FNR == 1 { kept = after = 0 }
	/^not ok( |$)/ {
		tail_of_kept()
		print
		names[count++] = $0
		kept = 0
		after = most
		next
	}
	/^ok( |$)/ { kept = after = 0; next }
	after > 0 { print; after--; next }
	{ before[kept++] = $0 }
	END {
		if (count > 1)
			for (i = 0; i < count && i < most; i++)
				print "failed: " names[i]
		if (count > most)
			print "failed: and " count - most " more"
	}' "$@"
