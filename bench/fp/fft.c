/*
 * Workload: complex double-precision Fourier transforms there and back: radix 2, in place, twiddle factors from a table that sin()
 * and cos() fill at the start.
 *
 * usage: fft [LOG2_SIZE [TIMES]]
 */
#include <math.h>
#include <stdlib.h>

#include "checksum.h"

struct complex {
	double re, im;
};

static struct complex *allocate(size_t n)
{
	struct complex *p = malloc(n * sizeof *p);

	if (!p)
		exit(1);
	return p;
}

static void reverse_bits(struct complex *x, size_t n)
{
	for (size_t i = 1, j = 0; i < n; i++) {
		size_t bit = n >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			struct complex t = x[i];

			x[i] = x[j];
			x[j] = t;
		}
	}
}

/* sign: 1 forward, -1 backward (without the division by n). w: the n / 2 twiddle factors. */
static void transform(struct complex *x, const struct complex *w, size_t n, double sign)
{
	reverse_bits(x, n);
	for (size_t half = 1; half < n; half *= 2) {
		size_t step = n / (2 * half);

		for (size_t first = 0; first < n; first += 2 * half) {
			for (size_t k = 0; k < half; k++) {
				struct complex *a = &x[first + k], *b = a + half, t;
				double re = w[k * step].re, im = sign * w[k * step].im;

				t.re = re * b->re - im * b->im;
				t.im = re * b->im + im * b->re;
				b->re = a->re - t.re;
				b->im = a->im - t.im;
				a->re += t.re;
				a->im += t.im;
			}
		}
	}
}

int main(int argc, char **argv)
{
	size_t n = (size_t)1 << (argc > 1 ? strtoul(argv[1], NULL, 0) : 14);
	unsigned times = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 200;
	struct complex *x = allocate(n), *w = allocate(n / 2);
	uint64_t sum = 0, seed = 1;

	for (size_t i = 0; i < n / 2; i++) {
		double angle = -2 * 3.14159265358979323846 * (double)i / (double)n;

		w[i] = (struct complex){ cos(angle), sin(angle) };
	}
	for (size_t i = 0; i < n; i++)
		x[i] = (struct complex){ (double)(int64_t)next_random(&seed) * 0x1p-63, 0 };
	for (unsigned i = 0; i < times; i++) {
		transform(x, w, n, 1);
		sum = checksum(sum, x, n * sizeof *x);
		transform(x, w, n, -1);
		for (size_t k = 0; k < n; k++) {
			x[k].re /= (double)n;
			x[k].im /= (double)n;
		}
		sum = checksum(sum, x, n * sizeof *x);
	}
	print_checksum("fft", sum);
	return 0;
}
