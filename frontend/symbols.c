/* See symbols.h. An array by address and one by name, sorted when they are asked for after a change; names stand in one buffer. */
#define _GNU_SOURCE /* qsort_r */
#include "frontend/symbols.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend/kallsyms.h"

enum {
	MOST_SYMBOLS = 4000000,
	MOST_FILE = 1u << 30,
	MOST_NAME = 511,
	MOST_NAMES = 512u << 20,
	HEAD = 4096, /* text has no zero byte there */
	FAR = 16 << 20, /* an address that far behind a symbol without a size is not its */
};

struct symbol {
	u64 addr, size;
	u32 name; /* offset in names */
};

struct symbols {
	struct symbol *by_addr, *by_name;
	size_t n, room;
	char *names;
	size_t names_n, names_room;
	bool sorted;
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

void symbols_clear(struct symbols *s)
{
	free(s->by_addr);
	free(s->by_name);
	free(s->names);
	*s = (struct symbols){ 0 };
}

void symbols_free(struct symbols *s)
{
	if (s)
		symbols_clear(s);
	free(s);
}

size_t symbols_count(const struct symbols *s)
{
	return s->n;
}

/* ---- adding ---- */

static bool grow(void **array, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? *room : 1024;
	void *to;

	while (more < n)
		more *= 2;
	if (more == *room)
		return true;
	to = realloc(*array, more * size);
	if (!to)
		return false;
	*array = to;
	*room = more;
	return true;
}

int symbols_add(struct symbols *s, const char *name, u64 addr, u64 size)
{
	size_t n = strnlen(name, MOST_NAME);

	if (s->n >= MOST_SYMBOLS || s->names_n + n + 1 > MOST_NAMES)
		return -E2BIG;
	if (!grow((void **)&s->by_addr, &s->room, s->n + 1, sizeof *s->by_addr) || !grow((void **)&s->names, &s->names_room, s->names_n + n + 1, 1))
		return -ENOMEM;
	s->by_addr[s->n++] = (struct symbol){ .addr = addr, .size = size, .name = (u32)s->names_n };
	for (size_t i = 0; i < n; i++) /* they are printed */
		s->names[s->names_n++] = isgraph((unsigned char)name[i]) ? name[i] : '?';
	s->names[s->names_n++] = 0;
	s->sorted = false;
	return 0;
}

/* Mapping symbols of the ABI ($x, $d) and compilers' local labels name nothing. */
static bool means_something(const char *name)
{
	return *name && *name != '$' && strncmp(name, ".L", 2);
}

static int add_elf_symbol(struct symbols *s, Elf *elf, const Elf64_Sym *sym, size_t strings, u64 offset)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);
	const char *name = elf_strptr(elf, strings, sym->st_name);

	if (!name || sym->st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE || type == STT_TLS || !means_something(name))
		return 0;
	return symbols_add(s, name, sym->st_value + offset, sym->st_size);
}

/* By copies: a damaged file's tables may stand at odd addresses. */
static int add_elf_section(struct symbols *s, Elf *elf, Elf_Scn *section, u64 offset)
{
	Elf_Data *data = NULL;
	GElf_Shdr header;
	Elf64_Sym sym;
	int r = 0;

	if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
		data = elf_getdata(section, NULL);
	for (size_t at = 0; r == 0 && data && data->d_buf && at + sizeof sym <= data->d_size; at += sizeof sym) {
		memcpy(&sym, (const char *)data->d_buf + at, sizeof sym);
		r = add_elf_symbol(s, elf, &sym, header.sh_link, offset);
	}
	return r;
}

static int load_elf(struct symbols *s, const char *name, const void *bytes, size_t size, u64 offset, struct why *why)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;
	int r = 0;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)bytes, size);
	if (!elf || gelf_getclass(elf) != ELFCLASS64 || !gelf_getehdr(elf, &header) || header.e_machine != EM_AARCH64)
		r = why_set(why, ENOEXEC, "%s: expected an AArch64 ELF file", name);
	while (r == 0 && (section = elf_nextscn(elf, section)) != NULL)
		r = add_elf_section(s, elf, section, offset);
	elf_end(elf);
	return r;
}

/* "ffff800008000000 T _text" with perhaps a "\t[module]" behind; false: it is not such a line. */
static bool nm_line(const char *line, u64 *addr, char *type, char name[MOST_NAME + 1])
{
	char *end;
	size_t n;

	*addr = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !isalpha((unsigned char)end[1]) || end[2] != ' ')
		return false;
	*type = end[1];
	n = strcspn(end + 3, " \t\r\n");
	if (!n || n > MOST_NAME)
		return false;
	memcpy(name, end + 3, n);
	name[n] = 0;
	return true;
}

static int load_text(struct symbols *s, const char *name, const char *bytes, size_t size, u64 offset, struct why *why)
{
	size_t before = s->n, bad = 0;
	char line[MOST_NAME + 64], symbol[MOST_NAME + 1], type;
	int r = 0;
	u64 addr;

	for (size_t at = 0; r == 0 && at < size;) {
		const char *end = memchr(bytes + at, '\n', size - at);
		size_t n = end ? (size_t)(end - (bytes + at)) : size - at;

		snprintf(line, sizeof line, "%.*s", n < sizeof line ? (int)n : (int)sizeof line - 1, bytes + at);
		at += n + 1;
		if (!nm_line(line, &addr, &type, symbol))
			bad++;
		else if (type != 'U' && type != 'w' && type != 'a' && means_something(symbol) && addr)
			r = symbols_add(s, symbol, addr + offset, 0);
		if (bad > 1000 && s->n == before) /* not such a file at all */
			break;
	}
	if (r == 0 && s->n == before)
		return why_set(why, ENOEXEC, "%s: expected an ELF file with symbols, or lines such as 'ffff800008000000 T name' (System.map, kallsyms)", name);
	return r;
}

s64 symbols_load_bytes(struct symbols *s, const char *name, const void *bytes, size_t size, u64 offset, struct why *why)
{
	size_t before = s->n;
	int r;

	if (size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG))
		r = load_elf(s, name, bytes, size, offset, why);
	else if (memchr(bytes, 0, size < HEAD ? size : HEAD))
		return kallsyms_add(s, name, bytes, size, offset, why);
	else
		r = load_text(s, name, bytes, size, offset, why);
	if (r == -ENOMEM)
		return why_set(why, ENOMEM, "no memory on the host");
	if (r == -E2BIG)
		return why_set(why, E2BIG, "%s: expected at most %d symbols in all", name, MOST_SYMBOLS);
	return r < 0 ? r : (s64)(s->n - before);
}

/* A regular file's bytes, which the caller frees. */
static void *read_whole(const char *path, size_t *size, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *bytes = NULL;
	struct stat st;
	ssize_t n = 1;

	*size = 0;
	if (fd < 0 || fstat(fd, &st)) {
		why_set(why, errno, "%s: cannot open: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_size > MOST_FILE) {
		why_set(why, EINVAL, "%s: expected a file of at most %u MiB", path, MOST_FILE >> 20);
	} else if (!(bytes = malloc((size_t)st.st_size + 1))) {
		why_set(why, ENOMEM, "no memory on the host");
	} else {
		while (*size < (size_t)st.st_size && (n = read(fd, bytes + *size, (size_t)st.st_size - *size)) > 0)
			*size += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

s64 symbols_load(struct symbols *s, const char *path, u64 offset, struct why *why)
{
	size_t size;
	void *bytes = read_whole(path, &size, why);
	s64 r;

	if (!bytes)
		return -EIO;
	r = symbols_load_bytes(s, path, bytes, size, offset, why);
	free(bytes);
	return r;
}

void symbols_load_image(struct symbols *s, const char *path)
{
	char magic[SELFMAG] = "";
	struct why why;
	FILE *f = fopen(path, "rb");

	if (!f)
		return;
	if (fread(magic, 1, sizeof magic, f) == sizeof magic && !memcmp(magic, ELFMAG, SELFMAG))
		symbols_load(s, path, 0, &why);
	fclose(f);
}

/* ---- looking ---- */

static int compare_addr(const void *a, const void *b, void *names)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return strcmp((const char *)names + x->name, (const char *)names + y->name);
}

static int compare_name(const void *a, const void *b, void *names)
{
	const struct symbol *x = a, *y = b;
	int r = strcmp((const char *)names + x->name, (const char *)names + y->name);

	return r ? r : x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* False: there are none, or no memory. */
static bool sort(struct symbols *s)
{
	struct symbol *copy;

	if (s->sorted || !s->n)
		return s->n != 0;
	copy = realloc(s->by_name, s->n * sizeof *copy);
	if (!copy)
		return false;
	s->by_name = copy;
	memcpy(copy, s->by_addr, s->n * sizeof *copy);
	qsort_r(s->by_addr, s->n, sizeof *copy, compare_addr, s->names);
	qsort_r(s->by_name, s->n, sizeof *copy, compare_name, s->names);
	s->sorted = true;
	return true;
}

/* Index of the first whose name is not before `name`, comparing n characters. */
static size_t lower_name(const struct symbols *s, const char *name)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(s->names + s->by_name[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool symbols_find(struct symbols *s, const char *name, u64 *addr)
{
	size_t i;

	if (!sort(s))
		return false;
	i = lower_name(s, name);
	if (i == s->n || strcmp(s->names + s->by_name[i].name, name))
		return false;
	*addr = s->by_name[i].addr;
	return true;
}

const char *symbols_at(struct symbols *s, u64 addr, u64 *offset)
{
	const struct symbol *k;
	size_t low = 0, high;

	if (!sort(s))
		return NULL;
	for (high = s->n; low < high;) {
		size_t middle = (low + high) / 2;

		if (s->by_addr[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	k = &s->by_addr[low - 1];
	while (k > s->by_addr && k[-1].addr == k->addr && !k->size) /* the first name of several, but one with a size before others */
		k--;
	*offset = addr - k->addr;
	return *offset < (k->size ? k->size : FAR) || !*offset ? s->names + k->name : NULL;
}

void symbols_each(struct symbols *s, const char *begin, size_t most, void (*each)(void *ctx, const char *name, u64 addr), void *ctx)
{
	size_t n = strlen(begin);

	if (!sort(s))
		return;
	for (size_t i = lower_name(s, begin); i < s->n && most--; i++) {
		const char *name = s->names + s->by_name[i].name;

		if (strncmp(name, begin, n))
			return;
		each(ctx, name, s->by_name[i].addr);
	}
}

const char *symbols_text(struct symbols *s, u64 addr, char text[SYMBOLS_TEXT])
{
	u64 offset = 0;
	const char *name = symbols_at(s, addr, &offset);

	if (!name)
		*text = 0;
	else if (offset)
		snprintf(text, SYMBOLS_TEXT, "%.120s+%#" PRIx64, name, offset);
	else
		snprintf(text, SYMBOLS_TEXT, "%.120s", name);
	return text;
}
