/*
 * The TLB checker (--check tlb): finds what a guest does wrong with its translation tables and its TLB maintenance. The rules stand in
 * docs/tlb-checker.md with the sections of the manual.
 *
 * One checker serves all PEs of a machine. It knows which descriptors each entry of the modelled TLBs was made from, watches the memory
 * that holds them, and looks at each use of an entry whose descriptor has changed since. It changes nothing that a guest or a counter
 * sees. Not modelled: what hardware may have cached without using it; PEs on several threads (--parallel).
 *
 * The machine makes it, the TLB model and the walker feed it, cpu/ tells of TLBIs and DSBs.
 */
#ifndef MMU_CHECK_H
#define MMU_CHECK_H

#include "base/stat.h"
#include "mmu/tlb.h"

struct checker;

#define CHECK_STATS(STAT) \
	STAT(bbm,       "event", "live descriptors that became another mapping without break-before-make") \
	STAT(stale,     "event", "entries used after their page was reused or their tables were given away") \
	STAT(dsb,       "event", "reuses between a TLBI and the DSB that completes it") \
	STAT(conflict,  "event", "lookups or fills for which two entries match") \
	STAT(ipa,       "event", "entries that survived IPAS2E1 because no stage-1 invalidation followed") \
	STAT(broadcast, "event", "entries of a PE that a local TLBI of another PE did not reach") \
	STAT(writes,    "write", "writes to memory that the checker watches")

struct check_stats {
	CHECK_STATS(STAT_FIELD)
};
extern const struct stat_row check_stat_rows[];
extern const size_t check_stat_rows_n;

/* Who acts just now; pe is negative outside the turns of PEs (DMA). */
struct check_who {
	int pe;
	u64 pc;
};

/* What the checker asks of the machine. */
struct check_host {
	void *ctx;
	struct check_who (*who)(void *ctx);
	/* the regime of that kind and security state as the registers of a PE describe it; false: the PE is off */
	bool (*regime)(void *ctx, unsigned pe, enum regime_kind kind, bool secure, struct regime *r);
};

/*
 * For `pes` PEs, which mmu_check_with() then adds; of each kind and PC at most `lines` findings are printed (0: 4). NULL without memory.
 * log and bus are borrowed.
 */
struct checker *checker_new(struct bus *bus, struct log *log, unsigned pes, u32 lines, const struct check_host *host);
/* After the PEs. */
void checker_free(struct checker *k);
const struct check_stats *checker_stats(const struct checker *k);

/* Forgets all descriptors and entries: before memory becomes another. */
void checker_clear(struct checker *k);
/* After the TLBs of all PEs. */
void checker_snap(struct checker *k, struct snap *s);

void mmu_check_with(struct mmu *m, struct checker *k, unsigned pe);
/* Whether a checker wants to hear of barriers. */
bool mmu_checked(const struct mmu *m);
/*
 * Around all that one TLBI instruction does on this PE and, when it is broadcast (shared), on the others. Costs a branch without a
 * checker, as the next ones do.
 */
void mmu_check_tlbi(struct mmu *m, const struct tlbi *op, bool shared);
void mmu_check_tlbi_done(struct mmu *m, const struct tlbi *op, bool shared);
/* DSB with this CRm field. */
void mmu_check_dsb(struct mmu *m, unsigned crm);
/* Tells translation tables apart in contexts of the fast TLB, so that an ASID given to another root shows; 0 without a checker. */
u64 mmu_check_identity(const struct mmu *m, const struct regime *r);

#endif
