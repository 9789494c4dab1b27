/*
 * Several CPUs for the tests: each secondary serves jobs that CPU 0 posts, at the boot EL. Waiting
 * is by WFE and SEV. Memory is shared with the MMU off (Device), so no exclusives here.
 */
#ifndef SMP_COMMON_H
#define SMP_COMMON_H

#include "guest.h"

struct smp_job {
	void (*volatile fn)(u64);
	volatile u64 arg, posted, done;
};

static struct smp_job smp_jobs[GUEST_CPUS] __attribute__((aligned(64)));
static unsigned smp_cpus;

static inline void smp_worker(u64 cpu)
{
	struct smp_job *job = &smp_jobs[cpu];

	for (;;) {
		while (job->posted == job->done)
			INSN("wfe");
		INSN("dmb sy");
		job->fn(job->arg);
		INSN("dmb sy");
		job->done++;
		INSN("dsb sy\n\tsev");
	}
}

/* Starts CPUs 1..n-1 once; false when one does not come. */
static inline void smp_start(unsigned n)
{
	for (; smp_cpus < n; smp_cpus++)
		if (smp_cpus)
			EXPECT("CPU starts", guest_start_cpu(smp_cpus, smp_worker, smp_cpus));
}

static inline void smp_post(unsigned cpu, void (*fn)(u64), u64 arg)
{
	struct smp_job *job = &smp_jobs[cpu];

	job->fn = fn;
	job->arg = arg;
	INSN("dmb sy");
	job->posted++;
	INSN("dsb sy\n\tsev");
}

static inline void smp_wait(unsigned cpu)
{
	while (smp_jobs[cpu].posted != smp_jobs[cpu].done)
		INSN("wfe");
	INSN("dmb sy");
}

/* On one CPU, and CPU 0 waits. */
static inline void smp_call(unsigned cpu, void (*fn)(u64), u64 arg)
{
	smp_post(cpu, fn, arg);
	smp_wait(cpu);
}

/* On all CPUs, this one last; the argument is the CPU's number. */
static inline void smp_all(void (*fn)(u64))
{
	for (unsigned cpu = 1; cpu < smp_cpus; cpu++)
		smp_post(cpu, fn, cpu);
	fn(0);
	for (unsigned cpu = 1; cpu < smp_cpus; cpu++)
		smp_wait(cpu);
}

#endif
