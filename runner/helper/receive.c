#include "runner/helper/receive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_ID (RECEIVE_ID - 1)

static const char no_id[] = "0000000000000000000000000000000000000000";

/* An id, and more behind a space. */
static bool begins_with_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == HEX_ID && strchr(text, ' ') == text + HEX_ID;
}

/* Whether "WORD" or "WORD=…" is one of the words in a list, and what follows it. */
static const char *find_word(const char *list, const char *word)
{
	const size_t length = strlen(word);
	while (*list) {
		list += strspn(list, " ");
		if (strncmp(list, word, length) == 0 && strchr("= ", list[length]))
			return list + length;
		list += strcspn(list, " ");
	}
	return NULL;
}

/* What it can do, behind the first ref. */
static void take_offers(struct receive *receive, const char *offers)
{
	const char *format = find_word(offers, "object-format");
	receive->reports = find_word(offers, "report-status") != NULL;
	receive->muxes = find_word(offers, "side-band-64k") != NULL;
	receive->quiets = find_word(offers, "quiet") != NULL;
	receive->formats = format != NULL;
	if (format && strncmp(format, "=sha1", 5) != 0)
		receive->foreign = "another object format there";
	else if (!receive->reports || !receive->muxes)
		receive->foreign = "a receiving git that does not report";
}

static void take_tip(struct receive *receive, const char *id)
{
	if (receive->count == RECEIVE_TIPS || memcmp(id, no_id, HEX_ID) == 0)
		return;
	if (!receive->tips)
		receive->tips = malloc(RECEIVE_TIPS * sizeof(*receive->tips));
	if (!receive->tips)
		return;
	memcpy(receive->tips[receive->count], id, HEX_ID);
	receive->tips[receive->count++][HEX_ID] = '\0';
}

/* "ID REF", with the offers behind a NUL in the first one; "ID .have" is of a repository that it
 * borrows from. */
static void on_ref(struct receive *receive, const char *line, size_t length)
{
	char text[PKT_MOST];
	const bool first = !receive->reports && !receive->foreign;
	if (length && line[length - 1] == '\n')
		length--;
	memcpy(text, line, length);
	text[length] = '\0';
	if (strncmp(text, "shallow ", 8) == 0) {
		receive->foreign = "a shallow repository there";
		return;
	}
	if (first)
		take_offers(receive, text + strlen(text) + (strlen(text) < length));
	if (receive->foreign)
		return;
	if (!begins_with_id(text)) {
		receive->foreign = "another protocol there";
		return;
	}
	take_tip(receive, text);
	if (strcmp(text + HEX_ID + 1, receive->ref) == 0) {
		memcpy(receive->old, text, HEX_ID);
		receive->old[HEX_ID] = '\0';
	}
}

static void on_said(struct receive *receive, const char *bytes, size_t length)
{
	static const char before[] = "remote: ";
	struct bytes *said = &receive->said;
	for (size_t i = 0; i < length && said->length < RECEIVE_SAID; i++) {
		const char c = bytes[i] == '\r' ? '\n' : bytes[i];
		if (!receive->mid_line)
			bytes_add(said, before, sizeof(before) - 1);
		receive->mid_line = c != '\n';
		bytes_add(said, &c, 1);
	}
	if (receive->mid_line && said->length >= RECEIVE_SAID) {
		receive->mid_line = false;
		bytes_add(said, "\n", 1);
	}
}

static void take_words(char *out, size_t size, const char *text, size_t length)
{
	snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), text);
}

/* "unpack ok", or why not; then "ok REF", or "ng REF why not". */
static void on_report(void *context, const char *line, size_t length)
{
	struct receive *receive = context;
	const size_t name = strlen(receive->ref);
	if (length && line[length - 1] == '\n')
		length--;
	if (length > 7 && memcmp(line, "unpack ", 7) == 0) {
		receive->unpacked = length == 9 && memcmp(line + 7, "ok", 2) == 0;
		take_words(receive->unpack_why, sizeof(receive->unpack_why), line + 7, length - 7);
		return;
	}
	if (length < 3 + name || memcmp(line + 3, receive->ref, name) != 0)
		return;
	if (length == 3 + name && memcmp(line, "ok ", 3) == 0) {
		receive->told = receive->ok = true;
	} else if (memcmp(line, "ng ", 3) == 0 && (length == 3 + name || line[3 + name] == ' ')) {
		receive->told = true;
		receive->ok = false;
		if (length > 4 + name)
			take_words(receive->ref_why, sizeof(receive->ref_why), line + 4 + name,
				   length - 4 - name);
	}
}

/* Three streams in one: the report, what is said, and last words. */
static void on_band(struct receive *receive, const char *line, size_t length)
{
	switch (length ? line[0] : 0) {
	case 1:
		pkt_feed(&receive->inner, line + 1, length - 1);
		receive->outer.broken |= receive->inner.broken;
		break;
	case 2:
	case 3:
		on_said(receive, line + 1, length - 1);
		break;
	default:
		receive->outer.broken = true;
	}
}

static void on_line(void *context, const char *line, size_t length)
{
	struct receive *receive = context;
	if (receive->refs_told) {
		if (line)
			on_band(receive, line, length);
		return;
	}
	if (line) {
		on_ref(receive, line, length);
		return;
	}
	if (!receive->reports && !receive->foreign)
		receive->foreign = "a receiving git that does not report";
	receive->refs_told = true;
	receive->on_refs(receive->context);
}

void receive_init(struct receive *receive)
{
	receive->outer = (struct pkt_stream){.on_line = on_line, .context = receive};
	receive->inner = (struct pkt_stream){.on_line = on_report, .context = receive};
}

void receive_release(struct receive *receive)
{
	pkt_release(&receive->outer);
	pkt_release(&receive->inner);
	bytes_release(&receive->said);
	free(receive->tips);
	receive->tips = NULL;
}

void receive_feed(struct receive *receive, const char *bytes, size_t length)
{
	pkt_feed(&receive->outer, bytes, length);
}

void receive_order(const struct receive *receive, const char *new, struct bytes *out)
{
	struct bytes line = {.at = NULL};
	const char *old = receive->old[0] ? receive->old : no_id;
	bytes_format(&line, "%s %s %s", old, new, receive->ref);
	bytes_add(&line, "", 1);
	bytes_format(&line, " report-status side-band-64k%s%s agent=stepgate",
		     receive->quiets ? " quiet" : "",
		     receive->formats ? " object-format=sha1" : "");
	pkt_add(out, line.at, line.length);
	pkt_add_flush(out);
	out->broken |= line.broken;
	bytes_release(&line);
}
