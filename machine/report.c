/*
 * What was counted, as files and as a table. stats.txt holds nothing of the host, so two runs of one command are byte-identical;
 * dates, seconds and paths stand in host.json.
 */
#define _DEFAULT_SOURCE /* mincore() */
#include "machine/machine_priv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "cpu/context.h"
#include "cpu/exception.h"
#include "devices/pci/pci.h"

#define REPORT_SCHEMA 1

static const char *const vector_name[4] = { "SYNC", "IRQ", "FIQ", "SERROR" };

static u64 field(const void *base, const struct stat_row *r)
{
	return *(const u64 *)((const char *)base + r->offset);
}

/* One line "name value # sentence (unit)". */
static void line(FILE *f, const char *prefix, const char *name, u64 v, const char *help, const char *unit)
{
	char full[160];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	fprintf(f, "%-52s %20" PRIu64 " # %s (%s)\n", full, v, help, unit);
}

static void rows(FILE *f, const char *prefix, const struct cpu_stats *cs, const struct mmu_stats *ms)
{
	for (size_t i = 0; i < cpu_stat_rows_n; i++)
		line(f, prefix, cpu_stat_rows[i].name, field(cs, &cpu_stat_rows[i]), cpu_stat_rows[i].help, cpu_stat_rows[i].unit);
	for (size_t i = 0; i < mmu_stat_rows_n; i++)
		line(f, prefix, mmu_stat_rows[i].name, field(ms, &mmu_stat_rows[i]), mmu_stat_rows[i].help, mmu_stat_rows[i].unit);
}

static void exception_rows(FILE *f, const char *prefix, const struct context *x)
{
	for (unsigned k = 0; k < 4; k++)
		for (unsigned to = 1; to < 4; to++)
			for (unsigned ec = 0; ec < 64; ec++) {
				char name[64];

				if (!x->exceptions[k][to][ec])
					continue;
				snprintf(name, sizeof(name), "exceptions.%s.to_el%u", exception_name(k, ec), to);
				line(f, prefix, name, x->exceptions[k][to][ec], "exceptions taken", "event");
			}
}

static void add_rows(void *sum, const void *part, const struct stat_row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*(u64 *)((char *)sum + r[i].offset) += field(part, &r[i]);
}

struct totals {
	struct cpu_stats cpu;
	struct mmu_stats mmu;
};

static void total_of(struct machine *m, struct totals *t)
{
	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < m->pes; i++) {
		context_drain(m->seat[i].cpu);
		for (const struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			add_rows(&t->cpu, &x->cpu, cpu_stat_rows, cpu_stat_rows_n);
			add_rows(&t->mmu, &x->mmu, mmu_stat_rows, mmu_stat_rows_n);
		}
	}
}

static void shape(FILE *f, const char *name, struct tlb_shape s)
{
	static const char *const policy[] = { "round-robin", "random", "plru", "lru" };

	fprintf(f, "# tlb %s: %u entries, %u ways, %s\n", name, s.entries, s.ways ? s.ways : s.entries, policy[s.policy & 3]);
}

static void write_header(struct machine *m, FILE *f)
{
	fprintf(f, "# trapline statistics, schema %d\n# command: %s\n# core: %s, %u PE, seed %" PRIu64 ", quantum %u cycles\n", REPORT_SCHEMA,
		m->cfg->command_line ? m->cfg->command_line : "", m->core.name, m->pes, m->cfg->seed, MACHINE_QUANTUM);
	shape(f, "l1i", m->tlb.l1i);
	shape(f, "l1d", m->tlb.l1d);
	shape(f, "main", m->tlb.main);
	shape(f, "walk", m->tlb.walk);
	shape(f, "ipa", m->tlb.ipa);
}

static void prefix_of(char *prefix, size_t size, unsigned pe, const struct context *x)
{
	if (x->vm > CONTEXT_MAX_VMS)
		snprintf(prefix, size, "pe%u.el%u.vm_rest.", pe, x->el);
	else if (x->vm)
		snprintf(prefix, size, "pe%u.el%u.vm%u.vmid%u.", pe, x->el, x->vm, x->vmid);
	else
		snprintf(prefix, size, "pe%u.el%u.", pe, x->el);
}

static void write_contexts(struct machine *m, FILE *f)
{
	for (unsigned i = 0; i < m->pes; i++)
		for (unsigned el = 0; el < 4; el++)
			for (const struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
				char prefix[80];

				if (x->el != el)
					continue;
				prefix_of(prefix, sizeof(prefix), i, x);
				rows(f, prefix, &x->cpu, &x->mmu);
				exception_rows(f, prefix, x);
			}
}

static FILE *open_in(const char *dir, const char *name, char path[4096], struct why *why)
{
	FILE *f;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		why_set(why, errno, "--stats %s: cannot make the folder: %s", dir, strerror(errno));
		return NULL;
	}
	snprintf(path, 4096, "%s/.%s.tmp", dir, name);
	f = fopen(path, "w");
	if (!f)
		why_set(why, errno, "--stats %s: cannot write %s: %s", dir, name, strerror(errno));
	return f;
}

/* The file appears whole or not at all. */
static int close_in(FILE *f, const char *dir, const char *name, const char *tmp, struct why *why)
{
	char path[4096];
	bool bad = ferror(f);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	bad |= fclose(f) != 0;
	if (bad || rename(tmp, path)) {
		int err = errno ? errno : EIO;

		unlink(tmp);
		return why_set(why, err, "--stats %s: cannot write %s: %s", dir, name, strerror(err));
	}
	return 0;
}

/* Rows of one struct; name may be the user's, so it keeps to what cannot be mistaken for anything else in the file. */
static void named_rows(FILE *f, const char *kind, const char *name, const void *base, const struct stat_row *r, size_t n)
{
	char prefix[80];

	snprintf(prefix, sizeof(prefix), "%s.%s%s", kind, name ? name : "", name ? "." : "");
	for (char *c = prefix; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	for (size_t i = 0; i < n; i++)
		line(f, prefix, r[i].name, field(base, &r[i]), r[i].help, r[i].unit);
}

static void write_devices(struct machine *m, FILE *f)
{
	const struct virtio_device *d;
	const struct pci_function *p;

	for (size_t i = 0; (d = machine_virtio(m, i)) != NULL; i++)
		named_rows(f, "virtio", d->name, &d->stats, virtio_stat_rows, virtio_stat_count);
	for (size_t i = 0; i < m->cfg->netdevs.n; i++) {
		struct net *n = machine_net(m, config_text(&m->cfg->netdevs.item[i], "id", ""));

		named_rows(f, "net", net_id(n), net_stats(n), net_stat_rows, net_stat_count);
	}
	for (size_t i = 0; i < m->cfg->fsdevs.n; i++) {
		const char *id = config_text(&m->cfg->fsdevs.item[i], "id", "");

		named_rows(f, "9p", id, p9_stats(machine_folder(m, id)), p9_stat_rows, p9_stat_count);
	}
	if (m->outside.sources || m->outside.stats.entries)
		named_rows(f, "outside", NULL, &m->outside.stats, outside_stat_rows, outside_stat_count);
	for (size_t i = 0; (p = pci_host_function(m->pci, i)) != NULL; i++)
		if (i) /* the host bridge's own has nothing to count */
			named_rows(f, "pci", p->name, &p->stats, pci_stat_rows, pci_stat_count);
}

/* Flash and fw_cfg. */
static void write_firmware(struct machine *m, FILE *f)
{
	static const char *const bank[] = { "flash0", "flash1" };

	for (unsigned i = 0; i < 2; i++)
		named_rows(f, bank[i], NULL, flash_stats(m->flash[i].dev), flash_stat_rows, flash_stat_rows_n);
	if (m->semihost)
		named_rows(f, "semihosting", NULL, semihost_stats(m->semihost), semihost_stat_rows, semihost_stat_rows_n);
	named_rows(f, "fw_cfg", NULL, fw_cfg_stats(m->fw_cfg), fw_cfg_stat_rows, fw_cfg_stat_rows_n);
}

int machine_write_stats(struct machine *m, const char *dir, struct why *why)
{
	char tmp[4096];
	FILE *f = open_in(dir, "stats.txt", tmp, why);
	struct totals t;

	if (!f)
		return errno ? -errno : -EIO;
	total_of(m, &t);
	write_header(m, f);
	fprintf(f, "\n---------- Begin Simulation Statistics ----------\n");
	line(f, "", "sim_ticks", machine_now(m), "virtual time", "ps");
	rows(f, "total.", &t.cpu, &t.mmu);
	named_rows(f, "gic", NULL, gic_stats(m->gic), gic_stat_rows, gic_stat_rows_n);
	write_devices(m, f);
	write_firmware(m, f);
	write_contexts(m, f);
	fprintf(f, "---------- End Simulation Statistics   ----------\n");
	return close_in(f, dir, "stats.txt", tmp, why);
}

static void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; s && *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 32)
			fprintf(f, "\\u%04x", *s);
		else
			fputc(*s, f);
	fputc('"', f);
}

/* Bytes of [p, p + size) that the host has given, by /proc/self/smaps: it leaves out the page of zeros that reads of fresh memory share. */
static u64 resident(FILE *smaps, const u8 *p, u64 size)
{
	u64 from = (uintptr_t)p, to = from + size, in_map = 0, sum = 0;
	char line[512];

	rewind(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		u64 first, end, kib;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &first, &end) == 2) {
			first = first > from ? first : from;
			end = end < to ? end : to;
			in_map = first < end ? end - first : 0;
		} else if (in_map && sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1) {
			sum += kib * 1024 < in_map ? kib * 1024 : in_map;
		}
	}
	return sum;
}

/* What the host gave so far: all of it at its peak, and what of it is the guest's RAM. */
static void json_memory(struct machine *m, FILE *f)
{
	const struct bus_region *region;
	size_t n = bus_regions(m->bus, &region);
	struct rusage usage = { 0 };
	FILE *smaps = fopen("/proc/self/smaps", "r");
	u64 ram = 0;

	for (size_t i = 0; smaps && i < n; i++)
		ram += region[i].host ? resident(smaps, region[i].host, region[i].size) : 0;
	if (smaps)
		fclose(smaps);
	getrusage(RUSAGE_SELF, &usage);
	fprintf(f, "  \"peak_resident_bytes\": %" PRIu64 ",\n  \"guest_ram_resident_bytes\": %" PRIu64 ",\n", (u64)usage.ru_maxrss * 1024,
		ram);
}

/* What the fast TLB cost, which no guest can see: slots filled, and how often a whole side of it was dropped. */
static void json_fast_tlb(struct machine *m, FILE *f)
{
	struct fast_counts sum = { 0 };

	for (unsigned i = 0; i < m->pes; i++) {
		struct fast_counts c = mmu_fast_counts(m->seat[i].cpu->mmu);

		sum.fills += c.fills;
		sum.flushes += c.flushes;
	}
	fprintf(f, "  \"fast_tlb_fills\": %" PRIu64 ",\n  \"fast_tlb_flushes\": %" PRIu64 ",\n", sum.fills, sum.flushes);
}

int machine_write_host(struct machine *m, const char *dir, double host_seconds, struct why *why)
{
	char tmp[4096], date[40];
	FILE *f = open_in(dir, "host.json", tmp, why);
	time_t now = time(NULL);
	struct tm tm;

	if (!f)
		return errno ? -errno : -EIO;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(f, "{\n  \"schema\": %d,\n  \"date\": \"%s\",\n  \"host_seconds\": %.3f,\n  \"instructions\": %" PRIu64 ",\n", REPORT_SCHEMA,
		date, host_seconds, machine_insns(m));
	fprintf(f, "  \"instructions_per_second\": %.0f,\n", host_seconds > 0 ? (double)machine_insns(m) / host_seconds : 0.0);
	json_memory(m, f);
	json_fast_tlb(m, f);
	fprintf(f, "  \"command\": ");
	json_string(f, m->cfg->command_line);
	fprintf(f, "\n}\n");
	return close_in(f, dir, "host.json", tmp, why);
}

/* ---- --summary ---- */

struct exits {
	u16 vm, vmid;
	u64 by_ec[64], irq, fiq, serror, total;
};

/* Gathers the exits to EL2 of VM number v over all PEs; v = 0: traps of what runs below EL2 outside a VM. */
static bool gather(struct machine *m, unsigned v, struct exits *e)
{
	bool found = false;

	memset(e, 0, sizeof(*e));
	for (unsigned i = 0; i < m->pes; i++)
		for (const struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			if (x->vm != v || x->el >= 2)
				continue;
			if (!found)
				e->vmid = x->vmid;
			found = true;
			e->vm = x->vm;
			for (unsigned ec = 0; ec < 64; ec++) {
				e->by_ec[ec] += x->exceptions[VEC_SYNC][2][ec];
				e->total += x->exceptions[VEC_SYNC][2][ec];
				e->irq += x->exceptions[VEC_IRQ][2][ec];
				e->fiq += x->exceptions[VEC_FIQ][2][ec];
				e->serror += x->exceptions[VEC_SERROR][2][ec];
			}
		}
	e->total += e->irq + e->fiq + e->serror;
	return found;
}

static void exit_line(FILE *out, const char *name, u64 n, u64 total)
{
	if (n)
		fprintf(out, "  %-14s %12" PRIu64 " %7.2f%%\n", name, n, 100.0 * (double)n / (double)total);
}

static void print_exits(FILE *out, const struct exits *e)
{
	if (e->vm > CONTEXT_MAX_VMS)
		fprintf(out, "all VMs after the first %d\n", CONTEXT_MAX_VMS);
	else if (e->vm)
		fprintf(out, "VM %u (VMID %u)\n", e->vm, e->vmid);
	else
		fprintf(out, "below EL2, outside any VM\n");
	fprintf(out, "  %-14s %12s %8s\n", "VM-EXIT", "Samples", "Samples%");
	exit_line(out, vector_name[VEC_IRQ], e->irq, e->total);
	exit_line(out, vector_name[VEC_FIQ], e->fiq, e->total);
	exit_line(out, vector_name[VEC_SERROR], e->serror, e->total);
	for (unsigned ec = 0; ec < 64; ec++)
		exit_line(out, exception_name(VEC_SYNC, ec), e->by_ec[ec], e->total);
	fprintf(out, "  %-14s %12" PRIu64 "\n", "total", e->total);
}

static void rate_line(FILE *out, const char *name, u64 lookups, u64 misses)
{
	fprintf(out, "  %-18s %14" PRIu64 " %14" PRIu64 " %9.4f%%\n", name, lookups, misses,
		lookups ? 100.0 * (double)misses / (double)lookups : 0.0);
}

void machine_print_summary(struct machine *m, FILE *out)
{
	struct totals t;
	struct exits e;

	total_of(m, &t);
	fprintf(out, "\n%" PRIu64 " instructions in %.3f virtual seconds on %u PE (%s)\n\nExceptions taken to EL2\n", t.cpu.insns,
		(double)machine_now(m) / 1e12, m->pes, m->core.name);
	for (unsigned v = 0; v <= CONTEXT_VM_REST; v++)
		if (gather(m, v, &e) && e.total)
			print_exits(out, &e);
	fprintf(out, "\nTLBs               %16s %14s %10s\n", "lookups", "misses", "miss rate");
	rate_line(out, "L1 instruction", t.cpu.i_lookup, t.mmu.l1i_miss);
	rate_line(out, "L1 data", t.cpu.d_lookup, t.mmu.l1d_miss);
	rate_line(out, "main", t.mmu.main_lookup, t.mmu.main_miss);
	rate_line(out, "walk cache", t.mmu.walk_lookup, t.mmu.walk_miss);
	rate_line(out, "stage 2 (IPA)", t.mmu.ipa_lookup, t.mmu.ipa_miss);
	fprintf(out, "  walks: %" PRIu64 " stage 1, %" PRIu64 " stage 2; descriptor reads: %" PRIu64 " stage 1, %" PRIu64 " stage 2\n",
		t.mmu.s1_walks, t.mmu.s2_walks, t.mmu.s1_walk_reads, t.mmu.s2_walk_reads);
	fprintf(out, "  TLB maintenance: %" PRIu64 " operations dropped %" PRIu64 " entries\n", t.mmu.tlbi, t.mmu.tlbi_dropped);
	fprintf(out, "  geometry: L1 I %u, L1 D %u, main %u entries\n", m->tlb.l1i.entries, m->tlb.l1d.entries, m->tlb.main.entries);
}
