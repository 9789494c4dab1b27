/* See stats_rows.h. */
#include "machine/stats_rows.h"

#include <string.h>

#include "cpu/context.h"
#include "cpu/exception.h"
#include "cpu/pmu.h"
#include "devices/pci/pci.h"
#include "machine/machine_priv.h"
#include "mmu/check.h"

#define OWN(id, row_name, row_unit, row_help) [STATS_##id] = { .name = row_name, .unit = row_unit, .help = row_help },
const struct stat_row stats_own[STATS_OWN_COUNT] = { STATS_OWN_ROWS(OWN) };
#undef OWN

static void rows(FILE *out, const char *prefix, const struct stat_row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "| `%s%s%s%s` | %s | %s |\n", prefix, r[i].name, r[i].n ? "." : "", r[i].n ? r[i].labels : "", r[i].unit, r[i].help);
}

/* Places are separated by blanks. */
static void heading(FILE *out, const char *title, const char *places)
{
	fprintf(out, "### %s\n\n%s", title, *places ? "Rows of" : "");
	for (const char *p = places; *p; p += strcspn(p, " "), p += *p == ' ')
		fprintf(out, "%s `%.*s`", p == places ? "" : ",", (int)strcspn(p, " "), p);
	fprintf(out, "%s| row | unit | what |\n|---|---|---|\n", *places ? ".\n\n" : "");
}

static void own(FILE *out, const char *prefix, enum stats_own first, enum stats_own last)
{
	rows(out, prefix, &stats_own[first], (size_t)(last - first) + 1);
}

static void group(FILE *out, const char *title, const char *places, const char *prefix, const struct stat_row *r, size_t n)
{
	heading(out, title, places);
	rows(out, prefix, r, n);
	fputc('\n', out);
}

#define CONTEXTS "peN.elN peN.elN.vmN.vmidN peN.elN.vm_rest"
#define ASIDS(context) context ".asid.N " context ".asid.none " context ".asid.rest"
#define BY_ID	 "vmid.N " ASIDS("peN.elN") " " ASIDS("peN.elN.vmN.vmidN") " " ASIDS("peN.elN.vm_rest")

static void of_contexts(FILE *out)
{
	group(out, "Instructions and exception returns", "total " CONTEXTS, "", cpu_stat_rows, cpu_stat_rows_n);
	heading(out, "Exceptions, those that are not 0", CONTEXTS);
	own(out, "", STATS_exceptions, STATS_trap_cycles);
	fputc('\n', out);
	group(out, "Translation; by ASID only misses, evictions and entries dropped, those that are not 0", "total " CONTEXTS " " BY_ID, "", mmu_stat_rows, mmu_stat_rows_n);
	group(out, "Translation by page size, level, form and scope, those that are not 0", "total " CONTEXTS, "", mmu_detail_rows,
	      mmu_detail_rows_n);
	heading(out, "Lookups by ASID and VMID", BY_ID);
	own(out, "", STATS_i_lookup, STATS_d_lookup);
	fputc('\n', out);
	group(out, "Timing, with --timing", "total " CONTEXTS, "", timing_stat_rows, timing_stat_rows_n);
}

static void of_vms(FILE *out)
{
	heading(out, "VMs on a PE", "peN.vmN peN.vm_rest");
	own(out, "", STATS_entries, STATS_causes_rest);
	fputc('\n', out);
	heading(out, "vCPUs on a PE", "peN.vmN.vcpu.AFFINITY peN.vmN.vcpu_rest peN.vm_rest.vcpu.AFFINITY peN.vm_rest.vcpu_rest");
	own(out, "", STATS_vcpu_entries, STATS_vcpu_cycles);
	fputc('\n', out);
	group(out, "The virtual interface of the interrupt controller", "peN peN.vmN peN.vm_rest", "virt.", gic_virt_stat_rows,
	      gic_virt_stat_rows_n);
	heading(out, "Its interrupts", "peN peN.vmN peN.vm_rest");
	own(out, "", STATS_injected, STATS_acked);
	fputc('\n', out);
	heading(out, "A PE, whatever it ran", "peN");
	own(out, "", STATS_traps_open, STATS_ppi_raised);
	rows(out, "pmu.", pmu_stat_rows, pmu_stat_rows_n);
	fputc('\n', out);
}

static void of_devices(FILE *out)
{
	heading(out, "Interrupt controller", "gic");
	rows(out, "", gic_stat_rows, gic_stat_rows_n);
	own(out, "", STATS_spi_raised, STATS_spi_raised);
	fputc('\n', out);
	group(out, "Devices on the bus that were accessed, by name and address", "device.NAME.ADDRESS", "", device_stat_rows,
	      device_stat_rows_n);
	group(out, "virtio", "virtio.NAME", "", virtio_stat_rows, virtio_stat_count);
	group(out, "PCI", "pci.NAME", "", pci_stat_rows, pci_stat_count);
	group(out, "Networks", "net.NAME", "", net_stat_rows, net_stat_count);
	group(out, "Shared folders", "9p.NAME", "", p9_stat_rows, p9_stat_count);
	group(out, "Outside", "outside", "", outside_stat_rows, outside_stat_count);
	group(out, "Flash", "flash0 flash1", "", flash_stat_rows, flash_stat_rows_n);
	group(out, "fw_cfg", "fw_cfg", "", fw_cfg_stat_rows, fw_cfg_stat_rows_n);
	group(out, "TLB checker, with --check tlb", "check.tlb", "", check_stat_rows, check_stat_rows_n);
	group(out, "Semihosting", "semihosting", "", semihost_stat_rows, semihost_stat_rows_n);
}

static void classes(FILE *out)
{
	fprintf(out, "### CLASS\n\n| name | exception class (ESR_ELx.EC) |\n|---|---|\n");
	for (unsigned ec = 0; ec < 64; ec++)
		if (strcmp(exception_name(VEC_SYNC, ec), "RESERVED") != 0 && ec != 0x2f)
			fprintf(out, "| `%s` | 0x%02x |\n", exception_name(VEC_SYNC, ec), ec);
	for (unsigned k = VEC_IRQ; k <= VEC_SERROR; k++)
		fprintf(out, "| `%s` | taken by its own vector |\n", exception_name(k, 0));
}

void stats_help(FILE *out)
{
	fprintf(out, "Words in capitals stand for what varies; N is a number. Behind names with DURATION there are count, sum, min, max and\n"
		     "hist.N (how many took at least N cycles and less than 2N).\n\n");
	heading(out, "Time", "");
	own(out, "", STATS_sim_ticks, STATS_sim_ticks);
	fputc('\n', out);
	of_contexts(out);
	of_vms(out);
	of_devices(out);
	classes(out);
}
