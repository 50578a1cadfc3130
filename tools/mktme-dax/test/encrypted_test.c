// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encrypted keys of the kernel as protectors: keyrings and AF_ALG are played here
 * (ld --wrap), by a kernel that has one encrypted key and its master key
 */
#include <linux/if_alg.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include "keyfixture.h"

#define SERIAL		4711
#define OPERATION	1000	/* a file descriptor that is none */

static const char blob[] = "enc32 user:kmk 32 00112233445566778899aabbccddeeff";

static struct {
	bool loaded;		/* the encrypted key is in a keyring */
	bool master;		/* and its master key */
	bool no_alg;
	uint8_t payload[32];
	uint8_t result[32];
	unsigned int made, hashed;
} kernel = { .loaded = true, .master = true, .payload = "thirty-two bytes that nobody has" };

int __wrap_socket(int family, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);
long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *description,
			  key_serial_t to);
long __wrap_keyctl_read(key_serial_t serial, char *buf, size_t size);
key_serial_t __wrap_add_key(const char *type, const char *description, const void *payload,
			    size_t size, key_serial_t ring);

static int fail_with(int err)
{
	errno = err;
	return -1;
}

long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *description,
			  key_serial_t to)
{
	CHECK(!strcmp(type, "encrypted"));
	return kernel.loaded && !strcmp(description, "kek") ? SERIAL : fail_with(ENOKEY);
}

long __wrap_keyctl_read(key_serial_t serial, char *buf, size_t size)
{
	CHECK_EQ(serial, SERIAL);
	if (size < strlen(blob))
		return strlen(blob);
	memcpy(buf, blob, strlen(blob));
	return strlen(blob);
}

key_serial_t __wrap_add_key(const char *type, const char *description, const void *payload,
			    size_t size, key_serial_t ring)
{
	CHECK(!strcmp(type, "encrypted") && !strcmp(description, "kek"));
	CHECK(size == strlen(blob) + 5 && !memcmp(payload, "load ", 5));
	CHECK(!memcmp((const char *)payload + 5, blob, strlen(blob)));
	CHECK_EQ(ring, KEY_SPEC_PROCESS_KEYRING);
	if (!kernel.master)
		return fail_with(ENOKEY);
	kernel.made++;
	return SERIAL;
}

int __wrap_socket(int family, int type, int protocol)
{
	CHECK_EQ(family, AF_ALG);
	return kernel.no_alg ? fail_with(EAFNOSUPPORT) : open("/dev/null", O_RDWR);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_alg *alg = (const struct sockaddr_alg *)address;

	CHECK(!strcmp((const char *)alg->salg_type, "hash"));
	CHECK(!strcmp((const char *)alg->salg_name, "hmac(sha256)"));
	return 0;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	CHECK(level == SOL_ALG && option == 7 && size == sizeof(key_serial_t));
	CHECK_EQ(*(const key_serial_t *)value, SERIAL);
	return 0;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	return dup2(fd, OPERATION);
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	CHECK_EQ(fd, OPERATION);
	CHECK(HMAC(EVP_sha256(), kernel.payload, 32, data, size, kernel.result, NULL));
	kernel.hashed++;
	return size;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	if (fd != OPERATION)
		return __real_read(fd, buf, size);
	memcpy(buf, kernel.result, sizeof(kernel.result));
	return sizeof(kernel.result);
}

static struct open_key make(struct keyfile *keyfile)
{
	struct new_protector from = { .encrypted_key = "kek" };
	struct open_key open = known_key(MKTME_DAX_AES_XTS_256);

	NEED(!new_keyfile("known", &open, keyfile));
	CHECK_EQ(add_protector(keyfile, &open, &from, 0), 1);
	NEED(!seal_keyfile(keyfile, &open));
	return open;
}

/* Nobody is asked, and there is no secret in a file. */
static int open_it(const struct keyfile *keyfile, struct open_key *open)
{
	struct sources sources = {};
	char *text = print_keyfile(keyfile);
	struct keyfile read;

	NEED(!parse_keyfile(text, strlen(text), &read), "%s", noted());
	free(text);
	return open_keyfile(&read, &sources, 0, open, NULL);
}

TEST(an_encrypted_key_opens_without_a_question)
{
	struct keyfile made;
	struct open_key open;

	make(&made);
	CHECK(!strcmp(made.protectors[0].blob, blob));
	CHECK_EQ(open_it(&made, &open), 0);
	CHECK(is_known(&open, MKTME_DAX_AES_XTS_256));
	CHECK_EQ(kernel.hashed, 2);
	CHECK_EQ(kernel.made, 0);
}

/* After a reboot only the master key has to be there. */
TEST(it_is_made_again_from_its_blob)
{
	struct keyfile made;
	struct open_key open;

	make(&made);
	kernel.loaded = false;
	CHECK_EQ(open_it(&made, &open), 0);
	CHECK(is_known(&open, MKTME_DAX_AES_XTS_256));
	CHECK_EQ(kernel.made, 1);
	kernel.master = false;
	CHECK_EQ(open_it(&made, &open), -ENOKEY);
	CHECK(strstr(noted(), "master key is missing"), "%s", noted());
}

TEST(another_key_of_the_same_name_EKEYREJECTED)
{
	struct keyfile made;
	struct open_key open;

	make(&made);
	kernel.payload[5] ^= 1;
	CHECK_EQ(open_it(&made, &open), -EKEYREJECTED);
}

TEST(kernels_that_cannot_EOPNOTSUPP)
{
	struct new_protector from = { .encrypted_key = "kek" };
	struct keyfile made;
	struct open_key open = make(&made);

	kernel.no_alg = true;
	CHECK_EQ(open_it(&made, &open), -EOPNOTSUPP);
	open = known_key(MKTME_DAX_AES_XTS_128);
	NEED(!new_keyfile("other", &open, &made));
	CHECK_EQ(add_protector(&made, &open, &from, 0), -EOPNOTSUPP);
	CHECK_EQ(made.count, 0);
}

TEST(encrypted_keys_that_are_not_there_ENOKEY)
{
	struct new_protector from = { .encrypted_key = "none" };
	struct open_key open = known_key(MKTME_DAX_AES_XTS_128);
	struct keyfile made;

	NEED(!new_keyfile("known", &open, &made));
	CHECK_EQ(add_protector(&made, &open, &from, 0), -ENOKEY);
	from.encrypted_key = "";
	CHECK_EQ(add_protector(&made, &open, &from, 0), -EINVAL);
}

int main(int argc, char **argv)
{
	return tap_main("encrypted", argc, argv);
}
