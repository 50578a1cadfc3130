/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of verbs, in the order of the first screen. A verb has a file verb_*.c, a
 * line here, a manual page man/mktme-dax-VERB.1, and tests.
 */
#define STORE_HELP							\
	"  --store DIR               key store; /etc/mktme-dax/keys by default\n"
#define SOURCE_HELP							\
	STORE_HELP							\
	"  --passphrase-file FILE    the passphrase; - for standard input\n" \
	"  --key-file FILE           the key file; - for standard input\n"
#define COST_HELP							\
	"  --memory KIB              memory that a guess at a new passphrase takes\n" \
	"  --passes N                how often it is gone through\n"

static const struct verb verbs[] = {
	{ "doctor", "[--json] [--list] [PATH...]", "find out what is wrong with machine, memory and files",
	  "  --json                    an array of objects\n"
	  "  --list                    the questions only, and their names\n", run_doctor },
	{ "setup", "[OPTION...] MOUNTPOINT", "make a filesystem on persistent memory, and mount it with DAX",
	  "  --device DEV              a namespace that is there, such as /dev/pmem0\n"
	  "  --size SIZE               a new namespace of this size, such as 512M or 4G\n"
	  "  --filesystem TYPE         ext4 (default) or xfs\n"
	  "  --dry-run                 show the commands only\n"
	  "  --force                   destroy what is on the device\n", run_setup },
	{ "bind", "--serial N|--key NAME PATH...", "put empty files and directories under a key",
	  "  --serial N                the key by its number in the kernel\n"
	  "  --key NAME                the key by its name in the store; it has to be loaded\n"
	  STORE_HELP, run_bind },
	{ "key add-protector", "[OPTION...] NAME", "let one more secret open a key",
	  SOURCE_HELP
	  "  --new-passphrase-file FILE  make it a passphrase, from a file\n"
	  "  --new-key-file FILE       make it a key file\n"
	  "  --new-encrypted-key DESC  make it an encrypted key of the kernel\n"
	  COST_HELP, run_key_add_protector },
	{ "key backup", "[--store DIR] NAME FILE", "copy a key file to another place",
	  STORE_HELP, run_key_backup },
	{ "key change-passphrase", "[OPTION...] NAME", "replace the passphrase of a key",
	  STORE_HELP
	  "  --passphrase-file FILE    the old one; - for standard input\n"
	  "  --new-passphrase-file FILE  the new one\n"
	  COST_HELP, run_key_change_passphrase },
	{ "key create", "[OPTION...] NAME", "make a new key, and put it into the store",
	  STORE_HELP
	  "  --passphrase-file FILE    protect it by a passphrase; - for standard input\n"
	  "  --key-file FILE           protect it by a key file; - for standard input\n"
	  "  --encrypted-key DESC      protect it by an encrypted key of the kernel\n"
	  "  --algorithm NAME          aes-xts-128, the default, or aes-xts-256\n"
	  "  --material FILE           no random key: data key and tweak key, raw\n"
	  COST_HELP, run_key_create },
	{ "key list", "[--json] [--store DIR]", "show the keys of the store",
	  "  --json                    an array of objects\n"
	  STORE_HELP, run_key_list },
	{ "key load", "[OPTION...] NAME", "load a key into the kernel, for bind",
	  SOURCE_HELP
	  "  --instantiate SERIAL      give it to who has asked the kernel, by request-key(8)\n",
	  run_key_load },
	{ "key remove", "[--force] [--store DIR] NAME", "remove a key, and with it its data",
	  "  --force                   even if it is in use, and without a question\n"
	  STORE_HELP, run_key_remove },
	{ "key remove-protector", "[OPTION...] NAME NUMBER", "let a secret open a key no more",
	  SOURCE_HELP, run_key_remove_protector },
	{ "key restore", "[--store DIR] FILE", "put a copy of a key back into the store",
	  STORE_HELP, run_key_restore },
	{ "key unload", "[--store DIR] NAME", "take a loaded key out of the keyrings",
	  STORE_HELP, run_key_unload },
	{ "lock", "[OPTION...] PATH [KEY...]", "take keys away from a filesystem",
	  "  --all                     from all filesystems; there is no PATH then\n"
	  "  --check                   only name who has files open or mapped\n"
	  "  --json                    name them as an array of objects\n"
	  STORE_HELP, run_lock },
	{ "map", "[--json | --svg OUT] FILE", "show the pages of a file: state, size, KeyID, place",
	  "  --json                    an array of objects\n"
	  "  --svg OUT                 a picture, into this file\n", run_map },
	{ "status", "[--json] [PATH...]", "show machine and filesystems, or the state of files",
	  "  --json                    an array of objects\n", run_status },
	{ "unlock", "[OPTION...] PATH [KEY...]", "give keys of the store to a filesystem",
	  SOURCE_HELP
	  "  --all                     to all filesystems; there is no PATH then\n",
	  run_unlock },
	{ "verify", "[OPTION...] FILE", "prove that what lies on the DIMM is ciphertext",
	  "  --json                    an array of objects\n"
	  "  --key NAME                compare exactly, by this key of the store\n"
	  SOURCE_HELP
	  "  --payload FILE            compare exactly, by the payload of the kernel's key\n"
	  "  --marker TEXT             search the whole device for this piece of plaintext\n", run_verify },
};
