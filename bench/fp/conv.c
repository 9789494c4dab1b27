/*
 * Workload: image filters with NEON intrinsics, as image libraries write them:
 *   blur     8-bit pixels, separable 1 4 6 4 1: widening adds and multiplies, rounding saturating narrow
 *   sobel    8-bit pixels: widening subtraction, absolute values, saturating add and narrow
 *   sharpen  3x3 by 16-bit coefficients into 32 bits: multiply by lane, saturating narrow in two steps
 *   filter   3x3 of floats: convert, fused multiply-add by lane, convert back
 * on an image that each filter hands to the next.
 *
 * usage: conv [WIDTH HEIGHT TIMES]     WIDTH is a multiple of 16
 */
#include <arm_neon.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"

enum { MARGIN = 16 }; /* bytes on each side of a line, and lines above and below, which hold 0 */

struct image {
	size_t width, height, stride;
	uint8_t *base;
};

static struct image make_image(size_t width, size_t height)
{
	struct image m = { width, height, width + 2 * MARGIN, NULL };

	m.base = calloc(m.stride, height + 2 * MARGIN);
	if (!m.base)
		exit(1);
	return m;
}

static uint8_t *line(const struct image *m, size_t y)
{
	return m->base + (y + MARGIN) * m->stride + MARGIN;
}

/* a + 4 b + 6 c + 4 d + e of 8 pixels */
static uint16x8_t binomial(uint8x8_t a, uint8x8_t b, uint8x8_t c, uint8x8_t d, uint8x8_t e)
{
	uint16x8_t sum = vaddl_u8(a, e);

	sum = vmlaq_n_u16(sum, vaddl_u8(b, d), 4);
	return vmlal_u8(sum, c, vdup_n_u8(6));
}

static void blur_rows(const struct image *from, const struct image *to)
{
	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = line(from, y);
		uint8_t *out = line(to, y);

		for (size_t x = 0; x < from->width; x += 16) {
			uint8x16_t left = vld1q_u8(in + x - 16), here = vld1q_u8(in + x), right = vld1q_u8(in + x + 16);
			uint8x16_t a = vextq_u8(left, here, 14), b = vextq_u8(left, here, 15);
			uint8x16_t d = vextq_u8(here, right, 1), e = vextq_u8(here, right, 2);
			uint16x8_t low = binomial(vget_low_u8(a), vget_low_u8(b), vget_low_u8(here), vget_low_u8(d),
						  vget_low_u8(e));
			uint16x8_t high = binomial(vget_high_u8(a), vget_high_u8(b), vget_high_u8(here),
						   vget_high_u8(d), vget_high_u8(e));

			vst1q_u8(out + x, vcombine_u8(vqrshrn_n_u16(low, 4), vqrshrn_n_u16(high, 4)));
		}
	}
}

static void blur_columns(const struct image *from, const struct image *to)
{
	size_t stride = from->stride;

	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = line(from, y);
		uint8_t *out = line(to, y);

		for (size_t x = 0; x < from->width; x += 8) {
			const uint8_t *p = in + x - 2 * stride;
			uint16x8_t sum = binomial(vld1_u8(p), vld1_u8(p + stride), vld1_u8(p + 2 * stride),
						  vld1_u8(p + 3 * stride), vld1_u8(p + 4 * stride));

			vst1_u8(out + x, vqrshrn_n_u16(sum, 4));
		}
	}
}

/* |horizontal gradient| + |vertical gradient|, saturated */
static void sobel(const struct image *from, const struct image *to)
{
	size_t stride = from->stride;

	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = line(from, y);
		uint8_t *out = line(to, y);

		for (size_t x = 0; x < from->width; x += 8) {
			const uint8_t *p = in + x;
			uint8x8_t nw = vld1_u8(p - stride - 1), n = vld1_u8(p - stride), ne = vld1_u8(p - stride + 1);
			uint8x8_t w = vld1_u8(p - 1), e = vld1_u8(p + 1);
			uint8x8_t sw = vld1_u8(p + stride - 1), s = vld1_u8(p + stride), se = vld1_u8(p + stride + 1);
			int16x8_t east_west = vreinterpretq_s16_u16(vaddq_u16(vsubl_u8(ne, nw), vsubl_u8(se, sw)));
			int16x8_t north_south = vreinterpretq_s16_u16(vaddq_u16(vsubl_u8(sw, nw), vsubl_u8(se, ne)));

			east_west = vaddq_s16(east_west, vshlq_n_s16(vreinterpretq_s16_u16(vsubl_u8(e, w)), 1));
			north_south = vaddq_s16(north_south, vshlq_n_s16(vreinterpretq_s16_u16(vsubl_u8(s, n)), 1));
			vst1_u8(out + x, vqmovun_s16(vqaddq_s16(vabsq_s16(east_west), vabsq_s16(north_south))));
		}
	}
}

static int16x8_t pixels(const uint8_t *p)
{
	return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
}

static void sharpen(const struct image *from, const struct image *to)
{
	static const int16_t coefficients[4] = { -113, -491, 3440, 0 }; /* corner, edge, centre: 1024 in all */
	const int16x4_t k = vld1_s16(coefficients);
	size_t stride = from->stride;

	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = line(from, y);
		uint8_t *out = line(to, y);

		for (size_t x = 0; x < from->width; x += 8) {
			const uint8_t *p = in + x;
			int16x8_t corners = vaddq_s16(vaddq_s16(pixels(p - stride - 1), pixels(p - stride + 1)),
						      vaddq_s16(pixels(p + stride - 1), pixels(p + stride + 1)));
			int16x8_t edges = vaddq_s16(vaddq_s16(pixels(p - stride), pixels(p + stride)),
						    vaddq_s16(pixels(p - 1), pixels(p + 1)));
			int16x8_t centre = pixels(p);
			int32x4_t low = vmull_lane_s16(vget_low_s16(corners), k, 0);
			int32x4_t high = vmull_lane_s16(vget_high_s16(corners), k, 0);

			low = vmlal_lane_s16(low, vget_low_s16(edges), k, 1);
			high = vmlal_lane_s16(high, vget_high_s16(edges), k, 1);
			low = vmlal_lane_s16(low, vget_low_s16(centre), k, 2);
			high = vmlal_lane_s16(high, vget_high_s16(centre), k, 2);
			vst1_u8(out + x, vqmovun_s16(vcombine_s16(vqrshrn_n_s32(low, 10), vqrshrn_n_s32(high, 10))));
		}
	}
}

static float32x4_t float_pixels(const uint8_t *p)
{
	uint32_t four;

	memcpy(&four, p, sizeof four);
	return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}

static void filter(const struct image *from, const struct image *to)
{
	static const float coefficients[4] = { 0.0625f, 0.125f, 0.27f, 0 };
	const float32x4_t k = vld1q_f32(coefficients);
	size_t stride = from->stride;

	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = line(from, y);
		uint8_t *out = line(to, y);

		for (size_t x = 0; x < from->width; x += 4) {
			const uint8_t *p = in + x;
			float32x4_t sum = vmulq_laneq_f32(float_pixels(p), k, 2);
			uint16x4_t rounded;
			uint32_t four;

			sum = vfmaq_laneq_f32(sum, float_pixels(p - stride - 1), k, 0);
			sum = vfmaq_laneq_f32(sum, float_pixels(p - stride), k, 1);
			sum = vfmaq_laneq_f32(sum, float_pixels(p - stride + 1), k, 0);
			sum = vfmaq_laneq_f32(sum, float_pixels(p - 1), k, 1);
			sum = vfmaq_laneq_f32(sum, float_pixels(p + 1), k, 1);
			sum = vfmaq_laneq_f32(sum, float_pixels(p + stride - 1), k, 0);
			sum = vfmaq_laneq_f32(sum, float_pixels(p + stride), k, 1);
			sum = vfmaq_laneq_f32(sum, float_pixels(p + stride + 1), k, 0);
			rounded = vqmovn_u32(vcvtnq_u32_f32(sum));
			four = vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(rounded, rounded))), 0);
			memcpy(out + x, &four, sizeof four);
		}
	}
}

/* Edges added to what they came from, so that the picture does not fade from turn to turn. */
static void mix(const struct image *picture, const struct image *edges, unsigned turn)
{
	for (size_t y = 0; y < picture->height; y++) {
		uint8_t *p = line(picture, y);
		const uint8_t *e = line(edges, y);

		for (size_t x = 0; x < picture->width; x += 16) {
			uint8x16_t shifted = veorq_u8(vld1q_u8(e + x), vdupq_n_u8((uint8_t)turn));

			vst1q_u8(p + x, vrhaddq_u8(vld1q_u8(p + x), shifted));
		}
	}
}

int main(int argc, char **argv)
{
	size_t width = argc > 1 ? strtoul(argv[1], NULL, 0) & ~15ul : 640;
	size_t height = argc > 2 ? strtoul(argv[2], NULL, 0) : 480;
	unsigned times = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 80;
	struct image a = make_image(width, height), b = make_image(width, height);
	uint64_t sum = 0, seed = 1;

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			line(&a, y)[x] = (uint8_t)((x ^ y) + (next_random(&seed) >> 59));
	for (unsigned i = 0; i < times; i++) {
		blur_rows(&a, &b);
		blur_columns(&b, &a);
		sharpen(&a, &b);
		filter(&b, &a);
		sobel(&a, &b);
		mix(&a, &b, i);
		sum = checksum(sum, a.base, a.stride * (height + 2 * MARGIN));
	}
	print_checksum("conv", sum);
	return 0;
}
