/*
 * See report.h. The page is whole in itself: its style is built in (report.css), plots are SVG, there are no scripts and nothing is
 * fetched. The same files give the same bytes.
 */
#include "frontend/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "frontend/report_priv.h"

enum { RUNS_MOST = 16 };

/* frontend/report.css, by its build; ends with NUL */
extern const char report_css[];

static const char usage[] =
	"usage: trapline report DIR... [-o FILE]\n"
	"Writes one HTML page (default report.html) about the folders of --stats runs; several are compared with the first.\n";

static const struct {
	const char *id, *title;
	void (*write)(FILE *f, const struct run *run, size_t n);
} sections[] = {
	{ "runs", "Runs", section_runs },
	{ "glance", "At a glance", section_glance },
	{ "exits", "Exits from VMs", section_exits },
	{ "outside", "Time outside the guest", section_outside },
	{ "causes", "What trapped most", section_causes },
	{ "tlb", "TLBs", section_tlb },
	{ "walks", "Table walks", section_walks },
	{ "cycles", "Where cycles went", section_cycles },
	{ "timing", "Timing model", section_timing },
	{ "interrupts", "Interrupts", section_interrupts },
	{ "regions", "Regions and marks", section_regions },
};

void page_text(FILE *f, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&': fputs("&amp;", f); break;
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '"': fputs("&quot;", f); break;
		default: fputc((unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s, f);
		}
}

void page_number(FILE *f, u64 v)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRIu64, v);

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			fputc(',', f);
		fputc(digits[i], f);
	}
}

static void write_page(FILE *f, const struct run *run, size_t n)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Trapline: ",
	      f);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", f);
		page_text(f, run[i].name);
	}
	fprintf(f, "</title>\n<style>\n%s</style>\n</head>\n<body%s>\n<header>\n<h1>", report_css, n > 1 ? " class=\"many\"" : "");
	for (size_t i = 0; i < n; i++) {
		fputs(i ? " <small>and</small> " : "", f);
		page_text(f, run[i].name);
	}
	fputs("</h1>\n<nav>\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		fprintf(f, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].title);
	fputs("</nav>\n</header>\n<main>\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		fprintf(f, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].title);
		sections[i].write(f, run, n);
		fputs("</section>\n", f);
	}
	fputs("</main>\n<footer>\nMade by trapline report " TRAPLINE_VERSION ". Times are virtual; rates of hits and misses are those of the TLB "
	      "geometry above.\n</footer>\n</body>\n</html>\n",
	      f);
}

/* The page appears whole or not at all. */
static int write_file(const char *path, const struct run *run, size_t n, struct why *why)
{
	char tmp[4096];
	FILE *f;
	bool bad;

	snprintf(tmp, sizeof tmp, "%s.tmp", path);
	f = fopen(tmp, "w");
	if (!f)
		return why_set(why, errno, "report: -o %s: cannot write: %s", path, strerror(errno));
	write_page(f, run, n);
	bad = ferror(f);
	bad |= fclose(f) != 0;
	if (!bad && !rename(tmp, path))
		return 0;
	unlink(tmp);
	return why_set(why, EIO, "report: -o %s: cannot write", path);
}

/* Folders into dir; *n of them. 1: only usage was asked for. */
static int arguments(int argc, char **argv, const char **dir, size_t *n, const char **out, struct why *why)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			return 1;
		}
		if (!strcmp(argv[i], "-o")) {
			if (++i == argc)
				return why_set(why, EINVAL, "report: -o: expected a file");
			*out = argv[i];
		} else if (argv[i][0] == '-') {
			return why_set(why, EINVAL, "report: %s: unknown option; expected DIR... [-o FILE]", argv[i]);
		} else if (*n == RUNS_MOST) {
			return why_set(why, EINVAL, "report: expected at most %d folders", RUNS_MOST);
		} else {
			dir[(*n)++] = argv[i];
		}
	}
	return *n ? 0 : why_set(why, EINVAL, "report: expected the folder of a --stats run: trapline report DIR... [-o FILE]");
}

int report_command(int argc, char **argv, struct why *why)
{
	const char *dir[RUNS_MOST], *out = "report.html";
	struct run run[RUNS_MOST];
	size_t n = 0, loaded = 0;
	int r = arguments(argc, argv, dir, &n, &out, why);

	for (; r == 0 && loaded < n; loaded++)
		r = run_load(&run[loaded], dir[loaded], why);
	if (r == 0)
		r = write_file(out, run, n, why);
	for (size_t i = 0; i < loaded; i++)
		run_free(&run[i]);
	return r < 0 ? r : 0;
}
