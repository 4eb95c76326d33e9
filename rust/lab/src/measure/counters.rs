//! The kernel's network counters in a namespace.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::netns::{Namespace, run};

/// Counters by the names that `nstat` shows, such as `MPTcpExtMPJoinSynAckRx`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters(BTreeMap<String, u64>);

/// Reads all counters of a namespace since it was made.
///
/// # Errors
/// When `nstat` (Debian package iproute2) is missing or its answer is not understood.
pub fn counters(host: &Namespace) -> Result<Counters> {
    let mut command = host.command("nstat");
    command.args(["-a", "-s", "-z", "-j"]);
    parse(&run(command)?)
}

fn parse(json: &str) -> Result<Counters> {
    let all: Value = serde_json::from_str(json).context("nstat did not write JSON")?;
    let named = all.get("kernel").and_then(Value::as_object).context("nstat wrote no counters")?;
    Ok(Counters(named.iter().filter_map(|(k, v)| Some((k.clone(), v.as_u64()?))).collect()))
}

impl Counters {
    /// A counter's value; 0 where the kernel does not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Counters) -> Counters {
        let grown = |(name, now): (&String, &u64)| (name.clone(), now.saturating_sub(earlier.get(name)));
        Counters(self.0.iter().map(grown).collect())
    }

    /// Those that are not zero and whose names start so, for messages.
    #[must_use]
    pub fn nonzero(&self, prefix: &str) -> Vec<(&str, u64)> {
        let wanted = self.0.iter().filter(|(name, value)| **value != 0 && name.starts_with(prefix));
        wanted.map(|(name, value)| (name.as_str(), *value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nstat_writes() {
        let first = parse(r#"{"kernel":{"MPTcpExtMPCapableSYNRX":1,"IpInReceives":5}}"#).unwrap();
        let then = parse(r#"{"kernel":{"MPTcpExtMPCapableSYNRX":3,"IpInReceives":5}}"#).unwrap();
        let grown = then.since(&first);
        assert_eq!(grown.get("MPTcpExtMPCapableSYNRX"), 2);
        assert_eq!(grown.get("no such counter"), 0);
        assert_eq!(grown.nonzero("MPTcpExt"), [("MPTcpExtMPCapableSYNRX", 2)]);
        assert!(grown.nonzero("Ip").is_empty());
        assert!(parse("[]").is_err());
        assert!(parse("kernel").is_err());
    }
}
