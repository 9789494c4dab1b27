trapline_library(base
	event.c
	log.c
	protobuf.c
	snap.c
	stat.c
	unix_socket.c)
target_link_libraries(base PkgConfig::NETTLE)
