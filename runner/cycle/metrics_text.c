#include "runner/cycle/metrics_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runner/process/hands.h"
#include "status/metrics.h"

static int write_text(const struct metrics_source *source, char **text, size_t *length,
		      struct err *err)
{
	char *made = NULL;
	FILE *stream = open_memstream(&made, length);
	if (!stream)
		return err_errno(err, "the metrics can't be written");
	metrics_write(stream, source, 1);
	if (fclose(stream) != 0) {
		free(made);
		return err_errno(err, "the metrics can't be written");
	}
	*text = made;
	return 0;
}

int metrics_text(const char *folder, struct journal *journal, char **text, size_t *length,
		 struct err *err)
{
	struct now now;
	struct metrics metrics = {.counted = 0};
	if (now_look(&now, folder, &hands, journal, err) != 0)
		return -1;
	const char *slash = strrchr(folder, '/');
	const struct metrics_source source = {
		.name = slash && slash[1] ? slash + 1 : folder,
		.now = &now,
		.metrics = &metrics,
	};
	int failed = journal ? metrics_count(&metrics, journal, &now, INT_MAX, err) : 0;
	if (!failed)
		failed = write_text(&source, text, length, err);
	now_release(&now);
	return failed;
}
