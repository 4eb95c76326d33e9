//! The integers against RFC 6356's formulas in floating point, and the goals of its section 2.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::rng::{Rng, SeededRng};

const MSS: u32 = 1448;

fn path(cwnd: u64, srtt_us: u64) -> PathWindow {
    PathWindow { cwnd, srtt_us, mss: MSS, slow_start: false }
}

/// Windows from one segment to the most there is, round trips from 100 us to 20 s.
fn real_path() -> impl Strategy<Value = PathWindow> {
    let cwnd = (1448.0_f64.ln()..(1_073_741_824.0_f64).ln()).prop_map(|x| x.exp() as u64);
    let srtt = (100.0_f64.ln()..20_000_000.0_f64.ln()).prop_map(|x| x.exp() as u64);
    (cwnd, srtt).prop_map(|(cwnd, srtt)| path(cwnd, srtt))
}

/// Anything that fits into the fields.
fn any_path() -> impl Strategy<Value = PathWindow> {
    let number = prop_oneof![any::<u64>(), 0..3_u64, Just(u64::MAX), 0..1_u64 << 32];
    let mss = prop_oneof![any::<u32>(), 0..3_u32, Just(MSS)];
    (number.clone(), number, mss, any::<bool>()).prop_map(|(cwnd, srtt_us, mss, slow_start)| PathWindow {
        cwnd,
        srtt_us,
        mss,
        slow_start,
    })
}

fn alpha_model(paths: &[PathWindow]) -> f64 {
    let total: f64 = paths.iter().map(|p| p.cwnd as f64).sum();
    let best = paths.iter().map(|p| p.cwnd as f64 / (p.srtt_us as f64).powi(2)).fold(0.0, f64::max);
    let rates: f64 = paths.iter().map(|p| p.cwnd as f64 / p.srtt_us as f64).sum();
    total * best / rates.powi(2)
}

fn balia_model(paths: &[PathWindow], r: &PathWindow, acked: f64) -> f64 {
    let rate = |p: &PathWindow| p.cwnd as f64 / p.srtt_us as f64;
    let sum: f64 = paths.iter().map(rate).sum();
    let a = paths.iter().map(rate).fold(0.0, f64::max) / rate(r);
    let per_byte = rate(r) / r.srtt_us as f64 / sum.powi(2) * (1.0 + a) / 2.0 * (4.0 + a) / 5.0;
    per_byte * acked * f64::from(r.mss)
}

fn fine(growth: Growth) -> f64 {
    growth.0 as f64 / f64::from(1 << GROWTH_FRACTION)
}

/// Within one part in a thousand, and two of the smallest steps.
fn close(is: f64, model: f64, step: f64) -> bool {
    (is - model).abs() <= model * 0.001 + 2.0 * step
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn alpha_is_the_one_of_rfc_6356(paths in prop::collection::vec(real_path(), 1..=32)) {
        let alpha = Coupling::lia(paths.iter()).alpha() as f64 / f64::from(1 << ALPHA_FRACTION);
        let model = alpha_model(&paths);
        let step = 1.0 / f64::from(1 << ALPHA_FRACTION);
        prop_assert!(close(alpha, model, step), "{alpha} is not {model}");
    }

    #[test]
    fn growth_is_the_one_of_rfc_6356(
        paths in prop::collection::vec(real_path(), 1..=32),
        acked in 1..100_000_u64,
    ) {
        let coupling = Coupling::lia(paths.iter());
        let alpha = alpha_model(&paths);
        let total: f64 = paths.iter().map(|p| p.cwnd as f64).sum();
        for p in &paths {
            let product = acked as f64 * f64::from(MSS);
            let model = (alpha * product / total).min(product / p.cwnd as f64);
            let is = fine(coupling.growth(p, acked));
            prop_assert!(close(is, model, 1.0 / 65536.0), "{is} is not {model}");
        }
    }

    #[test]
    fn balia_grows_as_its_draft_says(
        paths in prop::collection::vec(real_path(), 1..=32),
        acked in 1..100_000_u64,
    ) {
        let balia = Balia::new(paths.iter());
        for p in &paths {
            let (is, model) = (fine(balia.growth(p, acked)), balia_model(&paths, p, acked as f64));
            prop_assert!(close(is, model, 1.0 / 65536.0), "{is} is not {model}");
        }
    }

    // Goal 2 of RFC 6356: on no path more aggressive than one TCP. For any numbers at all.
    #[test]
    fn never_more_aggressive_than_reno(
        paths in prop::collection::vec(any_path(), 0..=80),
        other in any_path(),
        acked in any::<u64>(),
    ) {
        let (lia, balia) = (Coupling::lia(paths.iter()), Balia::new(paths.iter()));
        for p in paths.iter().chain([&other]) {
            let reno = reno_growth(p, acked);
            prop_assert!(lia.growth(p, acked) <= reno);
            prop_assert!(balia.growth(p, acked) <= reno);
            prop_assert!(reno.bytes() <= acked);
            prop_assert!(balia.shrinkage(p) <= p.window());
            prop_assert!(balia.shrinkage(p) >= p.window() / 2);
        }
        let _ = lia.alpha();
    }

    #[test]
    fn growth_rises_with_what_is_acknowledged_and_falls_with_the_window(
        paths in prop::collection::vec(any_path(), 1..=32),
        acked in any::<(u64, u64)>(),
        cwnd in any::<(u64, u64)>(),
    ) {
        let coupling = Coupling::lia(paths.iter());
        let (less, more) = (acked.0.min(acked.1), acked.0.max(acked.1));
        let (small, large) = (cwnd.0.min(cwnd.1), cwnd.0.max(cwnd.1));
        for p in &paths {
            prop_assert!(coupling.growth(p, less) <= coupling.growth(p, more));
            let [s, l] = [small, large].map(|cwnd| PathWindow { cwnd, ..*p });
            prop_assert!(coupling.growth(&l, more) <= coupling.growth(&s, more));
        }
    }

    #[test]
    fn one_subflow_is_a_plain_tcp(p in any_path(), acked in any::<u64>()) {
        let lia = Coupling::lia([p].iter());
        prop_assert_eq!(lia.growth(&p, acked), reno_growth(&p, acked));
        prop_assert_eq!(lia.alpha(), 1 << ALPHA_FRACTION);
        prop_assert_eq!(Balia::new([p].iter()).growth(&p, acked), reno_growth(&p, acked));
        prop_assert_eq!(Coupling::NONE.growth(&p, acked), reno_growth(&p, acked));
    }

    #[test]
    fn credit_loses_nothing(growths in prop::collection::vec(0..1_u64 << 40, 0..100)) {
        let mut credit = Credit::default();
        let bytes: u64 = growths.iter().map(|g| credit.add(Growth(*g))).sum();
        prop_assert_eq!((bytes << GROWTH_FRACTION) + credit.0, growths.iter().sum::<u64>());
    }
}

#[test]
fn n_equal_subflows_share_the_growth_of_one() {
    for n in 1..=32_u64 {
        let paths: Vec<_> = (0..n).map(|_| path(100_000, 30_000)).collect();
        let lia = Coupling::lia(paths.iter());
        let exact = (1 << ALPHA_FRACTION) / n;
        assert!(lia.alpha().abs_diff(exact) <= 1, "n={n}: {}", lia.alpha());
        let all: f64 = paths.iter().map(|p| fine(lia.growth(p, 14_480))).sum();
        let one = fine(reno_growth(&path(n * 100_000, 30_000), 14_480));
        assert!((all - one).abs() < one * 0.01, "n={n}: {all} and {one}");
    }
}

#[test]
fn in_slow_start_a_subflow_grows_as_rfc_5681_says() {
    let mut paths = [path(14_480, 10_000), path(14_480, 10_000)];
    paths[0].slow_start = true;
    let lia = Coupling::lia(paths.iter());
    assert_eq!(lia.growth(&paths[0], 100).bytes(), 100);
    assert_eq!(lia.growth(&paths[0], 10_000).bytes(), u64::from(MSS));
    let coupled = fine(lia.growth(&paths[1], 14_480));
    assert!((coupled - 362.0).abs() < 0.1, "a quarter of a segment, not {coupled}");
}

/// A crude model of TCP: in each round trip a path either loses something and halves, or grows for a whole
/// window. Returns bytes sent per microsecond over all paths.
fn simulate(paths: &[(u64, f64)], coupled: bool, seed: u64) -> f64 {
    const END: u64 = 4_000_000_000;
    let mut rng = SeededRng::new(seed);
    let mut state: Vec<_> = paths.iter().map(|(rtt, _)| path(20_000, *rtt)).collect();
    let mut next: Vec<u64> = paths.iter().map(|(rtt, _)| *rtt).collect();
    let mut credit = std::vec![Credit::default(); paths.len()];
    let mut sent = 0;
    loop {
        let i = (0..next.len()).min_by_key(|i| next[*i]).unwrap();
        if next[i] > END {
            return sent as f64 / END as f64;
        }
        next[i] += paths[i].0;
        let window = state[i].cwnd;
        sent += window;
        let survives = (1.0 - paths[i].1).powf(window as f64 / f64::from(MSS));
        if rng.next_u64() as f64 / u64::MAX as f64 > survives {
            state[i].cwnd = (window / 2).max(u64::from(MSS));
        } else {
            let coupling = if coupled { Coupling::lia(state.iter()) } else { Coupling::NONE };
            state[i].cwnd += credit[i].add(coupling.growth(&state[i], window));
        }
    }
}

// Goal 1 of RFC 6356: at least what one TCP gets on the best path. And not much more, where the paths are
// alike: they may share a bottleneck (goal 2).
#[test]
fn the_whole_does_as_well_as_one_tcp_on_the_best_path() {
    let cases: [&[(u64, f64)]; 5] = [
        &[(20_000, 0.001), (20_000, 0.001)],
        &[(20_000, 0.001), (100_000, 0.001)],
        &[(10_000, 0.01), (200_000, 0.0001)],
        &[(50_000, 0.0005), (50_000, 0.02), (50_000, 0.005)],
        &[(30_000, 0.002), (30_000, 0.002), (30_000, 0.002), (30_000, 0.002)],
    ];
    for paths in cases {
        let best = paths.iter().map(|p| simulate(&[*p], false, 1)).fold(0.0, f64::max);
        let ours = simulate(paths, true, 2);
        let uncoupled = simulate(paths, false, 3);
        assert!(ours > best * 0.85, "{paths:?}: {ours} of {best}");
        assert!(ours < best * 1.6, "{paths:?}: {ours} of {best}");
        assert!(ours < uncoupled, "{paths:?}: {ours} of {uncoupled}");
    }
}
