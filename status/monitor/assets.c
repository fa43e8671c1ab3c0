#include "status/monitor/assets.h"

#include <string.h>

#include "status/monitor/api.h"

static bool give(const char *path, struct reply *reply)
{
	for (const struct asset *asset = assets; asset->path; asset++)
		if (strcmp(asset->path, path) == 0) {
			*reply = (struct reply){
				.type = asset->type,
				.constant = asset->begin,
				.length = (size_t)(asset->end - asset->begin),
				.tag = asset->tag,
			};
			return true;
		}
	return false;
}

bool assets_answer(void *app, const struct request *request, struct reply *reply)
{
	(void)app;
	return give(request_path(request), reply);
}

void assets_page(void *app, const struct request *request, struct reply *reply)
{
	(void)app;
	(void)request;
	if (!give("/index.html", reply))
		reply_error(reply, 500, "the page is missing in this build");
}

void assets_openapi(void *app, const struct request *request, struct reply *reply)
{
	(void)app;
	(void)request;
	if (!give("/openapi.json", reply))
		reply_error(reply, 500, "the description is missing in this build");
}

void assets_locked(void *app, const char *words, struct reply *reply)
{
	(void)app;
	if (!give("/locked.html", reply))
		reply_error(reply, 401, words);
	reply->status = 401;
	reply->tag = NULL;
}
