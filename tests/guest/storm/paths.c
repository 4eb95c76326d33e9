/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Cuts what comes in on a path, and changes its rate, delay and loss.  Only
 * what comes in: ipfw(8) tells who sends that his segment was denied, and
 * send(2) then fails although its bytes are queued.
 */
#include "storm.h"

void *
paths(void *arg)
{
	struct thread *t = arg;
	char side = storm.host == 1 ? 'a' : 'b';

	while (!over()) {
		int path = below(t, PATHS), rule = 1000 + t->number;

		switch (below(t, 5)) {
		case 0:
		case 1:
			run(t, "ipfw -q add %d deny ip from any to any in recv epair%d%c", rule, path, side);
			pause_ms(below(t, one_in(t, 5) ? 12000 : 2000));
			run(t, "ipfw -q delete %d", rule);
			break;
		case 2:
			run(t, "ipfw -q add %d prob 0.%02u deny tcp from any to any in recv epair%d%c", rule,
			    below(t, 30), path, side);
			pause_ms(below(t, 4000));
			run(t, "ipfw -q delete %d", rule);
			break;
		case 3:
			if (path == 0 || !one_in(t, 5))
				break;
			run(t, "ifconfig epair%d%c down", path, side);
			pause_ms(below(t, 1000));
			run(t, "ifconfig epair%d%c up", path, side);
			break;
		default:
			run(t, "ipfw -q pipe %d config bw %uMbit/s delay %ums queue %u plr 0.0%u", path + 1,
			    1 + below(t, 40), below(t, 100), 5 + below(t, 95), one_in(t, 2) ? 0 : below(t, 10));
		}
		pause_ms(below(t, 3000));
	}
	for (int path = 0; path < PATHS; path++)
		run(t, "ipfw -q pipe %d config bw 20Mbit/s delay 5ms queue 100", path + 1);
	t->gone = true;
	return (NULL);
}
