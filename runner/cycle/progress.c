#include "runner/cycle/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/text.h"

static size_t columns(void)
{
	struct winsize size = {.ws_col = 0};
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void progress_init(struct progress *progress, bool shown, const char *what,
		   const struct gate_terms *terms)
{
	*progress = (struct progress){.shown = shown, .what = what, .terms = terms};
	progress->started = clock_monotonic_ms();
}

static void wipe(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

static void show_line(struct progress *progress)
{
	text_clean(progress->line, progress->length, progress->last, sizeof(progress->last));
	progress->length = 0;
	wipe(progress);
	fprintf(stderr, "  %s\n", progress->last);
}

void progress_bytes(struct progress *progress, const char *bytes, size_t length)
{
	const bool stood = progress->drawn;
	if (!progress->shown)
		return;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			show_line(progress);
		else if (progress->length < sizeof(progress->line))
			progress->line[progress->length++] = bytes[i];
	}
	if (stood && !progress->drawn)
		progress_draw(progress, progress->used);
}

/* In columns, of the character that a byte begins: the scripts that have wide ones begin at U+1100.
 * Some behind that are narrow, so that a line may come out short, but never too long: it would go
 * on in the next row, and could not be wiped. */
static size_t width_at(const unsigned char *at)
{
	if ((*at & 0xc0) == 0x80)
		return 0;
	return *at > 0xe1 || (*at == 0xe1 && at[1] >= 0x84) ? 2 : 1;
}

/* Cuts to `most` columns at a whole character. */
static void cut(char *text, size_t most)
{
	size_t seen = 0;
	for (char *at = text; *at; at++) {
		seen += width_at((const unsigned char *)at);
		if (seen > most) {
			*at = '\0';
			return;
		}
	}
}

void progress_draw(struct progress *progress, struct usage used)
{
	char span[CLOCK_TEXT], now[32], limit[32], what[1024], text[2048];
	if (!progress->shown)
		return;
	progress->used = used;
	/* However long a title is, the figures are seen. */
	snprintf(what, sizeof(what), "%s", progress->what);
	cut(what, columns() / 2);
	clock_span(clock_monotonic_ms() - progress->started, span);
	snprintf(text, sizeof(text), "%s  %s  %s/%s tokens  %s", what, span,
		 used.known ? text_grouped(used.tokens, now) : "?",
		 text_grouped(gate_limit(progress->terms), limit), progress->last);
	cut(text, columns() - 1);
	fprintf(stderr, "\r\033[K%s", text);
	progress->drawn = true;
}

void progress_end(struct progress *progress)
{
	if (!progress->shown)
		return;
	if (progress->length > 0)
		show_line(progress);
	wipe(progress);
}
