/* frontend/options.h: command lines as users paste them, and what a refusal says. */
#include <stdlib.h>
#include <string.h>

#include "frontend/options.h"
#include "machine/kinds.h"
#include "tests/unit/harness.h"

struct line {
	struct config c;
	enum options_ask ask;
	struct why why;
	int r;
};

/* Splits at spaces; quotes are not needed because '_' stands for a space inside a word. */
static struct line parse(const char *text)
{
	struct line l = { .r = 0 };
	char *copy = strdup(text), *words[64] = { (char *)"trapline" }, *save = NULL;
	int n = 1;

	for (char *w = strtok_r(copy, " ", &save); w && n < 63; w = strtok_r(NULL, " ", &save)) {
		for (char *u = w; (u = strchr(u, '_')) != NULL;)
			*u = ' ';
		words[n++] = w;
	}
	config_init(&l.c);
	l.r = options_parse(&l.c, n, words, &l.ask, &l.why);
	free(copy);
	return l;
}

static void refused(const char *text, const char *sentence)
{
	struct line l = parse(text);

	if (l.r >= 0)
		FAIL_TEST("accepted: %s", text);
	else
		EXPECT_STR(l.why.text, sentence);
	config_free(&l.c);
}

#define VIRT                                                                                       \
	"-M virt,virtualization=on,gic-version=3 -nographic -nodefaults -serial stdio -no-reboot "

TEST(linux_lines_are_taken_verbatim)
{
	struct line l = parse(VIRT "-cpu neoverse-n1 -smp 4 -m 1024 -kernel I -initrd R -append "
				   "console=ttyAMA0_panic=-1");

	ASSERT(l.r == 0);
	EXPECT(l.c.virtualization && !l.c.secure && l.c.no_reboot);
	EXPECT_EQ(l.c.gic_version, 3);
	EXPECT_EQ(l.c.pes, 4);
	EXPECT_EQ(l.c.ram_size, 1024ull << 20);
	EXPECT_EQ(l.c.serial[0].kind, SERIAL_STDIO);
	EXPECT_STR(l.c.cpu, "neoverse-n1");
	EXPECT_STR(l.c.boot.append, "console=ttyAMA0 panic=-1");
	config_free(&l.c);
}

TEST(xen_modules_keep_their_order_and_doubled_commas)
{
	struct line l = parse(
		VIRT "-kernel X -device "
		     "guest-loader,addr=0x49000000,kernel=K,bootargs=console=hvc0,,115200_a=b "
		     "-device guest-loader,addr=0x4e000000,initrd=R");

	ASSERT(l.r == 0);
	ASSERT(l.c.boot.n_modules == 2);
	EXPECT_EQ(l.c.boot.modules[0].addr, 0x49000000);
	EXPECT_STR(l.c.boot.modules[0].bootargs, "console=hvc0,115200 a=b");
	EXPECT(l.c.boot.modules[1].is_initrd);
	EXPECT_STR(l.c.boot.modules[1].file, "R");
	config_free(&l.c);
}

TEST(machine_repeats_and_merges)
{
	struct line l = parse("-machine virtualization=true -cpu cortex-a57 -machine type=virt -m "
			      "2048 -smp 2 -display none "
			      "-machine dumpdtb=F -monitor none -serial stdio");

	ASSERT(l.r == 0);
	EXPECT(l.c.virtualization);
	EXPECT_STR(l.c.dumpdtb, "F");
	config_free(&l.c);
}

TEST(two_dashes_and_equals_are_the_same)
{
	struct line l = parse(
		"--kernel=K --max-block=7 --seed 0x10 --summary --tlb-conflict=abort -m 1.5G");

	EXPECT(l.r < 0); /* the size */
	config_free(&l.c);
	l = parse("--kernel=K --max-block=7 --seed 0x10 --summary --tlb-conflict=abort -m 3G -M "
		  "secure=yes,dtb-randomness=false");
	ASSERT(l.r == 0);
	EXPECT_EQ(l.c.max_block, 7);
	EXPECT_EQ(l.c.seed, 16);
	EXPECT_EQ(l.c.ram_size, 3ull << 30);
	EXPECT(l.c.summary && l.c.tlb_conflict_abort && l.c.secure && !l.c.dtb_randomness);
	config_free(&l.c);
}

TEST(the_console_defaults_as_qemu_has_it)
{
	struct line l = parse("-kernel K -nodefaults");

	EXPECT_EQ(l.c.serial[0].kind, SERIAL_NONE);
	config_free(&l.c);
	l = parse("-kernel K -nographic -semihosting-config enable=on,target=native");
	EXPECT_EQ(l.c.serial[0].kind, SERIAL_MON);
	EXPECT(l.c.semihosting);
	config_free(&l.c);
}

TEST(loader_takes_files_values_and_starts)
{
	struct line l = parse("-device loader,file=a.elf,cpu-num=0 -device "
			      "loader,addr=0x40001000,data=0x1234,data-len=4");

	ASSERT(l.r == 0);
	EXPECT_EQ(l.c.boot.loaders[0].pe, 0);
	EXPECT_EQ(l.c.boot.loaders[1].data, 0x1234);
	EXPECT_EQ((u64)l.c.boot.loaders[1].pe, ~0ull);
	config_free(&l.c);
}

TEST(the_interrupt_controller_without_a_word_is_that_of_qemu)
{
	struct line l = parse("-M virt -kernel k");

	EXPECT_EQ(config_gic_version(&l.c), 2);
	EXPECT_EQ(config_msi(&l.c), MSI_V2M);
	config_free(&l.c);
	l = parse("-M virt -smp 9 -kernel k");
	EXPECT_EQ(config_gic_version(&l.c), 3);
	EXPECT_EQ(config_msi(&l.c), MSI_ITS);
	config_free(&l.c);
	l = parse("-M virt,gic-version=max,its=off -kernel k");
	EXPECT_EQ(config_gic_version(&l.c), 3);
	EXPECT_EQ(config_msi(&l.c), MSI_OFF);
	config_free(&l.c);
}

TEST(refusals_name_the_option_and_the_closest_known_one)
{
	refused("-kernal x",
		"-kernal: unknown option; the closest known one is -kernel (--help lists all)");
	refused("-M virt,secur=on", "-M: unknown key 'secur'; the closest known one is 'secure'");
	refused("-M vrit", "-M: unknown machine 'vrit'; the closest known one is 'virt'");
	refused("-M virt,gic-version=5", "-M: gic-version: expected 2, 3 or max, got '5'");
	refused("-M virt,gic-version=2 -smp 9 -kernel k",
		"-M: gic-version: expected 3 with more than 8 PEs, got 2 with 9");
	refused("-M virt,gic-version=2,msi=its -kernel k",
		"-M: msi: GICv2 has no ITS; expected auto, gicv2m or off, got 'its'");
	refused("-M virt,gic-version=4",
		"-M: gic-version: virtual LPIs are not built; expected 2, 3 or max, got '4'");
	refused("-M virt,msi=some", "-M: msi: expected auto, its, gicv2m or off, got 'some'");
	refused("-M virt,secure=maybe", "-M: secure: expected on or off, got 'maybe'");
	refused("-kernel k -cpu cortex-a35", "-cpu: unknown core 'cortex-a35'; the closest known "
					     "one is 'cortex-a53' (-cpu help lists all)");
	refused("-smp 65", "-smp: number of PEs: expected a number from 1 to 64, got '65'");
	refused("-m lots", "-m: size of RAM: expected a size such as 512M or 2G, got 'lots'");
	refused("-m 0", "-m: size of RAM: expected 1M to 255G in steps of 4K, got '0'");
	refused("-d int,mmuu", "-d: unknown log item 'mmuu'; the closest known one is 'mmu'");
	refused("-drive if=ide,file=x", "-drive: if: expected none|virtio|pflash, got 'ide'");
	refused("-drive snapshot=maybe", "-drive: snapshot: expected on or off, got 'maybe'");
	refused("-device virtio-gpu-device", "-device: virtio-gpu-device: displays are not built yet");
	refused("-device virtio-blk-devise,drive=d",
		"-device: virtio-blk-devise: this virtio device is not built");
	refused("-device virtio-blk-device,num-queues=17",
		"-device virtio-blk-device: num-queues: expected a number from 1 to 16, got '17'");
	refused("-global virtio-blk.x=1",
		"-global: expected virtio-mmio.force-legacy=on|off, got 'virtio-blk.x=1'");
	refused("-device loadr,file=x",
		"-device: unknown device 'loadr'; the closest known one is 'loader'");
	refused("-device guest-loader,kernel=x", "-device: expected addr=ADDR in RAM");
	refused("image",
		"image: expected an option that begins with '-' (a kernel is given with -kernel)");
	refused("-m 64", "nothing to run: expected -kernel FILE, -bios FILE, -device "
			 "loader,file=FILE,cpu-num=0, or --demo (see --help)");
	refused("-kernel", "-kernel: expected an argument: FILE");
}

TEST(traces_have_a_range_in_the_guests_time_and_a_size)
{
	struct line l = parse("-kernel k --trace t --tarmac u --trace-from 20ms --trace-to=3s --trace-max 2G");

	EXPECT_EQ(l.r, 0);
	EXPECT_STR(l.c.trace, "t");
	EXPECT_STR(l.c.tarmac, "u");
	EXPECT_EQ(l.c.trace_from, 20000000000);
	EXPECT_EQ(l.c.trace_to, 3000000000000);
	EXPECT_EQ(l.c.trace_max, 2ull << 30);
	config_free(&l.c);
	l = parse("-kernel k --trace t");
	EXPECT_EQ(l.c.trace_from, 0);
	EXPECT_EQ(l.c.trace_to, UINT64_MAX);
	EXPECT_EQ(l.c.trace_max, 256 << 20);
	config_free(&l.c);
	refused("-kernel k -trace t", "-trace: QEMU's trace events are not built; see -d, and --trace FILE (two dashes) for a timeline");
	refused("-kernel k --trace-from 1s", "--trace-from, --trace-to, --trace-max: expected --trace FILE or --tarmac FILE with them");
	refused("-kernel k --trace t --trace-from 2s --trace-to 2s", "--trace-to: expected a time after that of --trace-from");
	refused("-kernel k --trace t --tarmac t", "--tarmac: expected another file than that of --trace");
	refused("-kernel k --trace t --trace-to 5", "--trace-to: expected a time of the guest's as 5s, 20ms, 300us or 1000ns, got '5'");
	refused("-kernel k --trace t --trace-to 99999999s", "--trace-to: expected at most 9223372s, got '99999999s'");
	refused("-kernel k --trace t --trace-max 100K", "--trace-max: expected at least 1M, got '100K'");
	refused("-kernel k --tarmac t -smp 2 --parallel",
		"--tarmac: its lines are in the order of the guest's time, which --parallel does not keep; leave one of them out");
}

/* --timing alone may go without; what only looks like it (brackets in its form) may not. */
TEST(an_argument_is_left_out_where_it_may_be)
{
	struct line l = parse("-kernel k --timing --digest");

	ASSERT(l.r == 0);
	EXPECT(l.c.timing && !*l.c.timing && l.c.digest);
	config_free(&l.c);
	l = parse("-kernel k --timing neoverse-n1,width=2 --digest");
	ASSERT(l.r == 0);
	EXPECT_STR(l.c.timing, "width=2");
	EXPECT_STR(l.c.cpu, "neoverse-n1");
	config_free(&l.c);
	refused("-kernel k --stats-stop", "--stats-stop: expected an argument: [+]N|[+]TIME|console:TEXT");
	refused("-kernel k -cpu cortex-a53 --timing cortex-a57",
		"--timing: expected the core that -cpu names, 'cortex-a53', got 'cortex-a57'; leave one of them out");
}

TEST(debuggers_connect_at_one_place)
{
	static const char *const good[] = { "tcp::1234", "tcp:localhost:0", "tcp:[::1]:65535", "unix:/x", "unix:/x,server,nowait", "none" };
	struct line l = parse("-kernel k -s -gdb tcp::1234");
	char text[80];

	EXPECT_STR(l.c.gdb, "tcp::1234");
	config_free(&l.c);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text, "-kernel k -gdb %s", good[i]);
		l = parse(text);
		EXPECT_STR(l.c.gdb, good[i]);
		config_free(&l.c);
	}
	refused("-kernel k -s -gdb unix:/x", "-gdb: expected one place for debuggers, got tcp::1234 and unix:/x (-s is -gdb tcp::1234)");
	refused("-kernel k -gdb 1234", "-gdb 1234: expected tcp::PORT, tcp:HOST:PORT, unix:PATH or none");
	refused("-kernel k -gdb tcp::65536", "-gdb tcp::65536: expected tcp::PORT, tcp:HOST:PORT, unix:PATH or none");
	refused("-kernel k -gdb tcp:1234", "-gdb tcp:1234: expected tcp::PORT, tcp:HOST:PORT, unix:PATH or none");
	refused("-kernel k -gdb unix:", "-gdb unix:: expected tcp::PORT, tcp:HOST:PORT, unix:PATH or none");
	refused("-kernel k -gdb tcp::1,wait=on",
		"-gdb tcp::1,wait=on: 'wait=on': expected server or nowait behind the address; to wait at the start use -S");
}

TEST(questions_end_the_parsing)
{
	struct line l = parse("-M help -nonsense");

	EXPECT(l.r == 0 && l.ask == ASK_MACHINES);
	config_free(&l.c);
	l = parse("-cpu help");
	EXPECT(l.r == 0 && l.ask == ASK_CPUS);
	config_free(&l.c);
}

TEST(flash_banks_take_their_files_in_order_or_by_unit)
{
	struct line l = parse("-bios b -drive if=pflash,unit=1,file=x,readonly=on");

	ASSERT(l.r == 0);
	EXPECT_STR(l.c.flash[1].file, "x");
	EXPECT(l.c.flash[1].readonly && !l.c.flash[1].snapshot && !l.c.flash[0].file);
	config_free(&l.c);
	l = parse("-pflash a -drive if=pflash,file=b,snapshot=on");
	ASSERT(l.r == 0);
	EXPECT_STR(l.c.flash[0].file, "a");
	EXPECT_STR(l.c.flash[1].file, "b");
	EXPECT(l.c.flash[1].snapshot);
	config_free(&l.c);
	refused("-pflash a -pflash b -pflash c", "-pflash: the board has 2 flash banks");
	refused("-pflash a -drive if=pflash,unit=0,file=b",
		"-drive: flash bank 0 has a file already");
	refused("-kernel k -drive if=pflash,unit=2,file=b",
		"-drive: the board has 2 flash banks");
	refused("-bios b -boot order=c",
		"-boot: order: firmware of this board has no drive letters; use bootindex=");
}

TEST(disks_and_their_devices_are_kept_in_order)
{
	struct line l = parse(VIRT "-kernel I -drive if=none,id=d,file=a,,b.img,format=raw,snapshot=yes -snapshot "
				   "-device virtio-blk-device,drive=d,serial=S,queue-size=0x40 -hda c.img "
				   "-device virtio-blk,drive=e,id=n -global virtio-mmio.force-legacy=false");

	ASSERT(l.r == 0);
	ASSERT(l.c.drives.n == 2 && l.c.devices.n == 3);
	EXPECT_STR(config_text(&l.c.drives.item[0], "file", ""), "a,b.img");
	EXPECT(config_bool(&l.c.drives.item[0], "snapshot", false));
	EXPECT(!config_bool(&l.c.drives.item[0], "readonly", false));
	EXPECT_STR(config_text(&l.c.drives.item[1], "if", ""), "virtio");
	EXPECT_EQ(config_number(&l.c.devices.item[0], "queue-size", 256), 64);
	EXPECT_EQ(config_number(&l.c.devices.item[0], "num-queues", 1), 1);
	EXPECT_STR(l.c.devices.item[1].kind->name, "virtio-blk-pci");
	EXPECT_STR(config_text(&l.c.devices.item[2], "drive", ""), "virtio0"); /* of -hda */
	EXPECT(config_find(&l.c.drives, "d") == &l.c.drives.item[0]);
	EXPECT(!config_find(&l.c.drives, "e"));
	EXPECT(l.c.disk_snapshot && l.c.virtio_modern);
	config_free(&l.c);
}

TEST(the_monitor_is_beside_the_console_or_alone)
{
	struct line l = parse("-kernel I -monitor stdio");

	ASSERT(l.r == 0);
	EXPECT(l.c.monitor_stdio);
	EXPECT_EQ(l.c.serial[0].kind, SERIAL_NULL);
	config_free(&l.c);
	l = parse("-kernel I -monitor unix:/tmp/m,server,nowait -S --symbols A,offset=0x1000 --symbols B");
	ASSERT(l.r == 0);
	EXPECT_STR(l.c.monitor_path, "/tmp/m");
	EXPECT(l.c.start_stopped && !l.c.monitor_stdio);
	EXPECT_EQ(l.c.serial[0].kind, SERIAL_MON);
	EXPECT_EQ(l.c.n_symbols, 2);
	EXPECT_EQ(l.c.symbols[0].offset, 0x1000);
	config_free(&l.c);
	refused("-kernel I -monitor stdio -serial stdio", "-monitor: stdio: the console is there; expected -serial file:PATH, tcp:, unix:, pty or "
							  "null with it, or -serial mon:stdio for both");
	refused("-kernel I -monitor vc", "-monitor: expected stdio, unix:PATH or none, got 'vc'");
	refused("-kernel I -monitor unix:", "-monitor: unix: expected a path");
	refused("-kernel I -monitor unix:a,client", "-monitor: unix: expected server or wait=off behind the path, got 'client'");
	refused("-kernel I -monitor unix:a -monitor unix:b", "-monitor: one socket is enough; it takes one client after the other");
	refused("-kernel I -S -serial null", "-S: nothing could let it go; expected -s, -gdb, -monitor stdio or unix:PATH, or -serial stdio");
	refused("-kernel I --symbols offset=1", "--symbols: expected a file");
}
