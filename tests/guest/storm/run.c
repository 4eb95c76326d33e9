/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* Runs a program of the base system, and waits for it. */
#include <sys/wait.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"

extern char **environ;

/* The words of a command, in printf's form. */
void
run(struct thread *t, const char *format, ...)
{
	/* An answer by netlink(4) for which there is no memory never comes. */
	char line[256] = "timeout 20 ", *rest = line, *argv[32];
	size_t used = strlen(line);
	posix_spawn_file_actions_t actions;
	va_list args;
	pid_t pid;
	int n = 0;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	while (n < 31 && (argv[n] = strsep(&rest, " ")) != NULL)
		n++;
	argv[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	/* What is refused is no news: an address may be gone already. */
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 2, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 2, 0);
	doing(t, "a command");
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	posix_spawn_file_actions_destroy(&actions);
	done(t);
}
