# SPDX-License-Identifier: GPL-2.0-only
# Which promises are broken: reads all promises of the boots before (phase=1), then the report
# of the boot that looked (phase=2). Prints what is wrong, and nothing if all is well.
#
# The last promises of a boot may still have been on their way out of the machine when the
# power went. So what was being written follows from what is there: the newest version, if it was not
# promised, or the one after it.

phase == 1 && $1 == "p" {
	promised[$2, $3] = $4
	last[$2] = $4
}

phase == 2 && $1 == "writer" {
	name[$2] = $3
	slots[$2] = $4
	how[$2] = $5
}

phase == 2 && $1 == "found" {
	oldest[$2, $3] = $4
	torn[$2, $3] = $6
	if ($5 > newest[$2])
		newest[$2] = $5
}

phase == 2 && $1 == "garbage" {
	print "garbage in slot", $3, "of", name[$2] ":", $0
}

phase == 2 && $1 == "checked" {
	checked = 1
}

function being_written(w, slot) {
	return slot == (newest[w] + 1) % slots[w] ||
	       (slot == newest[w] % slots[w] && newest[w] > last[w])
}

# A log that has begun anew has nothing of the old one.
function is_void(w, version) {
	return how[w] == "begins-anew" && (version < promised[w, 0] || oldest[w, 0] > promised[w, 0])
}

END {
	if (!checked)
		exit
	for (key in promised) {
		split(key, part, SUBSEP)
		w = part[1]
		if (oldest[key] >= promised[key] || is_void(w, promised[key]) ||
		    (how[w] == "punches" && being_written(w, part[2])))
			continue
		print name[w] ": slot", part[2], "has version", oldest[key] + 0 ", promised was", promised[key]
	}
	for (key in torn) {
		split(key, part, SUBSEP)
		if (torn[key] && !being_written(part[1], part[2]))
			print name[part[1]] ": slot", part[2], "has", torn[key], "lines of two versions, and was not being written"
	}
}
