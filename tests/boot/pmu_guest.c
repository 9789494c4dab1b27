/*
 * A Linux program that counts and samples a loop of known length by perf_event_open, as `perf stat` and `perf record` do, and checks
 * what it gets: user instructions exactly, cycles and other events as far as they are known, samples by overflow interrupts with
 * their addresses. Static, for an initrd; run by pmu.sh on the machine and in a KVM guest.
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failures;

static void check(const char *what, int good, uint64_t got)
{
	printf("PMU-%s %s %llu\n", good ? "ok" : "FAIL", what, (unsigned long long)got);
	failures += !good;
}

static int open_event(uint32_t type, uint64_t config, int user, uint64_t period)
{
	struct perf_event_attr a = {
		.type = type,
		.size = sizeof(a),
		.config = config,
		.disabled = 1,
		.exclude_kernel = user,
		.exclude_hv = user,
		.sample_period = period,
		.sample_type = period ? PERF_SAMPLE_IP : 0,
		.wakeup_events = 1,
	};

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

/* Four instructions a turn, one of them a load, one a store, one a branch. */
extern const char loop_start[], loop_end[];
static __attribute__((noinline)) void loop(uint64_t turns)
{
	uint64_t word = 0;

	asm volatile(".globl loop_start\nloop_start:\n1:\tldr x9, [%1]\n\tstr x9, [%1]\n\tsubs %0, %0, #1\n\tb.ne 1b\n"
		     ".globl loop_end\nloop_end:"
		     : "+r"(turns) : "r"(&word) : "x9", "cc", "memory");
}

/* What the event counts around a loop of so many turns; -1: there is no such event. */
static int64_t count(uint32_t type, uint64_t config, int user, uint64_t turns)
{
	int fd = open_event(type, config, user, 0);
	uint64_t before, after;

	if (fd < 0)
		return -1;
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	if (read(fd, &before, 8) != 8)
		return -1;
	loop(turns);
	if (read(fd, &after, 8) != 8)
		return -1;
	close(fd);
	return (int64_t)(after - before);
}

/* Whether the kernel found it in PMCEID<n>_EL0. */
static int listed(const char *event)
{
	char name[128];

	snprintf(name, sizeof(name), "/sys/bus/event_source/devices/armv8_pmuv3/events/%s", event);
	return access(name, F_OK) == 0;
}

/* Another 300,000 turns add n events a turn, and nothing else: what surrounds the loop is the same. A core without the event adds none. */
static void exactly(const char *event, uint32_t type, uint64_t config, uint64_t n)
{
	int64_t a = count(type, config, 1, 100000), b = count(type, config, 1, 400000);
	uint64_t got = (uint64_t)(b - a);

	check(event, a >= 0 && b >= 0 && got == (listed(event) ? 300000 * n : 0), got);
}

static void sample(uint64_t config, uint64_t period, uint64_t turns)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_event(PERF_TYPE_HARDWARE, config, 1, period);
	struct perf_event_mmap_page *m = mmap(NULL, (size_t)page * 65, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t n = 0, inside = 0, by_address[4] = { 0 }, expected = turns * 4 / period;
	const char *data = (const char *)m + page;

	if (fd < 0 || m == MAP_FAILED) {
		check("sampling event", 0, 0);
		return;
	}
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	loop(turns);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	for (uint64_t at = 0; at < m->data_head;) {
		const struct perf_event_header *h = (const void *)(data + at % (uint64_t)(page * 64));
		uint64_t ip;

		memcpy(&ip, h + 1, 8);
		if (h->type == PERF_RECORD_SAMPLE) {
			n++;
			if (ip >= (uint64_t)loop_start && ip < (uint64_t)loop_end) {
				inside++;
				by_address[(ip - (uint64_t)loop_start) / 4]++;
			}
		}
		at += h->size;
	}
	check("samples", n + 2 >= expected && n <= expected + 2, n);
	check("samples in the loop", inside + 2 >= n, inside);
	check("samples at more than one address", by_address[0] < inside || !inside, by_address[0]);
	munmap(m, (size_t)page * 65);
	close(fd);
}

int main(void)
{
	uint64_t all = (uint64_t)count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 0, 100000);
	uint64_t user = (uint64_t)count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 1, 100000);

	setvbuf(stdout, NULL, _IOLBF, 0);
	check("inst_retired is listed", listed("inst_retired"), 1);
	exactly("inst_retired", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 4);
	exactly("cpu_cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 4);
	exactly("ld_retired", PERF_TYPE_RAW, 0x06, 1);
	exactly("st_retired", PERF_TYPE_RAW, 0x07, 1);
	exactly("mem_access", PERF_TYPE_RAW, 0x13, 2);
	exactly("br_retired", PERF_TYPE_RAW, 0x21, 1);
	check("kernel instructions", all > user, all - user);
	sample(PERF_COUNT_HW_INSTRUCTIONS, 100003, 1000000);
	sample(PERF_COUNT_HW_CPU_CYCLES, 50001, 500000);
	printf("PMU-DONE %d failures\n", failures);
	return failures != 0;
}
