//! Maps that come, and what an observer sees of them and of memory.

use super::*;
use crate::mpcb::timer::Timer;
use crate::pool::Pool;

#[test]
fn a_map_lies_within_reach_of_the_bytes_taken_last() {
    let span = 1 << 30;
    for (ssn, bad) in [(span, 0), (span + 1, 1), (1u32.wrapping_sub(span), 1), (0, 1), (1, 0)] {
        let mut mpcb = passive();
        let dsn = wire_dsn(1, mpcb.agreed.remote.idsn, true);
        let map = Some(DssMap { dsn, ssn, len: 10, csum: None });
        arrives(&mut mpcb, 1, 0, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
        assert_eq!(mpcb.stats.bad_options, bad, "SSN {ssn:#x}");
        assert_eq!(mpcb.subflow_info(SF).unwrap().rx_maps, usize::from(bad == 0), "SSN {ssn:#x}");
    }
}

#[test]
fn an_observer_sees_what_was_mapped() {
    let mut mpcb = passive();
    mpcb.snd_append(3000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    maps(&mut mpcb, SF, 2000, NOW).unwrap();
    let info = mpcb.subflow_info(SF).unwrap();
    assert_eq!((info.bytes_mapped, info.maps), (3000, 2));
    let ack = acks(&mpcb, 1001);
    comes(&mut mpcb, SF, (1, 0, 1001), &[ack], NOW);
    let info = mpcb.subflow_info(SF).unwrap();
    assert_eq!((info.bytes_mapped, info.maps), (3000, 1), "mapped once, whatever became of it");
}

#[test]
fn an_observer_sees_memory_in_use_its_peak_and_refusals() {
    let addr = "10.0.0.1:1".parse().unwrap();
    let start = Start { local: addr, remote: addr, snd_window: 65_535, rcv_space: 65_535 };
    let mut mpcb = Mpcb::with_pool(&AGREED(), &Config::DEFAULT, &start, Pool::new(1 << 20)).unwrap();
    let (before, _, refused) = mpcb.memory();
    assert!(before > 0 && refused == 0);
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let (used, peak, _) = mpcb.memory();
    assert!(used > before && peak >= used);
    mpcb.pool.refuse_nth(0);
    assert!(mpcb.pool.charge(1).is_err());
    assert_eq!(mpcb.memory(), (used, peak, 1));
}

#[test]
fn a_deadline_that_moves_back_is_no_news() {
    let mut timers = TimerTable::new();
    assert!(!timers.is_sooner());
    timers.set(Timer::Close, NOW);
    assert!(timers.is_sooner(), "there was none");
    timers.seen();
    assert!(!timers.is_sooner());
    timers.set(Timer::Close, NOW + Duration::from_secs(1));
    assert!(!timers.is_sooner());
    timers.set(Timer::Close, NOW);
    assert!(timers.is_sooner());
}
