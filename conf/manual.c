#include "conf/manual.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "conf/value.h"

#define LINE_WIDTH 78
#define INDENT     8

/* "a whole number, 20 to 95". */
static void print_kind(FILE *out, const struct option *option)
{
	char least[VALUE_DURATION_SIZE], most[VALUE_DURATION_SIZE];
	switch (option->type) {
	case OPTION_STRING:
		fputs("text", out);
		break;
	case OPTION_STRINGS:
		fputs("list of texts", out);
		break;
	case OPTION_INTEGER:
		fprintf(out, "whole number, %" PRId64 " to %" PRId64, option->min, option->max);
		break;
	case OPTION_BOOLEAN:
		fputs("true or false", out);
		break;
	case OPTION_SIZE:
		value_write_size(option->min, least);
		value_write_size(option->max, most);
		fprintf(out, "size, %s to %s", least, most);
		break;
	case OPTION_DURATION:
		value_write_duration(option->min, least);
		value_write_duration(option->max, most);
		fprintf(out, "time, %s to %s", least, most);
		break;
	case OPTION_CHOICE:
	case OPTION_CHOICES:
		fputs(option->type == OPTION_CHOICE ? "" : "list of ", out);
		for (size_t i = 0; option->choices[i]; i++)
			fprintf(out, "%s%s", i ? " | " : "", option->choices[i]);
		if (option->prefix)
			fprintf(out, " | %s…", option->prefix);
		break;
	case OPTION_SECTION:
		fputs(option->titled ? "section with a title, any number of them" : "section", out);
		break;
	}
	if (option->fallback)
		fprintf(out, "; default %s", option->fallback);
}

/* Broken between words; all lines but one that was begun up to `column` indented. */
static void print_wrapped(FILE *out, size_t column, const char *text)
{
	while (*text) {
		const size_t length = strcspn(text, " ");
		if (column > 0 && column + 1 + length > LINE_WIDTH) {
			putc('\n', out);
			column = 0;
		}
		fprintf(out, "%*s%.*s", column ? 1 : INDENT, "", (int)length, text);
		column += (column ? 1 : INDENT) + length;
		text += length + strspn(text + length, " ");
	}
	putc('\n', out);
}

static void print_rows(FILE *out, const char *section,
		       void print_row(FILE *out, const struct option *option))
{
	for (size_t i = 0; i < conf_noptions; i++)
		if (strcmp(conf_options[i].section, section) == 0 &&
		    conf_options[i].type != OPTION_SECTION)
			print_row(out, &conf_options[i]);
}

static void print_sections(FILE *out, void print_section(FILE *out, const struct option *option))
{
	for (size_t i = 0; i < conf_noptions; i++)
		if (conf_options[i].type == OPTION_SECTION)
			print_section(out, &conf_options[i]);
}

static void text_row(FILE *out, const struct option *option)
{
	char *kind = NULL;
	size_t length;
	FILE *stream = open_memstream(&kind, &length);
	if (stream) {
		print_kind(stream, option);
		fclose(stream);
	}
	const int begun = fprintf(out, "    %s:", option->name);
	print_wrapped(out, begun > 0 ? (size_t)begun : 0, kind ? kind : "");
	print_wrapped(out, 0, option->help);
	free(kind);
}

static void text_section(FILE *out, const struct option *option)
{
	fprintf(out, "\n%s%s { … }: %s\n\n", option->name, option->titled ? " \"TITLE\"" : "",
		option->help);
	print_rows(out, option->name, text_row);
}

void manual_text(FILE *out)
{
	fputs("At the top level\n\n", out);
	print_rows(out, "", text_row);
	print_sections(out, text_section);
}

/* Text that roff leaves as it is: no dash turned into a hyphen, no line taken for a request. */
static void roff_escape(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			putc(*text, out);
}

static void roff_row(FILE *out, const struct option *option)
{
	fprintf(out, ".TP\n.B %s\n", option->name);
	roff_escape(out, option->help);
	fputs(" (", out);
	print_kind(out, option);
	fputs(").\n", out);
}

static void roff_section(FILE *out, const struct option *option)
{
	fprintf(out, ".SS %s%s { ... }\n", option->name, option->titled ? " \\(dqTITLE\\(dq" : "");
	roff_escape(out, option->help);
	fputs(".\n", out);
	print_rows(out, option->name, roff_row);
}

static const char roff_head[] =
	".TH STEPGATE.CONF 5 \"\" stepgate\n"
	".SH NAME\n"
	"stepgate.conf \\- what a cycle of stepgate is to do\n"
	".SH SYNTAX\n"
	"The file is UTF\\-8 text, with all that it includes 1 MiB at most.\n"
	"A setting is\n"
	".IR key \" = \" value ,\n"
	"or for a list\n"
	".IR key \" = {\" value \", \" value \"}\" ;\n"
	".B +=\n"
	"adds to a list that was begun before.\n"
	"A comment goes from\n"
	".B #\n"
	"or\n"
	".B //\n"
	"to the end of the line, or from\n"
	".B /*\n"
	"to\n"
	".BR */ .\n"
	"Text with spaces or signs in it stands in quotes.\n"
	"In double quotes \\en, \\et, \\e\\(dq, \\e\\e, \\exHH and octal numbers are\n"
	"understood, and a line may end with a backslash to go on with the next.\n"
	".PP\n"
	".BI ${ NAME }\n"
	"is replaced by the environment variable, in double quotes or as a word of its own,\n"
	"not in single quotes.\n"
	"One that is not set is an error, unless it is written\n"
	".BI ${ NAME :\\- DEFAULT }\\fR.\n"
	".PP\n"
	".BI include(\\(dq FILE \\(dq)\n"
	"stands for the text of that file, 10 files deep at most.\n"
	".PP\n"
	"A relative path is relative to the folder of the file that it stands in.\n"
	"A program without a slash in its name is looked up in PATH.\n"
	"A time is a number with its unit, ms, s, m, h or d, or several of them: 1h30m.\n"
	".PP\n"
	"A file of settings for the environment has lines of the form\n"
	".IR NAME = VALUE .\n"
	"Empty lines and those that begin with # or ; are passed over, and so are blanks around a "
	"value.\n"
	"A value may stand in single quotes, or in double quotes with \\e before \\(dq, \\e, $ and "
	"`.\n"
	"The file must belong to the user, and no one else may read it.\n"
	".PP\n"
	"In a step_template, {item} stands for the first line of an item as it is in the "
	"checklist,\n"
	"{title} for the step\\(aqs title (the same, and its number behind it where items have "
	"equal\n"
	"texts), {step} and {cycle} for their numbers, {{ and }} for braces:\n"
	"in the words of command and meter_command behind the program, and in environment.\n"
	"In a text for a shell nothing is put in, since an item would become code there:\n"
	"it finds the title in the variable STEPGATE_STEP_TITLE.\n"
	".PP\n"
	"A key that is unknown or given twice, a value out of its range, a program, file or "
	"folder\n"
	"that is not there: each is an error, and nothing is started.\n"
	".SH KEYS\n";

static const char roff_tail[] = ".SH EXAMPLE\n"
				".nf\n"
				"title = \\(dqNightly refactor\\(dq\n"
				"budget {\n"
				"    tokens    = 200000\n"
				"    threshold = 35\n"
				"}\n"
				"step \\(dqRun the tests\\(dq {\n"
				"    command = {\\(dqmake\\(dq, \\(dqcheck\\(dq}\n"
				"    timeout = \\(dq45m\\(dq\n"
				"}\n"
				".fi\n"
				".SH SEE ALSO\n"
				".BR stepgate (1)\n";

void manual_roff(FILE *out)
{
	fputs(roff_head, out);
	fputs(".SS At the top level\n", out);
	print_rows(out, "", roff_row);
	print_sections(out, roff_section);
	fputs(roff_tail, out);
}
