/* Which files are held back from commits. */
#include "conf/build.h"

static const char *const patterns[] = {
	".env",   ".env.*",     "*.pem",
	"*.key",  "*.p12",      "*.pfx",
	"*.jks",  "*.keystore", "id_rsa",
	"id_dsa", "id_ecdsa",   "id_ed25519",
	".netrc", ".pgpass",    ".git-credentials",
	".npmrc", ".pypirc",    "credentials.json",
	NULL,
};
static const char *const allow[] = {".env.example", ".env.sample", ".env.template", NULL};

const struct conf_secrets conf_secrets_default = {
	.hold = true,
	.tokens = true,
	.patterns = patterns,
	.allow = allow,
};

int build_secrets(struct build *build)
{
	struct conf_secrets *secrets = &build->conf->repository.secrets;
	const struct section *section = settings_section(build->settings, "secrets");
	*secrets = conf_secrets_default;
	secrets->hold = build_boolean(section, option_find("secrets", "hold"));
	secrets->tokens = build_boolean(section, option_find("secrets", "tokens"));
	if (section_get(section, "patterns") &&
	    build_list(build, section, "patterns", &secrets->patterns) != 0)
		return -1;
	if (section_get(section, "allow"))
		return build_list(build, section, "allow", &secrets->allow);
	return 0;
}
