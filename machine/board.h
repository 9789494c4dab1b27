/*
 * The virt board: every address and interrupt number, as QEMU's virt has them. The only place with
 * either.
 *
 *	0x00_0000_0000  flash, 2 x 64 MiB                  (the first Secure with secure=on)
 *	0x00_0800_0000  GICD      64 KiB
 *	0x00_0801_0000  GICC       8 KiB                   (GICv2)
 *	0x00_0802_0000  GICv2m     4 KiB                   (GICv2, msi=gicv2m)
 *	0x00_0803_0000  GICH       4 KiB                   (GICv2, virtualization=on)
 *	0x00_0804_0000  GICV       8 KiB                   (GICv2, virtualization=on)
 *	0x00_0808_0000  ITS      128 KiB                   (GICv3 without its=off)
 *	0x00_080a_0000  GICR     128 KiB a PE, up to 0x0900_0000   (GICv3)
 *	0x00_0900_0000  PL011 #0   4 KiB
 *	0x00_0901_0000  PL031      4 KiB
 *	0x00_0902_0000  fw_cfg
 *	0x00_0903_0000  PL061      4 KiB                   (not where the power button is in ACPI)
 *	0x00_0904_0000  PL011 #1   4 KiB                   (secure=on: Secure; else with a second -serial)
 *	0x00_0905_0000  SMMUv3                             (not built)
 *	0x00_0908_0000  GED, power button in ACPI          (firmware and acpi=on)
 *	0x00_090b_0000  PL061 #1   4 KiB, Secure           (secure=on)
 *	0x00_090f_0000  marker     4 KiB                   (ours alone, not in the device tree: docs/regions.md)
 *	0x00_0a00_0000  virtio-mmio, 32 x 512 bytes
 *	0x00_0e00_0000  Secure RAM, 16 MiB                 (secure=on)
 *	0x00_1000_0000  PCIe memory, to 0x3eff_0000; then I/O, 64 KiB
 *	0x00_3f00_0000  PCIe ECAM, 16 MiB                  (highmem=off)
 *	0x00_4000_0000  RAM, -m bytes
 *	0x40_1000_0000  PCIe ECAM, 256 MiB                 (highmem=on)
 *	0x80_0000_0000  PCIe memory, 512 GiB               (highmem=on)
 */
#ifndef MACHINE_BOARD_H
#define MACHINE_BOARD_H

#define BOARD_FLASH_BASE  0x00000000ull
#define BOARD_FLASH_SIZE  0x04000000ull /* of one bank */
#define BOARD_GICD_BASE	  0x08000000ull
#define BOARD_GICD_SIZE	  0x00010000ull
#define BOARD_GICC_BASE	  0x08010000ull
#define BOARD_GICH_BASE	  0x08030000ull
#define BOARD_GICV_BASE	  0x08040000ull
#define BOARD_GICV2_SIZE  0x00010000ull /* of each of the three, as the device tree tells it */
#define BOARD_V2M_BASE	  0x08020000ull
#define BOARD_V2M_SIZE	  0x00001000ull
#define BOARD_ITS_BASE	  0x08080000ull
#define BOARD_ITS_SIZE	  0x00020000ull
#define BOARD_GICR_BASE	  0x080a0000ull
#define BOARD_GICR_STRIDE 0x00020000ull /* RD_base and SGI_base frames of one PE */
#define BOARD_GICR_SIZE	  0x00f60000ull /* the whole window, as the device tree tells it */
#define BOARD_UART0_BASE  0x09000000ull
#define BOARD_RTC_BASE	  0x09010000ull
#define BOARD_FW_CFG_BASE 0x09020000ull
#define BOARD_FW_CFG_SIZE 0x00000018ull
#define BOARD_GPIO_BASE	  0x09030000ull
#define BOARD_UART1_BASE  0x09040000ull
#define BOARD_GED_BASE	  0x09080000ull
#define BOARD_SECGPIO_BASE 0x090b0000ull
#define BOARD_MARKER_BASE 0x090f0000ull /* QEMU's next free ones are from 0x090d_0000 on: this is far off */
#define BOARD_GPIO_SIZE	  0x00001000ull
#define BOARD_UART_SIZE	  0x00001000ull
#define BOARD_RTC_SIZE	  0x00001000ull
#define BOARD_VIRTIO_BASE 0x0a000000ull
#define BOARD_VIRTIO_SIZE 0x00000200ull
#define BOARD_VIRTIO_N	  32
#define BOARD_PCIE_MMIO_BASE	  0x10000000ull
#define BOARD_PCIE_MMIO_SIZE	  0x2eff0000ull
#define BOARD_PCIE_PIO_BASE	  0x3eff0000ull
#define BOARD_PCIE_PIO_SIZE	  0x00010000ull
#define BOARD_PCIE_ECAM_LOW	  0x3f000000ull /* highmem=off */
#define BOARD_PCIE_ECAM_LOW_SIZE  0x01000000ull
#define BOARD_PCIE_ECAM_HIGH	  0x4010000000ull
#define BOARD_PCIE_ECAM_HIGH_SIZE 0x10000000ull
#define BOARD_PCIE_MMIO_HIGH	  0x8000000000ull /* not with highmem=off */
#define BOARD_PCIE_MMIO_HIGH_SIZE 0x8000000000ull
#define BOARD_SECRAM_BASE 0x0e000000ull
#define BOARD_SECRAM_SIZE 0x01000000ull
#define BOARD_RAM_BASE	  0x40000000ull
#define BOARD_RAM_MAX	  (255ull << 30)
#define BOARD_RAM_LOW_MAX (3ull << 30) /* highmem=off: up to 4 GiB */

#define BOARD_MAX_PES	   64
#define BOARD_PES_PER_AFF1 16 /* MPIDR Aff1 steps: what one GICv3 SGI register write can name */

#define MPIDR_AFFINITY ((u64)0xff << 32 | 0xffffff) /* the fields of MPIDR that are an affinity */
/* Affinity of PE i: Aff0 in bits 7:0, Aff1 in bits 15:8. */
#define BOARD_AFFINITY(i) ((i) / BOARD_PES_PER_AFF1 << 8 | (i) % BOARD_PES_PER_AFF1)

#define BOARD_SPIS   256 /* usable SPIs; INTID = BOARD_SPI(n) */
#define BOARD_SPI(n) (32 + (n))
#define BOARD_PPI(n) (16 + (n))

/* SPI numbers as the device tree tells them. */
#define BOARD_SPI_SECGPIO 0
#define BOARD_SPI_UART0	 1
#define BOARD_SPI_RTC	 2
#define BOARD_SPI_GPIO	 7
#define BOARD_SPI_PCIE	 3 /* to 6: INTA to INTD */
#define BOARD_SPI_UART1	 8
#define BOARD_SPI_GED	 9
#define BOARD_SPI_V2M	 48 /* the first of those that GICv2m raises */
#define BOARD_V2M_SPIS	 64
#define BOARD_SPI_VIRTIO 16 /* + slot; edge-rising, all others are level */

/* Lines of the PL061s. */
#define BOARD_GPIO_POWER_KEY	 3
#define BOARD_SECGPIO_POWER_OFF 0
#define BOARD_SECGPIO_RESET	 1

/* PPI numbers as the device tree tells them; INTID = BOARD_PPI(n). */
#define BOARD_PPI_PMU	   7
#define BOARD_PPI_MAINT	   9
#define BOARD_PPI_HP_TIMER 10 /* EL2 physical */
#define BOARD_PPI_V_TIMER  11
#define BOARD_PPI_HV_TIMER 12 /* EL2 virtual */
#define BOARD_PPI_S_TIMER  13
#define BOARD_PPI_P_TIMER  14

#define BOARD_APB_CLOCK_HZ 24000000

#endif
