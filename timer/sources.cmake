trapline_library(timer
	sysregs.c
	timer.c)
target_link_libraries(timer cpu mmu base)
