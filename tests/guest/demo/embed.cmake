# cmake -DELF=file|"" -DOUT=file.c -P embed.cmake: writes the file's bytes as a C array.
set(bytes "0")
set(size 0)
if(ELF)
	file(SIZE ${ELF} size)
	if(size GREATER 65536)
		message(FATAL_ERROR "${ELF}: ${size} bytes; the demo must stay below 64 KiB")
	endif()
	file(READ ${ELF} bytes HEX)
	string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
endif()
file(WRITE ${OUT} "/* Made by tests/guest/demo/embed.cmake. */
extern const unsigned char demo_elf[];
extern const unsigned long demo_elf_size;
const unsigned char demo_elf[] = {
${bytes}
};
const unsigned long demo_elf_size = ${size};
")
