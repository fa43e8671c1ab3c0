#include "runner/process/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/process/child.h"

static size_t count(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

/* Sets `change` in list[0..n): over the entry of the same name, or behind the last. Gives the new
 * n. */
static size_t lay(const char **list, size_t n, const char *change)
{
	const char *sign = strchr(change, '=');
	const size_t length = sign ? (size_t)(sign - change) + 1 : strlen(change);
	for (size_t i = 0; i < n; i++)
		if (strncmp(list[i], change, length) == 0) {
			list[i] = change;
			return n;
		}
	list[n] = change;
	return n + 1;
}

/* One block: the pointers, then the text they point to. */
static char **pack(const char *const *list, size_t n)
{
	size_t bytes = (n + 1) * sizeof(char *);
	for (size_t i = 0; i < n; i++)
		bytes += strlen(list[i]) + 1;
	char **block = malloc(bytes);
	if (!block)
		return NULL;
	char *text = (char *)(block + n + 1);
	for (size_t i = 0; i < n; i++) {
		const size_t length = strlen(list[i]) + 1;
		memcpy(text, list[i], length);
		block[i] = text;
		text += length;
	}
	block[n] = NULL;
	return block;
}

char **child_environment(const char *const *first, const char *const *second)
{
	const char *const *ours = (const char *const *)environ;
	const size_t most = count(ours) + count(first) + count(second);
	const char **list = calloc(most + 1, sizeof(*list));
	if (!list)
		return NULL;
	size_t n = 0;
	for (; ours && ours[n]; n++)
		list[n] = ours[n];
	for (size_t i = 0; first && first[i]; i++)
		n = lay(list, n, first[i]);
	for (size_t i = 0; second && second[i]; i++)
		n = lay(list, n, second[i]);
	char **block = pack(list, n);
	free(list);
	return block;
}

int environment_apply(const struct conf *conf, struct err *err)
{
	for (const char *const *setting = conf->environment; setting && *setting; setting++) {
		const size_t length = strcspn(*setting, "=");
		char *name = strndup(*setting, length);
		const int failed = name ? setenv(name, *setting + length + 1, 1) : -1;
		free(name);
		if (failed)
			return err_set(err, ERR_INTERNAL, "out of memory");
	}
	return 0;
}
