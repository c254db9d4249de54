//! Counting the instructions and the allocations of a program under valgrind.
//!
//! The format, <https://valgrind.org/docs/manual/cl-format.html>: a name is written out where its number first
//! occurs; `calls=COUNT POSITION` follows the name of the function that was called, and the line
//! after it is what all that cost; any other line that begins with a position is the function's own.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Sub;
use std::path::Path;
use std::process::Command;

/// What a heap allocation is a call of.
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"];

/// `command` under callgrind, whose profile goes to `profile` and stays there, for
/// `callgrind_annotate`.
///
/// Counted are the instructions of all calls of the function that `function` names, with all that
/// they call, else those of the whole process. Calls of allocators are counted wherever they are, so
/// only the difference of two runs tells what a call of the function allocates.
pub fn under(command: &Command, function: Option<&str>, profile: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .arg("--tool=callgrind")
        .args(function.map(|function| format!("--toggle-collect=*{function}*")))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(command.get_program())
        .args(command.get_args());
    valgrind
}

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

/// What a program cost, and which of its functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// All of it.
    pub sum: Cost,
    /// Instructions of each function without what it called, by its path.
    pub functions: BTreeMap<String, i64>,
}

impl Profile {
    /// Reads what callgrind wrote.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no profile.
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::parse(&std::fs::read_to_string(path)?)
            .ok_or_else(|| io::Error::other("read a callgrind profile: it has no sum"))
    }

    fn parse(profile: &str) -> Option<Self> {
        let mut names = HashMap::new();
        let mut read = Self::default();
        let (mut within, mut called, mut is_call) = ("", "", false);
        let mut sum = None;
        for line in profile.lines() {
            if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                if !std::mem::take(&mut is_call) {
                    let cost: i64 = line.split(' ').nth(1)?.parse().ok()?;
                    *read.functions.entry(path(within)).or_default() += cost;
                }
                continue;
            }
            let Some((kind, value)) = line.split_once(['=', ':']) else { continue };
            match kind {
                "fn" | "cfn" => {
                    let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                    if !name.is_empty() {
                        names.insert(number, name);
                    }
                    let name = *names.get(number)?;
                    if kind == "fn" { within = name } else { called = name }
                }
                "calls" => {
                    is_call = true;
                    if ALLOCATORS.contains(&called) {
                        read.sum.allocations += value.split(' ').next()?.parse::<i64>().ok()?;
                    }
                }
                "totals" => sum = value.trim().parse().ok(),
                _ => {}
            }
        }
        read.sum.instructions = sum?;
        Some(read)
    }

    /// The nearest whole share of each.
    #[must_use]
    pub fn shared_by(mut self, count: u32) -> Self {
        let count = i64::from(count);
        let nearest = |sum: i64| (sum + count / 2).div_euclid(count);
        let Cost { instructions, allocations } = self.sum;
        self.sum = Cost { instructions: nearest(instructions), allocations: nearest(allocations) };
        self.functions.values_mut().for_each(|own| *own = nearest(*own));
        self
    }
}

impl Sub for Profile {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        self.sum = self.sum - other.sum;
        for (function, own) in other.functions {
            *self.functions.entry(function).or_default() -= own;
        }
        self
    }
}

/// A function's name without what differs from build to build, or how deep it called itself.
fn path(name: &str) -> String {
    let name = name.split('\'').next().unwrap_or(name);
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 => path.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Profile};

    const PROFILE: &str = "\
fn=(1) gate::measured_request::h0123456789abcdef
12 5
cfn=(2) malloc
calls=3 0
12 300
cfn=(3) free
calls=9 0
+1 90
* 2
fn=(4) other'2
cfn=(2)
calls=4 0
13 390
-2 8
totals: 795
";

    fn profile(text: &str) -> Profile {
        Profile::parse(text).expect("a profile")
    }

    #[test]
    fn allocations_are_calls_of_allocators() {
        assert_eq!(profile(PROFILE).sum, Cost { instructions: 795, allocations: 7 });
    }

    #[test]
    fn function_has_what_it_did_itself() {
        let expected = [("gate::measured_request", 7), ("other", 8)];
        let expected = expected.map(|(path, own)| (path.to_owned(), own));
        assert_eq!(profile(PROFILE).functions, expected.into());
    }

    #[test]
    fn profile_without_a_sum_is_none() {
        assert_eq!(Profile::parse("fn=(1) a\n1 2\n"), None);
    }

    #[test]
    fn share_is_the_nearest_whole_number() {
        let sum = Cost { instructions: 149, allocations: -51 };
        let functions = [("a".to_owned(), 150)].into();
        let shared = Profile { sum, functions }.shared_by(100);
        assert_eq!(shared.sum, Cost { instructions: 1, allocations: -1 });
        assert_eq!(shared.functions["a"], 2);
    }

    #[test]
    fn what_only_the_other_did_is_negative() {
        let difference = profile(PROFILE) - profile("fn=(1) third\n1 2\ntotals: 2\n");
        assert_eq!(difference.sum, Cost { instructions: 793, allocations: 7 });
        assert_eq!(difference.functions["third"], -2);
    }
}
