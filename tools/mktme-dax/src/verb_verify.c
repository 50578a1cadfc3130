// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax verify: what lies on the DIMM is ciphertext
 *
 * Reads the file's blocks from the block device, which sees them without a key.
 */
#include "keyfile.h"
#include "verify_file.h"

#define MAX_MARKER	4095
#define LITTLE_DATA	4096	/* bytes; below, a histogram says nothing */

struct report {
	struct json_object *array;	/* or NULL for text */
	bool failed;
};

__attribute__((format(printf, 4, 5)))
static void tell(struct report *report, const char *result, const char *check, const char *fmt, ...)
{
	struct json_object *object;
	char detail[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	report->failed = report->failed || !strcmp(result, "fail");
	if (!report->array) {
		printf("%-7s %-13s %s\n", result, check, detail);
		return;
	}
	object = new_element(report->array);
	put_string(object, "check", check);
	put_string(object, "result", result);
	put_string(object, "detail", detail);
}

static void tell_differs(struct report *report, const struct evidence *evidence)
{
	char size[16];

	if (evidence->plain_blocks)
		tell(report, "fail", "differs", "%llu blocks of 16 bytes are the plaintext itself, the first at %#llx of the file",
		     (unsigned long long)evidence->plain_blocks,
		     (unsigned long long)evidence->first_plain);
	else if (evidence->compared)
		tell(report, "ok", "differs", "none of %s is the plaintext",
		     human_size(evidence->compared, size));
	else
		tell(report, "skipped", "differs", "the file is locked: there is nothing to compare with");
}

static void tell_looks(struct report *report, const struct evidence *evidence)
{
	double chi_square;

	if (evidence->repeats)
		tell(report, "fail", "repeats", "%llu blocks of 16 bytes are there more than once, which XTS does not do",
		     (unsigned long long)evidence->repeats);
	else
		tell(report, "ok", "repeats", "no block of 16 bytes is there twice");
	if (evidence->bytes < LITTLE_DATA)
		tell(report, "skipped", "distribution", "too few bytes to tell");
	else if (bytes_look_random(evidence, &chi_square))
		tell(report, "ok", "distribution", "all values of a byte are equally frequent (chi-square %.0f)",
		     chi_square);
	else
		tell(report, "fail", "distribution", "some values of a byte are too frequent for a cipher (chi-square %.0f)",
		     chi_square);
}

static void tell_cipher(struct report *report, const struct evidence *evidence)
{
	if (evidence->wrong_lines)
		tell(report, "fail", "cipher", "%llu of %llu lines are not what the key gives, the first at %#llx of the file; "
		     "written to meanwhile, or the caches hold what an earlier look at the device has seen?",
		     (unsigned long long)evidence->wrong_lines, (unsigned long long)evidence->lines,
		     (unsigned long long)evidence->first_wrong);
	else
		tell(report, "ok", "cipher", "all %llu lines are what AES-XTS gives with this key",
		     (unsigned long long)evidence->lines);
}

static void tell_marker(struct report *report, const struct marker_hits *hits, uint64_t size)
{
	char text[16];

	human_size(size, text);
	if (hits->count)
		tell(report, "fail", "marker", "it is on the device %llu times, first at %#llx of %s",
		     (unsigned long long)hits->count, (unsigned long long)hits->first, text);
	else
		tell(report, "ok", "marker", "it is nowhere on the device (%s)", text);
}

/* A check that says more than it knows is worse than none. */
static void tell_limits(const struct report *report, bool with_key)
{
	if (report->array)
		return;
	printf("This does not tell %swhether anybody has changed the ciphertext (there is no integrity), what\n"
	       "copies of the data are elsewhere (private mappings, swap, backups), and what names, sizes and\n"
	       "attributes give away.\n", with_key ? "" : "under which key the bytes are, ");
}

static int verify_marker(struct target *target, const char *marker, struct report *report)
{
	struct marker_hits hits;
	struct bar bar;
	int err;

	bar_begin(&bar, "searching", target->device_size);
	err = search_marker(target->device, target->device_size, marker, &hits, &bar);
	bar_end(&bar);
	if (err)
		return complain(err, NULL, "cannot read the device: %s", strerror(-err));
	tell_marker(report, &hits, target->device_size);
	return EXIT_OK;
}

static int verify_file(struct target *target, const char *marker, struct report *report)
{
	struct evidence evidence = {};
	int code = read_evidence(target, &evidence);

	if (code)
		return code;
	if (evidence.bytes) {
		tell_differs(report, &evidence);
		tell_looks(report, &evidence);
		if (target->cipher)
			tell_cipher(report, &evidence);
	} else {
		tell(report, "skipped", "differs", "the file has no data: nothing is on the DIMM");
	}
	if (marker)
		code = verify_marker(target, marker, report);
	return code;
}

struct question {
	const char *path, *key, *payload, *marker;
	bool json;
};

static int verify(const struct question *question, const struct mktme_dax_key *key)
{
	struct report report = { .array = question->json ? new_array() : NULL };
	struct target target;
	int code = open_target(question->path, key, question->key ? question->key : question->payload,
			       &target);

	if (!code)
		code = verify_file(&target, question->marker, &report);
	if (question->json)
		print_array(report.array);
	else if (!code)
		tell_limits(&report, target.cipher);
	close_target(&target);
	return !code && report.failed ? EXIT_OBJECT : code;
}

/* By a key of the store, which takes one of its protectors to open. */
static int verify_by_store(struct key_verb *verb, void *question)
{
	int code = need_open_key(verb, 0, NULL);

	return code ? code : verify(question, &verb->open->key);
}

static int verify_by_payload(const struct question *question)
{
	struct mktme_dax_key key;
	int err = guard_memory(), code;

	if (err)
		return complain(err, NULL, "%s", noted());
	code = read_payload(question->payload, &key);
	if (code)
		return code;
	code = verify(question, &key);
	mktme_dax_key_wipe(&key);
	return code;
}

static int check_question(const struct question *question)
{
	const char *marker = question->marker;

	if (question->key && question->payload)
		return misuse("--key or --payload, not both");
	if (marker && (strlen(marker) < 8 || strlen(marker) > MAX_MARKER))
		return misuse("a marker has 8 to %d bytes: shorter ones are there by chance", MAX_MARKER);
	return EXIT_OK;
}

int run_verify(int argc, char **argv)
{
	struct question question = {};
	struct key_verb verb = {};
	const struct option_spec specs[] = {
		{ "json", &question.json, NULL },
		{ "key", NULL, &question.key },
		{ "marker", NULL, &question.marker },
		{ "payload", NULL, &question.payload },
		SOURCE_OPTIONS(&verb)
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs)), code;

	if (first < 0)
		return EXIT_USAGE;
	if (first + 1 != argc)
		return misuse("one file, please");
	question.path = argv[first];
	code = check_question(&question);
	if (code)
		return code;
	if (question.key)
		return run_with_key(&verb, question.key, verify_by_store, &question);
	return question.payload ? verify_by_payload(&question) : verify(&question, NULL);
}
