trapline_library(gic
	cpuif.c
	dist.c
	gic.c
	gicc.c
	gicv.c
	irqs.c
	its.c
	its_commands.c
	its_tables.c
	lpi.c
	redist.c
	sysregs.c
	v2m.c
	virt.c
	vms.c)
target_link_libraries(gic cpu mmu base)
