/*
 * Every abort that a guest takes against what the debugger's `walk` says of the same access: the exception level that takes it, ESR
 * (without the fields that are the instruction's), FAR and HPFAR. The run's digest must be that of a run without.
 *
 * usage: walk_faults AT_LEAST [TRAPLINE'S OPTIONS]     AT_LEAST: so many aborts are to be compared
 *
 * An abort of LDTR or STTR at EL1 is EL1's, which a walk for an access by EL0 does not know. Left out: what no walk tells (alignment, watchpoints, TLB conflicts), cache maintenance, EL0 under
 * HCR_EL2.TGE without E2H. Guests that leave stale entries in TLBs on purpose disagree with a walk, and are no guests for this test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/exception.h"
#include "cpu/observe.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "frontend/options.h"
#include "machine/machine_priv.h"
#include "machine/memspace.h"

struct check {
	struct machine *m;
	unsigned compared, left_out, wrong;
	struct observer o[BOARD_MAX_PES];
};

/* LDTR and STTR of EL1 act as EL0. */
static bool unprivileged(struct check *k, struct cpu *c, const struct memspace *s, u64 pc)
{
	u32 word = 0;
	struct why why;

	memspace_read(k->m, c->index, s, pc, &word, 4, &why);
	return (word & 0x3b200c00) == 0x38000800;
}

static bool agrees(struct check *k, struct cpu *c, const struct memspace *s, const struct observed_trap *t, struct access a, char **text)
{
	u32 esr = t->esr & (t->ec >= EC_DABT_LOWER ? ~(u32)ISS_VALID_FIELDS : ~0u);
	char want[160];
	size_t size, n;
	struct why why = { "" };
	FILE *out;
	bool found;

	free(*text);
	out = open_memstream(text, &size);
	if (memspace_walk(k->m, c->index, s, t->far, a, out, &why) < 0)
		fprintf(out, "%s\n", why.text);
	fclose(out);
	n = (size_t)snprintf(want, sizeof want, "taken to EL%u: ESR_EL%u 0x%08x (", t->to, t->to, esr);
	found = strstr(*text, want) != NULL;
	n = (size_t)snprintf(want, sizeof want, "FAR_EL%u 0x%" PRIx64, t->to, t->far);
	if (t->hpfar_valid)
		snprintf(want + n, sizeof want - n, ", HPFAR_EL2 0x%" PRIx64 "\n", t->hpfar);
	else
		snprintf(want + n, sizeof want - n, "\n");
	return found && strstr(*text, want);
}

/* What kinds of access may have been the one that aborted: the walk's own fault says of itself what the walk did. */
static unsigned kinds(const struct observed_trap *t, u8 what[2])
{
	if (t->ec == EC_IABT || t->ec == EC_IABT_LOWER)
		return (what[0] = ACC_FETCH, 1);
	what[0] = ACC_READ;
	what[1] = ACC_WRITE;
	if (t->iss & ISS_S1PTW)
		return 2;
	what[0] = t->iss & ISS_WNR ? ACC_WRITE : ACC_READ;
	return 1;
}

static bool no_walk_tells(const struct observed_trap *t)
{
	u32 fsc = t->iss & 0x3f;

	return fsc >= 0x20 || (t->ec >= EC_DABT_LOWER && (t->iss & ISS_CM));
}

static void trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct check *k = ctx;
	bool host = (c->hcr_eff & HCR_TGE) && t->from == 0;
	struct memspace s = { .kind = MEM_EL, .el = t->from ? t->from : host ? 2 : 1 };
	struct access a = { .priv = t->from != 0, .pan = t->spsr >> 22 & 1 };
	struct observed_trap seen = *t;
	u8 what[2];
	unsigned n;
	char *text = NULL;

	if (t->vec != VEC_SYNC || (t->ec & ~5) != EC_IABT_LOWER)
		return;
	if (no_walk_tells(t) || (host && !(c->hcr_eff & HCR_E2H))) {
		k->left_out++;
		return;
	}
	if (a.priv && (t->ec & 4) && unprivileged(k, c, &s, t->pc)) {
		a.priv = false;
		seen.esr -= t->from == t->to ? 1u << 26 : 0; /* EC: to walk it is an access by EL0 */
	}
	n = kinds(t, what);
	k->compared++;
	for (unsigned i = 0; i < n; i++) {
		a.what = what[i];
		if (agrees(k, c, &s, &seen, a, &text)) {
			free(text);
			return;
		}
	}
	if (k->wrong++ < 10)
		printf("EL%u to EL%u at 0x%" PRIx64 ": ESR 0x%08x FAR 0x%" PRIx64 " HPFAR 0x%" PRIx64 ", but walk says\n%s", t->from, t->to, t->pc, t->esr,
		       t->far, t->hpfar_valid ? t->hpfar : 0, text);
	free(text);
}

static const struct observer_ops watch = { .trap = trap };

static bool run(const struct config *cfg, struct check *k, bool watched, char digest[65])
{
	static const struct machine_io io;
	struct why why = { "" };

	if (machine_new(&k->m, cfg, &io, NULL, &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return false;
	}
	for (unsigned i = 0; watched && i < machine_pes(k->m); i++) {
		k->o[i] = (struct observer){ .ops = &watch, .ctx = k };
		cpu_observe(machine_pe(k->m, i), &k->o[i]);
	}
	machine_run(k->m);
	machine_digest(k->m, digest);
	machine_free(k->m);
	return true;
}

int main(int argc, char **argv)
{
	struct check k = { .compared = 0 };
	char digest[2][65];
	enum options_ask ask;
	struct config cfg;
	struct why why = { "" };

	if (argc < 3) {
		fprintf(stderr, "usage: walk_faults AT_LEAST [TRAPLINE'S OPTIONS]\n");
		return 2;
	}
	config_init(&cfg);
	if (options_parse(&cfg, argc - 1, argv + 1, &ask, &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	if (!run(&cfg, &k, false, digest[0]) || !run(&cfg, &k, true, digest[1]))
		return 2;
	config_free(&cfg);
	printf("%u aborts compared, %u left out, %u wrong\n", k.compared, k.left_out, k.wrong);
	if (strcmp(digest[0], digest[1]))
		printf("the digest changed\n");
	return k.wrong || k.compared < (unsigned)atoi(argv[1]) || strcmp(digest[0], digest[1]);
}
