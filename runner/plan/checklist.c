#include "runner/plan/checklist.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"
#include "runner/plan/checklist_lines.h"
#include "status/file.h"
#include "status/text.h"

/* Titles that are taken, and how many items have each for their text. */
struct names {
	struct name {
		const char *title;
		struct checklist_item *first;
	} * slots;
	size_t mask;
};

static struct name *slot_of(const struct names *names, const char *title)
{
	size_t at = (size_t)text_hash(TEXT_HASH, title) & names->mask;
	while (names->slots[at].title && strcmp(names->slots[at].title, title) != 0)
		at = (at + 1) & names->mask;
	return &names->slots[at];
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* The first free one of "TITLE (2)", "TITLE (3)", …; `from` is where to begin, and to go on next
 * time. */
static int number_title(const struct names *names, struct checklist_item *item, size_t *from,
			struct err *err)
{
	char title[CHECKLIST_TITLE + 32];
	struct name *slot;
	do {
		snprintf(title, sizeof(title), "%s (%zu)", item->title, ++*from);
		slot = slot_of(names, title);
	} while (slot->title);
	char *copy = strdup(title);
	if (!copy)
		return no_memory(err);
	free(item->title);
	item->title = copy;
	*slot = (struct name){.title = copy, .first = item};
	return 0;
}

/* Numbers the items of equal text. First each text is given to the first item that has it: an item
 * that is called "A (2)" in the file keeps that. */
static int tell_apart(struct checklist *checklist, struct err *err)
{
	struct names names = {.mask = 15};
	while (names.mask < 4 * checklist->count)
		names.mask = 2 * names.mask + 1;
	names.slots = calloc(names.mask + 1, sizeof(*names.slots));
	size_t *last = calloc(checklist->count + 1, sizeof(*last));
	int failed = names.slots && last ? 0 : no_memory(err);
	for (size_t i = 0; !failed && i < checklist->count; i++) {
		struct checklist_item *item = &checklist->items[i];
		struct name *slot = slot_of(&names, item->title);
		if (!slot->title)
			*slot = (struct name){.title = item->title, .first = item};
		slot->first->equal++;
	}
	for (size_t i = 0; !failed && i < checklist->count; i++) {
		struct checklist_item *item = &checklist->items[i];
		struct checklist_item *first = slot_of(&names, item->title)->first;
		size_t *from = &last[first - checklist->items];
		item->equal = first->equal;
		if (item != first) {
			*from += *from == 0;
			failed = number_title(&names, item, from, err);
		}
	}
	free(names.slots);
	free(last);
	return failed;
}

/* A title is cut at a whole character. */
static void cut_title(char *title)
{
	static const char dots[] = "…";
	const size_t most = CHECKLIST_TITLE - strlen(dots);
	if (strlen(title) <= CHECKLIST_TITLE)
		return;
	memcpy(title + utf8_valid(title, most), dots, sizeof(dots));
}

static int add_item(struct checklist *checklist, const struct checklist_item *place,
		    const char *text, size_t length, struct err *err)
{
	struct checklist_item item = *place;
	char clean[CHECKLIST_TEXT];
	text_clean(text, length, clean, sizeof(clean));
	if (clean[0] == '\0') /* nothing of it can be shown */
		return 0;
	item.text = strdup(clean);
	cut_title(clean);
	item.title = strdup(clean);
	if (!item.text || !item.title) {
		free(item.text);
		free(item.title);
		return no_memory(err);
	}
	checklist->items[checklist->count++] = item;
	return 0;
}

static int find_items(const char *path, struct checklist *checklist, struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark is no text */
	struct lines lines = {.depth = 0};
	const char *bytes = checklist->bytes, *end = bytes + checklist->length;
	const char *line = bytes;
	if (checklist->length >= 3 && memcmp(bytes, mark, 3) == 0)
		line += 3;
	for (const char *next; line < end; line = next) {
		struct lines_item found;
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		const size_t length = (size_t)((feed ? feed : end) - line);
		next = line + length + (feed != NULL);
		if (!lines_take(&lines, line, length, &found))
			continue;
		if (checklist->count == CHECKLIST_ITEMS)
			return err_set(err, ERR_CONFIG, "%s: more than %d items", path,
				       CHECKLIST_ITEMS);
		const struct checklist_item item = {
			.box = (size_t)(line - bytes) + found.box,
			.ticked = found.ticked,
		};
		if (add_item(checklist, &item, line + found.text, length - found.text, err) != 0)
			return -1;
	}
	return tell_apart(checklist, err);
}

static int take_bytes(const char *path, char *bytes, size_t length, struct checklist *checklist,
		      struct err *err)
{
	struct checklist made = {.bytes = bytes, .length = length};
	made.items = calloc(CHECKLIST_ITEMS, sizeof(*made.items));
	const int failed = made.items ? find_items(path, &made, err) : no_memory(err);
	if (failed)
		checklist_release(&made);
	else
		*checklist = made;
	return failed;
}

int checklist_parse(const char *path, const char *bytes, size_t length, struct checklist *checklist,
		    struct err *err)
{
	char *copy = malloc(length + 1);
	if (!copy)
		return no_memory(err);
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return take_bytes(path, copy, length, checklist, err);
}

int checklist_read(const char *path, struct checklist *checklist, struct err *err)
{
	char *bytes;
	size_t length;
	const int found = file_read(path, CHECKLIST_BYTES, &bytes, &length, err);
	if (found == 0)
		return err_set(err, ERR_CONFIG, "%s: the checklist is not there", path);
	return found < 0 ? -1 : take_bytes(path, bytes, length, checklist, err);
}

void checklist_release(struct checklist *checklist)
{
	for (size_t i = 0; i < checklist->count; i++) {
		free(checklist->items[i].title);
		free(checklist->items[i].text);
	}
	free(checklist->items);
	free(checklist->bytes);
	*checklist = (struct checklist){.count = 0};
}

struct checklist_item *checklist_find(const struct checklist *checklist, const char *title)
{
	for (size_t i = 0; i < checklist->count; i++)
		if (strcmp(checklist->items[i].title, title) == 0)
			return &checklist->items[i];
	return NULL;
}

int checklist_set(const char *path, struct checklist *checklist, struct checklist_item *item,
		  bool ticked, struct err *err)
{
	if (item->ticked == ticked)
		return 0;
	const char before = checklist->bytes[item->box];
	checklist->bytes[item->box] = ticked ? 'x' : ' ';
	if (file_replace(path, checklist->bytes, checklist->length, err) != 0) {
		checklist->bytes[item->box] = before;
		return -1;
	}
	item->ticked = ticked;
	return 0;
}
