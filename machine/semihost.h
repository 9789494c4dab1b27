/*
 * Arm semihosting 2.0 for AArch64: what a bare-metal program asks of the host by HLT #0xF000, and the console and files
 * behind it. semihost.c has the calls, semihost_files.c the files of the host.
 */
#ifndef MACHINE_SEMIHOST_H
#define MACHINE_SEMIHOST_H

#include "base/snap.h"
#include "base/stat.h"
#include "base/why.h"

struct cpu;
struct machine;
struct semihost;

#define SEMIHOST_STATS(STAT) \
	STAT(calls, "call", "calls served") \
	STAT(failures, "call", "of them: those that failed") \
	STAT(bytes_in, "byte", "bytes that the guest read from files and console") \
	STAT(bytes_out, "byte", "bytes that the guest wrote to files and console")
struct semihost_stats {
	SEMIHOST_STATS(STAT_FIELD)
};
extern const struct stat_row semihost_stat_rows[];
extern const size_t semihost_stat_rows_n;

/* When the configuration has semihosting. 0, or negative errno with *why; m->semihost is NULL otherwise. */
int make_semihost(struct machine *m, struct why *why);
void free_semihost(struct machine *m);
/* A PE's HLT #0xF000, between cpu_enter() and cpu_leave(). False: it is UNDEFINED there. */
bool machine_semihost(void *ctx, struct cpu *c);
/* A reset: open files are closed. */
void semihost_reset(struct semihost *s);
void semihost_snap(struct semihost *s, struct snap *snap);
const struct semihost_stats *semihost_stats(const struct semihost *s);

/* The console, where it is serial port 0's: a call waits for what is typed, and takes it. */
bool semihost_can_rx(const struct semihost *s);
void semihost_rx(struct semihost *s, u8 byte);

/*
 * semihost_files.c: regular files below the folder `top` (a descriptor). mode: as SYS_OPEN counts fopen()'s. Names are
 * the guest's. A descriptor, or 0; negative errno.
 */
#define SEMIHOST_PATH 1024 /* of a name, with its end */
int semihost_file_open(int top, const char *name, unsigned mode);
int semihost_file_remove(int top, const char *name);
int semihost_file_rename(int top, const char *from, const char *to);

#endif
