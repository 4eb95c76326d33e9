//! The command as a user meets it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// `mptcp-lab sim --seed 7 --verbose | head -1`
#[test]
fn a_closed_pipe_does_not_take_the_verdict_away() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mptcp-lab"))
        .args(["sim", "--seed", "7", "--verbose"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    out.read_line(&mut line).expect("a first line");
    assert!(!line.is_empty());
    drop(out);
    let end = child.wait_with_output().expect("the command ends");
    let said = String::from_utf8_lossy(&end.stderr);
    assert!(end.status.success() && !said.contains("panicked"), "{}: {said}", end.status);
}
