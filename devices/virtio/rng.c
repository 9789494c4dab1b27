/*
 * See rng.h. The seeded source is a generator, not a cryptographic one: a guest whose secrets matter wants the
 * host's (rng-random). A limit on the rate holds in virtual time.
 */
#include "devices/virtio/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/snap.h"

enum { QUEUE_SIZE = 8, REQUEST_MAX = 4096 };
#define PS_PER_MS 1000000000ull

struct virtio_rng {
	struct virtio_device d;
	int fd; /* -1: seeded */
	u64 state;
	u64 max_bytes, period;
	u64 quota; /* bytes left in this period */
	struct event refill;
	struct virtio_chain chain;
};

static struct virtio_rng *rng(struct virtio_device *d)
{
	return container_of(d, struct virtio_rng, d);
}

/* splitmix64 */
static u64 next_word(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t draw(struct virtio_rng *r, u8 *to, size_t n)
{
	ssize_t got;

	if (r->fd >= 0) {
		got = read(r->fd, to, n);
		if (got >= 0)
			return (size_t)got;
		log_once(r->d.env.log, LOG_HOST, r->d.name, (u64)errno, "the source of random bytes cannot be read (error %d)", errno);
		return 0;
	}
	for (size_t i = 0; i < n; i += 8) {
		u64 word = next_word(&r->state);

		for (size_t k = 0; k < 8 && i + k < n; k++)
			to[i + k] = (u8)(word >> 8 * k);
	}
	return n;
}

/* Fills one request as far as the quota goes; a device may return less than was asked for (5.4.6). */
static u32 fill(struct virtio_rng *r, const struct virtio_chain *c)
{
	u8 bytes[REQUEST_MAX];
	u64 want = c->in_len < REQUEST_MAX ? c->in_len : REQUEST_MAX, n;

	if (r->period && want > r->quota)
		want = r->quota;
	n = draw(r, bytes, (size_t)want);
	n = virtio_chain_write(&r->d, c, 0, bytes, (size_t)n);
	r->quota -= r->period ? n : 0;
	return (u32)n;
}

static void serve(struct virtio_rng *r)
{
	bool any = false;

	while ((!r->period || r->quota) && virtio_pop(&r->d, 0, &r->chain)) {
		virtio_push(&r->d, 0, &r->chain, fill(r, &r->chain));
		any = true;
	}
	if (any)
		virtio_signal(&r->d, 0);
	if (r->period && r->quota < r->max_bytes && !r->refill.armed)
		event_at(r->d.env.queue, &r->refill, r->d.env.now(r->d.env.ctx) + r->period);
}

static void refill(void *ctx, u64 late)
{
	struct virtio_rng *r = ctx;

	r->quota = r->max_bytes;
	serve(r);
}

static void rng_notify(struct virtio_device *d, unsigned q)
{
	serve(rng(d));
}

static void rng_reset(struct virtio_device *d)
{
	struct virtio_rng *r = rng(d);

	if (r->refill.armed)
		event_cancel(d->env.queue, &r->refill);
	r->quota = r->max_bytes;
}

static void rng_snap(struct virtio_device *d, struct snap *s)
{
	struct virtio_rng *r = rng(d);

	snap_u64(s, &r->state);
	snap_u64(s, &r->quota);
	if (d->env.queue)
		event_snap(d->env.queue, &r->refill, s);
}

static void rng_free(struct virtio_device *d)
{
	struct virtio_rng *r = rng(d);

	rng_reset(d);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

static const struct virtio_ops rng_ops = {
	.name = "virtio-rng",
	.id = VIRTIO_ID_RNG,
	.pci_class = 0x00ff00,
	.notify = rng_notify,
	.reset = rng_reset,
	.snap = rng_snap,
	.free = rng_free,
};

struct virtio_device *virtio_rng_new(const struct virtio_env *env, const char *name, const struct virtio_rng_config *cfg)
{
	static const u16 sizes[] = { QUEUE_SIZE };
	struct virtio_rng *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->fd = cfg->file ? open(cfg->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (cfg->file && r->fd < 0) {
		free(r);
		return NULL;
	}
	r->state = cfg->seed;
	r->max_bytes = cfg->max_bytes;
	r->period = cfg->period_ms * PS_PER_MS;
	r->refill = (struct event){ .name = "refill", .owner = r->d.name, .fire = refill, .ctx = r };
	virtio_init(&r->d, &rng_ops, env, name, 0, sizes, ARRAY_SIZE(sizes));
	return &r->d;
}
