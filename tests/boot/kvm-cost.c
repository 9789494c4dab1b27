/*
 * What a virtual machine's exits cost under KVM: a Linux program that makes one VM after the other, each with a bare-metal guest of a few instructions, by the
 * ioctls of /dev/kvm alone. Static, for an initrd (bench/virt.py makes it and reads what this prints).
 *
 * A guest does one thing COUNT times and tells how many ticks of its virtual counter that took by a store to a page without memory. Its MMU is off. What is done:
 *   empty        nothing
 *   hypercall    HVC with a function that does not exist: to the kernel and back
 *   mmio-kernel  a read of GICD_IIDR: the kernel's model of the interrupt controller
 *   mmio-user    a read of the page without memory: to this program and back
 *   ioeventfd    a store that only signals an eventfd: out to the kernel
 *   eoi          the end of an interrupt, at the virtual CPU interface
 *   timer        a virtual timer that expires at once, until its interrupt is handled
 *   ipi          an SGI to a vCPU that runs on another processor, until it is handled there
 * The guest's interrupt controller is a GICv3, or a GICv2 where the host has no other.
 * All VMs stay until the end, so that their stage-2 tables are different pages: Trapline's statistics then number them in this order.
 *
 * usage: kvm-cost [COUNT]      a line each: kvm-cost NAME COUNT TICKS HERTZ
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define RAM 0x40000000ul
#define RAM_SIZE 0x20000ul
#define DIST 0x08000000ul
#define CPU_INTERFACE 0x08010000ul
#define REDIST 0x080a0000ul
#define PORT 0x0a000000ul               /* no memory; a store here ends the vCPU's run */
#define DOORBELL (PORT + 0x100)
#define CORE_REG(x) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(x))

/*
 * The guest: x0 = what to do, x1 = how often, x2 = number of the vCPU, x3 = version of the GIC. x19 counts down, x21 = PORT, x22 = GICD, x25 = three words of
 * RAM: the other vCPU is ready, interrupts handled, stop; x26 = GICC of a GICv2, else 0.
 */
asm(".pushsection .rodata\n"
    ".balign 4096\n"
    ".global guest_start, guest_end\n"
    "guest_start:\n"
    "	mrs	x4, sctlr_el1\n"
    "	orr	x4, x4, #0x1000\n"
    "	msr	sctlr_el1, x4\n"
    "	adr	x4, guest_vectors\n"
    "	msr	vbar_el1, x4\n"
    "	isb\n"
    "	mov	x19, x1\n"
    "	mov	x21, #0x0a000000\n"
    "	mov	x22, #0x08000000\n"
    "	adr	x25, guest_start\n"
    "	add	x25, x25, #0x10, lsl #12\n"
    "	mov	x28, x0\n"
    "	cmp	x3, #2\n"
    "	add	x26, x22, #0x10, lsl #12\n"
    "	csel	x26, x26, xzr, eq\n"
    "	b.eq	guest_gicv2\n"
    /* SGIs and the virtual timer, in group 1 */
    "	mov	w3, #0x12\n"
    "	str	w3, [x22]\n"
    "	add	x3, x22, #0xb0, lsl #12\n"      /* frame of SGIs */
    "	add	x3, x3, x2, lsl #17\n"
    "	mov	w4, #-1\n"
    "	str	w4, [x3, #0x80]\n"
    "	mov	w4, #0xffff\n"
    "	movk	w4, #0x0800, lsl #16\n"
    "	str	w4, [x3, #0x100]\n"
    "	mrs	x3, icc_sre_el1\n"
    "	orr	x3, x3, #1\n"
    "	msr	icc_sre_el1, x3\n"
    "	isb\n"
    "	mov	x3, #0xf0\n"
    "	msr	icc_pmr_el1, x3\n"
    "	mov	x3, #1\n"
    "	msr	icc_igrpen1_el1, x3\n"
    "	isb\n"
    "	b	guest_work\n"
    "guest_gicv2:\n"
    "	mov	w3, #1\n"
    "	str	w3, [x22]\n"
    "	mov	w4, #0xffff\n"
    "	movk	w4, #0x0800, lsl #16\n"
    "	str	w4, [x22, #0x100]\n"
    "	str	w3, [x26]\n"
    "	mov	w4, #0xf0\n"
    "	str	w4, [x26, #4]\n"
    "guest_work:\n"
    "	msr	daifclr, #2\n"
    "	cbnz	x2, guest_other\n"
    "	adr	x3, guest_table\n"
    "	ldrsw	x4, [x3, x28, lsl #2]\n"
    "	add	x3, x3, x4\n"
    "	br	x3\n"

    "	.macro	start\n"
    "	isb\n"
    "	mrs	x23, cntvct_el0\n"
    "1:\n"
    "	.endm\n"
    "	.macro	done\n"
    "	sub	x19, x19, #1\n"
    "	cbnz	x19, 1b\n"
    "	b	guest_result\n"
    "	.endm\n"

    "guest_empty:\n"
    "	start\n"
    "	done\n"
    "guest_hypercall:\n"
    "	start\n"
    "	mov	w0, #0x4b000000\n"
    "	hvc	#0\n"
    "	done\n"
    "guest_mmio_kernel:\n"
    "	start\n"
    "	ldr	w0, [x22, #8]\n"
    "	done\n"
    "guest_mmio_user:\n"
    "	start\n"
    "	ldr	w0, [x21, #8]\n"
    "	done\n"
    "guest_ioeventfd:\n"
    "	start\n"
    "	str	wzr, [x21, #0x100]\n"
    "	done\n"
    "guest_eoi:\n"
    "	mov	x5, #1023\n"
    "	cbnz	x26, guest_eoi_gicv2\n"
    "	start\n"
    "	msr	icc_eoir1_el1, x5\n"
    "	isb\n"
    "	done\n"
    "guest_eoi_gicv2:\n"
    "	start\n"
    "	str	w5, [x26, #0x10]\n"
    "	done\n"
    "guest_timer:\n"
    "	mov	x6, #1\n"
    "	msr	cntv_cval_el0, xzr\n"
    "	start\n"
    "	ldr	w5, [x25, #4]\n"
    "	msr	cntv_ctl_el0, x6\n"
    "	isb\n"
    "2:	ldr	w7, [x25, #4]\n"
    "	cmp	w7, w5\n"
    "	b.eq	2b\n"
    "	done\n"
    "guest_ipi:\n"
    "	ldr	w5, [x25]\n"
    "	cbz	w5, guest_ipi\n"
    "	mov	x6, #2\n"                       /* SGI 1 to vCPU 1 */
    "	movk	x6, #0x0100, lsl #16\n"
    "	cbnz	x26, guest_ipi_gicv2\n"
    "	start\n"
    "	ldr	w5, [x25, #4]\n"
    "	msr	icc_sgi1r_el1, x6\n"
    "	isb\n"
    "2:	ldr	w7, [x25, #4]\n"
    "	cmp	w7, w5\n"
    "	b.eq	2b\n"
    "	done\n"
    "guest_ipi_gicv2:\n"
    "	mov	w6, #0x00020000\n"
    "	add	w6, w6, #1\n"
    "	start\n"
    "	ldr	w5, [x25, #4]\n"
    "	str	w6, [x22, #0xf00]\n"
    "2:	ldr	w7, [x25, #4]\n"
    "	cmp	w7, w5\n"
    "	b.eq	2b\n"
    "	done\n"

    "guest_result:\n"
    "	isb\n"
    "	mrs	x24, cntvct_el0\n"
    "	sub	x24, x24, x23\n"
    "	mov	w3, #1\n"
    "	str	w3, [x25, #8]\n"
    "3:	str	x24, [x21]\n"
    "	b	3b\n"
    "guest_other:\n"
    "	mov	w3, #1\n"
    "	str	w3, [x25]\n"
    "4:	ldr	w3, [x25, #8]\n"
    "	cbz	w3, 4b\n"
    "	b	3b\n"

    "	.balign	4\n"
    "guest_table:\n"
    "	.word	guest_empty - guest_table, guest_hypercall - guest_table, guest_mmio_kernel - guest_table\n"
    "	.word	guest_mmio_user - guest_table, guest_ioeventfd - guest_table, guest_eoi - guest_table\n"
    "	.word	guest_timer - guest_table, guest_ipi - guest_table\n"

    "	.balign	2048\n"
    "guest_vectors:\n"
    "	.org	guest_vectors + 0x280\n"        /* an IRQ at this EL */
    "	cbnz	x26, 6f\n"
    "	mrs	x9, icc_iar1_el1\n"
    "	b	7f\n"
    "6:	ldr	w9, [x26, #0xc]\n"
    "7:	cmp	w9, #27\n"
    "	b.ne	5f\n"
    "	mov	x10, #2\n"
    "	msr	cntv_ctl_el0, x10\n"
    "	isb\n"
    "5:	cbnz	x26, 6f\n"
    "	msr	icc_eoir1_el1, x9\n"
    "	b	7f\n"
    "6:	str	w9, [x26, #0x10]\n"
    "7:	ldr	w10, [x25, #4]\n"
    "	add	w10, w10, #1\n"
    "	str	w10, [x25, #4]\n"
    "	eret\n"
    "guest_end:\n"
    "	.popsection\n");
extern const char guest_start[], guest_end[];

static const struct test {
	const char *name;
	unsigned vcpus;
} tests[] = {
	{ "empty", 1 },	    { "hypercall", 1 }, { "mmio-kernel", 1 }, { "mmio-user", 1 },
	{ "ioeventfd", 1 }, { "eoi", 1 },       { "timer", 1 },       { "ipi", 2 },
};

struct vcpu {
	int fd;
	unsigned number;
	struct kvm_run *run;
	uint64_t result;
};

static int sys;                         /* /dev/kvm */

static int call(int fd, unsigned long request, void *arg, const char *what)
{
	int got = ioctl(fd, request, arg);

	if (got < 0)
		err(1, "%s", what);
	return got;
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(1, "sched_setaffinity");
}

static void set_address(int gic, uint64_t type, uint64_t address)
{
	struct kvm_device_attr attr = { .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = type, .addr = (uintptr_t)&address };

	call(gic, KVM_SET_DEVICE_ATTR, &attr, "an address of the GIC");
}

/* A GICv3, or *version becomes 2. */
static int gic_create(int vm, unsigned *version)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	*version = 3;
	if (ioctl(vm, KVM_CREATE_DEVICE, &device) >= 0) {
		set_address((int)device.fd, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST);
		set_address((int)device.fd, KVM_VGIC_V3_ADDR_TYPE_REDIST, REDIST);
		return (int)device.fd;
	}
	*version = 2;
	device.type = KVM_DEV_TYPE_ARM_VGIC_V2;
	call(vm, KVM_CREATE_DEVICE, &device, "KVM_CREATE_DEVICE of a GIC");
	set_address((int)device.fd, KVM_VGIC_V2_ADDR_TYPE_DIST, DIST);
	set_address((int)device.fd, KVM_VGIC_V2_ADDR_TYPE_CPU, CPU_INTERFACE);
	return (int)device.fd;
}

static void vcpu_create(struct vcpu *v, int vm, unsigned number)
{
	struct kvm_vcpu_init init;

	v->number = number;
	v->fd = call(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)number, "KVM_CREATE_VCPU");
	call(vm, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	call(v->fd, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
	v->run = mmap(NULL, (size_t)call(sys, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE"), PROT_READ | PROT_WRITE,
		      MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		err(1, "mmap of kvm_run");
}

static void set_reg(struct vcpu *v, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	call(v->fd, KVM_SET_ONE_REG, &reg, "KVM_SET_ONE_REG");
}

/* Until the guest stores its result. */
static void *run(void *arg)
{
	struct vcpu *v = arg;

	pin(v->number);
	for (;;) {
		call(v->fd, KVM_RUN, NULL, "KVM_RUN");
		if (v->run->exit_reason != KVM_EXIT_MMIO)
			errx(1, "exit reason %u", v->run->exit_reason);
		if (v->run->mmio.is_write && v->run->mmio.phys_addr == PORT)
			break;
		memset(v->run->mmio.data, 0, sizeof(v->run->mmio.data));
	}
	memcpy(&v->result, v->run->mmio.data, sizeof(v->result));
	return NULL;
}

static void doorbell(int vm)
{
	struct kvm_ioeventfd bell = { .addr = DOORBELL, .len = 4, .fd = eventfd(0, 0) };

	if (bell.fd < 0)
		err(1, "eventfd");
	call(vm, KVM_IOEVENTFD, &bell, "KVM_IOEVENTFD");
}

static uint64_t measure(unsigned test, uint64_t count)
{
	int vm = call(sys, KVM_CREATE_VM, NULL, "KVM_CREATE_VM"), gic;
	void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct kvm_userspace_memory_region region = { .guest_phys_addr = RAM, .memory_size = RAM_SIZE, .userspace_addr = (uintptr_t)ram };
	struct kvm_device_attr init = { .group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT };
	struct vcpu vcpus[2];
	unsigned version;
	pthread_t other;

	if (ram == MAP_FAILED)
		err(1, "mmap of the guest's memory");
	memcpy(ram, guest_start, (size_t)(guest_end - guest_start));
	__builtin___clear_cache(ram, (char *)ram + RAM_SIZE);
	call(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	gic = gic_create(vm, &version);
	for (unsigned i = 0; i < tests[test].vcpus; i++)
		vcpu_create(&vcpus[i], vm, i);
	call(gic, KVM_SET_DEVICE_ATTR, &init, "KVM_DEV_ARM_VGIC_CTRL_INIT");
	doorbell(vm);
	for (unsigned i = 0; i < tests[test].vcpus; i++) {
		set_reg(&vcpus[i], CORE_REG(regs.pc), RAM);
		set_reg(&vcpus[i], CORE_REG(regs.regs[0]), test);
		set_reg(&vcpus[i], CORE_REG(regs.regs[1]), count);
		set_reg(&vcpus[i], CORE_REG(regs.regs[2]), i);
		set_reg(&vcpus[i], CORE_REG(regs.regs[3]), version);
	}
	if (tests[test].vcpus > 1 && pthread_create(&other, NULL, run, &vcpus[1]))
		errx(1, "pthread_create");
	run(&vcpus[0]);
	if (tests[test].vcpus > 1)
		pthread_join(other, NULL);
	return vcpus[0].result;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000, hertz;

	if (!count)
		errx(2, "usage: kvm-cost [COUNT], at least 1");
	asm("mrs %0, cntfrq_el0" : "=r"(hertz));
	sys = open("/dev/kvm", O_RDWR);
	if (sys < 0)
		err(1, "/dev/kvm");
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		printf("kvm-cost %s %lu %lu %lu\n", tests[i].name, count, measure(i, count), hertz);
	return 0;
}
