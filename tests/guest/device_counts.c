/* Accesses to a device: the PL031, which nothing else here touches. */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* stats: device.pl031.0x9010000.reads 5 */
/* stats: device.pl031.0x9010000.writes 3 */
/* stats: device.pl031.0x9010000.bytes_read 20 */
/* stats: device.pl031.0x9010000.bytes_written 12 */
#include "guest.h"

#define RTC(offset) (*(volatile u32 *)(0x09010000ul + (offset)))

static void accesses(void)
{
	for (unsigned i = 0; i < 3; i++)
		RTC(4) = 0xfffffff0u + i; /* RTCMR */
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ("RTCPeriphID0", RTC(0xfe0), 0x31);
	EXPECT_EQ("RTCMR", RTC(4), 0xfffffff2);
}

GUEST_TESTS(TEST(accesses));
