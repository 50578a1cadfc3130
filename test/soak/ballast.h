/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that takes the room that is not wanted
 */
#ifndef SOAK_BALLAST_H
#define SOAK_BALLAST_H

/* Of the file system of the directory @root; 0, or -1 and errno. */
int leave_room(int root, unsigned long long room);

#endif
