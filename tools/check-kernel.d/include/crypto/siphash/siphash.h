/*
 * The part of FreeBSD's siphash(9) that the glue may use; the header packages
 * that tools/check-kernel takes do not have it.
 */
#ifndef _SIPHASH_H_
#define	_SIPHASH_H_

#define	SIPHASH_BLOCK_LENGTH	8
#define	SIPHASH_KEY_LENGTH	16
#define	SIPHASH_DIGEST_LENGTH	8

typedef struct {
	uint64_t	state[8];
	uint64_t	more[4];
} SIPHASH_CTX;

void		SipHash_InitX(SIPHASH_CTX *, int, int);
void		SipHash_SetKey(SIPHASH_CTX *, const uint8_t [SIPHASH_KEY_LENGTH]);
void		SipHash_Update(SIPHASH_CTX *, const void *, size_t);
void		SipHash_Final(void *, SIPHASH_CTX *);
uint64_t	SipHash_End(SIPHASH_CTX *);
uint64_t	SipHashX(SIPHASH_CTX *, int, int,
		    const uint8_t [SIPHASH_KEY_LENGTH], const void *, size_t);

#define	SipHash24_Init(x)		SipHash_InitX((x), 2, 4)
#define	SipHash24(x, k, p, l)		SipHashX((x), 2, 4, (k), (p), (l))

#endif /* _SIPHASH_H_ */
