//! The demo as a page that needs nothing else.

use std::fmt::Write;

use super::plot::plot;
use super::rows::rows;
use super::table::{copy_line, origin_line};
use super::{Mode, Run, Story, Summary};

const STYLE: &str = include_str!("page.css");

/// The report page: figures, and for each transfer what each path carried over time.
#[must_use]
pub fn page(story: &Story) -> String {
    let s = &story.summary;
    let mut out = String::new();
    let title = "One connection, two paths";
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"origin\">{}</p>\n",
        lead(s),
        origin_line(s)
    );
    if !s.punctual {
        out.push_str(
            "<p class=\"warning\">The machine was too busy while this ran: packets left the emulated paths late, \
             so the figures do not count. Run it again when nothing else does.</p>\n",
        );
    }
    figures(&mut out, s);
    out.push_str("<h2>What each path carried</h2>\n<p class=\"legend\">");
    for (n, path) in s.paths.iter().enumerate() {
        let _ = write!(
            out,
            "<span><i class=\"path{n}\"></i>path {} ({:.0} Mbit/s, {:.0} ms one way)</span>",
            n + 1,
            path.rate_mbit,
            path.delay_ms
        );
    }
    out.push_str("<span class=\"unit\">Mbit/s of IP packets, stacked</span></p>\n<div class=\"plots\">\n");
    // A little room above the sum, and a round number.
    let top = (s.sum_mbit * 1.1 / 10.0).ceil() * 10.0;
    for run in &story.runs {
        let _ = write!(
            out,
            "<figure>\n<figcaption>{}</figcaption>\n{}</figure>\n",
            caption(run),
            plot(run, s.sum_mbit, top)
        );
    }
    let _ = write!(out, "</div>\n<p class=\"copy\">{}</p>\n</main>\n</body>\n</html>\n", copy_line(s));
    out
}

fn lead(s: &Summary) -> &'static str {
    match s.mode {
        Mode::Linux => {
            "Unmodified programs (iperf3, scp) over two emulated paths: our Multipath TCP host on one side, the Linux \
             kernel's on the other; beside it Linux at both ends, and plain TCP on the better path."
        }
        Mode::Simulated => {
            "Two of our Multipath TCP hosts over two emulated paths, in virtual time; beside it plain TCP on the better \
             path. As root the same runs against the Linux kernel."
        }
    }
}

fn caption(run: &Run) -> String {
    match run.mbit {
        Some(mbit) => format!("<b>{}</b><span>{mbit:.1} Mbit/s of payload</span>", run.name),
        None => format!("<b>{}</b>", run.name),
    }
}

fn figures(out: &mut String, s: &Summary) {
    let _ = write!(
        out,
        "<table>\n<thead><tr><th>Direction of the data</th><th class=\"number\">Payload, Mbit/s</th>\
         <th>Share of the paths' {:.0} Mbit/s</th></tr></thead>\n<tbody>\n",
        s.sum_mbit
    );
    for row in rows(s) {
        let share = 100.0 * row.mbit / s.sum_mbit;
        let class = if row.ours { " class=\"ours\"" } else { "" };
        let _ = writeln!(
            out,
            "<tr{class}><th>{}</th><td class=\"number\">{:.1}</td>\
             <td class=\"share\"><span class=\"bar\"><span style=\"width:{share:.1}%\"></span></span>{share:.1} %</td></tr>",
            row.name, row.mbit
        );
    }
    let _ = write!(
        out,
        "</tbody>\n</table>\n<p class=\"note\">As the receiver saw it, over {} s; the headers of IP and TCP alone take \
         5 % of a path.</p>\n",
        s.seconds
    );
}
