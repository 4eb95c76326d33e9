//! Throughput over time as SVG.

use std::fmt::Write;

use super::Run;
use crate::link::LinkReport;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// Intervals that are put together: 100 ms alone are a ragged line.
const SMOOTH: usize = 3;

/// Where a value lies in the picture.
struct Axes {
    seconds: f64,
    mbit: f64,
}

impl Axes {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (seconds / self.seconds).clamp(0.0, 1.0)
    }

    fn y(&self, mbit: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (mbit / self.mbit).clamp(0.0, 1.0)
    }
}

/// Packets of each path stacked over one another, time to the right. `sum`: the rates of the paths together; `top`: the
/// highest rate that can be shown.
pub(super) fn plot(run: &Run, sum: f64, top: f64) -> String {
    let links: Vec<&LinkReport> = run.forward().collect();
    let rates: Vec<Vec<f64>> = links.iter().map(|link| rates(link)).collect();
    let steps = rates.iter().map(Vec::len).max().unwrap_or(0);
    let interval = links.first().map_or(0.1, |l| l.series.interval().as_secs_f64()) * SMOOTH as f64;
    // What is marked is shown even where nothing was carried any more.
    let marked = run.standstill.map_or(0.0, |(at, seconds)| at + seconds);
    let axes = Axes { seconds: (steps as f64 * interval).max(marked).max(1.0), mbit: top };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: rate of each path over time\">\n",
        run.name
    );
    grid(&mut svg, &axes);
    let mut base = vec![0.0; steps];
    for (n, rate) in rates.iter().enumerate() {
        let upper: Vec<f64> = (0..steps).map(|i| base[i] + rate.get(i).copied().unwrap_or(0.0)).collect();
        band(&mut svg, &axes, interval, n, &base, &upper);
        base = upper;
    }
    sum_line(&mut svg, &axes, sum);
    if let Some((at, seconds)) = run.standstill {
        standstill(&mut svg, &axes, at, seconds);
    }
    if let Some(cut) = run.cut {
        let x = axes.x(cut);
        let (y, end, side, anchor) = (TOP, HEIGHT - BOTTOM, x + 6.0, "start");
        let _ = writeln!(
            svg,
            "<line class=\"cut\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y}\" y2=\"{end}\"/>\
             <text class=\"cut\" x=\"{side:.1}\" y=\"{}\" text-anchor=\"{anchor}\">better path cut</text>",
            y + 11.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Mbit/s of each step.
fn rates(link: &LinkReport) -> Vec<f64> {
    let seconds = link.series.interval().as_secs_f64() * SMOOTH as f64;
    let steps = link.series.bytes().chunks(SMOOTH);
    steps.map(|bytes| bytes.iter().sum::<u64>() as f64 * 8e-6 / seconds).collect()
}

fn grid(svg: &mut String, axes: &Axes) {
    let mut mbit = 0.0;
    while mbit <= axes.mbit {
        let y = axes.y(mbit);
        let (end, text) = (WIDTH - RIGHT, y + 4.0);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{text:.1}\" text-anchor=\"end\">{mbit:.0}</text>",
            LEFT - 7.0
        );
        mbit += 10.0;
    }
    let step = if axes.seconds > 24.0 { 5.0 } else { 2.0 };
    let mut second = 0.0;
    while second <= axes.seconds {
        let unit = if second == 0.0 { " s" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{second:.0}{unit}</text>",
            axes.x(second),
            HEIGHT - BOTTOM + 17.0
        );
        second += step;
    }
}

/// The area between two lines that go in steps.
fn band(svg: &mut String, axes: &Axes, interval: f64, path: usize, lower: &[f64], upper: &[f64]) {
    let mut points = String::new();
    let mut step = |i: usize, value: f64, back: bool| {
        let ends = [axes.x(i as f64 * interval), axes.x((i + 1) as f64 * interval)];
        let ends = if back { [ends[1], ends[0]] } else { ends };
        for x in ends {
            let _ = write!(points, "{x:.1},{:.1} ", axes.y(value));
        }
    };
    (0..upper.len()).for_each(|i| step(i, upper[i], false));
    (0..lower.len()).rev().for_each(|i| step(i, lower[i], true));
    let _ = writeln!(svg, "<polygon class=\"path{path}\" points=\"{}\"/>", points.trim_end());
}

/// What the paths can carry together.
fn sum_line(svg: &mut String, axes: &Axes, mbit: f64) {
    let y = axes.y(mbit);
    let end = WIDTH - RIGHT;
    let _ = writeln!(
        svg,
        "<line class=\"sum\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
         <text class=\"sum\" x=\"{end}\" y=\"{:.1}\" text-anchor=\"end\">both paths: {mbit:.0}</text>",
        y - 5.0
    );
}

/// Nothing of the copy came to its reader.
fn standstill(svg: &mut String, axes: &Axes, at: f64, seconds: f64) {
    let (from, to) = (axes.x(at), axes.x(at + seconds));
    // Wide enough to be seen.
    let width = (to - from).max(2.0);
    let _ = writeln!(
        svg,
        "<rect class=\"standstill\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{}\"/>\
         <text class=\"cut\" x=\"{:.1}\" y=\"{}\">stood still for {:.0} ms</text>",
        HEIGHT - TOP - BOTTOM,
        from + width + 6.0,
        TOP + 26.0,
        seconds * 1e3
    );
}
