// SPDX-License-Identifier: GPL-2.0-or-later
/* First program of a boot that is timed: switches the machine off. */
#include <sys/reboot.h>

int main(void)
{
	return reboot(RB_POWER_OFF);
}
