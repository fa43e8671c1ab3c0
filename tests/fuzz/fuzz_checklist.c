/* Any bytes as a checklist: every item has a title of its own that can be shown, and ticking it
 * changes one byte and leaves every item what it was. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"
#include "runner/plan/checklist.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_checklist: it does not hold: %s\n", what);
	abort();
}

static void check_item(const struct checklist *list, size_t i)
{
	const struct checklist_item *item = &list->items[i];
	const char *box = list->bytes + item->box;
	expect(item->box > 0 && item->box + 1 < list->length, "a box is in the file");
	expect(box[-1] == '[' && box[1] == ']', "a box is between brackets");
	expect(item->ticked == (box[0] != ' ') && strchr(" xX", box[0]), "a box says what it is");
	expect(item->title[0] && !utf8_has_control(item->title), "a title can be shown");
	expect(utf8_valid(item->title, strlen(item->title)) == strlen(item->title),
	       "a title is UTF-8");
	expect(item->text[0] != '\0' && item->equal >= 1, "an item has a text");
	expect(checklist_find(list, item->title) == item, "a title is its own");
	expect(i == 0 || list->items[i - 1].box < item->box, "items are in order");
}

static void check_tick(const struct checklist *list, size_t at)
{
	struct checklist again;
	struct checklist_item *item = &list->items[at];
	list->bytes[item->box] = 'x';
	expect(checklist_parse("x", list->bytes, list->length, &again, NULL) == 0, "it is read");
	expect(again.count == list->count, "a tick makes no items");
	for (size_t i = 0; i < list->count; i++) {
		expect(strcmp(again.items[i].title, list->items[i].title) == 0, "titles stay");
		expect(again.items[i].ticked == (i == at || list->items[i].ticked), "ticks stay");
	}
	checklist_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct err err = {.code = ERR_NONE};
	struct checklist list;
	if (checklist_parse("PLAN.md", (const char *)bytes, length, &list, &err) != 0) {
		expect(err.code == ERR_CONFIG, "only too many items are refused");
		return 0;
	}
	for (size_t i = 0; i < list.count; i++)
		check_item(&list, i);
	if (list.count)
		check_tick(&list, (size_t)bytes[length - 1] % list.count);
	checklist_release(&list);
	return 0;
}
