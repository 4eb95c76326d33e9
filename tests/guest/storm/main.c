/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * storm: starts the threads, wakes those that sit in a call, and says at the
 * end what they did.
 *
 * usage: storm [-s SEED] [-t SECONDS] [-h HOST] [-J JID] [-d DIRECTORY] [-p] -k KINDS
 * -p leaves net.inet.tcp.mptcp.enable alone.
 * KINDS has one letter for each thread: S and G serve and open verified
 * streams, C makes chaos, W watches and sets, P cuts paths, F forges segments.
 * C must not share a process with another kind: it closes what it finds.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

/* A thread in one call for longer than this is sent a signal. */
#define PATIENCE	0.2
/* What is left after the end has so long. */
#define GRACE		420

struct storm storm = { .seed = 1, .seconds = 60, .host = 1, .directory = "/tmp" };
_Atomic uint64_t faults;
static struct thread threads[256];
static int count;

double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec + ts.tv_nsec / 1e9);
}

bool
over(void)
{
	return (now() > storm.end);
}

void
doing(struct thread *t, const char *what)
{
	t->since = now();
	t->doing = what;
	t->calls++;
}

void
done(struct thread *t)
{
	t->doing = NULL;
}

void
wrong(const char *format, ...)
{
	char line[256];
	va_list args;
	int error = errno;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("FAIL %s (errno %d, at %.0f s)\n", line, error, now() - storm.end + storm.seconds);
	faults++;
	errno = error;
}

void
pause_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static void
wake(int signal __unused)
{
}

static void
start(char kind)
{
	struct thread *t = &threads[count];
	void *(*body)(void *);

	switch (kind) {
	case 'S': body = stream_server; break;
	case 'G': body = stream_client; break;
	case 'C': body = chaos; break;
	case 'W': body = watch; break;
	case 'P': body = paths; break;
	case 'F': body = forge; break;
	default: errx(64, "no threads of kind %c", kind);
	}
	t->kind = kind;
	t->number = count;
	t->state = mix(storm.seed * 1000003 + (uint64_t)kind * 4099 + count * 2 + storm.host);
	if (pthread_create(&t->id, NULL, body, t) != 0)
		errx(1, "pthread_create");
	count++;
}

/* How many threads are not at their end. */
static int
look_after(void)
{
	int left = 0;

	for (int i = 0; i < count; i++) {
		struct thread *t = &threads[i];
		const char *call = t->doing;

		if (t->gone)
			continue;
		left++;
		if (t->kind == 'C' && call != NULL && now() - t->since > PATIENCE)
			pthread_kill(t->id, SIGUSR1);
	}
	return (left);
}

static void
name_the_stuck(void)
{
	for (int i = 0; i < count; i++) {
		struct thread *t = &threads[i];
		const char *call = t->doing;

		if (!t->gone)
			wrong("thread %c%d has been in %s for %.0f s", t->kind, i, call ? call : "nothing",
			    now() - t->since);
	}
}

int
main(int argc, char **argv)
{
	const char *kinds = "";
	struct sigaction on_wake = { .sa_handler = wake };
	uint64_t calls = 0;
	int c;

	while ((c = getopt(argc, argv, "s:t:h:J:d:k:p")) != -1)
		switch (c) {
		case 's': storm.seed = strtoull(optarg, NULL, 0); break;
		case 't': storm.seconds = atoi(optarg); break;
		case 'h': storm.host = atoi(optarg); break;
		case 'J': storm.jail = atoi(optarg); break;
		case 'd': storm.directory = optarg; break;
		case 'p': storm.plain = true; break;
		case 'k': kinds = optarg; break;
		default: return (64);
		}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (c = 1; c < 32; c++)
		if (c == SIGPIPE || c == SIGIO || c == SIGURG)
			signal(c, SIG_IGN);
	/* Children are reaped by nobody. */
	signal(SIGCHLD, SIG_IGN);
	sigaction(SIGUSR1, &on_wake, NULL);
	storm.end = now() + storm.seconds;
	pattern_init();
	if (strpbrk(kinds, "SG") != NULL)
		stream_init();
	if (strchr(kinds, 'C') != NULL)
		chaos_init();
	if (strlen(kinds) > sizeof(threads) / sizeof(threads[0]))
		errx(64, "too many threads");
	for (const char *k = kinds; *k != 0; k++)
		start(*k);
	while (look_after() > 0) {
		pause_ms(50);
		if (now() > storm.end + GRACE) {
			name_the_stuck();
			break;
		}
	}
	for (c = 0; c < count; c++)
		calls += threads[c].calls;
	if (strpbrk(kinds, "SG") != NULL)
		stream_report();
	if (strchr(kinds, 'C') != NULL)
		chaos_report();
	printf("host %d, seed %ju, %s: %ju calls, %ju faults\n", storm.host, (uintmax_t)storm.seed, kinds,
	    (uintmax_t)calls, (uintmax_t)faults);
	return (faults != 0);
}
