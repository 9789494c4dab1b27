/*
 * PT_LOAD segments of a little-endian AArch64 executable, by libelf. Segments go to their physical
 * addresses; nothing is relocated and no symbol is read. Used by plan.c.
 */
#include "loader/loader_priv.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

bool elf_is(const struct bytes *file)
{
	return file->size >= SELFMAG && !memcmp(file->data, ELFMAG, SELFMAG);
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		u16 machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" },	   { EM_X86_64, "x86-64" }, { EM_ARM, "32-bit Arm" },
		{ EM_RISCV, "RISC-V" },	   { EM_PPC64, "POWER" },   { EM_S390, "S/390" },
		{ EM_AARCH64, "AArch64" }, { EM_MIPS, "MIPS" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

static int check_header(const GElf_Ehdr *h, const char *what, const char *path, struct why *why)
{
	if (h->e_machine != EM_AARCH64)
		return why_set(why, ENOEXEC,
			       "%s %s: expected an ELF file for AArch64 (machine %d), this one is "
			       "for %s (machine %u)",
			       what, path, EM_AARCH64, machine_name(h->e_machine), h->e_machine);
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return why_set(why, ENOEXEC,
			       "%s %s: expected a 64-bit ELF file, this one is 32-bit", what, path);
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return why_set(why, ENOEXEC,
			       "%s %s: expected a little-endian ELF file, this one is big-endian",
			       what, path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return why_set(why, ENOEXEC,
			       "%s %s: expected an ELF executable, this one is of type %u", what,
			       path, h->e_type);
	return 0;
}

static int add_segment(struct boot_plan *p, const struct bytes *file, const GElf_Phdr *ph,
		       const char *what, const char *path, struct why *why)
{
	char name[300];

	if (ph->p_filesz > file->size || ph->p_offset > file->size - ph->p_filesz)
		return why_set(why, EINVAL,
			       "%s %s: a segment ends at byte %" PRIu64
			       " of the file, which has %zu (truncated file?)",
			       what, path, ph->p_offset + ph->p_filesz, file->size);
	if (ph->p_memsz < ph->p_filesz)
		return why_set(why, EINVAL, "%s %s: a segment is larger in the file than in memory",
			       what, path);
	snprintf(name, sizeof name, "%s %s", what, path);
	return plan_add(p,
			&(struct piece){ .name = name,
					 .addr = ph->p_paddr,
					 .bytes = file->data + ph->p_offset,
					 .size = ph->p_filesz,
					 .mem_size = ph->p_memsz,
					 .zero_tail = true },
			why);
}

static int add_segments(struct boot_plan *p, Elf *elf, const struct bytes *file, const char *what,
			const char *path, u64 *entry, u64 *low, u64 *high, struct why *why)
{
	GElf_Ehdr eh;
	size_t n, loaded = 0;
	u64 e;
	int r;

	if (!gelf_getehdr(elf, &eh) || elf_getphdrnum(elf, &n) < 0)
		return why_set(why, ENOEXEC, "%s %s: damaged ELF header (%s)", what, path,
			       elf_errmsg(-1));
	r = check_header(&eh, what, path, why);
	if (r < 0)
		return r;
	e = eh.e_entry;
	*low = UINT64_MAX;
	*high = 0;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return why_set(why, ENOEXEC, "%s %s: damaged ELF program headers (%s)",
				       what, path, elf_errmsg(-1));
		if (ph.p_type != PT_LOAD || ph.p_memsz == 0)
			continue;
		r = add_segment(p, file, &ph, what, path, why);
		if (r < 0)
			return r;
		loaded++;
		if ((ph.p_flags & PF_X) && eh.e_entry - ph.p_vaddr < ph.p_memsz)
			e = eh.e_entry - ph.p_vaddr + ph.p_paddr;
		*low = ph.p_paddr < *low ? ph.p_paddr : *low;
		*high = ph.p_paddr + ph.p_memsz > *high ? ph.p_paddr + ph.p_memsz : *high;
	}
	if (!loaded)
		return why_set(why, ENOEXEC, "%s %s: the ELF file has nothing to load", what, path);
	*entry = e;
	return 0;
}

int elf_add(struct boot_plan *p, const struct bytes *file, const char *what, const char *path,
	    u64 *entry, u64 *low, u64 *high, struct why *why)
{
	Elf *elf;
	int r;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)file->data, file->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		r = why_set(why, ENOEXEC, "%s %s: damaged ELF file (%s)", what, path,
			    elf_errmsg(-1));
	else
		r = add_segments(p, elf, file, what, path, entry, low, high, why);
	elf_end(elf);
	return r;
}
