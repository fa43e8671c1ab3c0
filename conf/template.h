/*
 * The step of a checklist's item, from the step_template of its config: {item}, {title}, {step} and
 * {cycle} stand for what they say, {{ and }} for braces.
 *
 * They are filled in where a text is data: in the words behind a program and in settings of the
 * environment. Never in what a shell is to run: an item would become code there.
 */
#ifndef CONF_TEMPLATE_H
#define CONF_TEMPLATE_H

#include "conf/arena.h"
#include "conf/conf.h"

struct template_words {
	const char *item, *title;
	int64_t step, cycle;
	int64_t limit, used; /* for template_prompt */
};

/* NULL where the text can be filled in, or why not. */
const char *template_wrong(const char *text);
/* NULL where nothing in the text asks to be filled in, or why that can't be. */
const char *template_wrong_code(const char *text);

/* The text, which template_wrong passed, with the words in it. NULL when memory is short. */
const char *template_fill(struct arena *arena, const char *text,
			  const struct template_words *words);

/* An agent's prompt with the words in it: {item}, {title}, {step}, {cycle}, {limit} and {used}. All
 * else stays as it stands, braces too, for prompts are full of them; so no text is wrong. NULL when
 * memory is short. */
const char *template_prompt(struct arena *arena, const char *text,
			    const struct template_words *words);

/* The step for an item, in the arena, with the words' title (borrowed). NULL when memory is short.
 */
const struct conf_step *template_step(struct arena *arena, const struct conf_step *from,
				      const struct template_words *words);

#endif
