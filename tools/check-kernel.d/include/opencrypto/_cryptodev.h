/* What netipsec/keydb.h needs; the headers of the package lack the file. */
typedef struct crypto_session *crypto_session_t;
