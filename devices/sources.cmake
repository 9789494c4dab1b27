trapline_library(devices
	block.c
	block_file.c
	block_nbd.c
	flash.c
	fw_cfg.c
	ged.c
	pl011.c
	pl031.c
	pl061.c
	virtio/blk.c
	virtio/mmio.c
	virtio/queue.c
	virtio/virtio.c)
target_link_libraries(devices mmu base PkgConfig::LIBNBD)
