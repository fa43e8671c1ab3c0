/*
 * An agent's meter on any bytes: as words that it printed, as a file that it wrote, and as both.
 * However the words are cut, the answer is the same; no figure is below zero, and none is exact
 * that is not known.
 */
#ifndef TESTS_FUZZ_METER_FUZZ_H
#define TESTS_FUZZ_METER_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/agent_meter.h"
#include "plugins/meter.h"
#include "plugins/reading_json.h"

enum { FUZZ_PATH = 256 };

/* Where each agent would have written a file, in folders that are made here. */
static inline const char *fuzz_file_of(const struct agent_kind *kind)
{
	static const struct {
		enum conf_meter meter;
		const char *path;
	} files[] = {
		{CONF_METER_CLAUDE, "projects/-p/s.jsonl"},
		{CONF_METER_CODEX,
		 "sessions/2026/01/01/"
		 "rollout-2026-01-01T00-00-00-01a20a5c-2524-7621-a158-122071b7881f.jsonl"},
		{CONF_METER_GEMINI, "tmp/p/chats/session-2026-01-01T00-00-056d85c3.jsonl"},
		{CONF_METER_OPENCODE, "opencode/opencode.db"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].meter == kind->meter)
			return files[i].path;
	abort();
}

/* The folder of the agent's files, made once below the current one, the file in it holding these
 * bytes. */
static inline const char *fuzz_folder(const struct agent_kind *kind, const char *bytes, size_t size)
{
	static char folder[FUZZ_PATH];
	char path[2 * FUZZ_PATH];
	const char *file = fuzz_file_of(kind);
	if (!folder[0]) {
		snprintf(folder, sizeof(folder), "./fuzz-XXXXXX");
		if (!mkdtemp(folder))
			abort();
	}
	for (const char *at = strchr(file, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(path, sizeof(path), "%s/%.*s", folder, (int)(at - file), file);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
	return folder;
}

static inline struct reading fuzz_read(const struct agent_kind *kind, const char *bytes,
				       size_t size, size_t piece, const char *files)
{
	const struct meter_start start = {.kind = kind->meter, .files = files};
	const struct meter_end end = {.exit_code = -1};
	struct reading reading;
	struct meter *meter = meter_new(&start, NULL);
	if (!meter)
		abort();
	for (size_t at = 0; at < size; at += piece) {
		meter_feed(meter, bytes + at, size - at < piece ? size - at : piece);
		const struct usage live = meter_live(meter, CONF_MEASURE_ALL, NULL);
		if (live.known && live.tokens < 0)
			abort();
	}
	meter_look(meter);
	meter_end(meter, &end, &reading);
	meter_free(meter);
	return reading;
}

static inline void fuzz_check(const struct reading *reading)
{
	const struct usage all = reading_measure(reading, CONF_MEASURE_ALL);
	const struct usage fresh = reading_measure(reading, CONF_MEASURE_FRESH);
	if (all.known && (all.tokens < 0 || fresh.tokens < 0 || fresh.tokens > all.tokens))
		abort();
	if (all.known != (reading->quality != QUALITY_UNKNOWN))
		abort();
	if (reading->context.known && reading->context.tokens < 0)
		abort();
	if (reading->nmodels < 0 || reading->nmodels > READING_MODELS)
		abort();
	char *text = reading_json(reading);
	if (!text)
		abort();
	free(text);
}

/* The first byte says how long the pieces are, the second how much of the rest was printed. */
static inline int fuzz_meter(const struct agent_kind *kind, const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	const char *bytes = (const char *)data + 2;
	const size_t length = size - 2, printed = length * data[1] / 255;
	const char *files = fuzz_folder(kind, bytes + printed, length - printed);
	const struct reading whole = fuzz_read(kind, bytes, printed, printed + 1, files);
	const struct reading cut = fuzz_read(kind, bytes, printed, (size_t)data[0] + 1, files);
	const struct reading words = fuzz_read(kind, bytes, length, length, NULL);
	fuzz_check(&whole);
	fuzz_check(&words);
	if (!tokens_equal(&whole.used, &cut.used) || whole.quality != cut.quality ||
	    whole.ended != cut.ended)
		abort();
	return 0;
}

#endif
