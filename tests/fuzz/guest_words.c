/*
 * See guest_words.h. Words come from the pictures of the instruction table, so that new rows are
 * fuzzed without a change here.
 */
#include "tests/fuzz/guest_words.h"

#include "base/bits.h"
#include "cpu/insn.h"
#include "cpu/sysreg.h"
#include "machine/board.h"
#include "tests/fuzz/random.h"

/* ---- Words ---- */

static bool is_memory(u8 cls)
{
	return cls == CL_LOAD || cls == CL_STORE || cls == CL_ATOMIC || cls == CL_EXCL ||
	       cls == CL_VLOAD || cls == CL_VSTORE;
}

static const struct insn *random_row(struct random *rng)
{
	unsigned wanted = (unsigned)random_below(rng, 4);
	const struct insn *row;

	for (unsigned tries = 0;; tries++) {
		row = &a64_insns[random_below(rng, a64_insns_n)];
		if (tries > 200 || wanted < 2)
			return row; /* half of the words: any row */
		if (wanted == 2 && is_memory(row->cls))
			return row;
		if (wanted == 3 && !is_memory(row->cls) && row->cls < CL_FP_ADD)
			return row;
	}
}

/* A branch or literal load that stays near: the offset field's upper bits are copies of its sign. */
static u32 near(u32 w)
{
	u32 sign = w >> 14 & 1;

	if ((w & 0x7c000000) == 0x14000000) /* B, BL */
		return (w & 0xfc0003ff) | (w & 0x200 ? 0x03fffc00 : 0);
	if ((w & 0x3b000000) == 0x18000000 || (w & 0x7e000000) == 0x34000000 || (w & 0xff000010) == 0x54000000)
		return (w & 0xff007fff) | (sign ? 0x00ff8000 : 0);
	return w;
}

static u32 sysreg_word(struct random *rng, const struct sysreg_map *map)
{
	const struct sysreg *const *rows;
	size_t n = sysreg_map_rows(map, &rows);
	const struct sysreg *r = rows[random_below(rng, n)];
	bool read = !(r->flags & SRF_OP) && random_percent(rng, 60);
	u32 enc = r->el12 && random_percent(rng, 20) ? r->el12 : r->enc;

	return 0xd5000000 | (u32)read << 21 | enc << 5 | (u32)random_below(rng, 32);
}

/* MRS Xn, control register; EOR Xn, Xn, #one bit; MSR back. */
void random_toggle(struct random *rng, const struct sysreg_map *map, u32 w[3])
{
	static const char *const names[] = {
		"SCTLR_EL1", "SCTLR_EL2", "SCTLR_EL3", "TCR_EL1",    "TCR_EL2",	  "TCR_EL3",   "HCR_EL2",	"SCR_EL3",
		"VTCR_EL2",  "MAIR_EL1",  "MAIR_EL2",  "CPACR_EL1",  "CPTR_EL2",  "CPTR_EL3",  "MDSCR_EL1",	"MDCR_EL2",
		"TTBR0_EL1", "TTBR1_EL1", "VTTBR_EL2", "CNTHCTL_EL2", "CNTKCTL_EL1", "ICH_HCR_EL2", "CNTV_CTL_EL0", "DBGWCR0_EL1",
	};
	const struct sysreg *r = sysreg_find_name(map, names[random_below(rng, ARRAY_SIZE(names))]);
	u32 msr = 0xd5000000 | (r ? r->enc : 0) << 5, n = (u32)random_below(rng, 31);
	u32 bit = (u32)random_below(rng, random_percent(rng, 70) ? 32 : 64);

	w[0] = msr | 1 << 21 | n;
	w[1] = 0xd2400000 | (-bit & 63) << 16 | n << 5 | n; /* EOR Xn, Xn, #1 << bit */
	w[2] = msr | n;
}

u32 random_word(struct random *rng, const struct sysreg_map *map)
{
	const struct insn *row;
	u64 r = random_u64(rng);
	u32 w;

	if (random_percent(rng, 2))
		return (u32)r;
	if (random_percent(rng, 10))
		return sysreg_word(rng, map);
	if (random_percent(rng, 1))
		return 0xd4000002 | (u32)(r & 1); /* HVC, SMC */
	row = random_row(rng);
	w = row->value | ((u32)r & ~row->mask);
	if (is_memory(row->cls) && !(row->mask & 0x3e0) && (r >> 32 & 7))
		w = (u32)deposit(w, 9, 5, r >> 40 & 7); /* the base is one that the handlers load */
	return random_percent(rng, 90) ? near(w) : w;
}

/* ---- Values ---- */

static u64 device_address(struct random *rng)
{
	static const struct {
		u64 base, size;
	} place[] = {
		{ BOARD_GICD_BASE, 0x1000 },
		{ BOARD_GICD_BASE, BOARD_GICD_SIZE },
		{ BOARD_GICR_BASE, 4 * BOARD_GICR_STRIDE },
		{ BOARD_GICR_BASE + 0x10000, 0x1000 },
		{ BOARD_UART0_BASE, 0x60 },
		{ BOARD_UART1_BASE, BOARD_UART_SIZE },
		{ BOARD_RTC_BASE, 0x20 },
		{ BOARD_VIRTIO_BASE, 4 * BOARD_VIRTIO_SIZE },
	};
	size_t i = random_below(rng, ARRAY_SIZE(place));
	u64 a = place[i].base + random_below(rng, place[i].size);

	return random_percent(rng, 85) ? a & ~3ull : a;
}

static u64 memory_address(struct random *rng)
{
	u64 a = WORLD_DATA + random_below(rng, WORLD_PART);

	switch (random_below(rng, 8)) {
	case 0: /* about a page's end */
		return (a | 0xfff) - random_below(rng, 32);
	case 1:
		return WORLD_CODE + random_below(rng, WORLD_PART);
	case 2:
		return random_percent(rng, 30) ? WORLD_TABLES + random_below(rng, 0x4000) : a;
	case 3:
		return BOARD_SECRAM_BASE + random_below(rng, 0x2000);
	case 4:
		return a;
	default:
		return a & ~15ull;
	}
}

u64 random_value(struct random *rng, u64 upper)
{
	u64 v = random_u64(rng);

	switch (random_below(rng, 16)) {
	case 0:
		return v;
	case 1: /* small, or a function of PSCI */
		return v & 0x300 ? v & 0xff : 0x84000000 | (v & 0x40000000) | (v & 31);
	case 2:
		return 1ull << (v & 63);
	case 3:
		return -(v & 0xff);
	case 4:
		return WORLD_CODE + (v & 0xfffc);
	case 5:
	case 6:
		v = device_address(rng);
		break;
	default:
		v = memory_address(rng);
	}
	if (random_percent(rng, 25))
		v += upper;
	return random_percent(rng, 5) ? v ^ random_u64(rng) << 56 : v;
}

/* ---- Handlers ---- */

/* MSR to the register of ELel, from X0; RT is added, READ makes it MRS. */
enum { READ = 1 << 21 };
static const u32 tpidr[] = { 0, 0xd518d080, 0xd51cd040, 0xd51ed040 };
static const u32 elr[] = { 0, 0xd5184020, 0xd51c4020, 0xd51e4020 };
static const u32 spsr[] = { 0, 0xd5184000, 0xd51c4000, 0xd51e4000 };

static u32 random_half(struct random *rng)
{
	return (u32)random_below(rng, 0x8000) << 1 | 1;
}

static u32 *acknowledge(struct random *rng, u32 *p)
{
	*p++ = 0xd538cc10; /* MRS X16, ICC_IAR1_EL1 */
	*p++ = 0xd518cc30; /* MSR ICC_EOIR1_EL1, X16 */
	if (random_percent(rng, 50))
		*p++ = 0xd51be33f; /* MSR CNTV_CTL_EL0, XZR */
	return p;
}

/* ELR: behind the instruction, or by bits of X16 anywhere in 2^width words of code. */
static u32 *go_on(u32 *p, unsigned el, unsigned width)
{
	*p++ = 0xb69000d0;					     /* TBZ X16, #50, behind B */
	*p++ = 0xd2800011 | (u32)(WORLD_CODE & 0xffff) << 5;	     /* MOVZ X17, code */
	*p++ = 0xf2a00011 | (u32)(WORLD_CODE >> 16 & 0xffff) << 5;   /* MOVK X17, code, LSL #16 */
	*p++ = 0xd3540212 | (19 + width) << 10;			     /* UBFX X18, X16, #20, #width */
	*p++ = 0x8b120a31;					     /* ADD X17, X17, X18, LSL #2 */
	*p++ = 0x14000003;					     /* B to the MSR */
	*p++ = (elr[el] | READ) + 17;				     /* MRS X17, ELR */
	*p++ = 0x91001231;					     /* ADD X17, X17, #4 */
	*p++ = elr[el] + 17;					     /* MSR ELR, X17 */
	return p;
}

/*
 * At most 32 words: the next number of a generator in TPIDR_ELx chooses four pairs of registers from
 * the values, which are `values` words from here, and where to go on.
 */
static void handler(struct random *rng, u32 *p, unsigned el, unsigned width, bool interrupt, u32 values)
{
	u32 *start = p;

	if (interrupt)
		p = acknowledge(rng, p);
	*p++ = (tpidr[el] | READ) + 16;			      /* MRS X16, TPIDR */
	*p++ = 0xd2800011 | random_half(rng) << 5;	      /* MOVZ X17, #n */
	*p++ = 0xf2a00011 | random_half(rng) << 5;	      /* MOVK X17, #n, LSL #16 */
	*p++ = 0x9b114610;				      /* MADD X16, X16, X17, X17 */
	*p++ = tpidr[el] + 16;				      /* MSR TPIDR, X16 */
	*p = 0x10000012 | (values - (u32)(p - start)) << 5;   /* ADR X18, values */
	p++;
	*p++ = 0xd368ba11; /* UBFX X17, X16, #40, #7 */
	*p++ = 0x8b110e52; /* ADD X18, X18, X17, LSL #3 */
	*p++ = 0xa9400640; /* LDP X0, X1, [X18] */
	*p++ = 0xa9410e42; /* LDP X2, X3, [X18, #16] */
	*p++ = 0xa9421644; /* LDP X4, X5, [X18, #32] */
	*p++ = 0xa9431e46; /* LDP X6, X7, [X18, #48] */
	if (random_percent(rng, 20))
		*p++ = 0x9100025f; /* MOV SP, X18 */
	if (!interrupt)
		p = go_on(p, el, width);
	if (random_percent(rng, 10))
		*p++ = spsr[el] + (u32)random_below(rng, 8); /* MSR SPSR, Xn */
	*p = 0xd69f03e0; /* ERET */
}

void world_vectors(struct random *rng, u32 *p, unsigned el, unsigned width)
{
	for (unsigned i = 0; i < 16; i++)
		handler(rng, p + i * 32, el, width, i % 4 == 1 || i % 4 == 2, (16 - i) * 32);
}
