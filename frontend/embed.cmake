# cmake -DIN=file -DOUT=file.c -DNAME=name -P embed.cmake: writes the file's text, with a NUL, as a C array.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "/* Made by frontend/embed.cmake. */
extern const char ${NAME}[];
const char ${NAME}[] = {
${bytes}0
};
")
