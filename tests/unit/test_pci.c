/*
 * devices/pci/ and devices/virtio/pci.c: what configuration writes change, where BARs answer behind bridges, where
 * interrupts and messages go, and that no sequence of accesses does more.
 */
#include "tests/unit/virtio_bench.h"

#include "devices/virtio/pci.h"
#include "tests/unit/mem_snap.h"

enum { ECAM_SIZE = 16 << 20, MMIO32 = 0x10000000, MMIO32_SIZE = 0x10000000 };
#define MMIO64 0x8000000000ull

/* Where messages arrive: a device on the system bus at 0x8000000. */
struct doorbell {
	unsigned n;
	u64 off, data;
	u16 requester;
};

static u64 bell_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	return 0;
}
static void bell_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct doorbell *b = dev;

	b->n++;
	b->off = off;
	b->data = v;
	b->requester = at.requester;
}
static const struct device_ops bell_ops = { .name = "bell", .size = 0x1000, .widths = W32, .read = bell_read, .write = bell_write };

struct null_device {
	struct virtio_device v;
	unsigned notified;
	u16 last;
};

static void null_notify(struct virtio_device *d, unsigned q)
{
	((struct null_device *)d)->notified++;
	((struct null_device *)d)->last = (u16)q;
}
static const struct virtio_ops null_ops = { .name = "null", .id = 4, .pci_class = 0xff00, .notify = null_notify };

struct rig {
	struct virtio_bench b;
	struct doorbell bell;
	struct pci_host *h;
	struct null_device dev;
	struct pci_function *f;
	u8 lines;
};

static void set_line(void *sink, u32 pin, bool level)
{
	struct rig *r = sink;

	r->lines = (u8)(level ? r->lines | 1u << pin : r->lines & ~(1u << pin));
}

static void rig_start(struct rig *r)
{
	static const u16 max[] = { QSIZE, QSIZE };
	struct pci_host_config c = { .ecam_size = ECAM_SIZE, .mmio32_base = MMIO32, .mmio32_size = MMIO32_SIZE,
				     .mmio64_base = MMIO64, .mmio64_size = 1ull << 32 };

	memset(r, 0, sizeof *r);
	bench_start(&r->b);
	c.bus = r->b.bus;
	for (unsigned i = 0; i < 4; i++)
		c.intx[i] = (struct wire){ set_line, r, i };
	r->h = pci_host_new(&c);
	bus_add_device(r->b.bus, 0x8000000, &bell_ops, &r->bell, false);
	bus_add_device(r->b.bus, MMIO32, pci_mmio32_ops(r->h), r->h, false);
	bus_add_device(r->b.bus, MMIO64, pci_mmio64_ops(r->h), r->h, false);
	virtio_init(&r->dev.v, &null_ops, &r->b.env, NULL, 0, max, 2);
	r->f = virtio_pci_new(&r->dev.v, 3, false, NULL);
}

static void rig_end(struct rig *r)
{
	pci_host_free(r->h);
	bus_free(r->b.bus);
}

static u32 cfg_rd(struct rig *r, u32 bus, u32 devfn, u32 off, unsigned width)
{
	return (u32)pci_ecam_ops(r->h)->read(r->h, bus << 20 | devfn << 12 | off, width, (struct attrs){ 0 });
}
static void cfg_wr(struct rig *r, u32 bus, u32 devfn, u32 off, unsigned width, u32 v)
{
	pci_ecam_ops(r->h)->write(r->h, bus << 20 | devfn << 12 | off, v, width, (struct attrs){ 0 });
}
static u64 mem_rd(struct rig *r, u64 addr, unsigned width)
{
	u64 v = 0;

	EXPECT_EQ(bus_read(r->b.bus, pa_make(SPACE_NS, addr), width, (struct attrs){ 0 }, &v), BUS_OK);
	return v;
}
static void mem_wr(struct rig *r, u64 addr, unsigned width, u64 v)
{
	EXPECT_EQ(bus_write(r->b.bus, pa_make(SPACE_NS, addr), width, (struct attrs){ 0 }, v), BUS_OK);
}

enum { SLOT1 = 1 << 3 };

/* The function in slot 1 of the root, BARs in both windows, everything enabled. */
static void plug_and_place(struct rig *r)
{
	EXPECT_EQ(pci_plug(pci_host_root(r->h), r->f, -1), 0);
	cfg_wr(r, 0, SLOT1, 0x14, 4, MMIO32 + 0x1000);
	cfg_wr(r, 0, SLOT1, 0x20, 4, 0x4000);
	cfg_wr(r, 0, SLOT1, 0x24, 4, MMIO64 >> 32);
	cfg_wr(r, 0, SLOT1, PCI_COMMAND, 2, PCI_CMD_MEMORY | PCI_CMD_MASTER);
}

TEST(configuration_space_says_what_is_there)
{
	struct rig r;

	rig_start(&r);
	plug_and_place(&r);
	EXPECT_EQ(cfg_rd(&r, 0, 0, 0, 4), 0x00081b36);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, 0, 4), 0x10441af4);
	EXPECT_EQ(cfg_rd(&r, 0, 2 << 3, 0, 4), 0xffffffff);
	EXPECT_EQ(cfg_rd(&r, 1, 0, 0, 2), 0xffff);
	cfg_wr(&r, 0, SLOT1, 0, 4, 0);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, 0, 4), 0x10441af4);
	cfg_wr(&r, 0, SLOT1, PCI_INT_LINE, 2, 0xffff);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, PCI_INT_LINE, 2), 0x01ff);
	cfg_wr(&r, 0, SLOT1, 0x20, 4, 0xffffffff); /* sizing */
	cfg_wr(&r, 0, SLOT1, 0x24, 4, 0xffffffff);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, 0x20, 4), 0xffffc00c);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, 0x24, 4), 0xffffffff);
	cfg_wr(&r, 0, SLOT1, 0x10, 4, 0xffffffff);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, 0x10, 4), 0);
	rig_end(&r);
}

TEST(capabilities_are_a_list_that_ends)
{
	struct rig r;
	u32 at, n = 0, types = 0;

	rig_start(&r);
	plug_and_place(&r);
	EXPECT(cfg_rd(&r, 0, SLOT1, PCI_STATUS, 2) & PCI_STATUS_CAPS);
	for (at = cfg_rd(&r, 0, SLOT1, PCI_CAPS, 1); at && n < 20; at = cfg_rd(&r, 0, SLOT1, at + 1, 1), n++)
		if (cfg_rd(&r, 0, SLOT1, at, 1) == PCI_CAP_VENDOR)
			types |= 1u << cfg_rd(&r, 0, SLOT1, at + 3, 1);
	EXPECT_EQ(n, 6);
	EXPECT_EQ(types, 0x3e);
	rig_end(&r);
}

TEST(bars_answer_where_they_are_put)
{
	struct rig r;

	rig_start(&r);
	plug_and_place(&r);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x4012, 2), 2); /* num_queues */
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x4010, 8), 0x2ffff);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x3ffc, 4), 0xffffffff);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x8000, 8), ~0ull);
	EXPECT_EQ(mem_rd(&r, MMIO32 + 0x100c, 4), 1); /* vector 0 is masked */
	cfg_wr(&r, 0, SLOT1, 0x20, 4, 0x100000);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x4012, 2), 0xffff);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x100012, 2), 2);
	cfg_wr(&r, 0, SLOT1, PCI_COMMAND, 2, 0);
	EXPECT_EQ(mem_rd(&r, MMIO64 + 0x100012, 2), 0xffff);
	rig_end(&r);
}

static void queue_up(struct rig *r, u64 bar)
{
	mem_wr(r, bar + 0x14, 1, 3);
	mem_wr(r, bar + 0x08, 4, 1);
	mem_wr(r, bar + 0x0c, 4, 1); /* VERSION_1 */
	mem_wr(r, bar + 0x14, 1, 11);
	mem_wr(r, bar + 0x16, 2, 1);
	mem_wr(r, bar + 0x18, 2, QSIZE);
	mem_wr(r, bar + 0x1a, 2, 2);
	mem_wr(r, bar + 0x20, 8, DESC);
	mem_wr(r, bar + 0x28, 8, AVAIL);
	mem_wr(r, bar + 0x30, 4, USED);
	mem_wr(r, bar + 0x1c, 2, 1);
	mem_wr(r, bar + 0x14, 1, 15);
	EXPECT_EQ(mem_rd(r, bar + 0x1c, 2), 1);
	EXPECT(virtio_live(&r->dev.v));
}

static void use_one(struct rig *r)
{
	struct virtio_chain c;

	put_desc(&r->b, DESC, 0, DATA, 8, WRITE, 0);
	offer(&r->b, 0);
	if (EXPECT(virtio_pop(&r->dev.v, 1, &c)))
		virtio_push(&r->dev.v, 1, &c, 0);
	virtio_signal(&r->dev.v, 1);
}

TEST(a_driver_uses_a_queue_with_intx)
{
	struct rig r;
	u64 bar = MMIO64 + 0x4000;

	rig_start(&r);
	plug_and_place(&r);
	queue_up(&r, bar);
	mem_wr(&r, bar + 0x3004, 2, 1);
	EXPECT_EQ(r.dev.notified, 1);
	EXPECT_EQ(r.dev.last, 1);
	use_one(&r);
	EXPECT_EQ(r.lines, 2); /* slot 1: INTA is the second line */
	EXPECT(cfg_rd(&r, 0, SLOT1, PCI_STATUS, 2) & PCI_STATUS_INTX);
	cfg_wr(&r, 0, SLOT1, PCI_COMMAND, 2, 0x406);
	EXPECT_EQ(r.lines, 0);
	cfg_wr(&r, 0, SLOT1, PCI_COMMAND, 2, 6);
	EXPECT_EQ(r.lines, 2);
	EXPECT_EQ(mem_rd(&r, bar + 0x1000, 1), 1);
	EXPECT_EQ(mem_rd(&r, bar + 0x1000, 1), 0);
	EXPECT_EQ(r.lines, 0);
	rig_end(&r);
}

TEST(without_bus_mastering_memory_is_left_alone)
{
	struct rig r;
	struct virtio_chain c;
	u64 bar = MMIO64 + 0x4000;

	rig_start(&r);
	plug_and_place(&r);
	queue_up(&r, bar);
	mem_wr(&r, bar + 0x3004, 2, 1);
	EXPECT_EQ(r.dev.notified, 1);
	cfg_wr(&r, 0, SLOT1, PCI_COMMAND, 2, PCI_CMD_MEMORY);
	put_desc(&r.b, DESC, 0, DATA, 8, WRITE, 0);
	offer(&r.b, 0);
	EXPECT(!virtio_pop(&r.dev.v, 1, &c)); /* an event that is late, a frame that comes in */
	mem_wr(&r, bar + 0x3004, 2, 1);
	EXPECT_EQ(r.dev.notified, 1);
	cfg_wr(&r, 0, SLOT1, PCI_COMMAND, 2, PCI_CMD_MEMORY | PCI_CMD_MASTER);
	EXPECT_EQ(r.dev.notified, 2); /* what waited */
	EXPECT(virtio_pop(&r.dev.v, 1, &c));
	rig_end(&r);
}

static void msix_on(struct rig *r, u64 addr)
{
	u16 cap = r->f->msix.cap;

	mem_wr(r, MMIO32 + 0x1020, 8, addr);
	mem_wr(r, MMIO32 + 0x1028, 4, 0x55);
	mem_wr(r, MMIO32 + 0x102c, 4, 0);
	cfg_wr(r, 0, SLOT1, cap + 2u, 2, 0x8000);
	EXPECT_EQ(cfg_rd(r, 0, SLOT1, cap + 2u, 2), 0x8002);
}

TEST(messages_are_bus_writes_with_the_requester_id)
{
	struct rig r;
	u16 cap;

	rig_start(&r);
	plug_and_place(&r);
	queue_up(&r, MMIO64 + 0x4000);
	msix_on(&r, 0x8000040);
	cap = r.f->msix.cap;
	use_one(&r);
	EXPECT_EQ(r.bell.n, 1);
	EXPECT_EQ(r.bell.off, 0x40);
	EXPECT_EQ(r.bell.data, 0x55);
	EXPECT_EQ(r.bell.requester, 0x8000 | SLOT1);
	EXPECT_EQ(r.lines, 0);

	mem_wr(&r, MMIO32 + 0x102c, 4, 1); /* masked: pending, then sent */
	use_one(&r);
	EXPECT_EQ(r.bell.n, 1);
	EXPECT_EQ(mem_rd(&r, MMIO32 + 0x1800, 8), 4);
	mem_wr(&r, MMIO32 + 0x102c, 4, 0);
	EXPECT_EQ(r.bell.n, 2);
	EXPECT_EQ(mem_rd(&r, MMIO32 + 0x1800, 8), 0);

	cfg_wr(&r, 0, SLOT1, cap + 2u, 2, 0xc000); /* the function's mask */
	use_one(&r);
	EXPECT_EQ(r.bell.n, 2);
	cfg_wr(&r, 0, SLOT1, cap + 2u, 2, 0x8000);
	EXPECT_EQ(r.bell.n, 3);
	rig_end(&r);
}

static void echo_notify(struct virtio_device *d, unsigned q)
{
	virtio_config_changed(d);
}

TEST(a_message_to_a_doorbell_of_its_own_does_not_recur)
{
	static const struct virtio_ops echo_ops = { .name = "echo", .id = 4, .notify = echo_notify };
	struct rig r;

	rig_start(&r);
	plug_and_place(&r);
	r.dev.v.ops = &echo_ops;
	queue_up(&r, MMIO64 + 0x4000);
	mem_wr(&r, MMIO64 + 0x4010, 2, 2); /* changes use vector 2 as well */
	msix_on(&r, MMIO64 + 0x7004);
	mem_wr(&r, MMIO64 + 0x7004, 2, 1);
	EXPECT_EQ(r.dev.v.stats.notifications, 2);
	rig_end(&r);
}

TEST(bridges_lead_to_numbered_buses)
{
	struct rig r;
	struct pci_function *port, *bridge;
	u64 bar = MMIO32 + 0x300000;

	rig_start(&r);
	port = pci_bridge_new(PCI_ROOT_PORT, "rp", NULL);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), port, PCI_DEVFN(2, 0)), 0);
	EXPECT_EQ(pci_bridge_bus(port, "rp"), 0);
	bridge = pci_bridge_new(PCI_EXPRESS_BRIDGE, "br", NULL);
	EXPECT_EQ(pci_plug(pci_host_find_bus(r.h, "rp"), bridge, PCI_DEVFN(1, 0)), -22);
	EXPECT_EQ(pci_plug(pci_host_find_bus(r.h, "rp"), bridge, -1), 0);
	EXPECT_EQ(pci_bridge_bus(bridge, "br"), 0);
	EXPECT_EQ(pci_plug(pci_host_find_bus(r.h, "br"), r.f, PCI_DEVFN(5, 0)), 0);

	EXPECT_EQ(cfg_rd(&r, 3, 0, 0, 4), 0xffffffff);
	cfg_wr(&r, 0, 2 << 3, 0x18, 4, 0x00040300); /* bus 3, up to 4 */
	EXPECT_EQ(cfg_rd(&r, 3, 0, 0, 4), 0x000e1b36);
	cfg_wr(&r, 3, 0, 0x18, 4, 0x00040403);
	EXPECT_EQ(cfg_rd(&r, 4, 5 << 3, 0, 4), 0x10441af4);
	EXPECT_EQ(pci_rid(r.f), 0x0400); /* as its Express bridge says */
	EXPECT_EQ(pci_rid(bridge), 0x0300);

	cfg_wr(&r, 4, 5 << 3, 0x20, 4, (u32)bar);
	cfg_wr(&r, 4, 5 << 3, PCI_COMMAND, 2, 6);
	EXPECT_EQ(mem_rd(&r, bar + 0x12, 2), 0xffff); /* no bridge forwards it */
	for (int i = 0; i < 2; i++) {
		u32 bus = i ? 3 : 0, devfn = i ? 0 : 2 << 3;

		cfg_wr(&r, bus, devfn, 0x20, 4, (u32)(bar >> 16 | (bar & 0xfff00000)));
		cfg_wr(&r, bus, devfn, PCI_COMMAND, 2, 7);
		EXPECT_EQ(mem_rd(&r, bar + 0x12, 2), i ? 2 : 0xffff);
	}
	queue_up(&r, bar);
	use_one(&r);
	EXPECT_EQ(r.lines, 1u << (5 + 0 + 2) % 4);

	cfg_wr(&r, 0, 2 << 3, 0x3e, 2, 0x40); /* secondary bus reset */
	EXPECT_EQ(r.lines, 0);
	EXPECT(!virtio_live(&r.dev.v));
	EXPECT_EQ(cfg_rd(&r, 4, 5 << 3, 0, 4), 0xffffffff);
	rig_end(&r);
}

TEST(slots_are_taken_in_order)
{
	struct rig r;
	struct pci_function *a = pci_bridge_new(PCI_BRIDGE, "a", NULL);

	rig_start(&r);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), a, PCI_DEVFN(1, 0)), 0);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), r.f, PCI_DEVFN(1, 0)), -16);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), r.f, -1), 0);
	EXPECT_EQ(r.f->devfn, PCI_DEVFN(2, 0));
	EXPECT(pci_host_function(r.h, 2) == r.f && !pci_host_function(r.h, 3));
	rig_end(&r);
}

TEST(the_configuration_window_reaches_the_bar)
{
	struct rig r;
	u32 cap = 0;

	rig_start(&r);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), r.f, -1), 0);
	for (u32 at = cfg_rd(&r, 0, SLOT1, PCI_CAPS, 1); at; at = cfg_rd(&r, 0, SLOT1, at + 1, 1))
		if (cfg_rd(&r, 0, SLOT1, at, 1) == PCI_CAP_VENDOR && cfg_rd(&r, 0, SLOT1, at + 3, 1) == 5)
			cap = at;
	ASSERT(cap);
	cfg_wr(&r, 0, SLOT1, cap + 4, 1, 4);
	cfg_wr(&r, 0, SLOT1, cap + 8, 4, 0x12);
	cfg_wr(&r, 0, SLOT1, cap + 12, 4, 2);
	EXPECT_EQ(cfg_rd(&r, 0, SLOT1, cap + 16, 2), 2);
	cfg_wr(&r, 0, SLOT1, cap + 8, 4, 0x14);
	cfg_wr(&r, 0, SLOT1, cap + 12, 4, 1);
	cfg_wr(&r, 0, SLOT1, cap + 16, 1, 3);
	EXPECT_EQ(r.dev.v.status, 3);
	cfg_wr(&r, 0, SLOT1, cap + 8, 4, 0xfffffffc);
	cfg_wr(&r, 0, SLOT1, cap + 12, 4, 4);
	cfg_wr(&r, 0, SLOT1, cap + 16, 4, 3);
	cfg_rd(&r, 0, SLOT1, cap + 16, 4);
	rig_end(&r);
}

TEST(functions_come_back_from_a_snapshot)
{
	static struct mem_snap a;
	struct rig r, r2;

	memset(&a, 0, sizeof a);
	a.s.bytes = mem_bytes;
	rig_start(&r);
	plug_and_place(&r);
	queue_up(&r, MMIO64 + 0x4000);
	use_one(&r);
	rig_start(&r2);
	EXPECT_EQ(pci_plug(pci_host_root(r2.h), r2.f, -1), 0);
	pci_ecam_ops(r.h)->snap(r.h, &a.s);
	EXPECT(!a.s.failed);
	mem_rewind(&a);
	pci_ecam_ops(r2.h)->snap(r2.h, &a.s);
	EXPECT(!a.s.failed);
	EXPECT_EQ(r2.lines, 2);
	EXPECT_EQ(mem_rd(&r2, MMIO64 + 0x4014, 1), 15);
	EXPECT(virtio_live(&r2.dev.v));
	rig_end(&r);
	rig_end(&r2);
}

TEST(no_sequence_of_accesses_does_harm)
{
	struct rig r;
	struct pci_function *port = pci_bridge_new(PCI_ROOT_PORT, "rp", NULL);
	u64 x = 7;

	rig_start(&r);
	EXPECT_EQ(pci_plug(pci_host_root(r.h), port, -1), 0);
	EXPECT_EQ(pci_bridge_bus(port, "rp"), 0);
	EXPECT_EQ(pci_plug(pci_host_find_bus(r.h, "rp"), r.f, -1), 0);
	for (unsigned i = 0; i < 300000; i++) {
		unsigned width;
		u64 off;

		x = x * 6364136223846793005u + 1442695040888963407u;
		width = 1u << (x >> 60) % 3;
		off = (x >> 36 & 1 ? x >> 40 & 0x1fff : x >> 40 & 0xff) & ~(u64)(width - 1);
		if (x >> 37 & 1) {
			cfg_wr(&r, x >> 38 & 1, x >> 39 & 1 ? SLOT1 : 0, off & 0xfff, width, (u32)x);
			cfg_rd(&r, x >> 38 & 1, x >> 39 & 1 ? SLOT1 : 0, off & 0xfff, width);
		} else {
			pci_bar_write(r.f, x >> 38 & 1 ? 4 : 1, off & (x >> 38 & 1 ? 0x3fff : 0xfff), width,
				      x >> 39 & 1 ? x & 15 : x);
			pci_bar_read(r.f, x >> 38 & 1 ? 4 : 1, off & (x >> 38 & 1 ? 0x3fff : 0xfff), width);
		}
		if (!(i & 255))
			virtio_config_changed(&r.dev.v);
	}
	rig_end(&r);
}
