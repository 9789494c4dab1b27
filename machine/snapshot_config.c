/* See snapshot_config.h. */
#include "machine/snapshot_config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devices/block.h"
#include "machine/kinds.h"
#include "machine/machine_priv.h"
#include "machine/report_priv.h"

#define DISK "contents of disk"

static const char *on(bool v)
{
	return v ? "on" : "off";
}

/* ---- the board ---- */

static void board(FILE *f, const struct machine *m)
{
	static const char *const msi[] = { [MSI_OFF] = "off", [MSI_ITS] = "its", [MSI_V2M] = "gicv2m" };
	const struct config *c = m->cfg;

	fprintf(f, "-M: virtualization=%s,secure=%s,gic-version=%u,msi=%s,highmem=%s,acpi=%s\n", on(c->virtualization), on(c->secure),
		config_gic_version(c), msi[config_msi(c)], on(c->highmem), on(c->acpi));
	fprintf(f, "-cpu: %s%s%s\n", c->cpu, c->cpu_features ? "," : "", c->cpu_features ? c->cpu_features : "");
	fprintf(f, "-smp: %u\n", c->pes);
	fprintf(f, "-m: %" PRIu64 "M\n", c->ram_size >> 20);
	fprintf(f, "-seed: %" PRIu64 "\n", c->seed);
	fprintf(f, "firmware: %s\n", on(config_firmware(c)));
	fprintf(f, "second UART: %s\n", on(m->uart[1].dev != NULL));
	fprintf(f, "-semihosting: %s\n", on(c->semihosting));
	fprintf(f, "-global virtio-mmio.force-legacy: %s\n", on(!c->virtio_modern));
}

/* ---- the model ---- */

static void shape(FILE *f, const char *name, struct tlb_shape s)
{
	fprintf(f, "%s=%u:%u:%s,", name, s.entries, s.ways ? s.ways : s.entries, report_tlb_policy[s.policy & 3]);
}

static void model(FILE *f, const struct machine *m)
{
	const struct tlb_config *t = &m->tlb;

	fprintf(f, "--tlb: ");
	shape(f, "l1i", t->l1i);
	shape(f, "l1d", t->l1d);
	shape(f, "main", t->main);
	shape(f, "walk", t->walk);
	shape(f, "ipa", t->ipa);
	fprintf(f, "conflict=%s\n", t->conflict_abort ? "abort" : "older");
	fprintf(f, "--tlb-reference: %s\n", on(t->reference));
	fprintf(f, "--check tlb: %s\n", on(m->checker != NULL));
	fprintf(f, "--timing:%s", m->cfg->timing ? "" : " off");
	for (size_t i = 0; m->cfg->timing && i < timing_rows_n; i++)
		fprintf(f, " %s=%" PRIu32, timing_rows[i].key, timing_value(&m->timing, i));
	fprintf(f, "\n");
}

/* ---- devices ---- */

/* Keys that say where something stands on the host, or how it is reached there. */
static bool of_the_host(const char *key)
{
	static const char *const keys[] = { "file", "path", "filename", "cache", "aio", "discard", "werror", "rerror", "detect-zeroes",
					    "auto-read-only", "hostfwd", "tftp", "bootfile", "security_model" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static void items(FILE *f, const struct config_items *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct config_item *item = &list->item[i];

		fprintf(f, "%s:", item->option);
		for (size_t k = 0; k < item->n; k++)
			if (!of_the_host(item->pair[k].name))
				fprintf(f, " %s=%s", item->pair[k].name, item->pair[k].value);
		fprintf(f, "\n");
	}
}

/* ---- files that a reboot would read, or firmware asks for ---- */

static int image(FILE *f, const char *option, const char *file, struct why *why)
{
	char hex[65];
	u64 size;

	if (!file)
		return 0;
	if (!report_file_digest(file, hex, &size))
		return why_set(why, errno ? errno : EIO, "snapshot: %s %s: cannot read: %s", option, file, strerror(errno));
	fprintf(f, "%s: %" PRIu64 " bytes, SHA-256 %s\n", option, size, hex);
	return 0;
}

static int images(FILE *f, const struct config *c, struct why *why)
{
	int r = image(f, "-kernel", c->boot.kernel, why);

	if (!r)
		r = image(f, "-initrd", c->boot.initrd, why);
	if (!r)
		r = image(f, "-dtb", c->boot.dtb, why);
	if (!r)
		r = image(f, "-bios", c->bios, why);
	for (size_t i = 0; !r && i < c->boot.n_loaders; i++)
		r = image(f, "-device loader", c->boot.loaders[i].file, why);
	for (size_t i = 0; !r && i < c->boot.n_modules; i++)
		r = image(f, "-device guest-loader", c->boot.modules[i].file, why);
	for (size_t i = 0; !r && i < c->n_fw_cfg; i++)
		r = image(f, "-fw_cfg", c->fw_cfg[i].file, why);
	if (c->boot.append)
		fprintf(f, "-append: %s\n", c->boot.append);
	return r;
}

/* What the guest may have read of a disk must be the same; what it wrote to an overlay is in the snapshot itself. */
static int disks(FILE *f, const struct config *c, struct why *why)
{
	for (size_t i = 0; i < c->drives.n; i++) {
		const struct config_item *d = &c->drives.item[i];
		const char *file = config_text(d, "file", NULL);
		char hex[65];
		u64 size;
		int r;

		if (!strcmp(config_text(d, "if", ""), "pflash"))
			continue; /* in the snapshot as it is */
		r = file ? block_image_digest(file, hex, &size) : 1;
		if (r < 0)
			return why_set(why, -r, "snapshot: %s: %s: cannot read: %s", d->option, file, strerror(-r));
		fprintf(f, DISK " %s: ", config_text(d, "id", "?"));
		if (r)
			fprintf(f, "not compared\n");
		else
			fprintf(f, "%" PRIu64 " bytes, SHA-256 of the contents %s\n", size, hex);
	}
	return 0;
}

char *snapshot_config_text(struct machine *m, struct why *why)
{
	const struct config *c = m->cfg;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f) {
		why_set(why, ENOMEM, "snapshot: no memory");
		return NULL;
	}
	board(f, m);
	model(f, m);
	items(f, &c->devices);
	items(f, &c->drives);
	items(f, &c->netdevs);
	items(f, &c->fsdevs);
	items(f, &c->objects);
	r = images(f, c, why);
	if (!r)
		r = disks(f, c, why);
	if (fclose(f) && !r)
		r = why_set(why, ENOMEM, "snapshot: no memory");
	if (r) {
		free(text);
		text = NULL;
	}
	return text;
}

/* ---- comparing ---- */

/* The length of the name in a line, with its colon. */
static int name_length(const char *line, int n)
{
	const char *colon = memchr(line, ':', (size_t)n);

	return colon ? (int)(colon - line) + 1 : n;
}

static bool line_differs(const char *path, const char *a, int na, const char *b, int nb, struct why *why)
{
	int name = name_length(a, na);

	if (na == nb && !memcmp(a, b, (size_t)na))
		return false;
	if (!strncmp(a, DISK, strlen(DISK)) && name == name_length(b, nb) && !memcmp(a, b, (size_t)name))
		why_set(why, EINVAL, "snapshot %s: %.*s it was '%.*s', now it is '%.*s': give the image as it was then (run with -snapshot, or keep a copy)",
			path, name, a, na - name - 1, a + name + 1, nb - name - 1, b + name + 1);
	else if (na && nb && name == name_length(b, nb) && !memcmp(a, b, (size_t)name))
		why_set(why, EINVAL, "snapshot %s: %.*s it is of '%.*s', this machine has '%.*s'", path, name, a, na - name - 1, a + name + 1,
			nb - name - 1, b + name + 1);
	else if (na && nb)
		why_set(why, EINVAL, "snapshot %s: it is of a machine with '%.*s', this one has '%.*s' there", path, na, a, nb, b);
	else
		why_set(why, EINVAL, "snapshot %s: %s has '%.*s'", path, na ? "only the machine that it is of" : "only this machine", na ? na : nb,
			na ? a : b);
	return true;
}

bool snapshot_config_differs(const char *path, const char *theirs, const char *ours, struct why *why)
{
	while (*theirs || *ours) {
		int a = (int)strcspn(theirs, "\n"), b = (int)strcspn(ours, "\n");

		if (line_differs(path, theirs, a, ours, b, why))
			return true;
		theirs += a + (theirs[a] == '\n');
		ours += b + (ours[b] == '\n');
	}
	return false;
}
