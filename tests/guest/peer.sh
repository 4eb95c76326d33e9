# For a script that needs a program on Linux beside it (sourced): peer_go lets tools/guest start it, and waits for it.
peer_go()
{
	echo PEER-GO
	until nc -z -w 1 10.1.0.2 5399 2>/dev/null; do sleep 0.2; done
}
