#include "plugins/module_host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/module.h"
#include "plugins/protocol.h"
#include "status/json.h"

#define CALL_MAX  4194304
#define TEXT_MAX  4000
#define FEED_SIZE 65536

/* What the functions of struct stepgate_host work on; its `context`. */
struct desk {
	int out;
	pthread_mutex_t lock; /* a module may have threads */
	const char *const *options;
	char said[TEXT_MAX + 1]; /* the words of the answer; "" */
};

static struct desk *desk_of(const struct stepgate_host *host)
{
	return host->context;
}

static void write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t put = write(fd, bytes, length);
		if (put < 0 && errno != EINTR)
			return; /* stepgate is gone, and with it soon we */
		bytes += put > 0 ? put : 0;
		length -= put > 0 ? (size_t)put : 0;
	}
}

static int set_limited(cJSON *line, const char *key, const char *text)
{
	char cut[TEXT_MAX + 1];
	snprintf(cut, sizeof(cut), "%s", text);
	return json_set_text(line, key, cut);
}

/* Writes the line (taken; may be NULL) where nothing failed. */
static void send_line(struct desk *desk, cJSON *line, int failed)
{
	char *text = NULL;
	char *bytes = line && !failed ? cJSON_PrintUnformatted(line) : NULL;
	const int length = bytes ? asprintf(&text, "%s\n", bytes) : -1;
	if (length > 0) {
		pthread_mutex_lock(&desk->lock);
		write_all(desk->out, text, (size_t)length);
		pthread_mutex_unlock(&desk->lock);
		free(text);
	}
	free(bytes);
	cJSON_Delete(line);
}

static cJSON *new_line(const char *type)
{
	cJSON *line = cJSON_CreateObject();
	if (line && json_set_text(line, "type", type) == 0)
		return line;
	cJSON_Delete(line);
	return NULL;
}

static void on_progress(const struct stepgate_host *host, int percent, const char *text)
{
	cJSON *line = new_line("progress");
	int failed = !line || (percent < 0 && !text);
	if (!failed && percent >= 0)
		failed = json_set_integer(line, "percent", percent > 100 ? 100 : percent);
	if (!failed && text)
		failed = set_limited(line, "text", text);
	send_line(desk_of(host), line, failed);
}

static void on_log(const struct stepgate_host *host, const char *text)
{
	cJSON *line = new_line("log");
	send_line(desk_of(host), line, !line || set_limited(line, "text", text ? text : ""));
}

static int set_figure(cJSON *line, const char *key, int64_t figure, int *count)
{
	if (figure < 0)
		return 0;
	++*count;
	return json_set_integer(line, key, figure);
}

static void on_usage(const struct stepgate_host *host, const struct stepgate_usage *usage)
{
	int count = 0;
	cJSON *line = usage && usage->size >= sizeof(*usage) ? new_line("usage") : NULL;
	const int failed = !line || set_figure(line, "tokens", usage->tokens, &count) ||
			   set_figure(line, "input", usage->input, &count) ||
			   set_figure(line, "cache_read", usage->cache_read, &count) ||
			   set_figure(line, "cache_write", usage->cache_write, &count) ||
			   set_figure(line, "output", usage->output, &count);
	send_line(desk_of(host), line, failed || count == 0);
}

static void on_say(const struct stepgate_host *host, const char *text)
{
	struct desk *desk = desk_of(host);
	pthread_mutex_lock(&desk->lock);
	snprintf(desk->said, sizeof(desk->said), "%s", text ? text : "");
	pthread_mutex_unlock(&desk->lock);
}

static const char *on_option(const struct stepgate_host *host, const char *name)
{
	const char *const *option = desk_of(host)->options;
	const size_t length = name ? strlen(name) : 0;
	for (; length && option && *option; option++)
		if (strncmp(*option, name, length) == 0 && (*option)[length] == '=')
			return *option + length + 1;
	return NULL;
}

/* The answer, with the words that were said. */
static void send_answer(struct desk *desk, cJSON *line, int failed)
{
	if (line && !failed && desk->said[0])
		failed = json_set_text(line, "text", desk->said);
	send_line(desk, line, failed);
}

static void send_result(struct desk *desk, int answer)
{
	cJSON *line = new_line("result");
	send_answer(desk, line, !line || json_set_bool(line, "ok", answer == STEPGATE_OK));
}

static void ask_step(const struct module *module, const struct stepgate_call *call)
{
	send_result(desk_of(call->host), module->offers.step(call));
}

static void ask_report(const struct module *module, const struct stepgate_call *call)
{
	send_result(desk_of(call->host), module->offers.report(call));
}

static void ask_gate(const struct module *module, const struct stepgate_call *call)
{
	struct desk *desk = desk_of(call->host);
	const int answer = module->offers.gate(call);
	const enum plugin_verdict verdict = answer == STEPGATE_PASS     ? PLUGIN_PASS
					    : answer == STEPGATE_REFUSE ? PLUGIN_REFUSE
									: PLUGIN_NO_OPINION;
	if (answer != STEPGATE_PASS && answer != STEPGATE_REFUSE && answer != STEPGATE_NO_OPINION) {
		send_result(desk, STEPGATE_FAILED);
		return;
	}
	cJSON *line = new_line("verdict");
	send_answer(desk, line,
		    !line || json_set_text(line, "verdict", plugin_verdict_name(verdict)));
}

/* Feeds the file to the meter. 0, or -1. */
static int feed_file(const struct module *module, void *meter, int fd)
{
	static char bytes[FEED_SIZE];
	for (;;) {
		const ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || module->offers.meter_feed(meter, bytes, (size_t)got) != STEPGATE_OK)
			return -1;
	}
}

static void ask_meter(const struct module *module, const struct stepgate_call *call,
		      const char *output)
{
	struct desk *desk = desk_of(call->host);
	struct stepgate_usage usage = {sizeof(usage), 0, -1, -1, -1, -1, -1};
	const int fd = output ? open(output, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	void *meter = fd >= 0 ? module->offers.meter_open(call) : NULL;
	int failed = !meter || feed_file(module, meter, fd) != 0 ||
		     module->offers.meter_read(meter, &usage) != STEPGATE_OK;
	if (meter)
		module->offers.meter_close(meter);
	if (fd >= 0)
		close(fd);
	else
		on_say(call->host, "what the worker printed can't be read");
	if (!failed)
		on_usage(call->host, &usage);
	send_result(desk, failed ? STEPGATE_FAILED : STEPGATE_OK);
}

static void describe(const struct module *module, struct desk *desk)
{
	const struct stepgate_module *offers = &module->offers;
	const unsigned bits = module_offers(module);
	cJSON *line = new_line("plugin"), *list = cJSON_CreateArray();
	int failed = !line || !list || set_limited(line, "name", offers->name) ||
		     (offers->about && set_limited(line, "about", offers->about));
	for (int kind = 0; !failed && kind < PLUGIN_NKINDS; kind++) {
		if (!(bits & PLUGIN_BIT(kind)))
			continue;
		cJSON *word = json_text(plugin_ask_name((enum plugin_ask)kind));
		failed = !word || !cJSON_AddItemToArray(list, word);
	}
	if (!failed)
		failed = json_set(line, "offers", list);
	else
		cJSON_Delete(list);
	send_line(desk, line, failed);
}

static int answer(const char *path, const struct module *module, const struct plugin_call *asked,
		  struct desk *desk, struct err *err)
{
	static const char *const none[] = {NULL};
	const struct stepgate_host host = {
		.size = sizeof(host),
		.context = desk,
		.progress = on_progress,
		.log = on_log,
		.usage = on_usage,
		.say = on_say,
		.option = on_option,
	};
	const struct stepgate_call call = {
		.size = sizeof(call),
		.host = &host,
		.options = asked->options ? asked->options : none,
		.repository = asked->repository ? asked->repository : "",
		.cycle = asked->cycle,
		.step = asked->step,
		.attempt = asked->attempt,
		.title = asked->title ? asked->title : "",
		.key = asked->key ? asked->key : "",
		.budget = asked->budget,
		.limit = asked->limit,
		.used = asked->used.known ? asked->used.tokens : STEPGATE_UNKNOWN,
		.report = asked->report,
	};
	if (asked->ask != PLUGIN_DESCRIBE && !(module_offers(module) & PLUGIN_BIT(asked->ask)))
		return err_set(err, ERR_CONFIG, "%s: it offers no %s", path,
			       plugin_ask_name(asked->ask));
	desk->options = call.options;
	switch (asked->ask) {
	case PLUGIN_STEP:
		ask_step(module, &call);
		break;
	case PLUGIN_METER:
		ask_meter(module, &call, asked->output);
		break;
	case PLUGIN_GATE:
		ask_gate(module, &call);
		break;
	case PLUGIN_REPORT:
		ask_report(module, &call);
		break;
	case PLUGIN_DESCRIBE:
	case PLUGIN_NASKS:
		describe(module, desk);
		break;
	}
	return 0;
}

/* What stood in the way, as the answer. */
static void send_failure(struct desk *desk, const struct err *err)
{
	if (desk->out < 0)
		return;
	snprintf(desk->said, sizeof(desk->said), "%s", err->text);
	send_result(desk, STEPGATE_FAILED);
}

/* The first line of what comes from the descriptor (malloc), its length without the newline in
 * *length; NULL where there is none, or it is too long. */
static char *read_line(int fd, size_t *length)
{
	size_t room = FEED_SIZE, used = 0;
	char *line = malloc(room);
	while (line) {
		const ssize_t got = read(fd, line + used, room - used);
		const char *end = got > 0 ? memchr(line + used, '\n', (size_t)got) : NULL;
		if (end || (got == 0 && used > 0)) {
			*length = end ? (size_t)(end - line) : used;
			return line;
		}
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		used += got > 0 ? (size_t)got : 0;
		if (used < room)
			continue;
		char *more = room < CALL_MAX ? realloc(line, room *= 2) : NULL;
		if (!more)
			break;
		line = more;
	}
	free(line);
	return NULL;
}

int module_host(const char *path, int in, int out, struct err *err)
{
	static struct desk desk = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct plugin_heard heard;
	struct module module;
	size_t length = 0;
	char *line = read_line(in, &length);
	if (!line)
		return err_set(err, ERR_USAGE, "module-host: no call on its stdin");
	const char *wrong = plugin_call_read(line, length, &heard);
	free(line);
	if (wrong)
		return err_set(err, ERR_USAGE, "module-host: the call: %s", wrong);
	/* What a module starts is not to write in its name. */
	desk.out = fcntl(out, F_DUPFD_CLOEXEC, 10);
	close(out);
	int failed = desk.out < 0 ? err_errno(err, "module-host: no descriptor to answer on") : 0;
	if (!failed)
		failed = module_load(path, &module, err);
	if (!failed)
		failed = answer(path, &module, &heard.call, &desk, err);
	if (failed)
		send_failure(&desk, err);
	plugin_heard_release(&heard);
	return failed;
}
