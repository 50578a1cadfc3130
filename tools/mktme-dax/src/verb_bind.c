// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax bind: put empty files and directories under a key
 */
#include "tool.h"

/* Binding a file that is not bound takes the right to write it. */
static int open_to_bind(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && (errno == EISDIR || errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static const char *next_step(int err)
{
	switch (-err) {
	case ENOTEMPTY:
		return "make a new file or directory, bind that, and copy the data into it";
	case ENOKEY:
		return "keyctl show @u, for the numbers of your keys";
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		return "mktme-dax status, to see what machine and filesystems can do";
	case EUSERS:
		return "keyctl revoke N, for a key that is not needed now";
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
	int fd = open_to_bind(path), err;

	if (fd < 0)
		return complain(fd, NULL, "%s: %s", path, strerror(-fd));
	err = mktme_dax_bind(fd, serial);
	close(fd);
	if (err)
		return complain(err, next_step(err), "%s: %s", path, mktme_dax_message());
	return EXIT_OK;
}

int run_bind(int argc, char **argv)
{
	const char *serial_text = NULL;
	const struct option_spec specs[] = {
		{ "serial", NULL, &serial_text },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	int code = EXIT_OK, serial;
	char *end;

	if (first < 0)
		return EXIT_USAGE;
	if (!serial_text)
		return misuse("which key? --serial is missing");
	serial = strtol(serial_text, &end, 10);
	if (*end || serial <= 0)
		return misuse("\"%s\" is not the number of a key", serial_text);
	if (first == argc)
		return misuse("bind what? There is no path");
	for (int i = first; i < argc; i++) {
		int one = bind_path(argv[i], serial);

		code = code ? code : one;
	}
	return code;
}
