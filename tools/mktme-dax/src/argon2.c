// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Argon2id: what a guess at a passphrase costs
 */
#include "keyfile.h"
#include <argon2.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

static uint64_t machine_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.totalram * info.mem_unit / 1024;
}

/*
 * Not measured: a machine that is busy when a key is made would make a weak one. Four
 * lanes are as many as most machines can compute side by side; others take longer.
 */
struct argon2_cost default_cost(void)
{
	struct argon2_cost cost = { .memory = 1 << 20, .passes = 4, .lanes = 4 };
	uint64_t quarter = machine_memory() / 4;

	if (quarter && quarter < cost.memory)
		cost.memory = quarter;
	return cost;
}

int check_cost(uint32_t memory, uint32_t passes, uint32_t lanes)
{
	if (!lanes || lanes > ARGON2_LANES_MAX)
		return note(-EUCLEAN, "Argon2id has 1 to %u lanes", ARGON2_LANES_MAX);
	if (memory < ARGON2_MEMORY_MIN || memory < 8 * lanes || memory > ARGON2_MEMORY_MAX)
		return note(-EUCLEAN, "Argon2id takes %u KiB to %u KiB of memory",
			    8 * lanes > ARGON2_MEMORY_MIN ? 8 * lanes : ARGON2_MEMORY_MIN,
			    ARGON2_MEMORY_MAX);
	if (!passes || passes > ARGON2_PASSES_MAX || (uint64_t)memory * passes > ARGON2_WORK_MAX)
		return note(-EUCLEAN, "too many passes of Argon2id");
	return 0;
}

/* The memory as a whole would let a guess be checked cheaply: not for swap or dumps. */
static int allocate(uint8_t **memory, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	madvise(p, size, MADV_DONTDUMP);
	*memory = p;
	return ARGON2_OK;
}

static void release(uint8_t *memory, size_t size)
{
	munmap(memory, size);
}

static int explain(int code, uint32_t memory)
{
	if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
		return note(-ENOMEM, "the passphrase takes %u MiB of memory", memory >> 10);
	return note(-EIO, "Argon2id: %s", argon2_error_message(code));
}

int argon2_derive(const struct secret *passphrase, const struct protector *protector,
		  uint8_t out[32])
{
	argon2_context context = {
		.out = out, .outlen = 32,
		.pwd = (uint8_t *)passphrase->bytes, .pwdlen = passphrase->size,
		.salt = (uint8_t *)protector->salt, .saltlen = SALT_SIZE,
		.t_cost = protector->passes, .m_cost = protector->memory,
		.lanes = protector->lanes, .threads = protector->lanes,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = allocate, .free_cbk = release,
	};
	int code, err = check_cost(protector->memory, protector->passes, protector->lanes);

	if (err)
		return err;
	/* Better now than by the out-of-memory killer. */
	if (protector->memory > machine_memory())
		return explain(ARGON2_MEMORY_ALLOCATION_ERROR, protector->memory);
	progress_begin("deriving a key from the passphrase");
	code = argon2id_ctx(&context);
	progress_end();
	return code == ARGON2_OK ? 0 : explain(code, protector->memory);
}
