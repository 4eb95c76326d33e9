/*
 * What mptcp_core.h needs of <errno.h> when bindgen reads it without any
 * system's headers: FreeBSD's numbers.
 */
#define	ENOENT		2
#define	ENOMEM		12
#define	EEXIST		17
#define	EINVAL		22
#define	ECONNABORTED	53
#define	ECONNRESET	54
#define	ETIMEDOUT	60
