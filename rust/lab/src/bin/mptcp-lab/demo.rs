//! `mptcp-lab demo`

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use mptcp_lab::demo::{Effort, Story, linux, page, simulated, table};
use mptcp_lab::netns::{Interrupt, Need, missing};

/// Shows one connection over two paths: with the Linux kernel as root, in the simulator otherwise.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where `report.html` and `summary.json` go.
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// Seconds of each transfer.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// MiB of the copied file.
    #[arg(long, default_value_t = 16)]
    copy: u64,
    /// Seed of the random choices on the paths.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The simulator, even where the kernel could be used.
    #[arg(long)]
    simulated: bool,
    /// Also write the summary to standard output, instead of the table.
    #[arg(long)]
    json: bool,
}

/// Runs the story, tells it three times, and fails where the file did not arrive.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let effort = Effort { seconds: arguments.seconds, copy_bytes: arguments.copy << 20, seed: arguments.seed };
    let mut needs = Need::INTEROP.to_vec();
    needs.extend([Need::Program("scp"), Need::Program("sshd")]);
    let lacking = missing(&needs);
    let story = if arguments.simulated {
        simulated(&effort, &interrupt)?
    } else if lacking.is_empty() {
        linux(&effort, &interrupt)?
    } else {
        eprintln!("in the simulator, because for the Linux kernel something is missing:\n  {}", lacking.join("\n  "));
        simulated(&effort, &interrupt)?
    };
    write(&story, arguments)?;
    if !story.summary.sha256_ok {
        bail!("the copied file did not arrive as it was sent");
    }
    Ok(())
}

fn write(story: &Story, arguments: &Arguments) -> Result<()> {
    let out = &arguments.out;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let json = serde_json::to_string_pretty(&story.summary)?;
    for (name, content) in [("report.html", page(story)), ("summary.json", format!("{json}\n"))] {
        let file = out.join(name);
        fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if arguments.json {
        say!("{json}");
        return Ok(());
    }
    say!("{}\nWith plots: {}", table(story), out.join("report.html").display());
    Ok(())
}
