/*
 * Guest memory from any point of view, while the machine stands still: as the current EL of a PE sees it, as another EL, a process of
 * a VM that does not run, a VM's intermediate physical addresses, physical ones. For the debugger: gdb stub and monitor.
 *
 * Looking changes nothing: tables are walked anew in memory, without TLB model, counters, access flags or time. What the tables map
 * can be read whatever it permits. Devices are not read, because reading has effects.
 */
#ifndef MACHINE_MEMSPACE_H
#define MACHINE_MEMSPACE_H

#include <stdio.h>

#include "base/why.h"
#include "mmu/regime.h"

struct machine;

enum memspace_kind {
	MEM_CURRENT, /* as the PE's current EL sees it */
	MEM_EL,	     /* .el: 1 as the EL1 registers and HCR_EL2 say now, 2, 3 */
	MEM_S1,	     /* a process of a VM by VMID and ASID, through both stages */
	MEM_IPA,     /* a VM's intermediate physical addresses */
	MEM_PHYS, MEM_SPHYS,
};

/* {0} is "current". */
struct memspace {
	u8 kind; /* enum memspace_kind */
	u8 el;
	bool has_vmid, has_asid;
	u16 vmid, asid;
};

/* "current", "el2", "s1:vmid=3,asid=7", "ipa:vmid=3", "ipa" (the current VMID), "phys", "sphys". 0 or negative errno with *why. */
int memspace_parse(struct memspace *s, const char *text, struct why *why);
enum { MEMSPACE_TEXT = 40 };
/* The same as memspace_parse() takes it. */
void memspace_text(const struct memspace *s, char *text, size_t size);

/*
 * Bytes moved from addr up to the first that cannot be reached; then *why says which and why (a walk's fault in words). Writes tell
 * who decoded code from there and the TLB checker. addr + n may not wrap.
 */
size_t memspace_read(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, void *to, size_t n, struct why *why);
size_t memspace_write(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, const void *from, size_t n, struct why *why);

/*
 * How addr is translated for an access `a` (what, priv and pan count) by the EL of the space: every descriptor read of both stages in
 * order, then address, pages, permissions and attributes, or the fault and what the exception would write. A walk of the tables in
 * memory, which TLBs may not have seen; nothing is changed. 0 or negative errno with *why: no such space.
 */
int memspace_walk(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, struct access a, FILE *out, struct why *why);

/*
 * The entries of the modelled TLBs that match all filters, one a line, and a count: "pe=0 vmid=3 asid=7 va=A ipa=A pa=A structure=l1d
 * el=1 stale max=N". Each is compared with the tables in memory: STALE and how it differs, "?" when the registers of its VM and
 * process are not known. 0 or negative errno with *why.
 */
int memspace_tlb(struct machine *m, const char *filters, FILE *out, struct why *why);

#endif
