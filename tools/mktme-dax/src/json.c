// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON on standard output: always an array
 */
#include "tool.h"

static void *need(void *p)
{
	if (!p) {
		fputs("mktme-dax: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	return p;
}

struct json_object *new_object(void)
{
	return need(json_object_new_object());
}

struct json_object *new_array(void)
{
	return need(json_object_new_array());
}

void put_member(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value))
		need(NULL);
}

void put_string(struct json_object *object, const char *name, const char *value)
{
	put_member(object, name, value ? need(json_object_new_string(value)) : NULL);
}

void put_number(struct json_object *object, const char *name, uint64_t value)
{
	put_member(object, name, need(json_object_new_uint64(value)));
}

void put_bool(struct json_object *object, const char *name, bool value)
{
	put_member(object, name, need(json_object_new_boolean(value)));
}

struct json_object *new_element(struct json_object *array)
{
	struct json_object *element = new_object();

	if (json_object_array_add(array, element))
		need(NULL);
	return element;
}

int print_array(struct json_object *array)
{
	puts(need((void *)json_object_to_json_string_ext(array, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE)));
	json_object_put(array);
	return EXIT_OK;
}
