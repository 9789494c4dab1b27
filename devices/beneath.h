/* Paths of the host that stay below a folder, for what gives files to a guest (shared folders, semihosting). */
#ifndef DEVICES_BENEATH_H
#define DEVICES_BENEATH_H

#include "base/types.h"

/*
 * The folder that holds `path`, which is walked name by name from the folder `top` without following links: a descriptor
 * (O_PATH) that the caller closes, or a negative errno. *name is the last name, "." at the top. The path has no empty
 * names and no "..": beneath_clean() or the caller saw to that.
 */
int beneath_parent(int top, const char *path, const char **name);
/* Takes "." and doubled slashes out of a guest's path. False: it is absolute or has a "..". */
bool beneath_clean(char *path);

#endif
