/*
 * A character backend: where the bytes of a serial port or console port go, and where others come from. Kinds: nothing,
 * a file, standard input and output (through the frontend), a socket (TCP or Unix, listening or calling), a
 * pseudo-terminal. One port uses it (struct chardev_user).
 *
 * Output never waits for the outside: what a slow reader leaves lying beyond a buffer is lost, and the log says so.
 * Input waits outside until the port has room.
 */
#ifndef DEVICES_CHARDEV_H
#define DEVICES_CHARDEV_H

#include "base/why.h"
#include "devices/outside.h"

struct log;
struct chardev;

enum chardev_kind { CHARDEV_NULL, CHARDEV_STDIO, CHARDEV_FILE, CHARDEV_SOCKET, CHARDEV_PTY };

struct chardev_config {
	enum chardev_kind kind;
	char *id;
	char *path;  /* CHARDEV_FILE, Unix socket */
	bool append; /* CHARDEV_FILE */
	char *host, *port; /* TCP; host NULL or "": any address */
	bool server, nowait; /* listen; do not wait for the first caller before the machine starts */
	bool guest_gets_ctrl_c; /* CHARDEV_STDIO */
};

/* The port. Every member but ctx may be NULL. */
struct chardev_user {
	void *ctx;
	size_t (*room)(void *ctx); /* bytes that take() would take now */
	void (*take)(void *ctx, const u8 *bytes, size_t n);
	void (*state)(void *ctx, bool open); /* somebody is there, or gone */
};

struct chardev_env {
	struct outside *outside;
	struct log *log;
	/* CHARDEV_STDIO: bytes for standard output */
	void (*stdio)(void *ctx, const u8 *bytes, size_t n);
	void *ctx;
};

/* 0, or a negative errno with *why. */
int chardev_new(struct chardev **out, const struct chardev_config *cfg, const struct chardev_env *env, struct why *why);
void chardev_free(struct chardev *c);
void chardev_config_free(struct chardev_config *c);
const char *chardev_id(const struct chardev *c);
bool chardev_is_stdio(const struct chardev *c);

/* false: another port uses it. */
bool chardev_attach(struct chardev *c, const struct chardev_user *user);
void chardev_detach(struct chardev *c);
/* Bytes of the guest. */
void chardev_write(struct chardev *c, const u8 *bytes, size_t n);
bool chardev_is_open(const struct chardev *c);

/* CHARDEV_STDIO: what was typed. */
size_t chardev_room(const struct chardev *c);
void chardev_input(struct chardev *c, const u8 *bytes, size_t n);

#endif
