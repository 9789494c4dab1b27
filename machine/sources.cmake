file(GLOB machine_sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/machine ${CMAKE_SOURCE_DIR}/machine/*.c)
trapline_library(machine ${machine_sources})
target_link_libraries(machine PUBLIC loader devices gic timer cpu mmu base ${FDT_LIBRARY} PkgConfig::CAPSTONE)
