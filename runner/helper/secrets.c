#include "runner/helper/secrets.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

static bool matches(const char *const *patterns, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	for (; patterns && *patterns; patterns++)
		if (strchr(*patterns, '/') ? fnmatch(*patterns, path, FNM_PATHNAME) == 0
					   : fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

bool secret_allowed(const struct conf_secrets *secrets, const char *path)
{
	return matches(secrets->allow, path);
}

bool secret_name(const struct conf_secrets *secrets, const char *path)
{
	return secrets->hold && matches(secrets->patterns, path) && !matches(secrets->allow, path);
}

/* A token: its beginning, and how many of the signs that it is made of follow at least. */
static const struct shape {
	const char *begin;
	size_t least;
	bool capitals; /* made of capitals and digits alone */
	const char *what;
} shapes[] = {
	{"AKIA", 16, true, "AWS access key"},
	{"ASIA", 16, true, "AWS access key"},
	{"ghp_", 36, false, "GitHub token"},
	{"gho_", 36, false, "GitHub token"},
	{"ghs_", 36, false, "GitHub token"},
	{"ghu_", 36, false, "GitHub token"},
	{"github_pat_", 50, false, "GitHub token"},
	{"glpat-", 20, false, "GitLab token"},
	{"sk-ant-", 32, false, "Anthropic key"},
	{"sk-proj-", 32, false, "OpenAI key"},
	{"sk-", 40, false, "API key"},
	{"xoxa-", 20, false, "Slack token"},
	{"xoxb-", 20, false, "Slack token"},
	{"xoxp-", 20, false, "Slack token"},
	{"xoxr-", 20, false, "Slack token"},
	{"xoxs-", 20, false, "Slack token"},
	{"AIza", 35, false, "Google key"},
};

static bool is_sign(char c, bool capitals)
{
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return !capitals && ((c >= 'a' && c <= 'z') || c == '_' || c == '-');
}

static const char *token_at(const char *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *shape = &shapes[i];
		const size_t begin = strlen(shape->begin);
		if (length < begin + shape->least || memcmp(bytes, shape->begin, begin) != 0)
			continue;
		size_t n = 0;
		while (n < shape->least && is_sign(bytes[begin + n], shape->capitals))
			n++;
		if (n == shape->least)
			return shape->what;
	}
	return NULL;
}

/* "-----BEGIN RSA PRIVATE KEY-----" and its like, with the key's first line behind it: a text that
 * speaks of such a line has none. */
static bool is_private_key(const char *bytes, size_t length)
{
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";
	const size_t first = sizeof(begin) - 1;
	if (length < first || memcmp(bytes, begin, first) != 0)
		return false;
	const char *feed = memchr(bytes, '\n', length);
	if (!feed || !memmem(bytes, (size_t)(feed - bytes), end, sizeof(end) - 1))
		return false;
	size_t n = 0;
	for (feed++; feed + n < bytes + length && n < 16; n++)
		if (!is_sign(feed[n], false) && !strchr("+/:=., ", feed[n]))
			return false;
	return n == 16;
}

const char *secret_in(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const char c = bytes[i];
		if (c == '-' && is_private_key(bytes + i, length - i))
			return "private key";
		if (!strchr("Agsx", c) || c == '\0' || (i && is_sign(bytes[i - 1], false)))
			continue;
		const char *what = token_at(bytes + i, length - i);
		if (what)
			return what;
	}
	return NULL;
}

static size_t read_file(const char *folder, const char *path, char *bytes)
{
	char whole[2 * 4096];
	struct stat status;
	size_t length = 0;
	if (snprintf(whole, sizeof(whole), "%s/%s", folder, path) >= (int)sizeof(whole))
		return 0;
	const int fd = open(whole, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		for (ssize_t got = 1; got > 0 && length < SECRETS_READ; length += (size_t)got) {
			got = read(fd, bytes + length, SECRETS_READ - length);
			if (got < 0)
				break;
		}
	close(fd);
	return length;
}

const char *secret_file(const struct conf_secrets *secrets, const char *folder, const char *path,
			bool named)
{
	if (!secrets->hold || matches(secrets->allow, path))
		return NULL;
	if (named && matches(secrets->patterns, path))
		return "its name";
	char *bytes = secrets->tokens ? malloc(SECRETS_READ) : NULL;
	if (!bytes)
		return NULL;
	const char *what = secret_in(bytes, read_file(folder, path, bytes));
	free(bytes);
	return what;
}
