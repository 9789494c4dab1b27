/*
 * The interrupt controller, of two generations:
 * GICv3 (IHI0069): distributor, redistributors, the physical CPU interface and the virtual one by
 * system registers, LPIs and one Interrupt Translation Service. Affinity routing and system
 * registers are always on (ARE and SRE are RAO/WI); there is no GICv2 compatibility, no GICv4 and
 * no extended INTID range.
 * GICv2 (IHI0048) with the virtualization extensions: distributor, CPU interface, virtual interface
 * control and virtual CPU interface as frames banked by PE. Interrupt bypass is not modelled.
 * Both share the state of interrupts, priorities, preemption and list registers.
 *
 * machine/ makes one struct gic, attaches the PEs, maps the frames (of GICv3: the distributor, one
 * redistributor device a PE, two contiguous 64 KiB frames each, and the ITS), and joins device
 * outputs to gic_spi() and gic_ppi(). Message-signalled interrupts are bus writes to the ITS or to
 * a GICv2m frame.
 */
#ifndef GIC_GIC_H
#define GIC_GIC_H

#include <stdio.h>

#include "base/event.h"
#include "base/stat.h"
#include "base/types.h"
#include "base/wire.h"
#include "cpu/sysreg.h"
#include "mmu/bus.h"

struct code_names;
struct gic;
struct log;

struct gic_config {
	unsigned version; /* 2 or 3 */
	unsigned n_pes;	  /* at most 512, with GICv2 8 */
	unsigned n_spis;	  /* a multiple of 32, at most 960 */
	bool two_security_states; /* EL3 exists: GICD_CTLR.DS starts at 0 and can be set; else DS is
				     RAO/WI */
	struct log *log;

	unsigned v2m_first, v2m_spis; /* SPIs that a GICv2m frame raises; none: there is no frame */
	bool its; /* LPIs and the ITS: these need all of the following */
	struct bus *bus;
	struct event_queue *queue;
	u64 (*now)(void *ctx);
	void *ctx;
};

#define GIC_STATS(STAT)                                                                            \
	STAT(ack, "event", "interrupts acknowledged by PEs")                                       \
	STAT(lpi_set, "event", "LPIs made pending")                                                \
	STAT(lpi_ack, "event", "LPIs acknowledged by PEs")                                         \
	STAT(msi, "event", "messages that the ITS translated")                                     \
	STAT(msi_dropped, "event", "messages that the ITS could not translate")                    \
	STAT(its_commands, "event", "ITS commands carried out")                                    \
	STAT(its_errors, "event", "ITS commands with errors")                                      \
	STAT(virt_ack, "event", "virtual interrupts acknowledged")                                 \
	STAT(maintenance, "event", "maintenance interrupts raised")
struct gic_stats {
	GIC_STATS(STAT_FIELD)
};
extern const struct stat_row gic_stat_rows[];
extern const size_t gic_stat_rows_n;
const struct gic_stats *gic_stats(const struct gic *g);

/*
 * What a PE's virtual interface did, by the VM that ran: virt.* of the PE and of each VM. Outside any VM (the hypervisor changes list
 * registers and control bits) maintenance interrupts can arise, too; they are in those of the PE alone.
 */
#define GIC_VIRT_STATS(STAT, ARRAY)                                                                \
	STAT(injected, "event", "virtual interrupts pending at an entry, and not at that vCPU's last exit") \
	STAT(injected_hw, "event", "of these: linked to a physical interrupt (ICH_LR<n>_EL2.HW)")  \
	STAT(acked, "event", "virtual interrupts acknowledged")                                    \
	STAT(hw_ended, "event", "physical interrupts deactivated with the virtual one (HW)")       \
	STAT(eoi_missed, "event", "ends of virtual interrupts that no list register held (EOIcount)") \
	STAT(maintenance, "event", "maintenance interrupts raised")                                \
	STAT(maintenance_eoi, "event", "of these with MISR.EOI: an interrupt has ended that asked for this") \
	STAT(maintenance_u, "event", "with MISR.U: at most one list register is in use")           \
	STAT(maintenance_lrenp, "event", "with MISR.LRENP: EOIcount is not 0")                     \
	STAT(maintenance_np, "event", "with MISR.NP: nothing is pending")                          \
	STAT(maintenance_grp0e, "event", "with MISR.VGrp0E: group 0 is enabled")                   \
	STAT(maintenance_grp0d, "event", "with MISR.VGrp0D: group 0 is disabled")                  \
	STAT(maintenance_grp1e, "event", "with MISR.VGrp1E: group 1 is enabled")                   \
	STAT(maintenance_grp1d, "event", "with MISR.VGrp1D: group 1 is disabled")                  \
	ARRAY(lrs_used, 17, stat_label_number, "N", "event", "entries with so many list registers in use")
struct gic_virt_stats {
	GIC_VIRT_STATS(STAT_FIELD, STAT_ARRAY_FIELD)
};
extern const struct stat_row gic_virt_stat_rows[];
extern const size_t gic_virt_stat_rows_n;

/* Of one VM on a PE, VM 0: outside any. Keys of the tallies are INTIDs. */
struct gic_vm {
	struct gic_vm *next; /* in order of first sight */
	u16 vm;
	struct gic_virt_stats stats;
	struct tally injected, acked;
};
enum { GIC_INTIDS = 1024 }; /* that have a count of their own; the guest chooses them */
/* The first is that of VM 0. */
const struct gic_vm *gic_vms(const struct cpu *c);
/* Physical interrupts that the PE acknowledged, by INTID. */
const struct tally *gic_acked(const struct cpu *c);
/* By INTID, how often the input rose: of PPIs of the PE, of SPIs. */
const struct tally *gic_ppis_raised(const struct cpu *c);
const struct tally *gic_spis_raised(const struct gic *g);
/* c enters the vCPU of VM number vm with this VMPIDR_EL2, or leaves it: cpu_host.entered and left. */
void gic_vm_entered(struct cpu *c, u16 vm, u64 vmpidr);
void gic_vm_left(struct cpu *c);

/* NULL: no memory, or a configuration outside the limits above. */
struct gic *gic_new(const struct gic_config *config);
void gic_free(struct gic *g);
/* Makes c processor i: sets c->gic and takes affinity, list registers and priority bits from it. */
void gic_attach_cpu(struct gic *g, unsigned i, struct cpu *c);

/* Interrupt inputs: SPI n is INTID 32 + n; a PPI is named by its INTID (16..31). */
struct wire gic_spi(struct gic *g, unsigned n);
struct wire gic_ppi(struct gic *g, unsigned pe, unsigned intid);

extern const struct device_ops gic_dist_ops;   /* dev: gic_dist() */
extern const struct device_ops gic_redist_ops; /* dev: gic_redist(); 0x20000 bytes for each PE */
/* Of GICv2; dev: gic_dist(). Who accesses is in struct attrs. */
extern const struct device_ops gic_dist2_ops; /* GICD */
extern const struct device_ops gic_cpuif_ops; /* GICC */
extern const struct device_ops gic_virt_ops;  /* GICH */
extern const struct device_ops gic_vcpuif_ops; /* GICV */
extern const struct device_ops gic_its_ops;    /* dev: gic_its(), when there is one */
extern const struct device_ops gic_v2m_ops;    /* dev: gic_v2m(), when there is one */
void *gic_dist(struct gic *g);
void *gic_redist(struct gic *g, unsigned pe);
void *gic_its(struct gic *g);
void *gic_v2m(struct gic *g);

/*
 * Cold reset of everything but the input levels. The device_ops reset their own parts the same way.
 */
void gic_reset(struct gic *g);
/* Reset of one PE's CPU interface alone, as PSCI CPU_ON needs it. */
void gic_reset_cpuif(struct cpu *c);
/*
 * What secure firmware leaves behind before it enters Non-secure software: all interrupts in
 * Non-secure Group 1, the redistributors awake, priorities unmasked. For boards with EL3 that start
 * a guest below it.
 */
void gic_firmware_setup(struct gic *g);
/*
 * The redistributors are awake. For firmware on a board without EL3: it takes what is below it to have
 * seen to that, as a hypervisor would.
 */
void gic_wake(struct gic *g);

/*
 * With EL3, whether an interrupt is an IRQ or an FIQ depends on where the PE is: call this when a
 * PE enters or leaves EL3 or changes security state (cpu_host.world does).
 */
void gic_world_changed(struct cpu *c);

/* Maintenance interrupt of the virtual interface on this board. */
#define GIC_MAINTENANCE_INTID 25

/*
 * For traces: the INTID that this PE would acknowledge next, physical or virtual, whatever it may know of it; 1023: none. Nothing changes.
 */
u32 gic_pending_intid(const struct cpu *c, bool virt);

/* A copy of the list registers of a PE, for reports; returns how many it has. */
unsigned gic_list_registers(const struct cpu *c, u64 lr[16]);

/*
 * Screens for people, while no PE runs; nothing changes. What the board knows better than the GIC comes from names, whose functions may
 * be NULL, as may code.
 */
struct gic_names {
	void *ctx;
	void (*device)(void *ctx, u32 intid, char *text, size_t size); /* that raises it; text stays when it is unknown */
	const struct code_names *code; /* of who wrote a list register */
};
/* A PE: its interrupts that are pending, active or enabled, its CPU interface, its virtual interface with the list registers. */
void gic_show(const struct cpu *c, const struct gic_names *names, FILE *out);
/*
 * The ITS: registers, commands that wait, what the tables in the guest's memory say, LPIs of the redistributors. They are looked at and
 * printed as far as a screen is of use: a guest can make them say anything.
 */
void gic_show_its(const struct gic *g, FILE *out);

extern const struct sysreg gic_sysregs[];
extern const size_t gic_sysregs_n;

#endif
