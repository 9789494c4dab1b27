/* The state of the GIC, shared by the files of this folder. */
#ifndef GIC_GIC_PRIV_H
#define GIC_GIC_PRIV_H

#include "base/bits.h"
#include "base/log.h"
#include "gic/gic.h"

#define GIC_MAX_WORDS 30 /* of 32 SPIs */
#define GIC_LPIS      (65536 - INTID_LPI)
#define GIC_SGIS      0xffffu /* of the first word */
#define GICV2_PES     8

enum { INTID_SECURE = 1020, INTID_NONSECURE = 1021, INTID_GROUP1 = 1022, INTID_SPURIOUS = 1023, INTID_LPI = 8192 };

enum gic_group { GRP_0, GRP_1S, GRP_1NS, GRP_COUNT };

/* GICD_CTLR as the single or the Secure view has it */
#define GICD_CTLR_GRP0	 (1u << 0)
#define GICD_CTLR_GRP1NS (1u << 1)
#define GICD_CTLR_GRP1S	 (1u << 2)
#define GICD_CTLR_ARE_S	 (1u << 4)
#define GICD_CTLR_ARE_NS (1u << 5)
#define GICD_CTLR_DS	 (1u << 6)
#define GICD_CTLR_E1NWF	 (1u << 7)

#define GICR_CTLR_ENABLE_LPIS (1u << 0)
#define GICR_CTLR_CES	      (1u << 1) /* EnableLPIs can be cleared */

#define GICR_WAKER_SLEEP  (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)

#define GICC_CTLR_ACKCTL (1u << 2)
#define GICC_CTLR_FIQEN	 (1u << 3)

#define ICC_CTLR_CBPR	 (1u << 0)
#define ICC_CTLR_EOIMODE (1u << 1)

/*
 * The interrupts of one 32-bit register: SGIs and PPIs of a PE, or 32 SPIs. Bit n is interrupt n.
 */
struct gic_irqs {
	u32 group, grpmod, enable, active, edge;
	u32 latch; /* pending by edge, by software or by message */
	u32 level; /* the inputs */
	u64 nsacr; /* two bits each */
	u8 prio[32];
};

/* The highest-priority candidate of a set; none: prio 0xff. */
struct gic_best {
	u8 prio, group;
	u16 intid;
};
#define GIC_NONE ((struct gic_best){ .prio = 0xff, .group = GRP_0, .intid = INTID_SPURIOUS })

/* Who wrote a list register last, for gic_show() alone: the guest sees nothing of it. */
struct gic_writer {
	bool known;
	u8 el;
	u64 pc, ps; /* of the instruction, and its time */
};

/*
 * Which LPIs of a PE are pending: held here while GICR_CTLR.EnableLPIs = 1, in the guest's pending
 * table otherwise.
 */
struct gic_lpi_set {
	u64 pending[GIC_LPIS / 64];
	u64 words[GIC_LPIS / 64 / 64]; /* derived: bit n: pending[n] != 0 */
};

struct gic_pe {
	struct gic *g;
	struct cpu *cpu;
	unsigned index;

	/* redistributor */
	struct gic_irqs local;
	u32 waker;
	u8 sgi_from[16]; /* GICv2: the PEs that sent each pending SGI, one bit each */
	u32 gicr_ctlr;
	u64 propbaser, pendbaser;
	struct gic_lpi_set *lpi; /* NULL: the board has no LPIs */

	/*
	 * physical CPU interface; the arrays are indexed by enum gic_group or by security (0:
	 * Secure)
	 */
	u8 pmr;
	u8 bpr[GRP_COUNT];
	bool grpen[GRP_COUNT];
	u32 apr[GRP_COUNT][4];
	u8 ctlr[2]; /* CBPR, EOImode */
	bool eoimode_el3;
	u8 sre_el2, sre_el3;
	u32 gicc_ctlr; /* GICv2: what GICC_CTLR has beside enables, CBPR and EOImode */

	/* virtual CPU interface */
	u32 ich_hcr, ich_vmcr;
	u32 ich_apr[2][4];
	u64 lr[16];
	struct gic_writer writer[16]; /* of each list register */

	u8 out; /* levels of our output wires, bit = enum cpu_pin */
	struct wire pin[4];

	/* counters: vms.c */
	struct gic_vm outside;	  /* VM 0, the head of the list */
	struct gic_vm *vm;	  /* that runs */
	struct gic_vcpu *vcpus, *vcpu; /* vcpu: that runs, NULL: none */
	u32 n_vcpus;
	struct tally acked, raised;

	/* derived: candidates with their groups enabled everywhere */
	struct gic_best best_local, best_spi, best_lpi;

	u8 pri_bits, n_lrs;
};

struct gic {
	struct log *log;
	struct bus *bus;
	struct gic_stats stats;
	struct tally raised; /* SPIs whose input rose */
	struct its *its;
	u8 *lpi_config; /* LPI configuration as last read from memory, from INTID 8192 on */
	unsigned n_pes, n_words;
	unsigned version; /* 2 or 3 */
	bool two_states;
	bool firmware; /* gic_firmware_setup() was called since the reset */
	unsigned v2m_first, v2m_spis;
	u32 ctlr;
	struct gic_irqs spi[GIC_MAX_WORDS];
	u64 irouter[GIC_MAX_WORDS * 32]; /* GICv3 */
	u8 itargets[GIC_MAX_WORDS * 32]; /* GICv2: PEs, one bit each */

	/* derived */
	s16 target[GIC_MAX_WORDS * 32]; /* PE, or one of TARGET_* */
	bool any_spi;			/* some best_spi is not GIC_NONE */

	struct gic_pe pe[];
};

enum { TARGET_NOBODY = -1, TARGET_ANY = -2 };

static inline struct gic_pe *gic_of(const struct cpu *c)
{
	return c->gic;
}
/* Two security states are in force. */
static inline bool gic_secured(const struct gic *g)
{
	return !(g->ctlr & GICD_CTLR_DS);
}
static inline enum gic_group gic_group_of(const struct gic *g, const struct gic_irqs *w, unsigned n)
{
	if (bit(w->group, n))
		return GRP_1NS;
	return gic_secured(g) && bit(w->grpmod, n) ? GRP_1S : GRP_0;
}
static inline u32 gic_pending(const struct gic_irqs *w)
{
	return w->latch | (w->level & ~w->edge);
}
/* The 32 interrupts that hold INTID id as seen by PE p; NULL when there is no such interrupt. */
static inline struct gic_irqs *gic_find(struct gic_pe *p, u32 id)
{
	if (id < 32)
		return &p->local;
	return id / 32 <= p->g->n_words ? &p->g->spi[id / 32 - 1] : NULL;
}

/* The part of a 64-bit register that an access of 4 or 8 bytes at off reads, or changes. */
static inline u64 gic_part(u64 v, u64 off, unsigned width)
{
	return width == 8 ? v : bits(v, 31 + 8 * (off & 4), 8 * (off & 4));
}
static inline u64 gic_merge(u64 old, u64 off, u64 v, unsigned width)
{
	return width == 8 ? v : deposit(old, 31 + 8 * (off & 4), 8 * (off & 4), v);
}
/*
 * Interrupts of groups that the CPU interface has disabled are not forwarded (IHI0069 4.6.1,
 * 4.7.2).
 */
static inline bool gic_takes(const struct gic_pe *p, enum gic_group grp)
{
	return p->grpen[grp] && !(p->waker & GICR_WAKER_SLEEP);
}

/* irqs.c: registers with one bit a interrupt; kind is the register's offset >> 7 */
enum irq_reg {
	REG_IGROUPR = 1,
	REG_ISENABLER,
	REG_ICENABLER,
	REG_ISPENDR,
	REG_ICPENDR,
	REG_ISACTIVER,
	REG_ICACTIVER,
	REG_IGRPMODR = 0xd00 >> 7,
};
/* ns: the access sees only what Non-secure software may */
u32 irqs_read(const struct gic *g, const struct gic_irqs *w, enum irq_reg kind, bool ns);
void irqs_write(struct gic *g, struct gic_irqs *w, enum irq_reg kind, u32 v, bool ns);
u32 irqs_read_prio(const struct gic *g, const struct gic_irqs *w, unsigned first, unsigned n,
		   bool ns);
void irqs_write_prio(struct gic *g, struct gic_irqs *w, unsigned first, unsigned n, u32 v, bool ns);
u32 irqs_read_cfg(const struct gic *g, const struct gic_irqs *w, unsigned half, bool ns);
void irqs_write_cfg(struct gic *g, struct gic_irqs *w, unsigned half, u32 v, bool ns);
/*
 * Interrupts that a Non-secure access may touch when GICD_NSACR must be at least `level` for secure
 * ones.
 */
u32 irqs_visible(const struct gic *g, const struct gic_irqs *w, bool ns, unsigned level);
unsigned irqs_nsacr(const struct gic_irqs *w, unsigned n);
void irqs_set_input(struct gic_irqs *w, unsigned n, bool level);
void irqs_snap(struct gic_irqs *w, struct snap *s);

/* gic.c */
void gic_reset_pe(struct gic_pe *p); /* redistributor and CPU interface */
void gic_snap_pe(struct gic_pe *p, struct snap *s);
/* The PE whose registers an access reaches where they are banked. */
struct gic_pe *gic_requester(struct gic *g, struct attrs at);
void gic_latch_sgi(struct gic_pe *p, unsigned intid); /* GICv2: after sgi_from[] changed */
u64 gic_id_register2(u64 off);			      /* GICv2: 0xfd0..0xfff of a frame */
bool gic_ns_access(const struct gic *g, struct attrs at);
void gic_route(struct gic *g, unsigned spi); /* target[] after irouter[] changed */
void gic_update_local(struct gic_pe *p);
void gic_update_spis(struct gic *g);
void gic_update_all(struct gic *g);
void gic_update_id(struct gic_pe *p, u32 id); /* the one of the two above that INTID id needs */
void gic_recompute(struct gic *g);	      /* derived state only, no wires: after loading */
void gic_set_ppi(struct gic_pe *p, unsigned intid, bool level);
void gic_send_sgi(struct gic_pe *from, unsigned to, unsigned intid, enum gic_group grp, bool ns);
u64 gic_id_register(u64 off, unsigned part); /* 0xffd0..0xffff of a frame */

/* lpi.c */
int lpi_new(struct gic *g);
void lpi_free(struct gic *g);
void lpi_reset(struct gic_pe *p);
void lpi_enable(struct gic_pe *p, bool on); /* GICR_CTLR.EnableLPIs */
void lpi_set(struct gic_pe *p, u32 id, bool pending);
bool lpi_pending(const struct gic_pe *p, u32 id);
void lpi_move(struct gic_pe *from, struct gic_pe *to, u32 id);
void lpi_move_all(struct gic_pe *from, struct gic_pe *to);
void lpi_reload(struct gic_pe *p, u32 id); /* its configuration from memory */
void lpi_reload_all(struct gic_pe *p);
void lpi_find(struct gic_pe *p); /* best_lpi */
u32 lpi_count(const struct gic_pe *p); /* LPIs that GICR_PROPBASER.IDbits leaves, from INTID 8192 on */
u8 lpi_priority(const struct gic *g, u8 config);
/* The configuration that stands in memory now; false: there is no RAM. */
bool lpi_in_memory(const struct gic_pe *p, u32 id, u8 *config);
void lpi_snap(struct gic_pe *p, struct snap *s);
void lpi_snap_config(struct gic *g, struct snap *s);

/* its.c */
int its_new(struct gic *g, const struct gic_config *config);
void its_free(struct gic *g);

/* show.c: an interrupt's group in this GIC's words */
const char *show_group(const struct gic *g, enum gic_group grp);

/* cpuif.c */
void cpuif_reset(struct gic_pe *p);
void cpuif_update(struct gic_pe *p); /* IRQ and FIQ wires */
void cpuif_out(struct gic_pe *p, enum cpu_pin pin, bool level);
void cpuif_deactivate(struct gic_pe *p, u32 id);
/* What both generations' registers do, for an access that sees Non-secure priorities or all. */
struct gic_best cpuif_best(const struct gic_pe *p); /* highest-priority pending interrupt */
bool cpuif_can_preempt(const struct gic_pe *p, struct gic_best b);
u32 cpuif_ack(struct gic_pe *p, struct gic_best b); /* its INTID, of GICv2's SGIs with the sender */
u32 cpuif_intid(const struct gic_pe *p, struct gic_best b);
enum gic_group cpuif_running(const struct gic_pe *p, unsigned *level); /* GRP_COUNT: idle */
u8 cpuif_read_pmr(const struct gic_pe *p, bool ns);
void cpuif_write_pmr(struct gic_pe *p, u8 v, bool ns);
u8 cpuif_read_rpr(const struct gic_pe *p, bool ns);
void cpuif_write_bpr(struct gic_pe *p, enum gic_group grp, u64 v);
void cpuif_snap(struct gic_pe *p, struct snap *s);
static inline u8 cpuif_priority_mask(const struct gic_pe *p)
{
	return (u8)(0xff << (8 - p->pri_bits));
}
/*
 * How the group and subpriority bits of an 8-bit priority are split; bpr is already that of Group
 * 0's format.
 */
static inline u8 gic_group_mask(unsigned bpr)
{
	return (u8)(0xff << (bpr + 1));
}
/* Active priority registers: one bit for each preemption level, bit 0 the highest priority. */
unsigned apr_highest(const u32 *apr); /* level, or 256 */
void apr_set(u32 *apr, unsigned level);
bool apr_drop(u32 *apr); /* clears the highest; false: none was set */

/* ICC_*: the register functions, for the rows */
u64 icc_pmr_read(struct cpu *c);
void icc_pmr_write(struct cpu *c, u64 v);
u64 icc_rpr_read(struct cpu *c);
u64 icc_iar_read(struct cpu *c, unsigned group);
u64 icc_iar_peek(const struct cpu *c, unsigned group); /* what it would return; nothing is acknowledged */
u64 icc_hppir_read(struct cpu *c, unsigned group);
void icc_eoir_write(struct cpu *c, unsigned group, u64 v);
void icc_dir_write(struct cpu *c, u64 v);
u64 icc_bpr_read(struct cpu *c, unsigned group);
void icc_bpr_write(struct cpu *c, unsigned group, u64 v);
u64 icc_apr_read(struct cpu *c, unsigned group, unsigned n);
void icc_apr_write(struct cpu *c, unsigned group, unsigned n, u64 v);
u64 icc_ctlr_read(struct cpu *c);
void icc_ctlr_write(struct cpu *c, u64 v);
u64 icc_ctlr_el3_read(struct cpu *c);
void icc_ctlr_el3_write(struct cpu *c, u64 v);
u64 icc_igrpen_read(struct cpu *c, unsigned group);
void icc_igrpen_write(struct cpu *c, unsigned group, u64 v);
u64 icc_igrpen1_el3_read(struct cpu *c);
void icc_igrpen1_el3_write(struct cpu *c, u64 v);
enum icc_sgi { SGI0R, SGI1R, ASGI1R };
void icc_sgi_write(struct cpu *c, enum icc_sgi which, u64 v);

/* virt.c: ICV_* and ICH_*; GICV_* and GICH_* of GICv2 show the same state */
void virt_reset(struct gic_pe *p);
u32 virt_pending_intid(const struct gic_pe *p); /* INTID_SPURIOUS: none */
u8 virt_running(const struct gic_pe *p); /* running priority, 0xff: idle */
void virt_update(struct gic_pe *p); /* vIRQ, vFIQ and the maintenance interrupt */
void virt_snap(struct gic_pe *p, struct snap *s);
u64 icv_pmr_read(struct cpu *c);
void icv_pmr_write(struct cpu *c, u64 v);
u64 icv_rpr_read(struct cpu *c);
u64 icv_iar_read(struct cpu *c, unsigned group);
u64 icv_iar_peek(const struct cpu *c, unsigned group);
u64 icv_hppir_read(struct cpu *c, unsigned group);
void icv_eoir_write(struct cpu *c, unsigned group, u64 v);
void icv_dir_write(struct cpu *c, u64 v);
u64 icv_bpr_read(struct cpu *c, unsigned group);
void icv_bpr_write(struct cpu *c, unsigned group, u64 v);
u64 icv_ctlr_read(struct cpu *c);
void icv_ctlr_write(struct cpu *c, u64 v);
u64 icv_igrpen_read(struct cpu *c, unsigned group);
void icv_igrpen_write(struct cpu *c, unsigned group, u64 v);
u64 icv_apr_read(struct cpu *c, unsigned group, unsigned n);
void icv_apr_write(struct cpu *c, unsigned group, unsigned n, u64 v);

/* vms.c */
void vms_init(struct gic_pe *p);
void vms_free(struct gic_pe *p);
void vms_snap(struct gic_pe *p, struct snap *s);
void vms_maintenance(struct gic_pe *p, u64 misr);
/* By what tallies count an interrupt: its INTID without a sender. */
static inline u64 vms_key(const struct gic_pe *p, u32 id)
{
	return p->g->version == 2 ? id & 1023 : id;
}

/* ICH_LR<n>_EL2 */
#define LR_PENDING BIT(62)
#define LR_ACTIVE  BIT(63)
#define LR_HW	   BIT(61)
#define LR_GROUP   BIT(60)
#define LR_EOI	   BIT(41) /* HW = 0 */
u32 lr_intid(const struct gic_pe *p, u64 lr); /* GICv2: with the sender in bits 12:10, for virtual SGIs */

#define ICH_HCR_EN    (1u << 0)
#define ICH_HCR_TC    (1u << 10)
#define ICH_HCR_TALL0 (1u << 11)
#define ICH_HCR_TALL1 (1u << 12)
#define ICH_HCR_TDIR  (1u << 14)
void ich_hcr_write(struct gic_pe *p, u64 v);
u64 ich_vtr(const struct gic_pe *p);
u64 ich_misr(const struct gic_pe *p);
u64 ich_eisr(const struct gic_pe *p);
u64 ich_elrsr(const struct gic_pe *p);
#define ICH_VMCR_ACKCTL (1u << 2)
#define ICH_VMCR_FIQEN	(1u << 3)
unsigned virt_active_group(const struct gic_pe *p, u32 id); /* of a list register; 0: none */
void ich_vmcr_write(struct gic_pe *p, u64 v);
void ich_lr_write(struct gic_pe *p, unsigned n, u64 v);

#endif
