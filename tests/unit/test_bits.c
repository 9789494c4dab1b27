/* base/bits.h: field arithmetic at the edges of its ranges. */
#include "base/bits.h"

#include "tests/unit/harness.h"

TEST(fields_are_named_high_bit_first)
{
	EXPECT_EQ(MASK(7, 4), 0xf0);
	EXPECT_EQ(MASK(63, 0), ~0ull);
	EXPECT_EQ(bits(0xfedcba9876543210, 63, 60), 0xf);
	EXPECT_EQ(bits(0xfedcba9876543210, 63, 0), 0xfedcba9876543210);
	EXPECT_EQ(deposit(~0ull, 15, 8, 0x12), 0xffffffffffff12ff);
	EXPECT_EQ(deposit(0, 63, 0, 0x8000000000000001), 0x8000000000000001);
}

TEST(sign_extension_takes_every_width)
{
	EXPECT_EQ(sext(1, 1), ~0ull);
	EXPECT_EQ(sext(0x80, 8), 0xffffffffffffff80);
	EXPECT_EQ(sext(0x7f, 8), 0x7f);
	EXPECT_EQ(sext(0x8000000000000000, 64), 0x8000000000000000);
}

TEST(rotation_by_zero_and_by_the_width_is_identity)
{
	EXPECT_EQ(ror64(0x123456789abcdef0, 0), 0x123456789abcdef0);
	EXPECT_EQ(ror64(0x123456789abcdef0, 64), 0x123456789abcdef0);
	EXPECT_EQ(ror32(0x12345678, 0), 0x12345678);
	EXPECT_EQ(ror32(1, 1), 0x80000000);
}

TEST(counting_and_alignment)
{
	EXPECT_EQ(clz64(0), 64);
	EXPECT_EQ(clz32(0), 32);
	EXPECT_EQ(ctz64(0), 64);
	EXPECT_EQ(low_mask(0), 0);
	EXPECT_EQ(low_mask(64), ~0ull);
	EXPECT_EQ(log2_64(0x8000000000000000), 63);
	EXPECT_EQ(align_up(0x1001, 0x1000), 0x2000);
	EXPECT_EQ(align_down(0x1fff, 0x1000), 0x1000);
	EXPECT(!is_pow2(0) && is_pow2(1) && !is_pow2(3));
}
