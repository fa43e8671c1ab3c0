/* Signed commits: by which program, with which key, and whether it is within reach. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runner/helper/features.h"

#define SIGNING "signing"

/* gpg.format of git-config(1): the settings that name its program, and what that is without. */
struct format {
	const char *name, *key, *older, *program;
};

static const struct format formats[] = {
	{"openpgp", "gpg.openpgp.program", "gpg.program", "gpg"},
	{"x509", "gpg.x509.program", "gpg.x509.program", "gpgsm"},
	{"ssh", "gpg.ssh.program", "gpg.ssh.program", "ssh-keygen"},
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, *name ? name : "openpgp") == 0)
			return &formats[i];
	return NULL;
}

/* An agent answers a connection; what it holds is its own affair. */
static bool is_agent_there(void)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || !*path || strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool there =
		fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		close(fd);
	return there;
}

/* The file of the private key: KEY, or KEY.pub without its end. */
static bool has_private_key(const char *path)
{
	char private[2 * LOOK_PATH];
	const size_t length = strlen(path);
	snprintf(private, sizeof(private), "%s", path);
	if (length > 4 && length < sizeof(private) && strcmp(path + length - 4, ".pub") == 0)
	private[length - 4] = '\0';
	return access(private, R_OK) == 0;
}

static void tell_agent(const struct finding *finding)
{
	if (is_agent_there())
		features_tell(finding, GIT_WAY_PROGRAM, SIGNING, "ssh, agent reachable");
	else
		features_tell(finding, GIT_WAY_REFUSED, SIGNING,
			      "ssh, and no agent can be reached: start one and set SSH_AUTH_SOCK, "
			      "or set user.signingKey to the file of a private key");
}

static void tell_ssh(const struct finding *finding)
{
	char path[2 * LOOK_PATH];
	const char *key = look_setting(finding->source, "user.signingkey");
	const char *command = look_setting(finding->source, "gpg.ssh.defaultkeycommand");
	if (!*key && !*command) {
		features_tell(finding, GIT_WAY_REFUSED, SIGNING,
			      "ssh, without a key: set user.signingKey");
		return;
	}
	if (!*key) {
		features_tell(finding, GIT_WAY_PROGRAM, SIGNING, "ssh, key by %s", command);
		return;
	}
	if (strncmp(key, "key::", 5) == 0 || strncmp(key, "ssh-", 4) == 0) {
		tell_agent(finding);
		return;
	}
	features_path(finding->look, key, path, sizeof(path));
	if (!*path || access(path, R_OK) != 0)
		features_tell(finding, GIT_WAY_REFUSED, SIGNING,
			      "ssh, and the key %s can't be read: see user.signingKey", key);
	else if (!has_private_key(path))
		tell_agent(finding);
	else
		features_tell(finding, GIT_WAY_PROGRAM, SIGNING, "ssh, key %s", key);
}

void find_signing(const struct finding *finding)
{
	const char *name = look_setting(finding->source, "gpg.format");
	const struct format *format = find_format(name);
	if (!look_setting_true(finding->source, "commit.gpgsign"))
		return;
	if (!format) {
		features_tell(finding, GIT_WAY_PROGRAM, SIGNING, "%s", name);
		return;
	}
	const char *program = look_setting(finding->source, format->key);
	if (!*program)
		program = look_setting(finding->source, format->older);
	if (!*program)
		program = format->program;
	if (!features_has_program(finding->look, program))
		features_tell(finding, GIT_WAY_REFUSED, SIGNING,
			      "%s, and %s is not there: install it, or set %s", format->name,
			      program, format->key);
	else if (strcmp(format->name, "ssh") == 0)
		tell_ssh(finding);
	else
		features_tell(finding, GIT_WAY_PROGRAM, SIGNING, "%s, %s", format->name, program);
}
