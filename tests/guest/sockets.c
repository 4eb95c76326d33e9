/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* api: socket API checks in one process: api SRVIP PORT ; server forks */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/event.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int fails;
#define T(name,cond) do{ int ok_=(cond); printf("%s %s (errno %d)\n", ok_?"pass":"FAIL", name, errno); fflush(stdout); if(!ok_) fails++; }while(0)
static struct sockaddr_in A; static const char*ip; static int port;
static int conn(void){ int s=socket(AF_INET,SOCK_STREAM,0); if(connect(s,(void*)&A,sizeof A)) { printf("FAIL connect %s\n",strerror(errno)); exit(1);} return s; }
static int waitev(int s,int ev,int ms){ struct pollfd p={s,ev,0}; if(poll(&p,1,ms)!=1) return 0; return p.revents; }
static ssize_t rdall(int s,char*b,size_t n){ size_t i=0; while(i<n){ ssize_t r=read(s,b+i,n-i); if(r<=0) return i?i:r; i+=r;} return i; }
/* server: one command byte per connection */
static void srv(int s){ char c; static char b[65536]; if(read(s,&c,1)!=1) _exit(0);
	switch(c){
	case 'e': { ssize_t r; while((r=read(s,b,sizeof b))>0) if(write(s,b,r)!=r) break; close(s); break; }
	case 's': sleep(3); { ssize_t r; size_t t=0; while((r=read(s,b,sizeof b))>0) t+=r; char o[32]; int n=snprintf(o,32,"%zu\n",t); write(s,o,n); close(s); break; }
	case 'k': write(s,b,1000); sleep(1); { struct linger l={1,0}; setsockopt(s,SOL_SOCKET,SO_LINGER,&l,sizeof l); close(s); break; }
	case 'f': { char n[]="/tmp/sfXXXXXX"; int f=mkstemp(n); unlink(n); for(int i=0;i<(int)sizeof b;i++) b[i]=i*7; for(int i=0;i<64;i++) write(f,b,sizeof b); off_t sb; off_t off=0; while(off<64*65536){ if(sendfile(f,s,off,64*65536-off,NULL,&sb,0)<0&&errno!=EAGAIN){break;} off+=sb; if(sb==0)break; } close(s); break; }
	case 'c': shutdown(s,SHUT_WR); { ssize_t r; size_t t=0; while((r=read(s,b,sizeof b))>0) t+=r; _exit(t==100000?0:1); }
	case 'K': alarm(2); signal(SIGALRM,SIG_DFL); for(;;) if(write(s,b,sizeof b)<0) _exit(0);
	case 'w': { ssize_t r=read(s,b,1); _exit(r<0 && errno==ECONNRESET ? 0 : 2); }
	case 'r': sleep(30); _exit(0);
	} _exit(0); }
int main(int ac,char**av){ signal(SIGPIPE,SIG_IGN); ip=av[2]; port=atoi(av[3]); A.sin_len=sizeof A; A.sin_family=AF_INET; A.sin_port=htons(port);
	if(!strcmp(av[1],"srv")){ int l=socket(AF_INET,SOCK_STREAM,0),one=1; setsockopt(l,SOL_SOCKET,SO_REUSEADDR,&one,sizeof one); bind(l,(void*)&A,sizeof A); listen(l,50);
		for(;;){ struct sockaddr_in p; socklen_t n=sizeof p; int s=accept(l,(void*)&p,&n); if(s<0) continue; pid_t q=fork(); if(q==0){ close(l); srv(s);} close(s); int st; while(waitpid(-1,&st,WNOHANG)>0) if(st) printf("server child status %x\n",st); } }
	A.sin_addr.s_addr=inet_addr(ip); char b[65536]; memset(b,'z',sizeof b);
	int s=conn(); write(s,"ehello",6); memset(b,0,8); T("echo",rdall(s,b,5)==5&&!memcmp(b,"hello",5));
	write(s,"peekme",6); T("poll in",waitev(s,POLLIN,2000)&POLLIN); usleep(100000); T("MSG_PEEK",recv(s,b,6,MSG_PEEK)==6&&!memcmp(b,"peekme",6)); T("FIONREAD peek again",recv(s,b,6,MSG_PEEK)==6); T("read after peek",rdall(s,b,6)==6);
	T("recv DONTWAIT EAGAIN",recv(s,b,1,MSG_DONTWAIT)<0&&errno==EAGAIN);
	/* kqueue */
	int kq=kqueue(); struct kevent ev; EV_SET(&ev,s,EVFILT_READ,EV_ADD,0,0,0); kevent(kq,&ev,1,0,0,0); struct timespec ts={2,0}; write(s,"12345",5); int n=kevent(kq,0,0,&ev,1,&ts); usleep(200000); n=kevent(kq,0,0,&ev,1,&ts); T("kqueue read data=5",n==1&&ev.data==5); rdall(s,b,5);
	/* options */
	int v=1; socklen_t vl=sizeof v; T("set NODELAY",!setsockopt(s,IPPROTO_TCP,TCP_NODELAY,&v,sizeof v)); v=0; T("get NODELAY",!getsockopt(s,IPPROTO_TCP,TCP_NODELAY,&v,&vl)&&v); v=1; T("KEEPALIVE",!setsockopt(s,SOL_SOCKET,SO_KEEPALIVE,&v,sizeof v)); v=10; T("KEEPIDLE",!setsockopt(s,IPPROTO_TCP,TCP_KEEPIDLE,&v,sizeof v)); v=0; vl=sizeof v; T("get KEEPIDLE",!getsockopt(s,IPPROTO_TCP,TCP_KEEPIDLE,&v,&vl)&&v==10);
	v=0x10; T("IP_TOS",!setsockopt(s,IPPROTO_IP,IP_TOS,&v,sizeof v)); v=0; vl=sizeof v; T("get IP_TOS",!getsockopt(s,IPPROTO_IP,IP_TOS,&v,&vl)&&v==0x10);
	v=200000; T("SO_SNDBUF",!setsockopt(s,SOL_SOCKET,SO_SNDBUF,&v,sizeof v)); T("SO_RCVBUF",!setsockopt(s,SOL_SOCKET,SO_RCVBUF,&v,sizeof v));
	struct tcp_info ti; vl=sizeof ti; T("TCP_INFO",!getsockopt(s,IPPROTO_TCP,TCP_INFO,&ti,&vl)&&ti.tcpi_state==4); printf("  tcpi state %d rtt %u mss %u cwnd %u\n",ti.tcpi_state,ti.tcpi_rtt,ti.tcpi_snd_mss,ti.tcpi_snd_cwnd);
	char cc[64]; vl=sizeof cc; T("TCP_CONGESTION",!getsockopt(s,IPPROTO_TCP,TCP_CONGESTION,cc,&vl)); 
	v=1; T("TCP_MD5SIG refused",setsockopt(s,IPPROTO_TCP,TCP_MD5SIG,&v,sizeof v)<0); T("MSG_OOB refused",send(s,"x",1,MSG_OOB)<0);
	struct sockaddr_in me,pe; socklen_t l1=sizeof me,l2=sizeof pe; T("getsockname",!getsockname(s,(void*)&me,&l1)&&me.sin_port); T("getpeername",!getpeername(s,(void*)&pe,&l2)&&pe.sin_addr.s_addr==A.sin_addr.s_addr&&pe.sin_port==A.sin_port);
	v=-1; vl=sizeof v; T("SO_ERROR 0",!getsockopt(s,SOL_SOCKET,SO_ERROR,&v,&vl)&&v==0);
	T("shutdown WR",!shutdown(s,SHUT_WR)); T("write after shutdown EPIPE",write(s,"x",1)<0&&errno==EPIPE); T("EOF",rdall(s,b,1)==0); close(s); close(kq);
	/* nonblocking connect */
	s=socket(AF_INET,SOCK_STREAM,0); fcntl(s,F_SETFL,O_NONBLOCK); int r=connect(s,(void*)&A,sizeof A); T("nb connect EINPROGRESS",r<0&&errno==EINPROGRESS); T("nb writable",waitev(s,POLLOUT,3000)&POLLOUT); v=-1; vl=sizeof v; getsockopt(s,SOL_SOCKET,SO_ERROR,&v,&vl); T("nb SO_ERROR",v==0); T("nb EISCONN",connect(s,(void*)&A,sizeof A)<0&&errno==EISCONN); T("nb write",write(s,"eX",2)==2); T("nb pollin",waitev(s,POLLIN,3000)&POLLIN); T("nb read",read(s,b,1)==1&&b[0]=='X'); close(s);
	/* refused */
	struct sockaddr_in R=A; R.sin_port=htons(9); s=socket(AF_INET,SOCK_STREAM,0); T("refused",connect(s,(void*)&R,sizeof R)<0&&errno==ECONNREFUSED); close(s);
	s=socket(AF_INET,SOCK_STREAM,0); fcntl(s,F_SETFL,O_NONBLOCK); connect(s,(void*)&R,sizeof R); waitev(s,POLLOUT,3000); v=0; vl=sizeof v; getsockopt(s,SOL_SOCKET,SO_ERROR,&v,&vl); T("nb refused SO_ERROR",v==ECONNREFUSED); close(s);
	/* write space: server sleeps 3 s */
	s=conn(); fcntl(s,F_SETFL,O_NONBLOCK); write(s,"s",1); size_t tot=0; for(;;){ ssize_t w=write(s,b,sizeof b); if(w<0) { if(errno!=EAGAIN) T("nb write err",0); break; } tot+=w; if (tot>40000000) break; } printf("  filled %zu\n",tot); int full=0; fd_set fs; for(int i=0;i<10&&!full;i++){ /* the buffer grows while it empties */ ssize_t w; usleep(200000); while((w=write(s,b,sizeof b))>0) tot+=w; FD_ZERO(&fs); FD_SET(s,&fs); struct timeval z={0,0}; full=select(s+1,0,&fs,0,&z)==0; } T("select: no write space",full); struct timeval tv={10,0}; FD_ZERO(&fs); FD_SET(s,&fs); T("select: write space comes",select(s+1,0,&fs,0,&tv)==1); shutdown(s,SHUT_WR); fcntl(s,F_SETFL,0); memset(b,0,32); rdall(s,b,31); T("server counted",strtoull(b,0,0)==tot); close(s);
	/* fastclose from server */
	s=conn(); write(s,"k",1); T("k data",rdall(s,b,1000)==1000); errno=0; T("reset by peer",read(s,b,1)<0&&errno==ECONNRESET); close(s);
	/* our fastclose */
	s=conn(); write(s,"w",1); usleep(300000); struct linger lg={1,0}; setsockopt(s,SOL_SOCKET,SO_LINGER,&lg,sizeof lg); T("linger0 close",!close(s));
	/* linger n */
	s=conn(); write(s,"e",1); lg.l_linger=3; setsockopt(s,SOL_SOCKET,SO_LINGER,&lg,sizeof lg); T("linger3 close",!close(s));
	/* sendfile */
	s=conn(); write(s,"f",1); size_t got=0; int bad=0; ssize_t rr; while((rr=read(s,b,sizeof b))>0){ for(ssize_t i=0;i<rr;i++) if(b[i]!=(char)(((got+i)%65536)*7)) bad=1; got+=rr; } T("sendfile 4 MiB",got==64*65536&&!bad); if(got!=64*65536) printf("  got %zu\n",got); close(s);
	/* server half-closes first */
	s=conn(); write(s,"c",1); T("server EOF first",read(s,b,1)==0); memset(b,'q',sizeof b); size_t d=0; while(d<100000){ ssize_t w=write(s,b,100000-d<sizeof b?100000-d:sizeof b); if(w<0) break; d+=w; } T("write after EOF",d==100000); close(s);
	/* SHUT_RD */
	s=conn(); write(s,"e",1); T("SHUT_RD",!shutdown(s,SHUT_RD)); T("read 0 after SHUT_RD",read(s,b,1)==0); close(s);
	/* killed server */
	if(ac>4){ s=conn(); write(s,"K",1); T("K flows",rdall(s,b,60000)==60000);  errno=0; ssize_t k; do k=read(s,b,sizeof b); while(k>0); T("killed server ends it",k<=0); printf("  k=%zd errno %d\n",k,errno); close(s); }
	printf("api: %d failures\n",fails); return fails!=0; }
