trapline_library(timer
	show.c
	sysregs.c
	timer.c)
target_link_libraries(timer cpu mmu base)
