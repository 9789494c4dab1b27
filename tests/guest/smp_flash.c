/*
 * Flash that one CPU takes out of its read-array mode while others read it: who was told sees the status, and the bytes when it is
 * back, without any maintenance.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 3 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 3 */
#include "smp_normal.h"

#define CPUS 3
#define ROUNDS 200
#define FLASH 0x04000000ul
#define READ_STATUS 0x00700070u
#define READ_ARRAY 0x00ff00ffu
#define READY 0x00800080u /* both chips' status */

static volatile u64 told __attribute__((aligned(64))), seen[CPUS], wrong;
static u32 bytes;

static u32 look(void)
{
	return *(volatile u32 *)FLASH;
}

static void reader(u64 cpu)
{
	for (u64 i = 1; i <= ROUNDS; i++) {
		u64 now;

		do {
			look();
			asm volatile("ldar %0, %1" : "=r"(now) : "Q"(told) : "memory");
		} while (now != i);
		wrong += look() != (i & 1 ? READY : bytes);
		asm volatile("stlr %1, %0" : "=Q"(seen[cpu]) : "r"(i) : "memory");
	}
}

static void modes(void)
{
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	bytes = look();
	EXPECT("bytes and status differ", bytes != READY);
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		smp_post(cpu, reader, cpu);
	for (u64 i = 1; i <= ROUNDS; i++) {
		*(volatile u32 *)FLASH = i & 1 ? READ_STATUS : READ_ARRAY;
		INSN("dmb sy");
		asm volatile("stlr %1, %0" : "=Q"(told) : "r"(i) : "memory");
		for (unsigned cpu = 1; cpu < CPUS; cpu++)
			while (seen[cpu] != i)
				;
	}
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		smp_wait(cpu);
	EXPECT_EQ("wrong mode", wrong, 0);
	smp_all(mmu_off);
}

GUEST_TESTS(TEST(modes));
