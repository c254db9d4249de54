//! Counting the instructions and the allocations of one function under valgrind.

use std::collections::HashMap;
use std::io;
use std::ops::{Div, Sub};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a heap allocation is a call of.
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"];

/// What something costs; a difference of two may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Instructions, user space only.
    pub instructions: i64,
    /// Heap allocations, growing ones included.
    pub allocations: i64,
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            allocations: self.allocations - other.allocations,
        }
    }
}

impl Div<u32> for Cost {
    type Output = Self;

    /// The nearest whole numbers.
    fn div(self, count: u32) -> Self {
        let count = i64::from(count);
        let nearest = |sum: i64| (sum + count / 2).div_euclid(count);
        Self { instructions: nearest(self.instructions), allocations: nearest(self.allocations) }
    }
}

/// Runs `command` and returns the instructions of all calls of the function named like `function`,
/// with all that they call, and the allocations of the whole run: callgrind counts calls wherever
/// they are, so only the difference of two runs tells what a call of the function allocates.
///
/// The profile stays at `profile`, for `callgrind_annotate`.
///
/// # Errors
///
/// If valgrind is not installed, the command fails, or the profile cannot be read.
pub fn measure(command: &Command, function: &str, profile: &Path) -> io::Result<Cost> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("run valgrind: {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    parse(&std::fs::read_to_string(profile)?)
        .ok_or_else(|| io::Error::other("read a callgrind profile: it has no sum"))
}

/// Reads the sum and the calls of allocators from a profile.
///
/// <https://valgrind.org/docs/manual/cl-format.html>: a name is written out where its number first
/// occurs; `calls=COUNT POSITION` follows the name of the function that was called.
fn parse(profile: &str) -> Option<Cost> {
    let mut names = HashMap::new();
    let mut is_allocator = false;
    let mut cost = Cost::default();
    let mut sum = None;
    for line in profile.lines() {
        let Some((kind, value)) = line.split_once(['=', ':']) else { continue };
        match kind {
            "fn" | "cfn" => {
                let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                if !name.is_empty() {
                    names.insert(number, name);
                }
                is_allocator = kind == "cfn"
                    && names.get(number).is_some_and(|name| ALLOCATORS.contains(name));
            }
            "calls" if is_allocator => {
                cost.allocations += value.split(' ').next()?.parse::<i64>().ok()?;
            }
            "totals" => sum = value.trim().parse().ok(),
            _ => {}
        }
    }
    cost.instructions = sum?;
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::{Cost, parse};

    #[test]
    fn allocations_are_calls_of_allocators() {
        let profile = "\
fn=(1) gate::measured_request
12 5
cfn=(2) malloc
calls=3 0
12 300
cfn=(3) free
calls=9 0
12 90
fn=(4) other
cfn=(2)
calls=4 0
13 400
totals: 795
";
        assert_eq!(parse(profile), Some(Cost { instructions: 795, allocations: 7 }));
    }

    #[test]
    fn profile_without_a_sum_is_no_profile() {
        assert_eq!(parse("fn=(1) a\n1 2\n"), None);
    }

    #[test]
    fn mean_is_the_nearest_whole_number() {
        let cost = Cost { instructions: 149, allocations: -51 };
        assert_eq!(cost / 100, Cost { instructions: 1, allocations: -1 });
    }
}
