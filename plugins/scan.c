#include "plugins/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/scan_text.h"
#include "plugins/scan_tree.h"

enum state {
	OUTSIDE, /* of all objects */
	/* between values: */
	FIRST_KEY,   /* after "{" */
	KEY,         /* after a comma */
	COLON,       /* after a key */
	VALUE,       /* before one */
	FIRST_VALUE, /* after "[" */
	AFTER,       /* a value */
	/* within them: */
	IN_KEY,     /* in its text */
	IN_TEXT,    /* of a string that is asked for */
	IN_STRING,  /* that is not */
	IN_LITERAL, /* a number, true, false, null */
	SKIPPING,   /* an object or array that nothing is asked of */
	SKIPPING_STRING,
	BROKEN, /* up to the line's end */
};

enum {
	LEVELS = 16, /* a path has less parts */
	LITERAL = 64,
};

struct level {
	int node;
	bool array;
};

struct field {
	uint64_t of; /* the object that it is of */
	struct scan_value value;
	char text[SCAN_TEXT];
};

struct scan {
	const struct scan_spec *spec;
	void *context;
	struct tree tree;
	enum state state;
	struct level levels[LEVELS];
	int depth;        /* of levels in use */
	uint64_t skipped; /* brackets open in what is skipped */
	bool escaped;     /* the next byte of a skipped string is */
	bool new_line;    /* the next byte is a line's first */
	bool real;        /* the object has had a key: text in braces is no object */
	int node;         /* what the next value is for, or TREE_NONE */
	uint64_t object;  /* a number for the one under way */
	int64_t broken;
	struct scan_buffer buffer;
	char literal[LITERAL];
	size_t literal_length;
	char text[SCAN_TEXT];
	char key[SCAN_TEXT];
	char star_key[SCAN_TEXT];
	struct field fields[SCAN_PATHS];
};

struct scan *scan_new(const struct scan_spec *spec, void *context)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return NULL;
	scan->spec = spec;
	scan->context = context;
	scan->new_line = true;
	tree_init(&scan->tree, spec->paths, spec->npaths);
	return scan;
}

void scan_free(struct scan *scan)
{
	free(scan);
}

static void begin_object(struct scan *scan)
{
	scan->object++;
	scan->real = false;
	scan->depth = 1;
	scan->levels[0] = (struct level){.node = 0};
	scan->state = FIRST_KEY;
	if (scan->spec->begin)
		scan->spec->begin(scan->context);
}

/* What is under way is no object, or not a whole one. */
static void break_off(struct scan *scan, enum state then)
{
	scan->broken += scan->real;
	scan->depth = 0;
	scan->state = then;
}

/* The value of the node that it was for is known. */
static void deliver(struct scan *scan, struct scan_value value)
{
	scan->state = AFTER;
	if (scan->node == TREE_NONE || scan->tree.nodes[scan->node].path == TREE_NONE)
		return;
	const struct tree_node *node = &scan->tree.nodes[scan->node];
	if (node->below) {
		scan->spec->star(scan->context, node->path, scan->star_key, &value);
		return;
	}
	struct field *field = &scan->fields[node->path];
	field->of = scan->object;
	if (value.text)
		memcpy(field->text, value.text, value.length + 1);
	else
		field->text[0] = '\0';
	value.text = field->text;
	field->value = value;
}

/* An object or array ends, and with it the record where it is the outermost. */
static void close_level(struct scan *scan)
{
	const int at = scan->levels[--scan->depth].node;
	const struct tree_node *node = &scan->tree.nodes[at];
	const struct scan_value end = {.type = SCAN_OBJECT, .text = ""};
	scan->state = AFTER;
	if (node->star && node->path != TREE_NONE)
		scan->spec->star(scan->context, node->path, scan->star_key, &end);
	if (scan->depth > 0)
		return;
	scan->state = OUTSIDE;
	scan->spec->record(scan->context);
}

/* An object or array begins: it is gone into only where something in it is asked for. */
static void open_level(struct scan *scan, bool array)
{
	const struct scan_value whole = {.type = SCAN_OBJECT, .text = ""};
	const int node = scan->node;
	const bool wanted =
		node != TREE_NONE && scan->depth < LEVELS &&
		(array ? tree_star(&scan->tree, node) : scan->tree.nodes[node].child) != TREE_NONE;
	if (node != TREE_NONE && !scan->tree.nodes[node].star)
		deliver(scan, whole);
	if (!wanted) {
		scan->skipped = 1;
		scan->state = SKIPPING;
		return;
	}
	scan->levels[scan->depth++] = (struct level){.node = node, .array = array};
	scan->state = array ? FIRST_VALUE : FIRST_KEY;
	if (array) {
		scan->node = tree_star(&scan->tree, node);
		scan->star_key[0] = '\0';
	}
}

static void begin_value(struct scan *scan, char byte)
{
	const bool asked =
		scan->node != TREE_NONE && scan->tree.nodes[scan->node].path != TREE_NONE;
	if (byte == '{' || byte == '[') {
		open_level(scan, byte == '[');
	} else if (byte == '"') {
		scan->state = asked ? IN_TEXT : IN_STRING;
		scan->escaped = false;
		scan_buffer_begin(&scan->buffer, scan->text, sizeof(scan->text));
	} else if (byte == '-' || (byte >= '0' && byte <= '9') || byte == 't' || byte == 'f' ||
		   byte == 'n') {
		scan->literal[0] = byte;
		scan->literal_length = 1;
		scan->state = IN_LITERAL;
	} else {
		break_off(scan, BROKEN);
	}
}

static void begin_key(struct scan *scan, char byte)
{
	if (byte == '"') {
		scan->state = IN_KEY;
		scan_buffer_begin(&scan->buffer, scan->key, sizeof(scan->key));
	} else {
		break_off(scan, BROKEN);
	}
}

static void end_key(struct scan *scan)
{
	const struct scan_buffer *key = &scan->buffer;
	scan->real = true;
	scan->state = COLON;
	scan->node = TREE_NONE;
	if (key->whole != key->length)
		return; /* longer than any that is asked for */
	scan->node =
		tree_child(&scan->tree, scan->levels[scan->depth - 1].node, scan->key, key->length);
	if (scan->node != TREE_NONE && scan->tree.nodes[scan->node].star)
		memcpy(scan->star_key, scan->key, key->length + 1);
}

static void after_value(struct scan *scan, char byte)
{
	const struct level *level = &scan->levels[scan->depth - 1];
	if (byte == (level->array ? ']' : '}')) {
		close_level(scan);
	} else if (byte != ',') {
		break_off(scan, BROKEN);
	} else if (level->array) {
		scan->node = tree_star(&scan->tree, level->node);
		scan->star_key[0] = '\0';
		scan->state = VALUE;
	} else {
		scan->state = KEY;
	}
}

/* One byte between values, no white space. */
static void structure(struct scan *scan, char byte)
{
	switch (scan->state) {
	case FIRST_KEY:
	case FIRST_VALUE:
		if (byte == (scan->state == FIRST_KEY ? '}' : ']'))
			close_level(scan);
		else if (scan->state == FIRST_KEY)
			begin_key(scan, byte);
		else
			begin_value(scan, byte);
		break;
	case KEY:
		begin_key(scan, byte);
		break;
	case COLON:
		if (byte == ':')
			scan->state = VALUE;
		else
			break_off(scan, BROKEN);
		break;
	case VALUE:
		begin_value(scan, byte);
		break;
	default:
		after_value(scan, byte);
	}
}

static void end_literal(struct scan *scan)
{
	struct scan_value value = {.type = SCAN_NUMBER, .text = scan->literal};
	const char first = scan->literal[0];
	value.length = value.whole = scan->literal_length;
	scan->literal[scan->literal_length] = '\0';
	if (first == 't' || first == 'f' || first == 'n') {
		const char *word = first == 't' ? "true" : first == 'f' ? "false" : "null";
		if (strcmp(scan->literal, word) != 0) {
			break_off(scan, BROKEN);
			return;
		}
		value.type = first == 't' ? SCAN_TRUE : first == 'f' ? SCAN_FALSE : SCAN_ABSENT;
	} else if (scan->node != TREE_NONE) {
		value.number = scan_whole_number(scan->literal);
	}
	deliver(scan, value);
}

static bool in_literal(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == '.' ||
	       byte == '-' || byte == '+' || byte == 'E';
}

static const char *take_literal(struct scan *scan, const char *at, const char *end)
{
	for (; at < end && in_literal(*at); at++)
		if (scan->literal_length < LITERAL - 1)
			scan->literal[scan->literal_length++] = *at;
	if (at < end)
		end_literal(scan);
	return at;
}

/* In a text that is kept. */
static const char *take_text(struct scan *scan, const char *at, const char *end)
{
	bool closed = false, wrong = false;
	at = scan_buffer_take(&scan->buffer, at, end, &closed, &wrong);
	if (at == end)
		return at;
	if (!closed || wrong) {
		break_off(scan, BROKEN);
	} else if (scan->state == IN_KEY) {
		end_key(scan);
		at++;
	} else {
		const struct scan_value value = {
			.type = SCAN_STRING,
			.text = scan->text,
			.length = scan->buffer.length,
			.whole = scan->buffer.whole,
		};
		deliver(scan, value);
		at++;
	}
	return at;
}

/* In a text that is not: to its end, or one after an escape. */
static const char *pass_string(struct scan *scan, const char *at, const char *end)
{
	while (at < end) {
		if (scan->escaped) {
			scan->escaped = false;
			at += *at != '\n';
			continue;
		}
		at = scan_to_mark(at, end);
		if (at == end)
			break;
		if (*at == '\\') {
			scan->escaped = true;
			at++;
			continue;
		}
		if (*at == '\n')
			break_off(scan, BROKEN);
		else
			scan->state = scan->state == IN_STRING ? AFTER : SKIPPING;
		return at + (*at == '"');
	}
	return at;
}

static const char *pass_brackets(struct scan *scan, const char *at, const char *end)
{
	while ((at = scan_to_bracket(at, end)) < end) {
		const char byte = *at++;
		if (byte == '"') {
			scan->escaped = false;
			scan->state = SKIPPING_STRING;
			return at;
		}
		if (byte == '\n') {
			scan->new_line = true;
			return at;
		}
		if ((byte | 0x20) == '{') {
			scan->skipped++;
		} else if (--scan->skipped == 0) {
			scan->state = AFTER;
			return at;
		}
	}
	return at;
}

/* The bytes between values, up to one that is within a value. */
static const char *pass_structure(struct scan *scan, const char *at, const char *end)
{
	while (at < end && scan->state >= FIRST_KEY && scan->state <= AFTER) {
		const char byte = *at;
		if (byte == '\n') {
			scan->new_line = true;
			return at + 1;
		}
		if (byte != ' ' && byte != '\t' && byte != '\r')
			structure(scan, byte);
		/* What follows a broken place is looked at again: it may be the line's end. */
		at += scan->state != BROKEN;
	}
	return at;
}

static const char *pass_to(const char *at, const char *end, char byte)
{
	const char *found = memchr(at, byte, (size_t)(end - at));
	return found ? found : end;
}

/* Some bytes, by where they stand; gives what comes next. */
static const char *take(struct scan *scan, const char *at, const char *end)
{
	switch (scan->state) {
	case OUTSIDE:
		at = pass_to(at, end, '{');
		if (at < end)
			begin_object(scan);
		return at + (at < end);
	case BROKEN:
		at = pass_to(at, end, '\n');
		if (at < end)
			scan->state = OUTSIDE;
		return at;
	case IN_KEY:
	case IN_TEXT:
		return take_text(scan, at, end);
	case IN_STRING:
	case SKIPPING_STRING:
		return pass_string(scan, at, end);
	case IN_LITERAL:
		return take_literal(scan, at, end);
	case SKIPPING:
		return pass_brackets(scan, at, end);
	default:
		return pass_structure(scan, at, end);
	}
}

void scan_feed(struct scan *scan, const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length;
	while (at < end) {
		if (scan->new_line) {
			scan->new_line = false;
			if (*at == '{' && scan->depth > 0)
				break_off(scan, OUTSIDE);
		}
		at = take(scan, at, end);
	}
}

void scan_end(struct scan *scan)
{
	if (scan->depth > 0)
		break_off(scan, OUTSIDE);
	scan->state = OUTSIDE;
	scan->new_line = true;
}

enum scan_type scan_get(const struct scan *scan, int path, struct scan_value *value)
{
	static const struct scan_value absent = {.type = SCAN_ABSENT, .text = ""};
	const struct field *field = &scan->fields[path];
	*value = field->of == scan->object ? field->value : absent;
	return value->type;
}

void scan_keep(char *out, size_t size, const char *text)
{
	if (text[0])
		snprintf(out, size, "%s", text);
}

const char *scan_text(const struct scan *scan, int path)
{
	struct scan_value value;
	return scan_get(scan, path, &value) == SCAN_STRING ? value.text : "";
}

bool scan_is(const struct scan *scan, int path, const char *text)
{
	struct scan_value value;
	return scan_get(scan, path, &value) == SCAN_STRING && strcmp(value.text, text) == 0;
}

bool scan_true(const struct scan *scan, int path)
{
	struct scan_value value;
	return scan_get(scan, path, &value) == SCAN_TRUE;
}

struct usage scan_number(const struct scan *scan, int path)
{
	struct scan_value value;
	return scan_get(scan, path, &value) == SCAN_NUMBER ? USAGE_KNOWN(value.number)
							   : USAGE_UNKNOWN;
}

int64_t scan_broken(const struct scan *scan)
{
	return scan->broken;
}

bool scan_within(const struct scan *scan)
{
	return scan->depth > 0;
}
