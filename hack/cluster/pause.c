// SPDX-License-Identifier: Apache-2.0
/*
 * A process that does nothing but hold namespaces open and reap orphans: the init of a node and the
 * sandbox container of every pod.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int number)
{
	(void)number;
	_exit(EXIT_SUCCESS);
}

static void reap(int number)
{
	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int main(void)
{
	/* The kernel drops signals that the init of a namespace does not handle. */
	const struct sigaction on_end = {.sa_handler = end};
	const struct sigaction on_child = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP | SA_RESTART};

	if (sigaction(SIGINT, &on_end, NULL) != 0 || sigaction(SIGTERM, &on_end, NULL) != 0 ||
	    sigaction(SIGCHLD, &on_child, NULL) != 0)
		return EXIT_FAILURE;
	for (;;)
		pause();
}
