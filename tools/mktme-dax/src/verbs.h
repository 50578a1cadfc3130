/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of verbs, in the order of the first screen. A verb has a file verb_*.c, a
 * line here, a manual page man/mktme-dax-VERB.1, and tests.
 */
static const struct verb verbs[] = {
	{ "bind", "--serial N PATH...", "put empty files and directories under a key",
	  "  --serial N     the key by its number in the kernel\n", run_bind },
	{ "status", "[--json] [PATH...]", "show machine and filesystems, or the state of files",
	  "  --json         an array of objects\n", run_status },
};
