/* Unix sockets that listen at a path: of the GDB stub, the monitor and character devices. */
#ifndef BASE_UNIX_SOCKET_H
#define BASE_UNIX_SOCKET_H

#include <sys/un.h>

enum { UNIX_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 }; /* characters of a path */

/*
 * Listens at path; flags: SOCK_NONBLOCK or 0. What a killed run left behind there is replaced: a socket that nobody listens at. Other
 * files, and sockets of others, stay as they are. A descriptor, or negative errno: -EADDRINUSE for a living socket, -EEXIST for a file
 * of another kind, -ENAMETOOLONG.
 */
int unix_listen(const char *path, int flags);

#endif
