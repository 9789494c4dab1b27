/* CRC32 and CRC32C of 8, 16, 32 and 64 bits against a bit-by-bit division. */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
#include "guest.h"

PROBE(crc32b, "crc32b w0, w0, w1");
PROBE(crc32h, "crc32h w0, w0, w1");
PROBE(crc32w, "crc32w w0, w0, w1");
PROBE(crc32x, "crc32x w0, w0, x1");
PROBE(crc32cb, "crc32cb w0, w0, w1");
PROBE(crc32ch, "crc32ch w0, w0, w1");
PROBE(crc32cw, "crc32cw w0, w0, w1");
PROBE(crc32cx, "crc32cx w0, w0, x1");

static u32 crc(u32 reversed_polynomial, u32 acc, u64 value, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		u32 bit = (acc ^ (u32)(value >> i)) & 1;

		acc = acc >> 1 ^ (bit ? reversed_polynomial : 0);
	}
	return acc;
}

static void all(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u32 polynomial;
		unsigned bits;
	} forms[] = {
		{ "crc32b", crc32b, 0xedb88320, 8 }, { "crc32h", crc32h, 0xedb88320, 16 },
		{ "crc32w", crc32w, 0xedb88320, 32 }, { "crc32x", crc32x, 0xedb88320, 64 },
		{ "crc32cb", crc32cb, 0x82f63b78, 8 }, { "crc32ch", crc32ch, 0x82f63b78, 16 },
		{ "crc32cw", crc32cw, 0x82f63b78, 32 }, { "crc32cx", crc32cx, 0x82f63b78, 64 },
	};
	u64 value = 0x0123456789abcdef;

	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		for (unsigned n = 0; n < 16; n++) {
			u64 acc = n ? value >> 7 : 0;   /* bits 63:32 are ignored */

			EXPECT_EQ(forms[i].name, RUN(SPSR_EL1, forms[i].probe, acc, value),
				  crc(forms[i].polynomial, (u32)acc, value, forms[i].bits));
			value = value * 6364136223846793005 + 1442695040888963407;
		}
	}
}

GUEST_TESTS(TEST(all));
