// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code that comes into a program with no executable of its own: a preloaded library, a plug-in. As
 * soon as it is loaded it sends a datagram to $SPY_ADDRESS, $SPY_PORT. Must never use what a C
 * library of the guest may not have yet.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((constructor)) static void spy(void)
{
	static const char text[] = "from within";
	const char *address = getenv("SPY_ADDRESS"), *port = getenv("SPY_PORT");
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd;

	if (!address || !port || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return;
	to.sin_port = htons(atoi(port));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}
