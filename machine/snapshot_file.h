/*
 * The file of a snapshot: a header, the configuration as text, sections, and a table of them. docs/snapshots.md describes the bytes. This
 * knows nothing of machines: it hands out one snapshot visitor for each section, whose bytes are compressed.
 *
 * Written under another name in the same folder, which becomes the real one when all is on the disk; so whatever goes wrong, an older
 * file of that name stays. Opened for reading only when its SHA-256 is right. Memory does not grow with what a file says of itself.
 * Called by snapshot.c.
 */
#ifndef MACHINE_SNAPSHOT_FILE_H
#define MACHINE_SNAPSHOT_FILE_H

#include "base/snap.h"
#include "base/why.h"

enum { SNAPSHOT_FORMAT = 1, SNAPSHOT_CONFIG_MAX = 1 << 18 };

struct snapshot_writer;
/* 0, or negative errno with *why. `by`: name and version of this program. */
int snapshot_create(struct snapshot_writer **out, const char *path, const char *by, const char *config, struct why *why);
/* The visitor of the next section; the one before is over. It fails when the file cannot be written, and says why at the end. */
struct snap *snapshot_begin(struct snapshot_writer *w, const char *name, u32 version);
/* Sections of what the visitors failed at: nothing appears. Else the file does. Frees w. */
int snapshot_commit(struct snapshot_writer *w, struct why *why);

struct snapshot_reader;
/* Everything is checked but what only a visitor can say. 0, or negative errno with *why. */
int snapshot_open(struct snapshot_reader **out, const char *path, struct why *why);
void snapshot_close(struct snapshot_reader *r);
const char *snapshot_by(const struct snapshot_reader *r);
const char *snapshot_config(const struct snapshot_reader *r);
/* Whether the sections are these, in this order; *why names the first that is not. */
struct snapshot_section {
	const char *name;
	u32 version;
};
bool snapshot_has(const struct snapshot_reader *r, const struct snapshot_section *want, size_t n, struct why *why);
/* Of how many sections; one's name, version and bytes. */
size_t snapshot_sections(const struct snapshot_reader *r);
struct snapshot_section snapshot_section(const struct snapshot_reader *r, size_t i, u64 *size);
/* The visitor of section i. */
struct snap *snapshot_load(struct snapshot_reader *r, size_t i);
/* Whether its visitor was content and took all of it. */
bool snapshot_loaded(struct snapshot_reader *r, struct why *why);

#endif
