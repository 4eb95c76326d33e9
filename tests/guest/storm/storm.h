/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Random system calls on many sockets.  Every thread has a generator of its
 * own, made from the seed, the thread's kind and its number: the same seed
 * makes the same choices.
 */
#ifndef STORM_H
#define STORM_H

#include <sys/types.h>
#include <sys/socket.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PATHS		2
#define STREAM_PORT	5000	/* what is carried here is checked */
#define CHAOS_PORT	6000	/* the first of CHAOS_PORTS, where nothing is */
#define CHAOS_PORTS	5

struct storm {
	uint64_t	 seed;
	int		 seconds;
	int		 host;		/* 1 or 2: the last octet of its addresses */
	int		 jail;		/* where children attach, or 0 */
	bool		 plain;		/* without Multipath TCP */
	const char	*directory;	/* for files that sendfile(2) sends */
	double		 end;		/* on now()'s clock */
};
extern struct storm storm;

struct thread {
	pthread_t	 id;
	char		 kind;
	int		 number;
	uint64_t	 state;			/* of the generator */
	const char	*_Atomic doing;		/* the call it is in, or NULL */
	_Atomic double	 since;
	_Atomic uint64_t calls;
	_Atomic bool	 gone;
};

/* main.c */
double	now(void);
bool	over(void);
void	doing(struct thread *, const char *);
void	done(struct thread *);
void	wrong(const char *, ...);
void	pause_ms(unsigned);
extern _Atomic uint64_t faults;

/* random.c */
uint64_t mix(uint64_t);
uint64_t rnd(struct thread *);
unsigned below(struct thread *, unsigned);
bool	one_in(struct thread *, unsigned);
void	rnd_bytes(struct thread *, void *, size_t);
unsigned rnd_size(struct thread *, unsigned);

/* address.c */
union address {
	struct sockaddr		sa;
	struct sockaddr_storage	storage;
};
socklen_t address_of(union address *, int, int, int, int);
int	text_of(const union address *, char *);
socklen_t loopback(union address *, int, int);

/* pattern.c */
#define PERIOD		1048573		/* a prime */
void	pattern_init(void);
int	pattern_file(void);
const unsigned char *pattern_at(uint64_t, uint64_t, size_t *);
bool	pattern_is(uint64_t, uint64_t, const unsigned char *, size_t);

/* stream.c */
void	stream_init(void);
void	*stream_server(void *);
void	*stream_client(void *);
void	stream_report(void);

/* chaos.c, chaos_options.c, chaos_process.c */
#define SLOTS	64
void	chaos_init(void);
void	*chaos(void *);
void	chaos_report(void);
int	chaos_fd(struct thread *);
void	chaos_keep(struct thread *, int);
int	chaos_take(struct thread *);
void	chaos_option(struct thread *);
void	chaos_option_on(struct thread *, int);
void	chaos_fork(struct thread *);
void	chaos_aio(struct thread *);
void	chaos_aio_end(struct thread *);
void	chaos_pass(struct thread *);

/* watch.c */
void	*watch(void *);

/* drop.c */
void	drop_one(struct thread *, bool);

/* settings.c */
void	change_setting(struct thread *);
void	change_list(struct thread *);
void	settings_back(void);

/* run.c */
void	run(struct thread *, const char *, ...);

/* paths.c */
void	*paths(void *);

/* forge.c */
void	*forge(void *);

#endif
