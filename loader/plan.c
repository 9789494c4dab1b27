/*
 * Placement. The addresses follow QEMU's virt board, so that images and device trees made for it
 * work unmodified:
 *
 *	RAM base                          DTB of a bare-metal ELF (when it fits below the ELF)
 *	RAM base + text_offset            Linux Image; 2 MiB further up if it is below 4 KiB
 *	RAM base + min(RAM/2, 128 MiB)    initrd, or the kernel's end if that is higher
 *	next 2 MiB boundary               DTB
 *
 * Called by machine/ through loader.h.
 */
#include "loader/loader_priv.h"

#include "base/bits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1ull << 20)

void boot_files_free(struct boot_files *f)
{
	free(f->kernel);
	free(f->initrd);
	free(f->append);
	free(f->dtb);
	for (size_t i = 0; i < f->n_loaders; i++)
		free(f->loaders[i].file);
	for (size_t i = 0; i < f->n_modules; i++) {
		free(f->modules[i].file);
		free(f->modules[i].bootargs);
	}
	*f = (struct boot_files){ 0 };
}

const u8 *plan_keep(struct boot_plan *p, struct bytes b)
{
	p->storage[p->n_storage++] = b;
	return b.data;
}

static bool in_range(const struct boot_range *r, u64 addr, u64 size)
{
	return addr >= r->base && size <= r->size && addr - r->base <= r->size - size;
}

static int check_place(const struct boot_plan *p, const struct piece *n, struct why *why)
{
	const struct boot_range *ram = &p->req.ranges[0];

	for (size_t i = 0; i < p->req.n_ranges; i++)
		if (in_range(&p->req.ranges[i], n->addr, n->mem_size))
			return 0;
	return why_set(why, EFBIG,
		       "%s: %#" PRIx64 " bytes at %#" PRIx64
		       " do not lie in memory; RAM is %#" PRIx64 "..%#" PRIx64 " (-m)",
		       n->name, n->mem_size, n->addr, ram->base, ram->base + ram->size - 1);
}

int plan_add(struct boot_plan *p, const struct piece *piece, struct why *why)
{
	int r = check_place(p, piece, why);

	if (r < 0)
		return r;
	if (p->n_pieces == PLAN_MAX_PIECES)
		return why_set(why, E2BIG, "%s: more than %d pieces to load", piece->name,
			       PLAN_MAX_PIECES);
	for (size_t i = 0; i < p->n_pieces; i++) {
		const struct piece *o = &p->pieces[i];

		if (piece->addr < o->addr + o->mem_size && o->addr < piece->addr + piece->mem_size)
			return why_set(why, EEXIST,
				       "%s (%#" PRIx64 "..%#" PRIx64 ") overlaps %s (%#" PRIx64
				       "..%#" PRIx64 ")",
				       piece->name, piece->addr, piece->addr + piece->mem_size - 1,
				       o->name, o->addr, o->addr + o->mem_size - 1);
	}
	p->pieces[p->n_pieces] = *piece;
	p->pieces[p->n_pieces].name = strdup(piece->name);
	if (!p->pieces[p->n_pieces].name)
		return why_set(why, ENOMEM, "%s: no memory on the host", piece->name);
	p->n_pieces++;
	return 0;
}

/* A file that is loaded as it is. Its size is returned in *size. */
static int add_raw_file(struct boot_plan *p, const char *what, const char *path, u64 addr,
			u64 *size, struct why *why)
{
	struct bytes file;
	char name[300];
	int r = file_read(&file, what, path, p->req.ranges[0].size, why);

	if (r < 0)
		return r;
	snprintf(name, sizeof name, "%s %s", what, path);
	*size = file.size;
	return plan_add(p,
			&(struct piece){ .name = name,
					 .addr = addr,
					 .size = *size,
					 .mem_size = *size,
					 .bytes = plan_keep(p, file) },
			why);
}

static int add_image(struct boot_plan *p, struct image *im, const char *path, struct why *why)
{
	u64 offset = im->text_offset;
	char name[300];

	if (im->format == IMAGE_LINUX && offset < 4096)
		offset += 2 * MIB; /* QEMU's start code stands there: same addresses here */
	snprintf(name, sizeof name, "-kernel %s", path);
	p->info.is_linux = true;
	p->info.entry = p->image_low = p->req.ranges[0].base + offset;
	p->image_high = p->image_low + im->mem_size;
	return plan_add(p,
			&(struct piece){ .name = name,
					 .addr = p->image_low,
					 .size = im->bytes.size,
					 .mem_size = im->mem_size,
					 .bytes = plan_keep(p, im->bytes) },
			why);
}

static int add_kernel(struct boot_plan *p, struct why *why)
{
	const struct boot_files *f = p->req.files;
	const char *path = f->kernel ? f->kernel : "(built in)";
	u64 limit = p->req.ranges[0].size;
	struct bytes file = { 0 };
	struct image im;
	int r;

	if (f->kernel) {
		r = file_read(&file, "-kernel", path, limit, why);
		if (r < 0)
			return r;
	} else {
		file.data = malloc(f->builtin_size);
		if (!file.data)
			return why_set(why, ENOMEM, "-kernel %s: no memory on the host", path);
		file.size = f->builtin_size;
		memcpy(file.data, f->builtin, f->builtin_size);
	}
	r = image_recognise(&im, &file, "-kernel", path, limit, why);
	if (r < 0)
		return r;
	if (im.format != IMAGE_ELF)
		return add_image(p, &im, path, why);
	plan_keep(p, im.bytes);
	return elf_add(p, &im.bytes, "-kernel", path, &p->info.entry, &p->image_low, &p->image_high,
		       why);
}

static int add_initrd(struct boot_plan *p, struct why *why)
{
	const struct boot_range *ram = &p->req.ranges[0];
	u64 half = ram->size / 2;

	p->initrd_addr = ram->base + (half < 128 * MIB ? half : 128 * MIB);
	if (p->image_high > p->initrd_addr)
		p->initrd_addr = p->image_high;
	p->initrd_addr = align_up(p->initrd_addr, 4096);
	if (!p->req.files->initrd || !p->info.is_linux)
		return 0;
	return add_raw_file(p, "-initrd", p->req.files->initrd, p->initrd_addr, &p->initrd_size,
			    why);
}

static int add_data(struct boot_plan *p, const struct boot_loader *l, struct why *why)
{
	struct bytes b = { .data = malloc(8), .size = l->data_len };

	if (!b.data)
		return why_set(why, ENOMEM, "-device loader: no memory on the host");
	for (unsigned i = 0; i < l->data_len; i++)
		b.data[i] = (u8)(l->data >> 8 * (l->data_be ? l->data_len - 1 - i : i));
	return plan_add(p,
			&(struct piece){ .name = (char *)"-device loader,data=",
					 .addr = l->addr,
					 .size = l->data_len,
					 .mem_size = l->data_len,
					 .bytes = plan_keep(p, b) },
			why);
}

static int add_loader_file(struct boot_plan *p, const struct boot_loader *l, u64 *entry,
			   struct why *why)
{
	static const char what[] = "-device loader,file=";
	struct bytes file;
	u64 low, high;
	char name[300];
	int r = file_read(&file, what, l->file, p->req.ranges[0].size, why);

	if (r < 0)
		return r;
	if (elf_is(&file) && !l->force_raw) {
		plan_keep(p, file);
		return elf_add(p, &file, what, l->file, entry, &low, &high, why);
	}
	if (!l->has_addr) {
		bytes_free(&file);
		return why_set(
			why, EINVAL,
			"%s%s: expected addr= (the file is no ELF file, so it is loaded raw)", what,
			l->file);
	}
	snprintf(name, sizeof name, "%s%s", what, l->file);
	return plan_add(p,
			&(struct piece){ .name = name,
					 .addr = l->addr,
					 .size = file.size,
					 .mem_size = file.size,
					 .bytes = plan_keep(p, file) },
			why);
}

static int add_loader(struct boot_plan *p, const struct boot_loader *l, struct why *why)
{
	u64 entry = l->addr;
	int r = 0;

	if (l->file)
		r = add_loader_file(p, l, &entry, why);
	else if (l->data_len)
		r = add_data(p, l, why);
	if (r < 0 || l->pe < 0)
		return r;
	if ((unsigned)l->pe >= p->req.pes)
		return why_set(why, EINVAL,
			       "-device loader: cpu-num=%d, but the machine has %u (-smp)", l->pe,
			       p->req.pes);
	p->info.pe_has_pc[l->pe] = true;
	p->info.pe_pc[l->pe] = entry;
	return 0;
}

static int add_modules(struct boot_plan *p, struct why *why)
{
	const struct boot_files *f = p->req.files;

	for (size_t i = 0; i < f->n_modules; i++) {
		const struct boot_module *m = &f->modules[i];
		int r = add_raw_file(p,
				     m->is_initrd ? "-device guest-loader,initrd"
						  : "-device guest-loader,kernel",
				     m->file, m->addr, &p->module_size[i], why);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Linux starts at EL2 where it exists; bare-metal code starts as the hardware does, at the highest
 * level. PSCI is served by the board at a level above that, or not at all.
 */
static void decide_levels(struct boot_plan *p)
{
	bool el3 = p->req.el3, el2 = p->req.el2;

	p->info.start_el = !p->info.is_linux && el3 ? 3 : el2 ? 2 : 1;
	if (el2)
		p->info.psci = p->info.start_el == 3 ? NULL : "smc";
	else
		p->info.psci = p->info.start_el == 3 ? NULL : "hvc";
}

/* A kernel for firmware: unpacked, as it is otherwise. */
static int keep_kernel(struct boot_plan *p, struct why *why)
{
	const char *path = p->req.files->kernel;
	struct bytes file;
	int r = file_read(&file, "-kernel", path, p->req.ranges[0].size, why);

	if (r < 0)
		return r;
	if (file.size < 2 || file.data[0] != 0x1f || file.data[1] != 0x8b) {
		p->fw_kernel = file;
		return 0;
	}
	r = gunzip(&p->fw_kernel, file.data, file.size, p->req.ranges[0].size, "-kernel", path,
		   why);
	bytes_free(&file);
	return r;
}

/* Firmware fetches kernel and initrd itself. */
static int keep_for_firmware(struct boot_plan *p, struct why *why)
{
	const struct boot_files *f = p->req.files;
	int r = f->kernel ? keep_kernel(p, why) : 0;

	if (r == 0 && f->initrd)
		r = file_read(&p->fw_initrd, "-initrd", f->initrd, p->req.ranges[0].size, why);
	p->info.entry = p->req.firmware_entry;
	return r;
}

static int place_kernel(struct boot_plan *p, struct why *why)
{
	const struct boot_files *f = p->req.files;
	int r = 0;

	if (f->kernel || f->builtin)
		r = add_kernel(p, why);
	return r == 0 ? add_initrd(p, why) : r;
}

static int place_all(struct boot_plan *p, struct why *why)
{
	const struct boot_files *f = p->req.files;
	int r;

	if (!f->kernel && !f->builtin && (f->initrd || f->append))
		return why_set(why, EINVAL, "%s: makes sense only with -kernel",
			       f->initrd ? "-initrd" : "-append");
	r = p->req.firmware ? keep_for_firmware(p, why) : place_kernel(p, why);
	if (r == 0)
		r = add_modules(p, why);
	for (size_t i = 0; r == 0 && i < f->n_loaders; i++)
		r = add_loader(p, &f->loaders[i], why);
	return r;
}

int boot_plan_new(struct boot_plan **plan, const struct boot_request *req, struct why *why)
{
	struct boot_plan *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return why_set(why, ENOMEM, "no memory on the host");
	p->req = *req;
	p->req.n_ranges = req->n_ranges < BOOT_MAX_RANGES ? req->n_ranges : BOOT_MAX_RANGES;
	memcpy(p->ranges, req->ranges, p->req.n_ranges * sizeof *p->ranges);
	p->req.ranges = p->ranges;
	r = place_all(p, why);
	if (r < 0) {
		boot_plan_free(p);
		return r;
	}
	decide_levels(p);
	*plan = p;
	return 0;
}

void boot_plan_free(struct boot_plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_pieces; i++)
		free(p->pieces[i].name);
	for (size_t i = 0; i < p->n_storage; i++)
		bytes_free(&p->storage[i]);
	bytes_free(&p->tree);
	bytes_free(&p->fw_kernel);
	bytes_free(&p->fw_initrd);
	free(p);
}

const struct boot_info *boot_plan_info(const struct boot_plan *p)
{
	return &p->info;
}

const void *boot_plan_kernel(const struct boot_plan *p, size_t *size)
{
	*size = p->fw_kernel.size;
	return p->fw_kernel.data;
}

const void *boot_plan_initrd(const struct boot_plan *p, size_t *size)
{
	*size = p->fw_initrd.size;
	return p->fw_initrd.data;
}

int boot_plan_put(const struct boot_plan *p,
		  int (*put)(void *ctx, u64 addr, const void *data, size_t n), void *ctx,
		  struct why *why)
{
	for (size_t i = 0; i < p->n_pieces; i++) {
		const struct piece *q = &p->pieces[i];
		int r = q->size ? put(ctx, q->addr, q->bytes, q->size) : 0;

		if (r == 0 && q->zero_tail && q->mem_size > q->size)
			r = put(ctx, q->addr + q->size, NULL, q->mem_size - q->size);
		if (r < 0)
			return why_set(why, -r, "%s: cannot be written to memory at %#" PRIx64,
				       q->name, q->addr);
	}
	return 0;
}
