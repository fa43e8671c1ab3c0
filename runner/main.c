/* Finds the command, runs it, and is the only one to tell an error. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/nearest.h"
#include "runner/commands/command.h"
#include "runner/process/bus.h"
#include "runner/version.h"

static const struct command *const commands[] = {
	&command_run,        &command_plan,       &command_validate,    &command_check,
	&command_fsm,        &command_start,      &command_update,      &command_status,
	&command_report,     &command_step_begin, &command_step_done,   &command_stop,
	&command_schedule,   &command_meter,      &command_mcp,         &command_module_host,
	&command_monitor,    &command_top,        &command_plugin_list, &command_plugin_check,
	&command_plugin_new, &command_history,    &command_metrics,
};

enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_overview(FILE *to)
{
	fprintf(to, "stepgate: runs a plan step by step under a token budget\n\n"
		    "usage: stepgate COMMAND [ARGUMENTS]\n\n");
	for (int i = 0; i < NCOMMANDS; i++)
		if (!commands[i]->hidden)
			fprintf(to, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n'stepgate COMMAND --help' explains one; 'stepgate --version' tells which "
		    "this is.\n"
		    "Exit codes: 0 closed as it should, 1 closed on an error or the gate said no,\n"
		    "2 usage or config error (nothing was started), 3 another cycle has the "
		    "repository.\n");
}

/* In columns: a character counts once, however many bytes it has. */
static int width(const char *text)
{
	int count = 0;
	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

static void print_help(const struct command *command)
{
	printf("usage: stepgate %s %s\n\n%s.\n", command->name, command->takes, command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->args->name)
		printf("\n");
	for (const struct arg *arg = command->args; arg->name; arg++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%s%s", arg->name,
			 arg->shown && *arg->shown != '[' ? " " : "", arg->shown ? arg->shown : "");
		printf("  %s%*s %s\n", left, width(left) < 24 ? 24 - width(left) : 0, "",
		       arg->help);
	}
}

/* The command that argv begins with, and in *words how many words its name is. */
static const struct command *find(int argc, char *const *argv, int *words)
{
	for (int i = 0; i < NCOMMANDS; i++) {
		const char *name = commands[i]->name;
		const char *space = strchr(name, ' ');
		const size_t first = space ? (size_t)(space - name) : strlen(name);
		if (strlen(argv[0]) != first || memcmp(argv[0], name, first) != 0)
			continue;
		*words = space ? 2 : 1;
		if (!space || (argc > 1 && strcmp(argv[1], space + 1) == 0))
			return commands[i];
	}
	return NULL;
}

/* Whether commands[i] has a name of two words, the first of which this is. */
static bool begins(const char *first, int i)
{
	const size_t length = strlen(first);
	return strncmp(commands[i]->name, first, length) == 0 && commands[i]->name[length] == ' ';
}

/* The help of all the commands that begin with a word; how many there are. */
static int print_group(const char *first)
{
	int count = 0;
	for (int i = 0; i < NCOMMANDS; i++)
		if (begins(first, i)) {
			fputs(count++ ? "\n" : "", stdout);
			print_help(commands[i]);
		}
	return count;
}

static int no_such_command(int argc, char *const *argv, struct err *err)
{
	const char *names[NCOMMANDS];
	for (int i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i]->name;
	for (int i = 0; argc == 1 && i < NCOMMANDS; i++)
		if (begins(argv[0], i))
			return err_set(err, ERR_USAGE,
				       "%s: a word is missing behind it: 'stepgate %s --help' "
				       "lists them",
				       argv[0], argv[0]);
	char given[128];
	snprintf(given, sizeof(given), "%s%s%s", argv[0], argc > 1 ? " " : "",
		 argc > 1 ? argv[1] : "");
	const char *nearest = nearest_name(given, names, NCOMMANDS);
	if (!nearest)
		nearest = nearest_name(argv[0], names, NCOMMANDS);
	if (nearest)
		return err_set(err, ERR_USAGE, "%s: no such command: did you mean '%s'?", argv[0],
			       nearest);
	return err_set(err, ERR_USAGE, "%s: no such command: 'stepgate --help' lists them",
		       argv[0]);
}

static int dispatch(int argc, char *const *argv, struct err *err)
{
	int words = 1;
	const struct command *command = find(argc, argv, &words);
	if (!command && argc > 1 && strcmp(argv[1], "--help") == 0 && print_group(argv[0]) > 0)
		return EXIT_AS_IT_SHOULD;
	if (!command)
		return no_such_command(argc, argv, err);
	for (int i = words; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0) {
			print_help(command);
			return EXIT_AS_IT_SHOULD;
		}
	if (args_parse(command->args, argc - words, argv + words, err) != 0)
		return -1;
	return command->run(err);
}

/* stdout is the product: what did not get there was not delivered. */
static int flush_stdout(struct err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, "stdout: can't be written");
	return 0;
}

/* A missing standard descriptor would be the number of the next file that is opened, and what is
 * printed would end up in it. A missing stdout is made one that can't be written, so that its loss
 * is told. */
static void fill_descriptors(void)
{
	static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	fill_descriptors();
	bus_say();
	struct err err = {.code = ERR_NONE};
	int code;
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_overview(stdout);
		code = EXIT_AS_IT_SHOULD;
	} else if (strcmp(argv[1], "--version") == 0) {
		printf("stepgate %s\n", STEPGATE_VERSION);
		code = EXIT_AS_IT_SHOULD;
	} else {
		code = dispatch(argc - 1, argv + 1, &err);
	}
	if (flush_stdout(code < 0 ? NULL : &err) != 0 && code >= 0)
		code = -1;
	if (code >= 0)
		return code;
	fprintf(stderr, "stepgate: %s\n", err.text);
	return err_exit_code(&err);
}
