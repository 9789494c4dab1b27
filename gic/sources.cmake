trapline_library(gic
	cpuif.c
	dist.c
	gic.c
	irqs.c
	redist.c
	sysregs.c
	virt.c)
target_link_libraries(gic cpu mmu base)
