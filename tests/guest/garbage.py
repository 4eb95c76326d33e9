# garbage.py SECONDS [fair]
# Without "fair" it forges segments of live connections that TCP itself must take (right sequence numbers), as only
# somebody on the path could: what such a connection carries is lost, as it is with plain TCP.  With "fair" it knows
# all four-tuples, but not what TCP would accept; no transfer may be harmed.
import socket,struct,random,time,threading,sys,os
FAIR=len(sys.argv)>2
# Not 1<<31: with a shut window TCP of FreeBSD 14 takes that for new data (and asserts in tcp_reass()).
FAR=(1<<31)-100000
random.seed(7); END=time.time()+float(sys.argv[1]); D='10.1.0.1'; S='10.1.0.2'
raw=socket.socket(socket.AF_INET,socket.SOCK_RAW,socket.IPPROTO_RAW)
raw.setsockopt(socket.IPPROTO_IP,socket.IP_HDRINCL,1)
sniff=socket.socket(socket.AF_INET,socket.SOCK_RAW,socket.IPPROTO_TCP); sniff.settimeout(0.2)
flows={}
def csum(b):
    if len(b)%2:b+=b'\0'
    s=sum(struct.unpack('!%dH'%(len(b)//2),b)); s=(s>>16)+(s&0xffff); s+=s>>16; return ~s&0xffff
def send(sp,dp,seq,ack,fl,opts,data=b'',win=500):
    opts=opts[:40]; opts+=b'\1'*(-len(opts)%4)
    h=struct.pack('!HHIIBBHHH',sp,dp,seq&0xffffffff,ack&0xffffffff,((20+len(opts))//4)<<4,fl,win,0,0)+opts
    a,b=socket.inet_aton(S),socket.inet_aton(D)
    c=csum(a+b+struct.pack('!BBH',0,6,len(h)+len(data))+h+data); h=h[:16]+struct.pack('!H',c)+h[18:]
    ip=struct.pack('!BBHHHBBH4s4s',0x45,0,20+len(h)+len(data),random.getrandbits(16),0,64,6,0,a,b)
    try: raw.sendto(ip+h+data,(D,0))
    except OSError: pass
def rb(n): return os.urandom(n)
def opt():
    k=random.randrange(12)
    if k==0: n=random.randrange(0,38); return bytes([30,random.randrange(0,41)])+rb(n)
    if k==1: return bytes([30,12,0x10|random.randrange(16),random.randrange(256)])+rb(8)
    if k==2: return bytes([30,16,0x10,random.randrange(256)])+rb(12)
    if k==3: return bytes([30,24,0x10,0])+rb(20)
    if k==4: return bytes([30,random.choice([4,12,20,22,28]),random.choice([0,1]),0x81])+rb(18)
    if k==5: return bytes([30,random.choice([8,12,16,20,18,24,26,28]),0x20,random.randrange(64)])+rb(24)
    if k==6: return bytes([30,random.choice([8,10,16,18,28,30]),0x30|random.randrange(2),random.randrange(256)])+rb(26)
    if k==7: return bytes([30,4,0x40,random.randrange(256)])
    if k==8: return bytes([30,random.choice([3,4]),0x50|random.randrange(2),1])
    if k==9: return bytes([30,12,0x60,0])+rb(8)
    if k==10: return bytes([30,12,0x70,0])+rb(8)
    return bytes([30,4,0x80,random.randrange(8)])
def sniffer():
    while time.time()<END:
        try: p=sniff.recv(2000)
        except OSError: continue
        ih=(p[0]&15)*4
        if p[12:16]!=socket.inet_aton(D): continue
        sp,dp,seq,ack=struct.unpack('!HHII',p[ih:ih+12]); fl=p[ih+13]
        # Who waits for a SYN/ACK takes any SYN, and any RST that acknowledges his own.
        if FAIR and fl&2: flows.pop((dp,sp),None); continue
        o=p[ih+20:ih+(p[ih+12]>>4)*4]
        ts=b''
        i=0
        while i<len(o):
            if o[i]==0: break
            if o[i]==1: i+=1; continue
            if i+1>=len(o) or o[i+1]<2: break
            if o[i]==8: ts=bytes([1,1,8,10])+o[i+6:i+10]+o[i+2:i+6] if False else bytes([1,1,8,10])+o[i+6:i+10]+o[i+2:i+6]
            i+=o[i+1]
        flows[(dp,sp)]=(ack,seq,ts,time.time())
        if len(flows)>400:
            for k in list(flows)[:200]: flows.pop(k,None)
threading.Thread(target=sniffer,daemon=True).start()
n=0
while time.time()<END:
    for (sp,dp),(seq,ack,ts,t) in list(flows.items())[-60:]:
        r=random.random(); d=rb(random.choice([0,0,1,100,1200])); o=(ts if random.random()<.8 else b'')+opt()+(opt() if random.random()<.3 else b'')
        fl=0x10 if r<.9 else random.choice([0x11,0x18,0x14,0x04,0x12,0x02,0x00,0x3f])
        if fl&4 and random.random()<.8: seq+=random.randrange(1,1<<20)
        off=random.choice([0,0,0,1,1000,-1,-1000,1<<20,FAR]); aoff=random.choice([0,0,0,1,1000,-1000,1<<31])
        if FAIR:
            # Far from the window; or inside it, with an ACK of what was never sent; or a RST, a SYN just below it (what
            # was seen is old already: above it one in some thousand would hit).
            k=random.random()
            if k<.5: off=random.choice([1<<27,1<<30,FAR,-(1<<27)])
            elif k<.8: fl=0x10; off=random.choice([0,1,1000]); aoff=random.choice([1<<28,1<<30])
            else: fl=random.choice([0x04,0x14,0x02]); off=-random.randrange(5000,20000); aoff=1<<28; d=b''
        send(sp,dp,seq+off,ack+aoff,fl,o,d,random.getrandbits(16)); n+=1
    for _ in range(8):
        send(random.randrange(1024,65000),random.choice([5000,5000,5001,9]),random.getrandbits(32),0,0x02,opt()+opt()); n+=1
        send(random.randrange(1024,65000),5000,random.getrandbits(32),random.getrandbits(32),random.getrandbits(6),opt(),rb(random.randrange(300))); n+=1
    time.sleep(0.004)
print('garbage packets',n,'flows seen',len(flows))
