/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Integrity over stream sockets; builds on FreeBSD and Linux.  HUP and HDOWN
 * are half-closed before the first byte: by the server, which then reads (and
 * prints "served HUP"), and by the client, which then reads.  RPC sends each
 * request in two small writes, and waits for the answer.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define BUF 65536
static void die(const char *f, ...) { va_list a; va_start(a,f); printf("FAIL "); vprintf(f,a); printf(" errno=%d %s\n", errno, strerror(errno)); fflush(stdout); va_end(a); exit(1); }
static uint64_t mix(uint64_t x){ x+=0x9e3779b97f4a7c15ULL; x=(x^(x>>30))*0xbf58476d1ce4e5b9ULL; x=(x^(x>>27))*0x94d049bb133111ebULL; return x^(x>>31);}
static void fill(unsigned char *b, uint64_t off, size_t n, uint64_t seed){
	size_t i=0; while(i<n){ uint64_t w=mix((off+i)/8+seed); size_t k=(off+i)%8; while(k<8&&i<n){ b[i++]=w>>(8*k); k++; } } }
static unsigned char B[BUF],C[BUF];
static void pump(int s, uint64_t total, uint64_t seed){
	uint64_t off=0; while(off<total){ size_t n=total-off<BUF?total-off:BUF; if (seed&1) { n = 1 + mix(off)%n; }
		fill(B,off,n,seed); size_t d=0; while(d<n){ ssize_t r=write(s,B+d,n-d); if(r<0) die("write at %llu",(unsigned long long)(off+d)); d+=r; } off+=n; } }
static double clock_s(void){ struct timespec t; clock_gettime(CLOCK_MONOTONIC,&t); return t.tv_sec+t.tv_nsec/1e9; }
/* With PAUSES in the environment: the longest time without a byte, from the first byte to the last. */
static uint64_t drainv(int s, uint64_t want, uint64_t seed){ /* until EOF (want=~0) or want bytes */
	uint64_t off=0; double last=0, pause=0; for(;;){ size_t n=BUF; if(want!=~0ULL && want-off<n) n=want-off; if(n==0) break;
		ssize_t r=read(s,C,n); if(r<0) die("read at %llu",(unsigned long long)off); if(r==0) break;
		double t=clock_s(); if(off&&t-last>pause) pause=t-last; last=t;
		fill(B,off,r,seed); if(memcmp(B,C,r)){ size_t i=0; while(B[i]==C[i])i++; die("DATA DIFFERS at %llu",(unsigned long long)(off+i)); } off+=r; }
	if(off>BUF&&getenv("PAUSES")){ printf("longest pause %.2f s\n",pause); fflush(stdout); } return off; }
static int rdline(int s,char*l,int n){ int i=0; while(i<n-1){ ssize_t r=read(s,l+i,1); if(r<0) return -1; if(r==0) break; if(l[i]=='\n') break; i++; } l[i]=0; return i; }
static void serve1(int s){
	char l[64]; unsigned long long n,seed; char cmd[16];
	if(rdline(s,l,64)<=0) { close(s); return; }
	if(sscanf(l,"%15s %llu %llu",cmd,&n,&seed)!=3) { close(s); return; }
	char r[64];
	if(!strcmp(cmd,"UP")){ uint64_t got=drainv(s,~0ULL,seed); snprintf(r,64,"OK %llu\n",(unsigned long long)got); write(s,r,strlen(r)); close(s); }
	else if(!strcmp(cmd,"DOWN")){ pump(s,n,seed); shutdown(s,SHUT_WR); if(rdline(s,r,64)<=0) die("srv no OK"); char x; if(read(s,&x,1)!=0) die("srv no EOF"); close(s); }
	else if(!strcmp(cmd,"BIDI")){ pid_t p=fork(); if(p==0){ pump(s,n,seed); shutdown(s,SHUT_WR); _exit(0);} uint64_t got=drainv(s,~0ULL,seed); waitpid(p,0,0); if(got!=n) die("srv bidi %llu",(unsigned long long)got); close(s); }
	else if(!strcmp(cmd,"HUP")){ shutdown(s,SHUT_WR); uint64_t got=drainv(s,~0ULL,seed); if(got!=n) die("srv HUP %llu",(unsigned long long)got); close(s); printf("served HUP %llu\n",n); }
	else if(!strcmp(cmd,"HDOWN")){ char x; if(read(s,&x,1)!=0) die("srv HDOWN no EOF"); pump(s,n,seed); close(s); }
	else if(!strcmp(cmd,"PING")){ for(unsigned long long i=0;i<n;i++){ char c; if(read(s,&c,1)!=1) break; if(write(s,&c,1)!=1) break; } close(s); }
	else if(!strcmp(cmd,"RPC")){ for(unsigned long long i=0;i<n;i++) if(drainv(s,104,seed)!=104||write(s,"r",1)!=1) break; close(s); }
	else close(s);
}
/* The environment's CONGESTION, if any, is chosen on a socket that is connected already. */
static void congestion(int s){ const char*name=getenv("CONGESTION"); if(name&&setsockopt(s,IPPROTO_TCP,TCP_CONGESTION,name,strlen(name))) die("TCP_CONGESTION %s",name); }
static int lsock(const char*port,int v6){ int one=1; int s=socket(v6?AF_INET6:AF_INET,SOCK_STREAM,
#ifdef __linux__
	getenv("MPTCP")?262:0
#else
	0
#endif
	); if(s<0) die("socket"); setsockopt(s,SOL_SOCKET,SO_REUSEADDR,&one,sizeof one);
	if(v6){ int z=0; setsockopt(s,IPPROTO_IPV6,IPV6_V6ONLY,&z,sizeof z); struct sockaddr_in6 a={0};
#ifndef __linux__
	a.sin6_len=sizeof a;
#endif
	a.sin6_family=AF_INET6; a.sin6_port=htons(atoi(port)); if(bind(s,(void*)&a,sizeof a)) die("bind"); }
	else { struct sockaddr_in a={0}; a.sin_family=AF_INET; a.sin_port=htons(atoi(port)); if(bind(s,(void*)&a,sizeof a)) die("bind"); }
	if(listen(s,300)) die("listen"); return s; }
static int csock(const char*host,const char*port){ struct addrinfo h={0},*r; h.ai_socktype=SOCK_STREAM; h.ai_flags=AI_NUMERICHOST|AI_NUMERICSERV; if(getaddrinfo(host,port,&h,&r)) die("addr");
	int s=socket(r->ai_family,SOCK_STREAM,
#ifdef __linux__
	getenv("MPTCP")?262:0
#else
	0
#endif
	); if(s<0) die("socket"); if(connect(s,r->ai_addr,r->ai_addrlen)) die("connect"); freeaddrinfo(r); congestion(s); return s; }
int main(int c,char**v){ signal(SIGPIPE,SIG_IGN); setvbuf(stdout,0,_IOLBF,0); if(c<3) return 64;
	if(!strcmp(v[1],"serve")){ int l=lsock(v[2],c>3); signal(SIGCHLD,SIG_IGN); for(;;){ int s=accept(l,0,0); if(s<0){ if(errno==EINTR||errno==ECONNABORTED) continue; die("accept");} 
		if(fork()==0){ close(l); signal(SIGCHLD,SIG_DFL); congestion(s); serve1(s); _exit(0);} close(s);} }
	/* mpt CMD host port bytes seed */
	unsigned long long n=strtoull(v[4],0,0), seed=c>5?strtoull(v[5],0,0):2; const char*cmd=v[1]; char l[64]; struct timeval t0,t1; gettimeofday(&t0,0);
	int s=csock(v[2],v[3]); snprintf(l,64,"%s %llu %llu\n",cmd,n,seed); if(write(s,l,strlen(l))<0) die("hdr");
	if(!strcmp(cmd,"UP")){ pump(s,n,seed); shutdown(s,SHUT_WR); unsigned long long g=0; if(rdline(s,l,64)<=0||sscanf(l,"OK %llu",&g)!=1||g!=n) die("UP reply '%s' want %llu",l,n); char x; ssize_t r=read(s,&x,1); if(r!=0) die("UP no eof r=%zd",r); close(s); }
	else if(!strcmp(cmd,"DOWN")){ uint64_t g=drainv(s,~0ULL,seed); if(g!=n) die("DOWN got %llu want %llu",(unsigned long long)g,n); if(write(s,"OK\n",3)!=3) die("DOWN ok"); close(s); }
	else if(!strcmp(cmd,"BIDI")){ pid_t p=fork(); if(p==0){ pump(s,n,seed); shutdown(s,SHUT_WR); _exit(0);} uint64_t g=drainv(s,~0ULL,seed); int st; waitpid(p,&st,0); if(g!=n||st) die("BIDI got %llu",(unsigned long long)g); close(s); }
	else if(!strcmp(cmd,"HUP")){ char x; if(read(s,&x,1)!=0) die("HUP no EOF"); pump(s,n,seed); close(s); }
	else if(!strcmp(cmd,"HDOWN")){ shutdown(s,SHUT_WR); uint64_t g=drainv(s,~0ULL,seed); if(g!=n) die("HDOWN got %llu want %llu",(unsigned long long)g,n); close(s); }
	else if(!strcmp(cmd,"PING")){ for(unsigned long long i=0;i<n;i++){ char x='a'; if(write(s,&x,1)!=1||read(s,&x,1)!=1) die("ping %llu",i);} close(s); }
	/* The second write waits for the first one's ACK (Nagle). */
	else if(!strcmp(cmd,"RPC")){ char x; fill(B,0,104,seed); for(unsigned long long i=0;i<n;i++) if(write(s,B,4)!=4||write(s,B+4,100)!=100||read(s,&x,1)!=1) die("rpc %llu",i); close(s); }
	else if(!strcmp(cmd,"SEQ")){ close(s); for(unsigned long long i=0;i<n;i++){ s=csock(v[2],v[3]); if(write(s,"PING 1 1\nx",10)!=10) die("seq w"); char x; if(read(s,&x,1)!=1) die("seq r %llu",i); close(s);} }
	else if(!strcmp(cmd,"PAR")){ close(s); int*f=calloc(n,sizeof(int)); for(unsigned long long i=0;i<n;i++){ f[i]=csock(v[2],v[3]); if(write(f[i],"PING 1 1\n",9)!=9) die("par w"); } for(unsigned long long i=0;i<n;i++){ if(write(f[i],"x",1)!=1) die("par w2"); char x; if(read(f[i],&x,1)!=1) die("par r %llu",i);} for(unsigned long long i=0;i<n;i++) close(f[i]); }
	gettimeofday(&t1,0); double dt=t1.tv_sec-t0.tv_sec+(t1.tv_usec-t0.tv_usec)/1e6; printf("ok %s %s %llu bytes/conns %.2f s %.1f Mbit/s\n",cmd,v[2],n,dt,n*8/dt/1e6); return 0; }
