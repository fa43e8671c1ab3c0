#include "conf/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "conf/nearest.h"
#include "conf/utf8.h"
#include "conf/value.h"

/* libconfuse gives its callbacks no context and can't run twice at a time: so there is one parse.
 */
static struct parse {
	const struct words *words;
	struct settings *settings;
	cfg_t *root;
	cfg_t *section;           /* the one that settings->sections ends with */
	const struct word *value; /* the last one, and its key */
	const struct word *key;
	struct err err;
} parse;

/*
 * The words are handed to libconfuse one a line, each in double quotes: so its line number is the
 * number of the word.
 */
static const struct word *word_at(const cfg_t *cfg)
{
	const size_t count = parse.words->count;
	const size_t line = cfg->line < 1 ? 1 : (size_t)cfg->line;
	return &parse.words->list[line <= count ? line - 1 : count - 1];
}

static char *write_words(const struct words *words)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];
		if (word->kind != WORD_TEXT) {
			fprintf(out, "%s\n", word->text);
			continue;
		}
		putc('"', out);
		for (const char *c = word->text; *c; c++) {
			if (strchr("\"\\$\n", *c))
				putc('\\', out);
			putc(*c == '\n' ? 'n' : *c, out);
		}
		fputs("\"\n", out);
	}
	const int bad = ferror(out);
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

/* The key that a value belongs to: the word before the nearest '=' or '+='. */
static const struct word *key_of(const struct word *value)
{
	const struct word *word = value;
	for (; word->kind != WORD_EQUALS && word->kind != WORD_APPEND; word--)
		if (word == parse.value)
			return parse.key;
	return word - 1;
}

/* The '{' of the section that `word`, a key or the closing '}', stands in. */
static const struct word *opening_of(const struct word *word)
{
	int depth = 0;
	for (word--; word->kind != WORD_OPEN || depth > 0; word--)
		depth += word->kind == WORD_CLOSE ? 1 : word->kind == WORD_OPEN ? -1 : 0;
	return word;
}

static int given_twice(const struct word *again, const struct word *first, const char *what,
		       const char *title)
{
	const char *quote = title ? " \"" : "";
	const char *end = title ? "\"" : "";
	if (first->file == again->file)
		return word_error(again, &parse.err, "%s%s%s%s is given twice: first on line %d",
				  what, quote, title ? title : "", end, first->line);
	return word_error(again, &parse.err, "%s%s%s%s is given twice: first at %s:%d", what, quote,
			  title ? title : "", end, first->file->path, first->line);
}

static int no_memory(void)
{
	return err_set(&parse.err, ERR_INTERNAL, "%s: memory ran out", parse.words->file->path);
}

static int check_title(const struct option *option, const struct word *title)
{
	const char *why = NULL;
	if (title->text[strspn(title->text, " ")] == '\0')
		why = "it is empty";
	else if (strlen(title->text) > (size_t)option->max)
		why = "it is longer than 200 bytes";
	else if (utf8_has_control(title->text))
		why = "it has a control character or a line break in it";
	if (!why)
		return 0;
	return word_error(title, &parse.err, "the title of a %s: %s", option->name, why);
}

/* `inside` is a word of the section: a key, or its closing brace. */
static int add_section(const struct word *inside, cfg_t *cfg)
{
	struct settings *settings = parse.settings;
	const struct option *option = option_find("", cfg_name(cfg));
	const struct word *open = opening_of(inside);
	const struct section section = {
		.option = option,
		.key = open - (option->titled ? 2 : 1),
		.title = option->titled ? open - 1 : NULL,
	};
	if (section.title && check_title(option, section.title) != 0)
		return -1;
	for (size_t i = 0; i < settings->count && !option->titled; i++)
		if (settings->sections[i].option == option)
			return given_twice(section.key, settings->sections[i].key, option->name,
					   NULL);
	if (settings->count == settings->capacity) {
		const size_t capacity = 2 * settings->capacity + 16;
		struct section *list = realloc(settings->sections, capacity * sizeof(*list));
		if (!list)
			return no_memory();
		settings->sections = list;
		settings->capacity = capacity;
	}
	settings->sections[settings->count++] = section;
	parse.section = cfg;
	return 0;
}

static struct section *section_of(cfg_t *cfg, const struct word *key)
{
	if (cfg == parse.root)
		return &parse.settings->top;
	if (cfg != parse.section && add_section(key, cfg) != 0)
		return NULL;
	return &parse.settings->sections[parse.settings->count - 1];
}

static int add_setting(struct section *section, const struct setting *setting)
{
	if (section->count == section->capacity) {
		const size_t capacity = 2 * section->capacity + 8;
		struct setting *list = realloc(section->settings, capacity * sizeof(*list));
		if (!list)
			return no_memory();
		section->settings = list;
		section->capacity = capacity;
	}
	section->settings[section->count++] = *setting;
	return 0;
}

static const char *section_name(const cfg_t *cfg)
{
	return cfg == parse.root ? "" : cfg->name;
}

static void list_names(const char *section, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < conf_noptions && used < size; i++)
		if (strcmp(conf_options[i].section, section) == 0)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 conf_options[i].name);
}

static const struct option *option_elsewhere(const char *name)
{
	for (size_t i = 0; i < conf_noptions; i++)
		if (strcmp(conf_options[i].name, name) == 0)
			return &conf_options[i];
	return NULL;
}

static int unknown_key(const char *section, const struct word *word)
{
	const char *names[64] = {NULL};
	char all[512];
	size_t count = 0;
	if (strcmp(word->text, "include") == 0)
		return word_error(word, &parse.err, WORDS_INCLUDE_USE);
	for (size_t i = 0; i < conf_noptions && count < 64; i++)
		if (strcmp(conf_options[i].section, section) == 0)
			names[count++] = conf_options[i].name;
	const char *in = section[0] ? " in " : "";
	const struct option *elsewhere = option_elsewhere(word->text);
	if (elsewhere)
		return word_error(word, &parse.err, "unknown key '%s'%s%s: it belongs %s%s",
				  word->text, in, section, elsewhere->section[0] ? "in " : "",
				  elsewhere->section[0] ? elsewhere->section : "at the top level");
	const char *nearest = nearest_name(word->text, names, count);
	if (nearest)
		return word_error(word, &parse.err, "unknown key '%s'%s%s: did you mean '%s'?",
				  word->text, in, section, nearest);
	list_names(section, all, sizeof(all));
	return word_error(word, &parse.err, "unknown key '%.80s'%s%s: it is one of %s", word->text,
			  in, section, all);
}

/* libconfuse has read one value. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct word *word = word_at(cfg);
	const struct word *key = key_of(word);
	const struct option *option = option_find(section_name(cfg), cfg_opt_name(opt));
	/* "budget|tokens" is a path to libconfuse; here it is no key. */
	if (!option || strcmp(key->text, option->name) != 0)
		return unknown_key(section_name(cfg), key);
	struct section *section = section_of(cfg, key);
	if (!section)
		return -1;
	const bool begins = key != parse.key;
	parse.value = word;
	parse.key = key;
	for (size_t i = 0; i < section->count && begins && key[1].kind != WORD_APPEND; i++)
		if (section->settings[i].option == option)
			return given_twice(key, section->settings[i].key, option->name, NULL);
	char why[VALUE_WHY_SIZE];
	if (value_check(option, word->text, why) != 0 && option->secret)
		return word_error(word, &parse.err, "%s: %s", option->name, why);
	if (value_check(option, word->text, why) != 0)
		return word_error(word, &parse.err, "%s = \"%.80s\": %s", option->name, word->text,
				  why);
	*(const char **)result = value;
	return add_setting(section, &(struct setting){option, key, word});
}

/* libconfuse has read a section to its end: of one without settings nothing was heard before. */
static int take_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	return section == parse.section ? 0 : add_section(word_at(cfg), section);
}

static int duplicate_title(const struct word *open)
{
	const struct word *title = open - 1;
	for (size_t i = 0; i < parse.settings->count; i++) {
		const struct section *section = &parse.settings->sections[i];
		if (section->title && strcmp(section->key->text, title[-1].text) == 0 &&
		    strcmp(section->title->text, title->text) == 0)
			return given_twice(title, section->key, title[-1].text, title->text);
	}
	return word_error(title, &parse.err, "'%s' is given twice", title->text);
}

/* What libconfuse says, and what is said instead; %s is the word that it stumbled on. */
static const struct {
	const char *theirs;
	const char *ours;
} complaints[] = {
	{"missing equal sign", "'=' should stand here, not '%s'"},
	{"missing opening brace", "'{' should stand here, not '%s'"},
	{"missing title", "a title should stand here, not '%s': step \"TITLE\" { … }"},
	{"attempt to append", "'%s' is for lists: this key has one value"},
	{"unexpected", "'%s' can't stand here"},
	{"premature end", "the file ends after '%s', where more should follow"},
};

static void take_error(cfg_t *cfg, const char *format, va_list args)
{
	const struct word *word = word_at(cfg);
	char text[sizeof(parse.err.text)];
	if (parse.err.code != ERR_NONE)
		return;
	if (strncmp(format, "no su", 5) == 0) {
		unknown_key(section_name(cfg), word);
		return;
	}
	if (strncmp(format, "found duplicate title", 21) == 0) {
		duplicate_title(word);
		return;
	}
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (strncmp(format, complaints[i].theirs, strlen(complaints[i].theirs)) == 0) {
			snprintf(text, sizeof(text), complaints[i].ours, word->text);
			word_error(word, &parse.err, "%s", text);
			return;
		}
	if (vsnprintf(text, sizeof(text), format, args) >= 0)
		word_error(word, &parse.err, "%s", text);
}

/* The libconfuse options of a section, written to *place and what follows it, with an end mark. */
static cfg_opt_t *fill_options(cfg_opt_t **place, const char *section)
{
	cfg_opt_t *options = *place;
	size_t count = 0;
	for (size_t i = 0; i < conf_noptions; i++) {
		const struct option *row = &conf_options[i];
		if (strcmp(row->section, section) != 0)
			continue;
		cfg_opt_t *option = &options[count++];
		option->name = row->name;
		option->flags = CFGF_NODEFAULT;
		if (row->type == OPTION_SECTION) {
			option->type = CFGT_SEC;
			option->validcb = take_section;
			option->flags |= CFGF_MULTI;
			option->flags |= row->titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0;
		} else {
			/* Numbers too: libconfuse's own stop at LONG_MAX, and don't say so. */
			option->type = CFGT_STR;
			option->parsecb = take_value;
			option->flags |= option_is_list(row) ? CFGF_LIST : 0;
		}
	}
	*place += count + 1;
	for (size_t i = 0; i < count; i++)
		if (options[i].type == CFGT_SEC)
			options[i].subopts = fill_options(place, options[i].name);
	return options;
}

static bool stands_for_key(const struct words *words, size_t i)
{
	if (i == 0)
		return true;
	const enum word_kind before = words->list[i - 1].kind;
	return before == WORD_CLOSE || before == WORD_TEXT ||
	       (before == WORD_OPEN && (i < 2 || (words->list[i - 2].kind != WORD_EQUALS &&
						  words->list[i - 2].kind != WORD_APPEND)));
}

/* libconfuse says nothing of a key without a name, nor of memory that ran out. */
static int silent_failure(const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (words->list[i].kind == WORD_TEXT && words->list[i].text[0] == '\0' &&
		    stands_for_key(words, i))
			return word_error(&words->list[i], &parse.err, "a key without a name");
	return no_memory();
}

/* Of an empty list nothing is heard: the key would be taken for one that is not there. */
static int refuse_empty_lists(const struct words *words)
{
	for (size_t i = 0; i + 3 < words->count; i++) {
		const struct word *word = &words->list[i];
		if (word[0].kind == WORD_TEXT &&
		    (word[1].kind == WORD_EQUALS || word[1].kind == WORD_APPEND) &&
		    word[2].kind == WORD_OPEN && word[3].kind == WORD_CLOSE)
			return word_error(word, &parse.err, "%s: an empty list: leave it out",
					  word->text);
	}
	return 0;
}

static int run_libconfuse(const char *text)
{
	cfg_opt_t *options = calloc(2 * conf_noptions + 1, sizeof(*options));
	if (!options)
		return no_memory();
	cfg_opt_t *place = options;
	parse.root = cfg_init(fill_options(&place, ""), CFGF_NONE);
	free(options);
	if (!parse.root)
		return no_memory();
	cfg_set_error_function(parse.root, take_error);
	int failed = cfg_parse_buf(parse.root, text) != CFG_SUCCESS;
	if (failed && parse.err.code == ERR_NONE)
		silent_failure(parse.words);
	failed = failed || parse.err.code != ERR_NONE || refuse_empty_lists(parse.words) != 0;
	cfg_free(parse.root);
	return failed ? -1 : 0;
}

int settings_parse(const struct words *words, struct settings *settings, struct err *err)
{
	*settings = (struct settings){.count = 0};
	parse = (struct parse){.words = words, .settings = settings};
	char *text = write_words(words);
	const int failed = text ? run_libconfuse(text) : no_memory();
	free(text);
	if (failed && err)
		*err = parse.err;
	parse = (struct parse){.words = NULL};
	return failed;
}

void settings_release(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->sections[i].settings);
	free(settings->sections);
	free(settings->top.settings);
	*settings = (struct settings){.count = 0};
}

const struct section *settings_section(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->sections[i].option->name, name) == 0)
			return &settings->sections[i];
	return NULL;
}

const struct setting *section_get(const struct section *section, const char *name)
{
	for (size_t i = 0; section && i < section->count; i++)
		if (strcmp(section->settings[i].option->name, name) == 0)
			return &section->settings[i];
	return NULL;
}
