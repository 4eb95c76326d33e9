//! Whether the machine had time for a measurement.
//!
//! A figure that depends on punctuality counts only where the machine was free while it was taken. That is
//! measured, not assumed: by a thread that sleeps a millisecond at a time, and by what the processors say
//! about themselves.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::Clock;

/// How long the thread sleeps.
const NAP: Duration = Duration::from_millis(1);
/// It was late if it woke up so long after.
const LATE: Duration = Duration::from_millis(2);

/// Watches the machine until it is asked.
#[derive(Debug)]
pub struct Watch {
    before: Processors,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<(u64, u64)>>,
}

/// What a [`Watch`] saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Freedom {
    /// Share of the processors' time in which they had nothing to do.
    pub idle: f64,
    /// Share that the hypervisor gave to others.
    pub stolen: f64,
    /// Share of wake-ups of an ordinary thread that were more than 2 ms late.
    pub late: f64,
}

/// The first line of /proc/stat: ticks of all processors since the start of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Processors {
    total: u64,
    idle: u64,
    stolen: u64,
}

impl Watch {
    /// Starts to watch.
    #[must_use]
    pub fn start() -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let clock = Clock::start();
            let (mut naps, mut late) = (0, 0);
            while !told.load(Ordering::Relaxed) {
                let began = clock.now();
                thread::sleep(NAP);
                naps += 1;
                late += u64::from(clock.now().since(began) > NAP + LATE);
            }
            (naps, late)
        });
        Watch { before: Processors::now(), stop, thread: Some(thread) }
    }

    /// What was seen since the start.
    #[must_use]
    pub fn stop(mut self) -> Freedom {
        self.stop.store(true, Ordering::Relaxed);
        let (naps, late) = self.thread.take().and_then(|t| t.join().ok()).unwrap_or_default();
        Freedom::of(self.before, Processors::now(), naps, late)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Freedom {
    /// Whether figures count: a quarter of the processors' time was left over, next to nothing was stolen, and a
    /// thread that had something to do got a processor at once.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.idle >= 0.25 && self.stolen <= 0.05 && self.late <= 0.02
    }

    fn of(before: Processors, after: Processors, naps: u64, late: u64) -> Freedom {
        let total = after.total.saturating_sub(before.total);
        if total == 0 || naps == 0 {
            // Nothing is known: nothing is judged.
            return Freedom { idle: 0.0, stolen: 0.0, late: 1.0 };
        }
        let share = |after: u64, before: u64| after.saturating_sub(before) as f64 / total as f64;
        Freedom {
            idle: share(after.idle, before.idle),
            stolen: share(after.stolen, before.stolen),
            late: late as f64 / naps as f64,
        }
    }
}

impl std::fmt::Display for Freedom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |share: f64| 100.0 * share;
        let (idle, stolen, late) = (percent(self.idle), percent(self.stolen), percent(self.late));
        write!(f, "processors {idle:.0} % idle, {stolen:.0} % stolen; {late:.1} % of wake-ups late")
    }
}

impl Processors {
    /// All zero where the system does not say.
    fn now() -> Processors {
        fs::read_to_string("/proc/stat").map(|text| Processors::read(&text)).unwrap_or_default()
    }

    /// proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what guests had is in user already.
    fn read(stat: &str) -> Processors {
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
        let at = |n: usize| ticks.get(n).copied().unwrap_or(0);
        Processors { total: ticks.iter().sum(), idle: at(3) + at(4), stolen: at(7) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_processors_say() {
        let stat = "cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        assert_eq!(Processors::read(stat), Processors { total: 531, idle: 450, stolen: 8 });
        assert_eq!(Processors::read(""), Processors::default());
    }

    #[test]
    fn judges_what_it_saw() {
        let before = Processors { total: 1000, idle: 100, stolen: 0 };
        let after = |idle: u64, stolen: u64| Processors { total: 2000, idle: 100 + idle, stolen };
        assert!(Freedom::of(before, after(600, 0), 1000, 5).is_free());
        assert!(!Freedom::of(before, after(100, 0), 1000, 5).is_free(), "too little idle");
        assert!(!Freedom::of(before, after(600, 100), 1000, 5).is_free(), "stolen");
        assert!(!Freedom::of(before, after(600, 0), 1000, 50).is_free(), "late");
        assert!(!Freedom::of(before, before, 1000, 0).is_free(), "no time has passed");
        assert!(!Freedom::of(before, after(600, 0), 0, 0).is_free(), "no nap");
    }
}
