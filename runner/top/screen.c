#include "runner/top/screen.h"

/* ncurses.h names a function of the scanf family otherwise, which fsm/banned.h forbids. */
#define GCC_SCANFLIKE(format, first)

#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "runner/top/layout.h"
#include "status/clock.h"

#define KEYS "s start  e stop after step  n stop now  + - threshold  c config  q quit"

enum colour { PLAIN, GOOD, BAD, WARN, SOFT };

static SCREEN *screen;
static struct termios before;

/* What makes an ordinary screen of most terminals: leave the other screen, show the cursor, plain
 * letters (ECMA-48 and xterm's private modes). */
static const char restore[] = "\033[?1049l\033[?25h\033[0m\r\n";

/* A crash is no time for ncurses: what is called here is safe in a handler. */
static void crashed(int sig)
{
	(void)!write(STDOUT_FILENO, restore, sizeof(restore) - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raise(sig); /* SA_RESETHAND: by default now */
}

static void catch_crashes(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction action = {.sa_handler = crashed,
				   .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

int screen_open(struct err *err)
{
	setlocale(LC_ALL, "");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) != 0)
		return err_set(err, ERR_USAGE,
			       "this is no terminal: `stepgate status` prints a state");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return err_set(err, ERR_USAGE, "the terminal is of no known kind: see TERM");
	catch_crashes();
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	if (has_colors() && start_color() == OK && use_default_colors() == OK) {
		init_pair(GOOD, COLOR_GREEN, -1);
		init_pair(BAD, COLOR_RED, -1);
		init_pair(WARN, COLOR_YELLOW, -1);
	}
	return 0;
}

void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

int screen_key(void)
{
	const int key = getch();
	if (key == ERR)
		return -1;
	return key > 0 && key < 128 ? key : 0;
}

/* How many bytes of the text fit into so many columns. */
static int fitting(const char *text, int columns)
{
	mbstate_t state = {0};
	int taken = 0;
	while (text[taken]) {
		wchar_t wide;
		const size_t length = mbrtowc(&wide, text + taken, MB_CUR_MAX, &state);
		if (length == (size_t)-1 || length == (size_t)-2)
			return taken;
		const int width = wcwidth(wide);
		columns -= width > 0 ? width : 0;
		if (columns < 0)
			return taken;
		taken += (int)length;
	}
	return taken;
}

static attr_t attributes(enum colour colour)
{
	if (colour == SOFT)
		return A_DIM;
	return colour == PLAIN ? A_NORMAL : (attr_t)COLOR_PAIR(colour);
}

/* A text at a place, cut at the right edge. */
static void put(int row, int column, enum colour colour, const char *text)
{
	if (row < 0 || row >= LINES || column >= COLS)
		return;
	attron(attributes(colour));
	mvaddnstr(row, column, text, fitting(text, COLS - column));
	attroff(attributes(colour));
}

static void put_title(int row, const char *text)
{
	if (row >= LINES)
		return;
	attron(A_BOLD);
	put(row, 0, PLAIN, text);
	attroff(A_BOLD);
}

static enum colour colour_of(enum now_life life)
{
	switch (life) {
	case NOW_LIFE_RUNNING:
		return GOOD;
	case NOW_LIFE_CUT_OFF:
	case NOW_LIFE_ELSEWHERE:
	case NOW_LIFE_UNREADABLE:
		return BAD;
	case NOW_LIFE_BUSY:
	case NOW_LIFE_AGENT:
		return WARN;
	default:
		return PLAIN;
	}
}

static void draw_head(const struct watch *watch)
{
	char line[LAYOUT_LINE];
	const struct now *now = &watch->now;
	const char *word = now->life == NOW_LIFE_CUT_OFF ? "not running" : now_life_word(now->life);
	put_title(0, layout_head(watch, line, sizeof(line)));
	attron(A_BOLD);
	put(1, 0, colour_of(now->life), word);
	attroff(A_BOLD);
	put(1, (int)strlen(word) + 2, SOFT, layout_heard(watch, line, sizeof(line)));
}

static void draw_machine(const struct now *now)
{
	int column = 0;
	const int here = now->has_cycle ? (int)now->cycle.past.state : FSM_IDLE;
	for (int state = 0; state < FSM_NSTATES; state++) {
		const char *name = fsm_state_name((enum fsm_state)state);
		if (state > 0) {
			put(2, column, SOFT, ">");
			column += 2;
		}
		if (state == here)
			attron(A_REVERSE);
		put(2, column, state == here ? colour_of(now->life) : SOFT, name);
		if (state == here)
			attroff(A_REVERSE);
		column += (int)strlen(name) + 1;
	}
}

static void draw_bar(const struct now *now)
{
	char figures[LAYOUT_LINE];
	const struct gate_terms *terms = now->has_cycle ? &now->cycle.past.terms : &now->next;
	const int width = COLS - 2 > 8 ? COLS - 2 : 8;
	const bool shut = gate_ask(terms, now->used) != GATE_OPEN;
	const int filled = layout_filled(terms, now->used, width);
	const int mark = width * terms->threshold / 100;
	put(3, 0, SOFT, "[");
	for (int i = 0; i < width; i++)
		put(3, i + 1,
		    i == mark ? PLAIN
		    : shut    ? BAD
			      : GOOD,
		    i == mark    ? "|"
		    : i < filled ? "#"
				 : " ");
	put(3, width + 1, SOFT, "]");
	put(4, 0, shut ? BAD : PLAIN, layout_gate(terms, now->used, figures, sizeof(figures)));
}

static void draw_steps(const struct watch *watch, int row, int rows)
{
	struct layout_rows steps;
	put_title(row, "Steps");
	layout_steps(watch, &steps, rows - 1);
	for (int i = 0; i < steps.count; i++)
		put(row + 1 + i, 0, steps.rows[i].nok ? BAD : PLAIN, steps.rows[i].text);
}

static void draw_reports(const struct watch *watch, int row, int rows)
{
	struct layout_rows reports;
	put_title(row, "Reports");
	layout_reports(watch, &reports, rows - 1);
	for (int i = 0; i < reports.count; i++)
		put(row + 1 + i, 0, PLAIN, reports.rows[i].text);
}

static void draw_output(const struct now *now, int row, int rows)
{
	const int shown = (int)now->nlines < rows - 1 ? (int)now->nlines : rows - 1;
	put_title(row, "Output");
	for (int i = 0; i < shown; i++)
		put(row + 1 + i, 0, PLAIN, now->lines[(int)now->nlines - shown + i]);
}

static void draw_lists(const struct watch *watch, int top, int bottom)
{
	const int rows = bottom - top;
	if (rows < 3)
		return;
	/* Output has a third at most, and no more than it fills; the others share what is left. */
	const int lines = (int)watch->now.nlines + 1;
	const int output = lines < 2 ? 2 : lines < rows / 3 ? lines : rows / 3;
	const int steps = (rows - output) / 2, reports = rows - output - steps;
	draw_steps(watch, top, steps);
	draw_reports(watch, top + steps, reports);
	draw_output(&watch->now, top + steps + reports, output);
}

static void draw_foot(const struct now *now, const struct now_config *config, const char *said)
{
	char line[LAYOUT_LINE];
	put(LINES - 2, 0, WARN,
	    said && *said ? said : layout_next(now, config, line, sizeof(line)));
	attron(A_REVERSE);
	put(LINES - 1, 0, PLAIN, KEYS);
	attroff(A_REVERSE);
}

void screen_draw(const struct watch *watch, const struct now_config *config, const char *said)
{
	char line[LAYOUT_LINE];
	erase();
	if (watch->seen) {
		draw_head(watch);
		draw_machine(&watch->now);
		draw_bar(&watch->now);
		put(5, 0, PLAIN, layout_step(&watch->now, line, sizeof(line)));
		draw_lists(watch, 7, LINES - 2);
		draw_foot(&watch->now, config, said);
	}
	refresh();
}
