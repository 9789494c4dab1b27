/* Defaults and life time of struct config. */
#include "machine/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void config_init(struct config *c)
{
	*c = (struct config){
		.its = true,
		.highmem = true,
		.acpi = true,
		.dtb_randomness = true,
		.pes = 1,
		.ram_size = 128ull << 20,
		.seed = 1,
		.rtc_base = CONFIG_RTC_BASE,
		.trace_to = UINT64_MAX,
		.trace_max = 256 << 20,
	};
}

static void items_free(struct config_items *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct config_item *item = &list->item[i];

		for (size_t k = 0; k < item->n; k++) {
			free(item->pair[k].name);
			free(item->pair[k].value);
		}
		free(item->pair);
		free(item->option);
	}
	free(list->item);
}

struct config_item *config_add(struct config_items *list, const struct item_kind *kind, const char *option)
{
	struct config_item *grown = realloc(list->item, (list->n + 1) * sizeof *grown);

	if (!grown)
		return NULL;
	list->item = grown;
	grown[list->n] = (struct config_item){ .kind = kind, .option = strdup(option) };
	return grown[list->n].option ? &grown[list->n++] : NULL;
}

int config_put(struct config_item *item, const char *name, const char *value)
{
	struct config_pair *grown = realloc(item->pair, (item->n + 1) * sizeof *grown);
	struct config_pair pair = { strdup(name), strdup(value) };

	if (grown)
		item->pair = grown;
	if (!grown || !pair.name || !pair.value) {
		free(pair.name);
		free(pair.value);
		return -ENOMEM;
	}
	grown[item->n++] = pair;
	return 0;
}

const char *config_text(const struct config_item *item, const char *name, const char *otherwise)
{
	for (size_t k = item->n; k-- > 0;)
		if (!strcmp(item->pair[k].name, name))
			return item->pair[k].value;
	return otherwise;
}

bool config_bool(const struct config_item *item, const char *name, bool otherwise)
{
	return !strcmp(config_text(item, name, otherwise ? "on" : "off"), "on");
}

u64 config_number(const struct config_item *item, const char *name, u64 otherwise)
{
	const char *v = config_text(item, name, NULL);

	return v ? strtoull(v, NULL, 10) : otherwise;
}

const struct config_item *config_find(const struct config_items *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(config_text(&list->item[i], "id", ""), id))
			return &list->item[i];
	return NULL;
}

unsigned config_gic_version(const struct config *c)
{
	if (c->gic_version)
		return c->gic_version;
	return c->pes <= 8 ? 2 : 3; /* as QEMU's virt */
}

enum config_msi config_msi(const struct config *c)
{
	if (c->msi != MSI_AUTO)
		return c->msi;
	if (config_gic_version(c) == 2)
		return MSI_V2M;
	return c->its ? MSI_ITS : MSI_OFF;
}

static void when_free(struct config_when *w)
{
	free(w->text);
	free(w->typed);
}

void config_free(struct config *c)
{
	free(c->dumpdtb);
	free(c->cpu);
	free(c->cpu_features);
	boot_files_free(&c->boot);
	items_free(&c->devices);
	items_free(&c->drives);
	items_free(&c->netdevs);
	items_free(&c->chardevs);
	items_free(&c->fsdevs);
	items_free(&c->objects);
	for (size_t i = 0; i < ARRAY_SIZE(c->serial); i++)
		free(c->serial[i].path);
	free(c->monitor_path);
	for (size_t i = 0; i < c->n_symbols; i++)
		free(c->symbols[i].file);
	free(c->bios);
	for (size_t i = 0; i < ARRAY_SIZE(c->flash); i++)
		free(c->flash[i].file);
	for (size_t i = 0; i < c->n_fw_cfg; i++) {
		free(c->fw_cfg[i].name);
		free(c->fw_cfg[i].file);
		free(c->fw_cfg[i].string);
	}
	free(c->semihosting_dir);
	free(c->semihosting_chardev);
	free(c->semihosting_args);
	free(c->log_file);
	free(c->stats_dir);
	free(c->gdb);
	when_free(&c->stats_interval);
	for (size_t i = 0; i < c->n_triggers; i++) {
		when_free(&c->trigger[i].when);
		free(c->trigger[i].file);
	}
	free(c->restore);
	free(c->trace);
	free(c->tarmac);
	free(c->tlb);
	free(c->timing);
	free(c->command_line);
	for (char **arg = c->args; arg && *arg; arg++)
		free(*arg);
	free(c->args);
	*c = (struct config){ 0 };
}
