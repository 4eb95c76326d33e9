/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* lq PORT secs: listens, never accepts, closes after secs */
int main(int c,char**v){ struct sockaddr_in a; memset(&a,0,sizeof a); a.sin_len=sizeof a; a.sin_family=AF_INET; a.sin_port=htons(atoi(v[1])); int s=socket(AF_INET,SOCK_STREAM,0),one=1; setsockopt(s,SOL_SOCKET,SO_REUSEADDR,&one,sizeof one); bind(s,(void*)&a,sizeof a); listen(s,30); sleep(atoi(v[2])); close(s); puts("listener closed"); return 0; }
