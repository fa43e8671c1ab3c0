#include "runner/helper/signer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/program.h"
#include "runner/process/child.h"
#include "status/text.h"

#define TIMEOUT_MS 5000
#define SAID       1024

struct said {
	char text[SAID];
	size_t length;
};

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct said *said = context;
	if (length > SAID - 1 - said->length)
		length = SAID - 1 - said->length;
	memcpy(said->text + said->length, bytes, length);
	said->length += length;
	said->text[said->length] = '\0';
}

static void on_output(void *context, const char *bytes, size_t length)
{
	(void)context; /* the signature */
	(void)bytes;
	(void)length;
}

/* The setting as git has it, or what is there without. */
static void get(const struct look *look, const char *key, const char *without, char *out)
{
	struct err err;
	struct git_answer answer;
	git_answer_init(&answer);
	if (CALL(look->workdir, &answer, &err, "config", "--get", key) != 0 ||
	    program_line(&answer, out, LOOK_NAME) != 0)
		snprintf(out, LOOK_NAME, "%s", without);
	git_answer_release(&answer);
}

static bool try(const struct look *look, const char *program, const char *key, struct said *said)
{
	const char *const argv[] = {
		program, "--batch", "--no-tty", "--pinentry-mode", "error", "-bsau", key, NULL,
	};
	struct child_result result;
	struct err err;
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environ,
		.cwd = look->workdir,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.context = said,
		.timeout_ms = TIMEOUT_MS,
		.stop_fd = -1,
		.death_signal = SIGKILL, /* only what it says is wanted */
	};
	return child_run(&spec, &result, &err) == 0 && result.end == CHILD_EXITED &&
	       result.exit_code != 0 && said->length > 0;
}

bool signer_words(const struct look *look, char *out, size_t size)
{
	char format[LOOK_NAME], older[LOOK_NAME], program[LOOK_NAME], key[LOOK_NAME];
	char who[2 * LOOK_NAME + 8];
	struct said said = {.length = 0};
	get(look, "gpg.format", "openpgp", format);
	const bool x509 = strcmp(format, "x509") == 0;
	if (!x509 && strcmp(format, "openpgp") != 0)
		return false;
	get(look, "gpg.program", "gpg", older);
	get(look, x509 ? "gpg.x509.program" : "gpg.openpgp.program", x509 ? "gpgsm" : older,
	    program);
	snprintf(who, sizeof(who), "%s <%s>", look->committer.name, look->committer.email);
	get(look, "user.signingkey", "", key);
	if (!try(look, program, *key ? key : who, &said))
		return false;
	text_clean(said.text, strcspn(said.text, "\n"), out, size);
	return true;
}
