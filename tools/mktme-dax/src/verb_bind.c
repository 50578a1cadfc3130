// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax bind: put empty files and directories under a key
 */
#include "keyfile.h"
#include <sys/stat.h>

/* Binding a file that is not bound takes the right to write it. */
static int open_to_bind(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && (errno == EISDIR || errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static bool is_directory(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && S_ISDIR(stat.st_mode);
}

static const char *next_step(int err, int fd)
{
	switch (-err) {
	case ENOTEMPTY:
		return "make a new file or directory, bind that, and copy the data into it";
	case ENOKEY:
		return is_directory(fd) ? "mktme-dax unlock PATH KEY, to give the filesystem the key" :
					  "keyctl show @u, for the numbers of your keys";
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		return "mktme-dax doctor PATH, to see what is in the way";
	case EUSERS:
		return "mktme-dax lock PATH, for a key that is not needed now";
	case EKEYREJECTED:
	case EUCLEAN:
	case ESTALE:
		return "mktme-dax status PATH";
	default:
		return NULL;
	}
}

static int bind_path(const char *path, int32_t serial)
{
	int fd = open_to_bind(path), err, code = EXIT_OK;

	if (fd < 0)
		return complain(fd, NULL, "%s: %s", path, strerror(-fd));
	err = mktme_dax_bind(fd, serial);
	if (err)
		code = complain(err, next_step(err, fd), "%s: %s", path, mktme_dax_message());
	close(fd);
	return code;
}

/* By the identifier that is in the key file: the key itself stays closed. */
static int find_serial(struct key_verb *verb, void *out)
{
	key_serial_t serial = find_loaded(verb->keyfile.identifier);

	*(key_serial_t *)out = serial;
	return serial > 0 ? EXIT_OK :
	       complain(serial, "mktme-dax key load NAME", "%s: %s", verb->keyfile.name,
			serial == -ENOKEY ? "the key is not loaded" : strerror(-serial));
}

int run_bind(int argc, char **argv)
{
	const char *serial_text = NULL, *name = NULL;
	struct key_verb verb = {};
	const struct option_spec specs[] = {
		{ "serial", NULL, &serial_text },
		{ "key", NULL, &name },
		STORE_OPTION(&verb),
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	key_serial_t serial;
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (!serial_text == !name)
		return misuse("which key? --serial or --key, one of them");
	if (serial_text && parse_serial(serial_text, &serial))
		return EXIT_USAGE;
	if (first == argc)
		return misuse("bind what? There is no path");
	join_user_keyring();
	code = name ? run_with_key(&verb, name, find_serial, &serial) : EXIT_OK;
	if (code)
		return code;
	for (int i = first; i < argc; i++) {
		int one = bind_path(argv[i], serial);

		code = code ? code : one;
	}
	return code;
}
