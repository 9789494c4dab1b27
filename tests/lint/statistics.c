/*
 * Prints the tables of docs/statistics.md from the rows that the program counts by. Run by statistics.py.
 */
#include <stdio.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/exception.h"
#include "devices/flash.h"
#include "devices/fw_cfg.h"
#include "devices/net.h"
#include "devices/outside.h"
#include "devices/p9.h"
#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "gic/gic.h"
#include "machine/semihost.h"
#include "mmu/check.h"

static void rows(const char *title, const struct stat_row *r, size_t n)
{
	printf("### %s\n\n| row | unit | what |\n|---|---|---|\n", title);
	for (size_t i = 0; i < n; i++)
		printf("| `%s%s%s` | %s | %s |\n", r[i].name, r[i].n ? "." : "", r[i].n ? r[i].labels : "", r[i].unit, r[i].help);
	printf("\n");
}

static void exceptions(void)
{
	printf("### exceptions.NAME.to_elN\n\n| name | exception class (ESR_ELx.EC) |\n|---|---|\n");
	for (unsigned ec = 0; ec < 64; ec++)
		if (strcmp(exception_name(VEC_SYNC, ec), "RESERVED") != 0 && ec != 0x2f)
			printf("| `%s` | 0x%02x |\n", exception_name(VEC_SYNC, ec), ec);
	for (unsigned k = VEC_IRQ; k <= VEC_SERROR; k++)
		printf("| `%s` | taken by its own vector |\n", exception_name(k, 0));
}

int main(void)
{
	rows("The PE (cpu/context.h)", cpu_stat_rows, cpu_stat_rows_n);
	rows("Translation (mmu/tlb.h)", mmu_stat_rows, mmu_stat_rows_n);
	rows("Translation by page size, level, form and scope: rows that are not 0 (mmu/tlb.h)", mmu_detail_rows, mmu_detail_rows_n);
	rows("peN.virt.*, peN.vmM.virt.* (gic/gic.h)", gic_virt_stat_rows, gic_virt_stat_rows_n);
	rows("check.tlb.* (mmu/check.h)", check_stat_rows, check_stat_rows_n);
	rows("gic.* (gic/gic.h)", gic_stat_rows, gic_stat_rows_n);
	rows("pmu.* of each PE (cpu/pmu.h)", pmu_stat_rows, pmu_stat_rows_n);
	rows("virtio.NAME.* (devices/virtio/virtio.h)", virtio_stat_rows, virtio_stat_count);
	rows("pci.NAME.* (devices/pci/pci.h)", pci_stat_rows, pci_stat_count);
	rows("net.NAME.* (devices/net.h)", net_stat_rows, net_stat_count);
	rows("9p.NAME.* (devices/p9.h)", p9_stat_rows, p9_stat_count);
	rows("outside.* (devices/outside.h)", outside_stat_rows, outside_stat_count);
	rows("flash0.*, flash1.* (devices/flash.h)", flash_stat_rows, flash_stat_rows_n);
	rows("fw_cfg.* (devices/fw_cfg.h)", fw_cfg_stat_rows, fw_cfg_stat_rows_n);
	rows("semihosting.* (machine/semihost.h)", semihost_stat_rows, semihost_stat_rows_n);
	exceptions();
	return 0;
}
