/* Defaults and life time of struct config. */
#include "machine/config.h"

#include <stdlib.h>

void config_init(struct config *c)
{
	*c = (struct config){
		.gic_version = 3,
		.highmem = true,
		.acpi = true,
		.dtb_randomness = true,
		.pes = 1,
		.ram_size = 128ull << 20,
		.seed = 1,
		.rtc_base = CONFIG_RTC_BASE,
	};
}

void config_free(struct config *c)
{
	free(c->dumpdtb);
	free(c->cpu);
	free(c->cpu_features);
	boot_files_free(&c->boot);
	for (size_t i = 0; i < ARRAY_SIZE(c->serial); i++)
		free(c->serial[i].path);
	free(c->log_file);
	free(c->stats_dir);
	free(c->tlb);
	free(c->command_line);
	*c = (struct config){ 0 };
}
