//! The page about performance, and what a table on it was measured with.

use anyhow::Context as _;
use std::fs;
use std::process::Command;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/performance.md");

/// Replaces what stands on the page between `<!-- NAME -->` and the next `<!-- end -->`.
pub(crate) fn write(name: &str, text: &str) -> anyhow::Result<()> {
    let page = fs::read_to_string(PAGE)?;
    let (begin, end) = (format!("<!-- {name} -->\n"), "<!-- end -->\n");
    let missing = || format!("docs/performance.md has no {begin}, or no {end} after it");
    let (before, rest) = page.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(end).with_context(missing)?;
    fs::write(PAGE, format!("{before}{begin}{text}{end}{after}"))?;
    Ok(())
}

/// Today, and this machine.
pub(crate) fn today_here() -> anyhow::Result<String> {
    let date = Command::new("date").arg("+%Y-%m-%d").output()?;
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let model = model.unwrap_or("an unknown processor");
    let count = std::thread::available_parallelism()?;
    Ok(format!("{}; {count} cores of {model}", String::from_utf8(date.stdout)?.trim()))
}
