trapline_library(devices
	block.c
	block_file.c
	block_nbd.c
	pl011.c
	pl031.c
	virtio/blk.c
	virtio/mmio.c
	virtio/queue.c
	virtio/virtio.c)
target_link_libraries(devices mmu base PkgConfig::LIBNBD)
