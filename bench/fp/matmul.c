/*
 * Workload: products of square double-precision matrices, the plain triple loop, one fused multiply-add an inner step. The size is
 * an argument of the program so that the compiler specialises nothing.
 *
 * usage: matmul [SIZE [TIMES]]
 */
#include <stdlib.h>

#include "checksum.h"

static double *random_matrix(size_t n, uint64_t seed)
{
	double *m = malloc(n * n * sizeof *m);

	if (!m)
		exit(1);
	for (size_t i = 0; i < n * n; i++)
		m[i] = (double)(int64_t)next_random(&seed) * 0x1p-63;
	return m;
}

/* c = a * b */
static void multiply(size_t n, const double *a, const double *b, double *c)
{
	for (size_t row = 0; row < n; row++) {
		for (size_t column = 0; column < n; column++) {
			double sum = 0;

			for (size_t k = 0; k < n; k++)
				sum += a[row * n + k] * b[k * n + column];
			c[row * n + column] = sum;
		}
	}
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 256;
	unsigned times = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 20;
	double *a = random_matrix(n, 1), *b = random_matrix(n, 2), *c = random_matrix(n, 3);
	uint64_t sum = 0;

	for (unsigned i = 0; i < times; i++) {
		multiply(n, a, b, c);
		sum = checksum(sum, c, n * n * sizeof *c);
		a[i % (n * n)] += 1; /* each product is another one */
	}
	print_checksum("matmul", sum);
	return 0;
}
