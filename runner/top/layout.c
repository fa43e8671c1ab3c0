#include "runner/top/layout.h"

#include <stdio.h>
#include <string.h>

#include "status/clock.h"
#include "status/lines.h"
#include "status/text.h"

#define US_PER_MS 1000

/* In place, so that titles and the like are fit for a terminal. */
static char *clean(char *out, size_t size)
{
	char raw[LAYOUT_LINE];
	const size_t length = strnlen(out, sizeof(raw) - 1);
	memcpy(raw, out, length);
	return text_clean(raw, length, out, size);
}

char *layout_head(const struct watch *watch, char *out, size_t size)
{
	const struct now *now = &watch->now;
	const struct journal_cycle *cycle = &now->cycle;
	if (!now->has_cycle)
		snprintf(out, size, "%s: %s", watch->repository->name,
			 now->life == NOW_LIFE_NONE ? "no cycle yet" : now_life_words(now->life));
	else
		snprintf(out, size, "%s: cycle %lld, %s%s%s", watch->repository->name,
			 (long long)cycle->past.number, cycle->title, cycle->reason ? ": " : "",
			 cycle->reason ? cycle->reason : "");
	return clean(out, size);
}

/* What is wrong, without the folder before it, which takes room and is known. */
static const char *trouble_of(const struct watch *watch)
{
	const char *trouble = watch->now.trouble, *folder = watch->repository->folder;
	const size_t length = strlen(folder);
	return strncmp(trouble, folder, length) == 0 && trouble[length] == '/'
		       ? trouble + length + 1
		       : trouble;
}

char *layout_heard(const struct watch *watch, char *out, size_t size)
{
	char span[CLOCK_TEXT];
	const struct now *now = &watch->now;
	const int64_t silent = (clock_now() - now->heard_at) / US_PER_MS;
	/* The word before this line says already that it runs. */
	const char *words = now->life == NOW_LIFE_RUNNING ? "" : now_life_words(now->life);
	if (now->trouble[0])
		snprintf(out, size, "%s", trouble_of(watch));
	else if (!now->heard_at)
		snprintf(out, size, "%s", now_life_words(now->life));
	else
		snprintf(out, size, "%s%slast heard %s ago%s%s", words, *words ? "; " : "",
			 clock_span(silent > 0 ? silent : 0, span),
			 now->holder.hold != NOW_FREE ? "; " : "", now->holder.words);
	return clean(out, size);
}

char *layout_gate(const struct gate_terms *terms, struct usage used, char *out, size_t size)
{
	line_gate(out, size, terms, used);
	/* The mark before the words is wider in some terminals than in others. */
	const char *words = strchr(out, ' ');
	if (words && (unsigned char)out[0] >= 0x80)
		memmove(out, words + 1, strlen(words + 1) + 1);
	return out;
}

char *layout_step(const struct now *now, char *out, size_t size)
{
	char of[32] = "", span[CLOCK_TEXT], time[CLOCK_TEXT + 8] = "";
	if (!now->has_cycle || !now->cycle.step_title) {
		snprintf(out, size, "No step yet");
		return out;
	}
	if (now->steps_known)
		snprintf(of, sizeof(of), " of %d", now->steps_known);
	const int64_t taken = (clock_now() - now->step_started_at) / US_PER_MS;
	if (now->life == NOW_LIFE_RUNNING && now->cycle.past.state == FSM_STEP)
		snprintf(time, sizeof(time), ", for %s", clock_span(taken > 0 ? taken : 0, span));
	snprintf(out, size, "Step %d%s: %.200s%s", now->cycle.past.step, of, now->cycle.step_title,
		 time);
	return clean(out, size);
}

char *layout_next(const struct now *now, const struct now_config *config, char *out, size_t size)
{
	char budget[32];
	const int64_t tokens = config && config->budget ? config->budget : now->next.budget;
	const int threshold = config && config->threshold ? config->threshold : now->next.threshold;
	const bool own = config && (config->threshold || config->budget);
	snprintf(out, size, "Next: %s%sthreshold %d%% of %s tokens%s", config ? config->title : "",
		 config ? ", " : "", threshold, text_grouped(tokens, budget),
		 !config ? "; no config to be started"
		 : own   ? " (by the config)"
			 : "");
	return clean(out, size);
}

int layout_filled(const struct gate_terms *terms, struct usage used, int width)
{
	if (!used.known)
		return 0;
	const int64_t tenths = gate_tenths(used.tokens, terms->budget);
	return tenths >= 1000 ? width : (int)(tenths * width / 1000);
}

struct filling {
	struct layout_rows *rows;
	int most;
	int64_t now; /* of a cycle that somebody is at work on: microseconds since 1970; else 0 */
	bool cut_off;
};

/* Room for one more row at the end: the first one goes where there is none. */
static char *next_row(struct filling *filling, bool nok)
{
	struct layout_rows *rows = filling->rows;
	if (rows->count == filling->most) {
		memmove(&rows->rows[0], &rows->rows[1],
			(size_t)(rows->count - 1) * sizeof(rows->rows[0]));
		rows->count--;
	}
	rows->rows[rows->count].nok = nok;
	return rows->rows[rows->count++].text;
}

static void add_step(void *context, const struct journal_step *step)
{
	struct filling *filling = context;
	char tokens[32] = "", span[CLOCK_TEXT] = "", title[160], what[64] = "under way";
	char *out = next_row(filling, step->action && !step->ok);
	if (step->own.known)
		text_grouped(step->own.tokens, tokens);
	const int64_t until = step->ended_at ? step->ended_at : filling->now;
	if (until > step->started_at)
		clock_span((until - step->started_at) / US_PER_MS, span);
	else if (step->ended_at)
		clock_span(0, span);
	if (step->action)
		snprintf(what, sizeof(what), "%s, %.40s", step->ok ? "OK" : "NOK", step->action);
	else if (step->ended_at)
		snprintf(what, sizeof(what), "being saved");
	else if (filling->cut_off)
		snprintf(what, sizeof(what), "cut off");
	snprintf(out, LAYOUT_LINE, "%3d  %-23s %9s  %-11s %.8s  %s", step->step, what, tokens, span,
		 step->commit ? step->commit : "        ",
		 text_clean(step->title, strlen(step->title), title, sizeof(title)));
}

static void add_report(void *context, const struct journal_line *line)
{
	char time[CLOCK_TEXT], text[400];
	char *out = next_row(context, false);
	clock_write(line->at, time);
	snprintf(out, LAYOUT_LINE, "%.8s  %s", time + 11,
		 text_clean(line->text, strlen(line->text), text, sizeof(text)));
}

static int within(int most)
{
	return most < LAYOUT_ROWS ? most : LAYOUT_ROWS;
}

void layout_steps(const struct watch *watch, struct layout_rows *rows, int most)
{
	struct filling filling = {.rows = rows, .most = within(most)};
	const enum now_life life = watch->now.life;
	filling.now = life == NOW_LIFE_RUNNING || life == NOW_LIFE_AGENT ? clock_now() : 0;
	filling.cut_off = life == NOW_LIFE_CUT_OFF;
	rows->count = 0;
	if (most > 0 && watch->journal && watch->now.has_cycle)
		journal_steps(watch->journal, watch->now.cycle.past.number, add_step, &filling,
			      NULL);
}

void layout_reports(const struct watch *watch, struct layout_rows *rows, int most)
{
	struct filling filling = {.rows = rows, .most = within(most)};
	rows->count = 0;
	if (most > 0 && watch->journal && watch->now.has_cycle)
		journal_messages(watch->journal, watch->now.cycle.past.number, within(most),
				 add_report, &filling, NULL);
}
