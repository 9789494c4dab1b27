/*
 * The frames of GICv2's virtualization extensions (IHI0048 5.3, 5.5), banked by PE: GICH, with which
 * a hypervisor fills list registers, and GICV, the CPU interface that its VM sees. The state behind
 * them and what it does is in virt.c, in the format of GICv3. Called through the bus.
 */
#include "gic/gic_priv.h"

enum {
	GICH_HCR = 0x00,
	GICH_VTR = 0x04,
	GICH_VMCR = 0x08,
	GICH_MISR = 0x10,
	GICH_EISR0 = 0x20,
	GICH_ELRSR0 = 0x30,
	GICH_APR = 0xf0,
	GICH_LR0 = 0x100,
	GICH_LR_END = 0x200,
};

enum {
	GICV_CTLR = 0x00,
	GICV_PMR = 0x04,
	GICV_BPR = 0x08,
	GICV_IAR = 0x0c,
	GICV_EOIR = 0x10,
	GICV_RPR = 0x14,
	GICV_HPPIR = 0x18,
	GICV_ABPR = 0x1c,
	GICV_AIAR = 0x20,
	GICV_AEOIR = 0x24,
	GICV_AHPPIR = 0x28,
	GICV_APR0 = 0xd0,
	GICV_IIDR = 0xfc,
	GICV_DIR = 0x1000,
};

#define GICV_IIDR_VALUE 0x0002043b
#define HCR_MASK	(0xffu | 0x1fu << 27)
#define CTLR_MASK	0x21fu /* the bits of GICV_CTLR, which stand in GICH_VMCR at the same places */

/* ---- GICH ---- */

/* GICH_LR: 31 HW, 30 Group 1, 29:28 active, pending, 27:23 priority, 19:10 physical ID or EOI and CPUID, 9:0 ID. */
static u64 lr_from_v2(u32 v)
{
	return bits(v, 9, 0) | bits(v, 19, 10) << 32 | bits(v, 27, 23) << 51 | bits(v, 31, 31) << 61 |
	       bits(v, 30, 30) << 60 | bits(v, 29, 28) << 62;
}

static u32 lr_to_v2(u64 lr)
{
	return (u32)(bits(lr, 9, 0) | bits(lr, 41, 32) << 10 | bits(lr, 55, 51) << 23 |
		     bits(lr, 63, 62) << 28 | bits(lr, 60, 60) << 30 | bits(lr, 61, 61) << 31);
}

static u64 gich_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct gic_pe *p = gic_requester(dev, at);
	unsigned n = (unsigned)(off - GICH_LR0) / 4;

	if (off >= GICH_LR0 && off < GICH_LR_END)
		return n < p->n_lrs ? lr_to_v2(p->lr[n]) : 0;
	switch (off) {
	case GICH_HCR:
		return p->ich_hcr;
	case GICH_VTR:
		return (u64)(p->pri_bits - 1) << 29 | (u64)(p->pri_bits - 1) << 26 |
		       (p->n_lrs - 1);
	case GICH_VMCR:
		return p->ich_vmcr;
	case GICH_MISR:
		return ich_misr(p);
	case GICH_EISR0:
		return ich_eisr(p);
	case GICH_ELRSR0:
		return ich_elrsr(p);
	case GICH_APR:
		return p->ich_apr[0][0] | p->ich_apr[1][0];
	default: /* reserved, and the second halves of EISR and ELRSR */
		return 0;
	}
}

static void gich_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct gic_pe *p = gic_requester(dev, at);
	unsigned n = (unsigned)(off - GICH_LR0) / 4;

	if (off >= GICH_LR0 && off < GICH_LR_END) {
		if (n < p->n_lrs)
			ich_lr_write(p, n, lr_from_v2((u32)v));
		return;
	}
	switch (off) {
	case GICH_HCR:
		ich_hcr_write(p, v & HCR_MASK);
		break;
	case GICH_VMCR:
		ich_vmcr_write(p, v);
		break;
	case GICH_APR: /* it does not say of which group each is, and nothing asks */
		p->ich_apr[0][0] = (u32)v;
		p->ich_apr[1][0] = 0;
		virt_update(p);
		break;
	default:
		break;
	}
}

/* ---- GICV ---- */

/* The group of the highest pending virtual interrupt as GICV_IAR has to treat it; -1: it must not tell. */
static int group_for_iar(struct cpu *c)
{
	if (icv_hppir_read(c, 1) == INTID_SPURIOUS)
		return 0;
	return gic_of(c)->ich_vmcr & ICH_VMCR_ACKCTL ? 1 : -1;
}

static u64 read_virtual(struct gic_pe *p, u64 off)
{
	struct cpu *c = p->cpu;
	int group = group_for_iar(c);

	switch (off) {
	case GICV_CTLR:
		return p->ich_vmcr & CTLR_MASK;
	case GICV_PMR:
		return icv_pmr_read(c);
	case GICV_BPR:
		return icv_bpr_read(c, 0);
	case GICV_ABPR:
		return icv_bpr_read(c, 1);
	case GICV_IAR:
		return group < 0 ? INTID_GROUP1 : icv_iar_read(c, (unsigned)group);
	case GICV_AIAR:
		return icv_iar_read(c, 1);
	case GICV_HPPIR:
		return group < 0 ? INTID_GROUP1 : icv_hppir_read(c, (unsigned)group);
	case GICV_AHPPIR:
		return icv_hppir_read(c, 1);
	case GICV_RPR:
		return icv_rpr_read(c);
	case GICV_APR0:
		return p->ich_apr[0][0] | p->ich_apr[1][0];
	case GICV_IIDR:
		return GICV_IIDR_VALUE;
	default:
		return 0;
	}
}

static u64 gicv_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct gic_pe *p = gic_requester(dev, at);

	/* a debugger's look must not acknowledge */
	if (!p->cpu || (at.debug && (off == GICV_IAR || off == GICV_AIAR)))
		return 0;
	return read_virtual(p, off);
}

static void write_virtual(struct gic_pe *p, u64 off, u32 v)
{
	struct cpu *c = p->cpu;
	bool ack_all = p->ich_vmcr & ICH_VMCR_ACKCTL;

	switch (off) {
	case GICV_CTLR:
		ich_vmcr_write(p, (p->ich_vmcr & ~CTLR_MASK) | (v & CTLR_MASK));
		break;
	case GICV_PMR:
		icv_pmr_write(c, v);
		break;
	case GICV_BPR:
		icv_bpr_write(c, 0, v);
		break;
	case GICV_ABPR:
		icv_bpr_write(c, 1, v);
		break;
	case GICV_EOIR:
		icv_eoir_write(c, ack_all ? virt_active_group(p, v & 0x1fff) : 0, v & 0x1fff);
		break;
	case GICV_AEOIR:
		icv_eoir_write(c, 1, v & 0x1fff);
		break;
	case GICV_DIR:
		icv_dir_write(c, v & 0x1fff);
		break;
	case GICV_APR0:
		p->ich_apr[0][0] = v;
		p->ich_apr[1][0] = 0;
		virt_update(p);
		break;
	default:
		break;
	}
}

static void gicv_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct gic_pe *p = gic_requester(dev, at);

	if (p->cpu)
		write_virtual(p, off, (u32)v);
}

const struct device_ops gic_virt_ops = {
	.name = "gicv2-virt",
	.size = 0x1000,
	.widths = W32,
	.read = gich_read,
	.write = gich_write,
};

const struct device_ops gic_vcpuif_ops = {
	.name = "gicv2-vcpuif",
	.size = 0x2000,
	.widths = W32,
	.read = gicv_read,
	.write = gicv_write,
};
