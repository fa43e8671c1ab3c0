#include "status/monitor/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "status/text.h"

static const struct guard_verdict pass = {.status = 0};

static struct guard_verdict refuse(int status, const char *words)
{
	return (struct guard_verdict){.status = status, .words = words};
}

/* Whether `host`, which may have a port behind it, is that name. */
static bool is_name(const char *host, const char *name)
{
	const size_t length = strlen(name);
	if (strncasecmp(host, name, length) != 0)
		return false;
	host += length;
	return *host == '\0' || (*host == ':' && host[1 + strspn(host + 1, "0123456789")] == '\0');
}

static bool known_host(const struct guard *guard, const char *host)
{
	/* Whatever the port: who forwards one chooses it. */
	static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; i < sizeof(loopback) / sizeof(*loopback); i++)
		if (is_name(host, loopback[i]))
			return true;
	for (const char *const *name = guard->hosts; name && *name; name++)
		if (is_name(host, *name))
			return true;
	return false;
}

/* An origin is "http://HOST" (RFC 6454, 6.2), the host as in the Host header; https where something
 * before us speaks it. */
static bool own_origin(const char *origin, const char *host)
{
	if (strncmp(origin, "http://", 7) == 0)
		return strcasecmp(origin + 7, host) == 0;
	return strncmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

static bool changes(const struct guard_request *request)
{
	return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	const size_t length = sizeof(json) - 1;
	return type && strncasecmp(type, json, length) == 0 &&
	       (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

struct guard_verdict guard_origin(const struct guard *guard, const struct guard_request *request)
{
	if (request->hosts != 1 || !request->host)
		return refuse(400, "one Host header is needed");
	if (!known_host(guard, request->host))
		return refuse(403, "no host of that name is served here: see --host");
	if (request->origin && !own_origin(request->origin, request->host))
		return refuse(403, "the request comes from another site");
	if (request->fetch_site && !request->page &&
	    strcmp(request->fetch_site, "same-origin") != 0 &&
	    strcmp(request->fetch_site, "none") != 0)
		return refuse(403, "the request comes from another site");
	if (!changes(request))
		return pass;
	if (!is_json(request->content_type))
		return refuse(415, "the body must be application/json");
	/* Browsers always say where a change comes from; a program brings the token itself. */
	if (!request->origin && !request->authorization)
		return refuse(403, "an Origin or an Authorization header is needed");
	return pass;
}

bool guard_is_token(const struct guard *guard, const char *text)
{
	unsigned char differs = 0;
	if (!text || strlen(text) != GUARD_TOKEN_LENGTH || !guard->token[0])
		return false;
	for (size_t i = 0; i < GUARD_TOKEN_LENGTH; i++)
		differs |= (unsigned char)(text[i] ^ guard->token[i]);
	return differs == 0;
}

struct guard_verdict guard_token(const struct guard *guard, const struct guard_request *request)
{
	static const char bearer[] = "Bearer ";
	const char *given = request->authorization;
	if (given && strncasecmp(given, bearer, sizeof(bearer) - 1) == 0)
		return guard_is_token(guard, given + sizeof(bearer) - 1)
			       ? pass
			       : refuse(401, "the token is not the one of this monitor");
	if (!request->cookie)
		return refuse(
			401, "a token is needed: open the address that `stepgate monitor` printed");
	return guard_is_token(guard, request->cookie)
		       ? pass
		       : refuse(401, "the token is not the one of this monitor");
}

void guard_cookie_name(const struct guard *guard, char *out)
{
	snprintf(out, 32, "stepgate-%08" PRIx32, (uint32_t)text_hash(TEXT_HASH, guard->token));
}
