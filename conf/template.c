#include "conf/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those before NPLACES for the words of a program, all of them for a prompt. */
enum place { ITEM, TITLE, STEP, CYCLE, NPLACES, LIMIT = NPLACES, USED, NPROMPT };

static const char *const names[NPROMPT] = {"{item}",  "{title}", "{step}",
					   "{cycle}", "{limit}", "{used}"};

/* Which of the first `most` the text begins with; `most`: none. */
static int find_place(const char *text, int most)
{
	int place = ITEM;
	while (place < most && strncmp(text, names[place], strlen(names[place])) != 0)
		place++;
	return place;
}

static enum place place_at(const char *text)
{
	return (enum place)find_place(text, NPLACES);
}

const char *template_wrong(const char *text)
{
	for (; *text; text++) {
		const enum place place = place_at(text);
		if (place < NPLACES)
			text += strlen(names[place]) - 1;
		else if ((*text == '{' || *text == '}') && text[1] == *text)
			text++;
		else if (*text == '{' || *text == '}')
			return "a brace belongs to {item}, {title}, {step} or {cycle}, or is "
			       "written "
			       "twice";
	}
	return NULL;
}

const char *template_wrong_code(const char *text)
{
	for (; *text; text++)
		if (place_at(text) < NPLACES)
			return "an item would become code in here: use \"$STEPGATE_STEP_TITLE\", "
			       "$STEPGATE_STEP or $STEPGATE_CYCLE";
	return NULL;
}

static void put_place(FILE *out, enum place place, const struct template_words *words)
{
	const int64_t figures[] = {[STEP] = words->step,
				   [CYCLE] = words->cycle,
				   [LIMIT] = words->limit,
				   [USED] = words->used};
	if (place == ITEM || place == TITLE)
		fputs(place == ITEM ? words->item : words->title, out);
	else
		fprintf(out, "%" PRId64, figures[place]);
}

/* What was written to it, in the arena; NULL when memory is or was short. */
static const char *keep(struct arena *arena, FILE *out, char **text, const size_t *length)
{
	const int bad = ferror(out);
	const char *kept = NULL;
	if (fclose(out) == 0 && !bad)
		kept = arena_text(arena, *text, *length);
	free(*text);
	return kept;
}

const char *template_fill(struct arena *arena, const char *text, const struct template_words *words)
{
	char *filled = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&filled, &length);
	if (!out)
		return NULL;
	while (*text) {
		const enum place place = place_at(text);
		if (place < NPLACES) {
			put_place(out, place, words);
			text += strlen(names[place]);
			continue;
		}
		putc(*text, out);
		text += *text == '{' || *text == '}' ? 2 : 1;
	}
	return keep(arena, out, &filled, &length);
}

const char *template_prompt(struct arena *arena, const char *text,
			    const struct template_words *words)
{
	char *filled = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&filled, &length);
	if (!out)
		return NULL;
	while (*text) {
		const int place = *text == '{' ? find_place(text, NPROMPT) : NPROMPT;
		if (place < NPROMPT)
			put_place(out, (enum place)place, words);
		else
			putc(*text, out);
		text += place < NPROMPT ? strlen(names[place]) : 1;
	}
	return keep(arena, out, &filled, &length);
}

/* A copy of the list, filled in from its element `first` on. */
static const char *const *fill_list(struct arena *arena, const char *const *list, size_t first,
				    const struct template_words *words)
{
	size_t count = 0;
	while (list[count])
		count++;
	const char **filled = arena_array(arena, count + 1, sizeof(*filled));
	for (size_t i = 0; filled && i < count; i++) {
		filled[i] = i < first ? list[i] : template_fill(arena, list[i], words);
		if (!filled[i])
			return NULL;
	}
	return filled;
}

const struct conf_step *template_step(struct arena *arena, const struct conf_step *from,
				      const struct template_words *words)
{
	struct conf_step *step = arena_array(arena, 1, sizeof(*step));
	if (!step)
		return NULL;
	*step = *from;
	step->title = words->title;
	step->item = words->item;
	if (!from->shell)
		step->command = fill_list(arena, from->command, 1, words);
	if (from->plugin.key)
		step->plugin.options = fill_list(arena, from->plugin.options, 0, words);
	if (from->plugin.program)
		step->plugin.program = step->command;
	step->meter_command = fill_list(arena, from->meter_command, 1, words);
	step->environment = fill_list(arena, from->environment, from->file_settings, words);
	if (from->plugin.key && !step->plugin.options)
		return NULL;
	return step->command && step->meter_command && step->environment ? step : NULL;
}
