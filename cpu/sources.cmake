# gen_a64 turns the bit pictures of a64.def into masks, values and the decode index.
file(GLOB cpu_defs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cpu/*.def)
add_executable(gen_a64 cpu/gen_a64.c)
set_source_files_properties(cpu/gen_a64.c PROPERTIES OBJECT_DEPENDS "${cpu_defs}")
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/generated/a64_gen.h
	COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
	COMMAND gen_a64 > ${CMAKE_BINARY_DIR}/generated/a64_gen.h
	DEPENDS gen_a64 VERBATIM)
file(GLOB cpu_sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/cpu ${CMAKE_SOURCE_DIR}/cpu/*.c)
list(REMOVE_ITEM cpu_sources gen_a64.c)
trapline_library(cpu ${cpu_sources})
target_sources(cpu PRIVATE ${CMAKE_BINARY_DIR}/generated/a64_gen.h)
# fpu.h asks for these: no contraction, no assumption about the rounding mode
target_compile_options(cpu PRIVATE -ffp-contract=off -frounding-math)
# tail calls between handlers need an optimised build without instrumentation
if(TRAPLINE_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug")
	target_compile_definitions(cpu PRIVATE TRAPLINE_TRAMPOLINE)
endif()
target_link_libraries(cpu PUBLIC mmu base)
