// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax doctor: what is there, what is wrong with it, and what to do
 */
#include "doctor.h"

static const char *const level_names[] = {
	[LEVEL_OK] = "ok",
	[LEVEL_WARN] = "warn",
	[LEVEL_FAIL] = "fail",
};

static int list_questions(void)
{
	for (const struct question *question = questions; question->id; question++)
		printf("%-18s %s\n", question->id, question->text);
	return EXIT_OK;
}

static void print_finding(const struct finding *finding)
{
	printf("%-4s  %-18s %s%s%s\n", level_names[finding->level], finding->id, finding->subject,
	       *finding->subject ? ": " : "", finding->cause);
	if (finding->remedy)
		printf("      next: %s\n", finding->remedy);
}

static void print_findings(const struct findings *findings)
{
	size_t count[3] = {};

	for (size_t i = 0; i < findings->count; i++) {
		print_finding(&findings->list[i]);
		count[findings->list[i].level]++;
	}
	printf("%zu ok, %zu to improve, %zu in the way\n", count[LEVEL_OK], count[LEVEL_WARN],
	       count[LEVEL_FAIL]);
}

static void put_findings(const struct findings *findings)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		struct json_object *object = new_element(array);

		put_string(object, "id", finding->id);
		put_string(object, "level", level_names[finding->level]);
		put_string(object, "subject", finding->subject);
		put_string(object, "cause", finding->cause);
		put_string(object, "remedy", finding->remedy);
	}
	print_array(array);
}

/* With its namespace, since that is what most troubles of a path come from. */
static int examine_path(const char *path, const struct memory_facts *memory,
			struct findings *findings)
{
	const struct namespace_facts *ns;
	struct path_facts facts;
	int err = probe_path(path, &facts);

	if (err)
		return complain(err, "mktme-dax doctor, without a path", "%s: %s", path,
				err == -EINVAL ? "neither a file, a directory nor a block device" :
				strerror(-err));
	ns = namespace_of(memory, facts.device.name);
	if (ns)
		judge_namespace(ns, findings);
	judge_path(&facts, ns, findings);
	return EXIT_OK;
}

static void examine_machine(struct findings *findings)
{
	struct kernel_facts kernel;
	struct cpu_facts cpu;

	probe_cpu(&cpu);
	judge_cpu(&cpu, findings);
	probe_kernel(&kernel);
	judge_kernel(&kernel, findings);
}

/* Without a path: the machine's memory as a whole, and what is mounted from it. */
static int examine_everything(const struct memory_facts *memory, struct findings *findings)
{
	judge_memory(memory, findings);
	for (size_t i = 0; i < memory->namespace_count; i++) {
		const struct namespace_facts *ns = &memory->namespaces[i];
		struct path_facts facts;
		char path[48];

		snprintf(path, sizeof(path), "/dev/%s", ns->device);
		if (!*ns->device || ns->mode == MODE_DEVDAX || probe_path(path, &facts))
			continue;
		judge_path(&facts, ns, findings);
	}
	return EXIT_OK;
}

static int examine(int count, char **paths, struct findings *findings)
{
	struct memory_facts memory;
	int code = EXIT_OK, err;

	examine_machine(findings);
	err = probe_memory(&memory);
	if (err)
		return complain(err, "ndctl list -RN", "cannot list persistent memory: %s",
				strerror(-err));
	if (!count)
		code = examine_everything(&memory, findings);
	for (int i = 0; i < count; i++) {
		int one = examine_path(paths[i], &memory, findings);

		code = code ? code : one;
	}
	free_memory_facts(&memory);
	return code;
}

int run_doctor(int argc, char **argv)
{
	bool json = false, list = false;
	const struct option_spec specs[] = {
		{ "json", &json, NULL },
		{ "list", &list, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs)), code;
	struct findings findings = {};

	if (first < 0)
		return EXIT_USAGE;
	if (list)
		return list_questions();
	code = examine(argc - first, argv + first, &findings);
	if (json)
		put_findings(&findings);
	else
		print_findings(&findings);
	if (!code && worst_level(&findings) == LEVEL_FAIL)
		code = EXIT_OBJECT;
	free_findings(&findings);
	return code;
}
