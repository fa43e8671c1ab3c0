#include "plugins/module.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

#include "conf/paths.h"
#include "plugins/protocol.h"
#include "status/text.h"

#define SYMBOL "stepgate_module"

/* Before each reason; the path goes with it. */
#define NOT_LOADED "%s: not loaded: "

/* The words of dlerror without the path that they begin with. */
static int refuse_file(const char *path, struct err *err)
{
	char words[512];
	const char *said = dlerror();
	const size_t length = strlen(path);
	if (!said)
		said = "no reason is known";
	if (strncmp(said, path, length) == 0 && strncmp(said + length, ": ", 2) == 0)
		said += length + 2;
	return err_set(err, ERR_CONFIG, NOT_LOADED "it is no module: %s", path,
		       text_clean(said, strlen(said), words, sizeof(words)));
}

/* How many bytes the object at the address has by the module's own symbol table; 0: it is no
 * object. A function of that name would be read as a struct. */
static size_t object_size(const void *address)
{
	Dl_info info;
	void *entry = NULL;
	if (!dladdr1(address, &info, &entry, RTLD_DL_SYMENT) || !entry)
		return 0;
	const ElfW(Sym) *symbol = entry;
	return ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT ? symbol->st_size : 0;
}

/* 0, or -1 and *err where what it exports is not what this stepgate knows. */
static int check_shape(const char *path, const struct stepgate_module *found, struct err *err)
{
	const size_t size = object_size(found), wanted = sizeof(*found);
	if (size < offsetof(struct stepgate_module, name))
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED "its " SYMBOL " is no struct stepgate_module", path);
	if (found->abi != STEPGATE_ABI)
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED
			       "it is made for version %lu of the module interface, and this is "
			       "version %d: build it anew",
			       path, (unsigned long)found->abi, STEPGATE_ABI);
	if (found->size != wanted || size < wanted)
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED "its " SYMBOL
					  " has %zu bytes and says %lu, where it should have "
					  "%zu: build it anew with this stepgate's stepgate.h",
			       path, size, (unsigned long)found->size, wanted);
	return 0;
}

static int check_offers(const char *path, const struct stepgate_module *offers, struct err *err)
{
	const int parts = !!offers->meter_open + !!offers->meter_feed + !!offers->meter_read +
			  !!offers->meter_close;
	if (!offers->name || !offers->name[0])
		return err_set(err, ERR_CONFIG, NOT_LOADED "it has no name", path);
	if (parts != 0 && parts != 4)
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED
			       "a meter is meter_open, meter_feed, meter_read and meter_close: it "
			       "has %d of these",
			       path, parts);
	if (parts == 0 && !offers->step && !offers->gate && !offers->report)
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED "it offers none of step, meter, gate and report", path);
	return 0;
}

int module_load(const char *path, struct module *module, struct err *err)
{
	const char *wrong = path_no_module(path);
	if (wrong)
		return err_set(err, ERR_CONFIG, NOT_LOADED "%s", path, wrong);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return refuse_file(path, err);
	const struct stepgate_module *found = dlsym(handle, SYMBOL);
	if (!found) {
		dlclose(handle);
		return err_set(err, ERR_CONFIG,
			       NOT_LOADED "it exports no " SYMBOL
					  ": is stepgate.h included where it is defined?",
			       path);
	}
	if (check_shape(path, found, err) != 0 || check_offers(path, found, err) != 0) {
		dlclose(handle);
		return -1;
	}
	*module = (struct module){.handle = handle, .offers = *found};
	return 0;
}

unsigned module_offers(const struct module *module)
{
	const struct stepgate_module *offers = &module->offers;
	return (offers->step ? PLUGIN_BIT(PLUGIN_STEP) : 0) |
	       (offers->meter_open ? PLUGIN_BIT(PLUGIN_METER) : 0) |
	       (offers->gate ? PLUGIN_BIT(PLUGIN_GATE) : 0) |
	       (offers->report ? PLUGIN_BIT(PLUGIN_REPORT) : 0);
}
