// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of a list of operations, in a process of its own: whatever becomes of it,
 * the list of what was done is in shared memory
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "soak.h"

#define EPISODE_SECONDS	600

struct episode *current_episode;
bool stay_mounted;

struct episode *new_episode(void)
{
	struct episode *e = mmap(NULL, sizeof(*e), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (e == MAP_FAILED)
		abort();
	e->fault = NR_OPS;
	return e;
}

void apply(struct model *m, const struct op *op)
{
	if (op->kind <= OP_COPY)
		apply_data(m, op);
	else if (op->kind <= OP_ADVISE && op->kind != OP_REMAP)
		apply_space(m, op);
	else
		apply_key(m, op);
}

static void check_all(struct model *m)
{
	static const struct op add_key = { .kind = OP_ADD_KEY };
	struct op op = add_key;

	for (op.value = 0; op.value < NR_KEYS; op.value++)
		apply(m, &op);
	for (unsigned int i = 0; i < NR_FILES; i++)
		check_file(m, &m->files[i]);
}

/* In the end all is unlocked and looked at, before and after an unmount. */
static void finish(struct episode *e, struct model *m)
{
	static const struct op remount = { .kind = OP_REMOUNT };

	e->phase = "in the end";
	check_all(m);
	e->phase = "in the end, from memory";
	settle(m, true);
	if (!stay_mounted) {
		apply(m, &remount);
		e->phase = "after an unmount";
		check_all(m);
	}
	if (e->keep)
		keep_file(m, &m->files[e->keep % NR_FILES], e->keep);
}

static void run_child(struct episode *e)
{
	static struct model m;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(EPISODE_SECONDS);
	current_episode = e;
	e->phase = "at the start";
	start_model(&m, e->seed, e->fault);
	e->phase = "of an episode";
	for (e->done = 0; e->done < e->nr; e->done++) {
		if (e->made_up)
			e->ops[e->done] = random_op(&m);
		apply(&m, &e->ops[e->done]);
	}
	finish(e, &m);
	_exit(0);
}

bool run_episode(struct episode *e)
{
	int status;
	pid_t pid;

	e->text[0] = 0;
	e->done = 0;
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_child(e);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	kill(-pid, SIGKILL);
	if (!status)
		return true;
	if (!e->text[0])
		snprintf(e->text, sizeof(e->text), "the process %s %d",
			 WIFSIGNALED(status) ? "took signal" : "ended with status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return false;
}
