/*
 * Plots as SVG: over time from the intervals of a run, and bars of totals. Each part has a <title>, which browsers show when pointed at.
 * Numbers go out with fixed digits, so that pages repeat.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/report_priv.h"

enum { WIDTH = 720, HEIGHT = 220, LEFT = 64, RIGHT = 8, TOP = 10, BOTTOM = 28, COLUMNS = 180, SERIES_MOST = 16, BAR = 22 };

static const double ps_per_ms = 1e9;

static void caption_of(FILE *f, const char *caption)
{
	fputs("<figure>\n<figcaption>", f);
	page_text(f, caption);
	fputs("</figcaption>\n", f);
}

static void legend(FILE *f, const struct series *s, size_t n)
{
	if (n == 1)
		return;
	fputs("<ul class=\"legend\">\n", f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "<li><i class=\"b%u\"></i>", s[i].color);
		page_text(f, s[i].name);
		fputs("</li>\n", f);
	}
	fputs("</ul>\n", f);
}

/* Intervals joined so that not more than COLUMNS are left. */
struct column {
	u64 from, to;
	u64 over[SERIES_MOST], under[SERIES_MOST];
};

static size_t columns_of(const struct run *r, const struct series *s, size_t n, struct column column[COLUMNS])
{
	size_t intervals = 0, seen = 0, join, used = 0;

	for (size_t i = 0; i < r->parts; i++)
		intervals += !strcmp(r->part[i].kind, "interval");
	join = (intervals + COLUMNS - 1) / COLUMNS;
	for (size_t i = 0; i < r->parts; i++) {
		const struct part *p = &r->part[i];
		struct column *c;

		if (strcmp(p->kind, "interval"))
			continue;
		used = seen++ / join;
		c = &column[used];
		if (c->to == 0)
			c->from = p->time >= p->ticks ? p->time - p->ticks : 0;
		c->to = p->time;
		for (size_t k = 0; k < n; k++) {
			c->over[k] += rows_sum(&p->rows, s[k].patterns);
			c->under[k] += s[k].under[0] ? rows_sum(&p->rows, s[k].under) : 0;
		}
	}
	return intervals ? used + 1 : 0;
}

static double x_of(u64 time, u64 end)
{
	return LEFT + (double)time / (double)end * (WIDTH - LEFT - RIGHT);
}

static double y_of(double v, double top)
{
	return HEIGHT - BOTTOM - v / top * (HEIGHT - TOP - BOTTOM);
}

/* 1, 2 or 5 times a power of ten, not below v but for a little. */
static double round_up(double v)
{
	double step = 1e-6;

	v *= 0.99;
	while (step * 10 < v)
		step *= 10;
	return v <= step ? step : v <= 2 * step ? 2 * step : v <= 5 * step ? 5 * step : 10 * step;
}

/* A number of an axis. */
static void axis_number(FILE *f, double v)
{
	if (v >= 1e6)
		fprintf(f, "%gM", v / 1e6);
	else if (v >= 1e4)
		fprintf(f, "%gk", v / 1e3);
	else
		fprintf(f, "%g", v);
}

static void axes(FILE *f, const struct run *r, double top, u64 end, const char *unit)
{
	fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
	for (int i = 0; i <= 4; i++) {
		double y = y_of(top * i / 4, top);

		fprintf(f, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y, WIDTH - RIGHT, y);
		fprintf(f, "<text class=\"y\" x=\"%d\" y=\"%.1f\">", LEFT - 6, y + 4);
		axis_number(f, top * i / 4);
		fprintf(f, "%s</text>\n", unit);
	}
	for (int i = 0; i <= 4; i++)
		fprintf(f, "<text class=\"%s\" x=\"%.1f\" y=\"%d\">%.*f%s</text>\n", i == 4 ? "y" : "x", x_of(end / 4 * (u64)i, end), HEIGHT - 8, end < 1e12 ? 2 : 0,
			(double)end / ps_per_ms * i / 4, i == 4 ? " ms" : "");
	for (size_t i = 0; i < r->parts; i++)
		if (!strcmp(r->part[i].kind, "mark") && r->part[i].time <= end) {
			double x = x_of(r->part[i].time, end);

			fprintf(f, "<line class=\"mark\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"><title>", x, TOP, x, HEIGHT - BOTTOM);
			page_text(f, r->part[i].label);
			fputs("</title></line>\n", f);
		}
}

static double column_top(const struct column *c, size_t n_columns, size_t n)
{
	double top = 0;

	for (size_t i = 0; i < n_columns; i++) {
		double sum = 0;

		for (size_t k = 0; k < n && c[i].to > c[i].from; k++)
			sum += (double)c[i].over[k] * ps_per_ms / (double)(c[i].to - c[i].from);
		top = sum > top ? sum : top;
	}
	return top;
}

void chart_columns(FILE *f, const struct run *r, const char *caption, const struct series *s, size_t n)
{
	struct column *c = calloc(COLUMNS, sizeof *c);
	size_t columns = c ? columns_of(r, s, n, c) : 0;
	double top = columns ? column_top(c, columns, n) : 0;

	if (top > 0) {
		u64 end = c[columns - 1].to;

		top = round_up(top);
		caption_of(f, caption);
		legend(f, s, n);
		axes(f, r, top, end, "");
		for (size_t i = 0; i < columns; i++) {
			double x0 = x_of(c[i].from, end), x1 = x_of(c[i].to, end), base = 0;

			for (size_t k = 0; k < n && c[i].to > c[i].from; k++) {
				double rate = (double)c[i].over[k] * ps_per_ms / (double)(c[i].to - c[i].from);

				if (!c[i].over[k])
					continue;
				fprintf(f, "<rect class=\"f%u\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>", s[k].color, x0,
					y_of(base + rate, top), x1 - x0 > 0.6 ? x1 - x0 - 0.3 : 0.3, rate / top * (HEIGHT - TOP - BOTTOM));
				page_text(f, s[k].name);
				fputs(": ", f);
				page_number(f, c[i].over[k]);
				fprintf(f, " from %.3f to %.3f ms</title></rect>\n", (double)c[i].from / ps_per_ms, (double)c[i].to / ps_per_ms);
				base += rate;
			}
		}
		fputs("</svg>\n</figure>\n", f);
	}
	free(c);
}

static double percent(const struct column *c, size_t k)
{
	return c->under[k] ? 100.0 * (double)c->over[k] / (double)c->under[k] : 0;
}

void chart_lines(FILE *f, const struct run *r, const char *caption, const struct series *s, size_t n)
{
	struct column *c = calloc(COLUMNS, sizeof *c);
	size_t columns = c ? columns_of(r, s, n, c) : 0;
	double top = 0;

	for (size_t i = 0; i < columns; i++)
		for (size_t k = 0; k < n; k++)
			top = percent(&c[i], k) > top ? percent(&c[i], k) : top;
	if (columns > 1 && top > 0) {
		u64 end = c[columns - 1].to;

		top = top > 50 ? 100 : round_up(top);
		caption_of(f, caption);
		legend(f, s, n);
		axes(f, r, top, end, "%");
		for (size_t k = 0; k < n; k++) {
			fprintf(f, "<polyline class=\"l%u\" points=\"", s[k].color);
			for (size_t i = 0; i < columns; i++)
				if (c[i].under[k])
					fprintf(f, "%s%.2f,%.2f", i ? " " : "", x_of(c[i].from / 2 + c[i].to / 2, end), y_of(percent(&c[i], k), top));
			fputs("\"><title>", f);
			page_text(f, s[k].name);
			fputs("</title></polyline>\n", f);
		}
		fputs("</svg>\n</figure>\n", f);
	}
	free(c);
}

/* The pattern of series s for a bar. */
static const char *filled(char to[512], const struct series *s, const char *word)
{
	const char *hole = strstr(s->patterns, "%s");

	if (!hole)
		return s->patterns;
	snprintf(to, 512, "%.*s%s%s", (int)(hole - s->patterns), s->patterns, word, hole + 2);
	return to;
}

static u64 bar_sum(const struct rows *r, const struct series *s, size_t n, const char *word)
{
	char pattern[512];
	u64 sum = 0;

	for (size_t k = 0; k < n; k++)
		sum += rows_sum(r, filled(pattern, &s[k], word));
	return sum;
}

void chart_bars(FILE *f, const struct rows *r, const char *caption, const struct words *bars, const struct series *s, size_t n)
{
	u64 most = 0;
	char pattern[512];

	for (size_t i = 0; i < bars->n; i++) {
		u64 sum = bar_sum(r, s, n, bars->word[i]);

		most = sum > most ? sum : most;
	}
	if (!most)
		return;
	caption_of(f, caption);
	legend(f, s, n);
	fprintf(f, "<svg viewBox=\"0 0 %d %zu\" role=\"img\">\n", WIDTH, bars->n * BAR + 4);
	for (size_t i = 0; i < bars->n; i++) {
		char name[32];
		double x = 2 * LEFT, room = WIDTH - 2 * LEFT - 100;
		u64 sum = bar_sum(r, s, n, bars->word[i]);

		fprintf(f, "<text class=\"y\" x=\"%d\" y=\"%zu\">", 2 * LEFT - 6, i * BAR + 16);
		page_text(f, vm_name(name, bars->word[i]));
		fputs("</text>\n", f);
		for (size_t k = 0; k < n; k++) {
			u64 v = rows_sum(r, filled(pattern, &s[k], bars->word[i]));
			double width = (double)v / (double)most * room;

			if (!v)
				continue;
			fprintf(f, "<rect class=\"f%u\" x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%d\"><title>", s[k].color, x, i * BAR + 3, width,
				BAR - 6);
			page_text(f, s[k].name);
			fputs(": ", f);
			page_number(f, v);
			fputs("</title></rect>\n", f);
			x += width;
		}
		fprintf(f, "<text class=\"v\" x=\"%.2f\" y=\"%zu\">", x + 6, i * BAR + 16);
		page_number(f, sum);
		fputs("</text>\n", f);
	}
	fputs("</svg>\n</figure>\n", f);
}
