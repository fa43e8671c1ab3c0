#include "runner/cycle/plugin.h"

#include "plugins/ask.h"
#include "plugins/meter.h"
#include "runner/cycle/host.h"

#define DESCRIBE_MS 10000

/* A program is not started before it is needed: what is asked of it is not ours to know. */
static int check(const struct conf *conf, const struct conf_plugin *plugin, enum plugin_ask kind,
		 struct err *err)
{
	struct plugin_answer answer;
	struct host host;
	struct err why = {.code = ERR_NONE};
	const struct plugin_call call = {
		.ask = PLUGIN_DESCRIBE,
		.repository = conf->repository.path,
	};
	if (!plugin->module)
		return 0;
	host_init(&host);
	if (plugin_ask(plugin, &call, NULL, DESCRIBE_MS, &host, &answer, &why) != 0)
		return err_set(err, ERR_CONFIG, "%s: %s", plugin->key, why.text);
	if (!(answer.offers & PLUGIN_BIT(kind)))
		return err_set(err, ERR_CONFIG, "%s: %s: it offers no %s", plugin->key,
			       plugin->module, plugin_ask_name(kind));
	return 0;
}

/* A step's plugins, and its meter. */
static int check_step(const struct conf *conf, const struct conf_step *step, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	if (check(conf, &step->plugin, PLUGIN_STEP, err) != 0 ||
	    check(conf, &step->meter_plugin, PLUGIN_METER, err) != 0)
		return -1;
	if (meter_check(step, &why) != 0)
		return err_set(err, why.code, "%s:%d: meter = %s", conf->path, step->line,
			       why.text);
	return 0;
}

int plugins_check(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->nsteps; i++)
		if (check_step(conf, &conf->steps[i], err) != 0)
			return -1;
	for (size_t i = 0; i < conf->ngates; i++)
		if (check(conf, &conf->gates[i].plugin, PLUGIN_GATE, err) != 0)
			return -1;
	for (size_t i = 0; i < conf->nreports; i++)
		if (check(conf, &conf->reports[i].plugin, PLUGIN_REPORT, err) != 0)
			return -1;
	return conf->step_template ? check_step(conf, conf->step_template, err) : 0;
}
