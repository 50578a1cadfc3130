// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture of a file's pages
 *
 * The file is laid out like text, in rows. Few units of 2 MiB: one row for each, true to
 * scale, so that single small pages can be seen. Many: cells, several to a row.
 */
#include "map.h"

#define MARGIN		24
#define LABEL		104		/* left of the rows: offsets */
#define WIDTH		768		/* of the rows: 1.5 for a small page of a single unit */
#define RIGHT		132		/* right of them: addresses */
#define TOP		120
#define MAX_ROWS	40

struct canvas {
	FILE *out;
	const struct file_map *map;
	uint64_t cell_bytes;
	unsigned int columns, rows, cells;
	double cell_width, cell_height, gap;
};

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		default:
			/* XML has no place for control characters. */
			fputc((unsigned char)*text < ' ' ? '?' : *text, out);
		}
	}
}

/* Neighbouring KeyIDs get hues that are far from each other; no key is grey. */
static void put_styles(const struct canvas *canvas)
{
	unsigned int keyid = canvas->map->info.keyid;
	unsigned int hue = (200 + keyid * 137) % 360, saturation = keyid ? 62 : 8;

	if (canvas->map->has_info && canvas->map->info.state == MKTME_DAX_LOCKED) {
		hue = 0;
		saturation = 55;
	}
	fprintf(canvas->out,
		"<style>\n"
		"text { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #333 }\n"
		".name { font-size: 19px; font-weight: 600; fill: #111 }\n"
		".mono { font-family: 'DejaVu Sans Mono', monospace; font-size: 11px; fill: #777 }\n"
		".huge { fill: hsl(%u,%u%%,42%%) }\n"
		".small { fill: url(#comb) }\n"
		".unwritten { fill: hsl(%u,%u%%,88%%) }\n"
		".hole { fill: #fff }\n"
		".frame { fill: none; stroke: #bbb; stroke-width: 1 }\n"
		"</style>\n"
		"<defs><pattern id=\"comb\" width=\"3\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
		"<rect width=\"3\" height=\"6\" fill=\"hsl(%u,%u%%,84%%)\"/>"
		"<rect width=\"1.6\" height=\"6\" fill=\"hsl(%u,%u%%,52%%)\"/></pattern></defs>\n",
		hue, saturation, hue, saturation, hue, saturation, hue, saturation);
}

static void put_header(const struct canvas *canvas, unsigned int height)
{
	const struct file_map *map = canvas->map;
	char identifier[MKTME_DAX_IDENTIFIER_TEXT_SIZE], size[16];
	unsigned int width = 2 * MARGIN + LABEL + WIDTH + RIGHT;

	fprintf(canvas->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- made by mktme-dax map -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n",
		width, height, width, height);
	put_styles(canvas);
	fprintf(canvas->out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfdfc\"/>\n"
		"<text class=\"name\" x=\"%d\" y=\"40\">", MARGIN);
	put_text(canvas->out, map->path);
	fprintf(canvas->out, "</text>\n<text x=\"%d\" y=\"62\">%s", MARGIN, human_size(map->size, size));
	if (map->has_info)
		fprintf(canvas->out, " · %s", state_name(map->info.state));
	if (map->info.keyid)
		fprintf(canvas->out, " · KeyID %u", map->info.keyid);
	if (map->info.algorithm) {
		mktme_dax_identifier_text(map->info.identifier, identifier);
		fprintf(canvas->out, " · %s · key %s", algorithm_name(map->info.algorithm), identifier);
	}
	fputs("</text>\n", canvas->out);
}

static unsigned int put_legend_entry(const struct canvas *canvas, unsigned int x,
				     const char *class, const char *text, uint64_t bytes)
{
	char size[16];

	fprintf(canvas->out, "<rect class=\"%s\" x=\"%u\" y=\"80\" width=\"16\" height=\"12\"/>"
		"<rect class=\"frame\" x=\"%u\" y=\"80\" width=\"16\" height=\"12\"/>"
		"<text x=\"%u\" y=\"91\">%s: %s</text>\n", class, x, x, x + 22, text,
		human_size(bytes, size));
	return x + 190;
}

static void put_legend(const struct canvas *canvas)
{
	const struct file_map *map = canvas->map;
	uint64_t unwritten = sum_of(map, PAGES_UNWRITTEN, ORDER_HUGE) +
			     sum_of(map, PAGES_UNWRITTEN, ORDER_SMALL);
	unsigned int x = MARGIN;

	x = put_legend_entry(canvas, x, "huge", "2 MiB pages", sum_of(map, PAGES_WRITTEN, ORDER_HUGE));
	x = put_legend_entry(canvas, x, "small", "4 KiB pages", sum_of(map, PAGES_WRITTEN, ORDER_SMALL));
	x = put_legend_entry(canvas, x, "unwritten", "unwritten", unwritten);
	put_legend_entry(canvas, x, "hole", "hole", sum_of(map, PAGES_HOLE, ORDER_NONE));
}

static const char *class_of(const struct segment *segment)
{
	enum page_order order = segment->seen ? segment->seen : segment->possible;

	if (segment->state == PAGES_HOLE)
		return "hole";
	if (segment->state == PAGES_UNWRITTEN)
		return "unwritten";
	return order == ORDER_HUGE ? "huge" : "small";
}

static double cell_x(const struct canvas *canvas, unsigned int cell)
{
	return MARGIN + LABEL + cell % canvas->columns * (canvas->cell_width + canvas->gap);
}

static double cell_y(const struct canvas *canvas, unsigned int cell)
{
	return TOP + cell / canvas->columns * (canvas->cell_height + canvas->gap);
}

static void put_part(const struct canvas *canvas, unsigned int cell, const struct segment *segment)
{
	uint64_t from = cell * canvas->cell_bytes, to = from + canvas->cell_bytes;
	uint64_t end = segment->logical + segment->length;
	double scale = canvas->cell_width / canvas->cell_bytes;

	if (segment->logical > from)
		from = segment->logical;
	if (end < to)
		to = end;
	fprintf(canvas->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\">"
		"<title>offset %#llx, %#llx bytes", class_of(segment),
		cell_x(canvas, cell) + (from - cell * canvas->cell_bytes) * scale, cell_y(canvas, cell),
		(to - from) * scale, canvas->cell_height, (unsigned long long)segment->logical,
		(unsigned long long)segment->length);
	if (segment->state != PAGES_HOLE)
		fprintf(canvas->out, ", at %#llx", (unsigned long long)segment->physical);
	fputs("</title></rect>\n", canvas->out);
}

/* Segments and cells are both in the order of the file: one walk does both. */
static void put_cells(const struct canvas *canvas)
{
	const struct file_map *map = canvas->map;
	size_t first = 0;

	for (unsigned int cell = 0; cell < canvas->cells; cell++) {
		uint64_t from = cell * canvas->cell_bytes, to = from + canvas->cell_bytes;
		uint64_t end = to < map->size ? to : map->size;

		while (first < map->count &&
		       map->segments[first].logical + map->segments[first].length <= from)
			first++;
		for (size_t i = first; i < map->count && map->segments[i].logical < to; i++)
			put_part(canvas, cell, &map->segments[i]);
		fprintf(canvas->out, "<rect class=\"frame\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n",
			cell_x(canvas, cell), cell_y(canvas, cell),
			canvas->cell_width * (end - from) / canvas->cell_bytes, canvas->cell_height);
	}
}

/* Where the row begins in the file, and in memory. */
static void put_labels(const struct canvas *canvas)
{
	const struct file_map *map = canvas->map;
	size_t i = 0;

	for (unsigned int row = 0; row < canvas->rows; row++) {
		uint64_t from = (uint64_t)row * canvas->columns * canvas->cell_bytes;
		double y = cell_y(canvas, row * canvas->columns) + canvas->cell_height / 2 + 4;

		while (i + 1 < map->count && map->segments[i].logical + map->segments[i].length <= from)
			i++;
		fprintf(canvas->out, "<text class=\"mono\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%#llx</text>\n",
			MARGIN + LABEL - 10, y, (unsigned long long)from);
		if (i < map->count && map->segments[i].state != PAGES_HOLE)
			fprintf(canvas->out, "<text class=\"mono\" x=\"%d\" y=\"%.1f\">%#llx</text>\n",
				MARGIN + LABEL + WIDTH + 10, y,
				(unsigned long long)(map->segments[i].physical + from - map->segments[i].logical));
	}
	fprintf(canvas->out, "<text class=\"mono\" text-anchor=\"end\" x=\"%d\" y=\"%d\">offset</text>\n"
		"<text class=\"mono\" x=\"%d\" y=\"%d\">%s</text>\n", MARGIN + LABEL - 10, TOP - 8,
		MARGIN + LABEL + WIDTH + 10, TOP - 8, map->base ? "physical address" : "on the device");
}

/* The fewest columns that keep it on a page; cells stand for more than one unit at last. */
static void lay_out(struct canvas *canvas)
{
	uint64_t units = (canvas->map->size + UNIT_SIZE - 1) / UNIT_SIZE;

	canvas->cell_bytes = UNIT_SIZE;
	canvas->columns = 1;
	while (units > (uint64_t)canvas->columns * MAX_ROWS && canvas->columns < 64)
		canvas->columns *= 2;
	while (units > (uint64_t)canvas->columns * MAX_ROWS) {
		canvas->cell_bytes *= 2;
		units = (units + 1) / 2;
	}
	canvas->cells = units;
	canvas->rows = (units + canvas->columns - 1) / canvas->columns;
	canvas->gap = canvas->columns < 16 ? 4 : 2;
	canvas->cell_width = (WIDTH + canvas->gap) / (double)canvas->columns - canvas->gap;
	canvas->cell_height = canvas->columns < 16 ? 16 : 12;
}

void draw_map(FILE *out, const struct file_map *map)
{
	struct canvas canvas = { .out = out, .map = map };

	lay_out(&canvas);
	put_header(&canvas, TOP + canvas.rows * (canvas.cell_height + canvas.gap) + MARGIN);
	put_legend(&canvas);
	put_labels(&canvas);
	put_cells(&canvas);
	fputs("</svg>\n", out);
}
