trapline_library(loader elf.c file.c image.c plan.c tree.c)
target_link_libraries(loader PUBLIC PkgConfig::LIBELF ZLIB::ZLIB ${FDT_LIBRARY})
