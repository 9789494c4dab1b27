trapline_library(devices
	pl011.c
	pl031.c
	virtio_mmio.c)
target_link_libraries(devices base)
