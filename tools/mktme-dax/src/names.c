// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words for numbers
 */
#include "tool.h"

const char *state_name(uint32_t state)
{
	switch (state) {
	case MKTME_DAX_UNBOUND:
		return "unbound";
	case MKTME_DAX_LOCKED:
		return "locked";
	case MKTME_DAX_UNLOCKED:
		return "unlocked";
	default:
		return "unknown";
	}
}

const char *problem_name(uint32_t problem)
{
	switch (problem) {
	case MKTME_DAX_PROBLEM_NO_RECORD:
	case MKTME_DAX_PROBLEM_NONE:
		return NULL;
	case MKTME_DAX_PROBLEM_OTHER_PLACE:
		return "written at another physical address";
	case MKTME_DAX_PROBLEM_OTHER_VERSION:
		return "bound by a later kernel";
	default:
		return "its record is damaged";
	}
}

static const char *const algorithms[] = {
	[MKTME_DAX_AES_XTS_128] = "aes-xts-128",
	[MKTME_DAX_AES_XTS_256] = "aes-xts-256",
};

const char *algorithm_name(uint32_t algorithm)
{
	return algorithm < ARRAY_SIZE(algorithms) ? algorithms[algorithm] : NULL;
}

const char *obstacle_text(uint32_t obstacle)
{
	switch (obstacle) {
	case MKTME_DAX_HUGE_ALL:
		return NULL;
	case MKTME_DAX_HUGE_NOT_DAX:
		return "not a DAX file: mount with -o dax=always";
	case MKTME_DAX_HUGE_SHORT:
		return "shorter than 2 MiB";
	case MKTME_DAX_HUGE_NO_BLOCKS:
		return "no blocks yet: fallocate it in one piece";
	case MKTME_DAX_HUGE_NAMESPACE:
		return "the device does not begin at a multiple of 2 MiB: align partition and namespace";
	case MKTME_DAX_HUGE_ALIGNMENT:
		return "its blocks do not begin at multiples of 2 MiB: mkfs.ext4 -E stride=512,stripe_width=512, then copy the file";
	default:
		return "it is in pieces shorter than 2 MiB: make room, then copy it";
	}
}

const char *human_size(uint64_t bytes, char buf[16])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	double value = bytes;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, 16, value == (uint64_t)value ? "%.0f %s" : "%.1f %s", value, units[unit]);
	return buf;
}
