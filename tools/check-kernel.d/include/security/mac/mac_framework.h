/* The package lacks the file. */
struct inpcb;
struct socket;

void	mac_inpcb_sosetlabel(struct socket *, struct inpcb *);
void	mac_socket_newconn(struct socket *, struct socket *);
