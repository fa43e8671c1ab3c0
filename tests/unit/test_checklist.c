/* Which lines of a Markdown text are items, what they are called, and that a tick changes one byte.
 */
#include <sys/stat.h>

#include "conf/template.h"
#include "runner/plan/checklist.h"
#include "tests/unit/conf_helpers.h"

/* The items as "[x]TITLE|[ ]TITLE|": good until the next call. */
static const char *items(const char *text)
{
	static char out[8192];
	struct checklist list;
	struct err err = {.code = ERR_NONE};
	size_t used = 0;
	ck_assert_msg(checklist_parse("PLAN.md", text, strlen(text), &list, &err) == 0, "%s",
		      err.text);
	out[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		const struct checklist_item *item = &list.items[i];
		const char box = text[item->box];
		ck_assert_int_eq(item->ticked, box != ' ');
		ck_assert_int_eq(text[item->box - 1], '[');
		ck_assert_int_eq(text[item->box + 1], ']');
		used += (size_t)snprintf(out + used, sizeof(out) - used, "[%c]%s|", box,
					 item->title);
	}
	checklist_release(&list);
	return out;
}

static const struct {
	const char *text, *items;
} cases[] = {
	{"", ""},
	{"no items\n", ""},
	{"- [ ] a", "[ ]a|"},
	{"- [ ] a\n- [x] b\n- [X] c\n", "[ ]a|[x]b|[X]c|"},
	{"* [ ] a\n+ [ ] b\n1. [ ] c\n23) [ ] d\n", "[ ]a|[ ]b|[ ]c|[ ]d|"},
	{"\xef\xbb\xbf- [ ] a\r\n- [ ] b\r\n", "[ ]a|[ ]b|"},
	{"-\t[ ] a\n-  [ ]  b  \n-    [ ] c\n", "[ ]a|[ ]b|[ ]c|"},
	{"   - [ ] a\n", "[ ]a|"},
	{"- [ ] **bold** `code` [link](x)\n", "[ ]**bold** `code` [link](x)|"},
	/* Within one another. */
	{"- [ ] a\n  - [ ] b\n    - [ ] c\n      - [ ] d\n", "[ ]a|[ ]b|[ ]c|[ ]d|"},
	{"- [ ] a\n    - [ ] b\n        - [ ] c\n", "[ ]a|[ ]b|[ ]c|"},
	{"- [ ] a\n\t- [ ] b\n\t\t- [ ] c\n", "[ ]a|[ ]b|[ ]c|"},
	{"1. [ ] a\n   - [ ] b\n2. [ ] c\n", "[ ]a|[ ]b|[ ]c|"},
	{"- a\n  - [ ] b\n", "[ ]b|"},
	{"- - [ ] a\n", "[ ]a|"},
	{"- [ ] a\n\n  - [ ] b\n", "[ ]a|[ ]b|"},
	{"- [ ] a\ngoes on\n    - [ ] b\n", "[ ]a|[ ]b|"},
	{"text\n- [ ] a\n", "[ ]a|"},
	{"# Title\n- [ ] a\n## Next\n- [ ] b\n", "[ ]a|[ ]b|"},
	/* None. */
	{"- [] a\n- [  ] b\n- [y] c\n-[ ] d\n- [ ]e\n- [ ]\n- [ ]   \n[ ] f\n- ( ) g\n", ""},
	{"- x [ ] a\n- \\[ ] b\n> - [ ] c\n| - [ ] d\n", ""},
	{"1234567890. [ ] a\n. [ ] b\n1 [ ] c\n", ""},
	{"-", ""},
	{"- [", ""},
	{"- [ ", ""},
	{"- [ ]", ""},
	/* Code. */
	{"```\n- [ ] a\n```\n- [ ] b\n", "[ ]b|"},
	{"```sh x\n- [ ] a\n~~~\n````\n- [ ] b\n", "[ ]b|"},
	{"~~~~\n- [ ] a\n~~~\n- [ ] b\n~~~~~  \n- [ ] c\n", "[ ]c|"},
	{"``` `\n- [ ] a\n", "[ ]a|"},
	{"```\n- [ ] never closed\n", ""},
	{"``\n- [ ] a\n", "[ ]a|"},
	{"    - [ ] a\n", ""},
	{"\t- [ ] a\n", ""},
	{"text\n\n    - [ ] a\n- [ ] b\n", "[ ]b|"},
	{"text\n    - [ ] goes on with the text\n", ""},
	{"- [ ] a\n\n      - [ ] code\n", "[ ]a|"},
	{"-      [ ] code\n", ""},
	{"- [ ] a\n  ```\n  - [ ] b\n  ```\n- [ ] c\n", "[ ]a|[ ]c|"},
	{"- [ ] a\n  ```\n  - [ ] b\n- [ ] c\n", "[ ]a|[ ]c|"},
	{"- ```\n  - [ ] a\n  ```\n- [ ] b\n", "[ ]b|"},
	{"<!--\n- [ ] a\n-->\n- [ ] b\n", "[ ]b|"},
	{"<!-- - [ ] a -->\n- [ ] b\n", "[ ]b|"},
	/* What can be shown of it. */
	{"- [ ] a\x1b[31m b\a\t\tc\n", "[ ]a b c|"},
	{"- [ ] \x1b[31m\n", ""},
	{"- [ ] caf\xe9 caf\xc3\xa9\n", "[ ]caf\xef\xbf\xbd caf\xc3\xa9|"},
	/* Told apart. */
	{"- [ ] a\n- [x] a\n- [ ] b\n- [ ] a\n", "[ ]a|[x]a (2)|[ ]b|[ ]a (3)|"},
	{"- [ ] a\n- [ ] a\n- [ ] a (2)\n- [ ] a\n- [ ] a (2)\n",
	 "[ ]a|[ ]a (3)|[ ]a (2)|[ ]a (4)|[ ]a (2) (2)|"},
};

START_TEST(lines_are_items_or_not)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(strcmp(items(cases[i].text), cases[i].items) == 0,
			      "of: %s\nwanted: %s\ngot:    %s", cases[i].text, cases[i].items,
			      items(cases[i].text));
}
END_TEST

START_TEST(a_long_item_is_cut_at_a_character)
{
	char text[20000];
	struct checklist list;
	size_t length = (size_t)snprintf(text, sizeof(text), "- [ ] ");
	while (length < 12000)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "\xc3\xa9");
	ck_assert_int_eq(checklist_parse("x", text, length, &list, NULL), 0);
	ck_assert_uint_eq(list.count, 1);
	const char *title = list.items[0].title;
	ck_assert_uint_le(strlen(title), CHECKLIST_TITLE);
	ck_assert_uint_ge(strlen(title), CHECKLIST_TITLE - 4);
	ck_assert_str_eq(title + strlen(title) - 5, "\xc3\xa9\xe2\x80\xa6");
	ck_assert_uint_ge(strlen(list.items[0].text), CHECKLIST_TEXT - 8);
	checklist_release(&list);
}
END_TEST

START_TEST(equal_items_are_counted)
{
	struct checklist list;
	const char *text = "- [ ] a\n- [ ] b\n- [ ] a\n";
	ck_assert_int_eq(checklist_parse("x", text, strlen(text), &list, NULL), 0);
	ck_assert_uint_eq(list.items[0].equal, 2);
	ck_assert_uint_eq(list.items[1].equal, 1);
	ck_assert_uint_eq(list.items[2].equal, 2);
	ck_assert_ptr_eq(checklist_find(&list, "a (2)"), &list.items[2]);
	ck_assert_ptr_null(checklist_find(&list, "a (3)"));
	checklist_release(&list);
}
END_TEST

START_TEST(too_many_items_are_refused)
{
	struct err err = {.code = ERR_NONE};
	struct checklist list;
	static char text[8 * (CHECKLIST_ITEMS + 1) + 1];
	for (int i = 0; i <= CHECKLIST_ITEMS; i++)
		memcpy(text + 8 * i, "- [ ] a\n", 8);
	ck_assert_int_eq(checklist_parse("PLAN.md", text, sizeof(text) - 1, &list, &err), -1);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_str_eq(err.text, "PLAN.md: more than 10000 items");
	ck_assert_int_eq(checklist_parse("PLAN.md", text, sizeof(text) - 9, &list, &err), 0);
	ck_assert_uint_eq(list.count, CHECKLIST_ITEMS);
	ck_assert_str_eq(list.items[CHECKLIST_ITEMS - 1].title, "a (10000)");
	checklist_release(&list);
}
END_TEST

static void expect_file(const char *path, const char *bytes, size_t length)
{
	char got[256];
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(got, 1, sizeof(got), file), length);
	ck_assert_mem_eq(got, bytes, length);
	fclose(file);
}

/* Line ends, a missing last one, bytes that are no text: all as they were. */
START_TEST(a_tick_changes_one_byte)
{
	static const char before[] = "\xef\xbb\xbf# P\r\n- [ ] a\0b\xff\r\n\t\n* [ ] c\n- [X] d";
	static const char after[] = "\xef\xbb\xbf# P\r\n- [ ] a\0b\xff\r\n\t\n* [x] c\n- [X] d";
	struct checklist list;
	struct err err = {.code = ERR_NONE};
	struct stat status;
	write_bytes("PLAN.md", before, sizeof(before) - 1);
	ck_assert_int_eq(chmod("PLAN.md", 0640), 0);
	ck_assert_msg(checklist_read("PLAN.md", &list, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_int_eq(checklist_set("PLAN.md", &list, &list.items[1], true, &err), 0);
	expect_file("PLAN.md", after, sizeof(after) - 1);
	ck_assert_int_eq(checklist_set("PLAN.md", &list, &list.items[1], false, &err), 0);
	expect_file("PLAN.md", before, sizeof(before) - 1);
	ck_assert_int_eq(checklist_set("PLAN.md", &list, &list.items[2], true, &err), 0);
	expect_file("PLAN.md", before, sizeof(before) - 1);
	ck_assert_int_eq(stat("PLAN.md", &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0640);
	checklist_release(&list);
}
END_TEST

static const char *unreadable(const char *path)
{
	static struct err err;
	struct checklist list;
	err.code = ERR_NONE;
	ck_assert_int_eq(checklist_read(path, &list, &err), -1);
	return err.text;
}

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(symlink("PLAN.md", "link.md"), 0);
	ck_assert_int_eq(mkfifo("pipe.md", 0600), 0);
	ck_assert_str_eq(unreadable("no.md"), "no.md: the checklist is not there");
	ck_assert_str_eq(unreadable("link.md"), "link.md: not a regular file: refused");
	ck_assert_str_eq(unreadable("pipe.md"), "pipe.md: not a regular file: refused");
	ck_assert_str_eq(unreadable("."), ".: not a regular file: refused");
}
END_TEST

static void check_filled(const char *text, const char *wanted)
{
	struct arena arena = {.blocks = NULL};
	const struct template_words words = {"do {step} \"it\"", "it (2)", 7, 12, 70, 8};
	ck_assert_ptr_null(template_wrong(text));
	ck_assert_str_eq(template_fill(&arena, text, &words), wanted);
	arena_release(&arena);
}

START_TEST(templates_are_filled_in_once)
{
	check_filled("", "");
	check_filled("plain", "plain");
	check_filled("{item}", "do {step} \"it\"");
	check_filled("<{title}> {step}/{cycle}{step}", "<it (2)> 7/127");
	check_filled("{{item}} {{{item}}}", "{item} {do {step} \"it\"}");
	check_filled("}}{{", "}{");
}
END_TEST

START_TEST(what_can_not_be_filled_in_is_told)
{
	static const char *const wrong[] = {"{",  "}",   "{}",    "{Item}",  "{item",
					    "}{", "{{}", "{{{x}", "{ item}", "${HOME}"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(template_wrong(wrong[i]) != NULL, "%s", wrong[i]);
	ck_assert_ptr_null(template_wrong_code("f() { echo ${HOME}; }; {{items}"));
	ck_assert_ptr_nonnull(template_wrong_code("echo '{{item}}'"));
	ck_assert_ptr_nonnull(template_wrong_code("x{cycle}"));
}
END_TEST

/* The program itself is never made of an item, nor is a shell's text. */
START_TEST(a_step_is_made_of_its_template)
{
	struct arena arena = {.blocks = NULL};
	const struct template_words words = {"it", "it", 7, 12, 70, 8};
	struct conf_step from = {
		.title = "",
		.command = (const char *const[]){"{item}", "{item}", NULL},
		.environment = (const char *const[]){"FILE={item}", "A={step}", NULL},
		.file_settings = 1,
		.meter_command = (const char *const[]){NULL},
		.attempts = 3,
	};
	const struct conf_step *step = template_step(&arena, &from, &words);
	ck_assert_str_eq(step->title, "it");
	ck_assert_str_eq(step->command[0], "{item}");
	ck_assert_str_eq(step->command[1], "it");
	ck_assert_ptr_null(step->command[2]);
	ck_assert_str_eq(step->environment[0], "FILE={item}");
	ck_assert_str_eq(step->environment[1], "A=7");
	ck_assert_ptr_null(step->meter_command[0]);
	ck_assert_int_eq(step->attempts, 3);
	from.shell = true;
	ck_assert_str_eq(template_step(&arena, &from, &words)->command[1], "{item}");
	arena_release(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checklist");
	TCase *list = tcase_create("list");
	tcase_add_test(list, lines_are_items_or_not);
	tcase_add_test(list, a_long_item_is_cut_at_a_character);
	tcase_add_test(list, equal_items_are_counted);
	tcase_add_test(list, too_many_items_are_refused);
	tcase_add_test(list, a_tick_changes_one_byte);
	tcase_add_test(list, what_is_no_file_is_refused);
	suite_add_tcase(suite, list);
	TCase *template = tcase_create("template");
	tcase_add_test(template, templates_are_filled_in_once);
	tcase_add_test(template, what_can_not_be_filled_in_is_told);
	tcase_add_test(template, a_step_is_made_of_its_template);
	suite_add_tcase(suite, template);
	return run_suite(suite);
}
