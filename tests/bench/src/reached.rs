//! The figures that were reached, kept in a file, and what became worse than they are.

use crate::callgrind::{Cost, Profile};
use crate::row::Row;
use std::fmt;

/// Functions with less than this share of a row are not kept.
const KEPT: i64 = 100;

/// How many functions a complaint names.
const NAMED: usize = 8;

/// By how much a row may grow, in percent of its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Built by the compiler of the figures.
    SameCompiler,
    /// Another one inlines differently.
    OtherCompiler,
}

impl Tolerance {
    fn percent(self) -> i64 {
        match self {
            Self::SameCompiler => 2,
            Self::OtherCompiler => 10,
        }
    }
}

/// What each row cost above the bare router when the figures were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// What `rustc --version` said.
    pub compiler: String,
    /// The rows that were measured, with the functions that had a hundredth or more.
    pub rows: Vec<(Row, Profile)>,
}

impl Reached {
    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    ///
    /// The first line that is none of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reached = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            read(&mut reached, line).ok_or_else(|| format!("not a kept figure: {line}"))?;
        }
        Ok(reached)
    }

    /// What this compiler may cost.
    pub fn tolerance(&self, compiler: &str) -> Tolerance {
        if self.compiler == compiler { Tolerance::SameCompiler } else { Tolerance::OtherCompiler }
    }

    /// Why `now` costs too much for `row`, and which functions grew.
    pub fn complaint(&self, row: Row, now: &Profile, tolerance: Tolerance) -> Option<String> {
        let Some((_, then)) = self.rows.iter().find(|(kept, _)| *kept == row) else {
            return Some(format!("{}: no figure is kept", row.as_str()));
        };
        let percent = tolerance.percent();
        let most = then.sum.instructions * (100 + percent) / 100;
        if now.sum.instructions <= most && now.sum.allocations <= then.sum.allocations {
            return None;
        }
        let Cost { instructions, allocations } = then.sum;
        let mut complaint = format!(
            "{}: {} instructions and {} allocations, {percent} % above {instructions} and none \
             above {allocations} are let pass",
            row.as_str(),
            now.sum.instructions,
            now.sum.allocations,
        );
        for (function, more) in grown(then, now) {
            complaint += &format!("\n{more:>+8} {function}");
        }
        Some(complaint)
    }
}

/// The functions that grew most, the worst first; one that was not kept counts from nothing.
fn grown<'a>(then: &Profile, now: &'a Profile) -> Vec<(&'a str, i64)> {
    let more = |(function, own): (&'a String, &i64)| {
        (function.as_str(), own - then.functions.get(function).unwrap_or(&0))
    };
    let mut grown: Vec<_> = now.functions.iter().map(more).filter(|(_, more)| *more > 0).collect();
    grown.sort_unstable_by_key(|(function, more)| (-more, *function));
    grown.truncate(NAMED);
    grown
}

fn read(reached: &mut Reached, line: &str) -> Option<()> {
    if line.starts_with("rustc ") {
        reached.compiler = line.to_owned();
    } else if let Some(function) = line.strip_prefix("  ") {
        let (own, function) = function.trim_start().split_once(' ')?;
        let (_, profile) = reached.rows.last_mut()?;
        profile.functions.insert(function.to_owned(), own.parse().ok()?);
    } else {
        let mut words = line.split(' ');
        let row = words.next()?.parse().ok()?;
        let instructions = words.next()?.parse().ok()?;
        let allocations = words.next()?.parse().ok()?;
        let sum = Cost { instructions, allocations };
        reached.rows.push((row, Profile { sum, ..Profile::default() }));
    }
    Some(())
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Instructions and allocations of one request above the bare router, and the"
        )?;
        writeln!(
            f,
            "# functions with a hundredth of them or more; `just bench-gate --keep` writes it."
        )?;
        writeln!(f, "{}", self.compiler)?;
        for (row, profile) in &self.rows {
            let Cost { instructions, allocations } = profile.sum;
            writeln!(f, "\n{} {instructions} {allocations}", row.as_str())?;
            let mut kept: Vec<_> =
                profile.functions.iter().filter(|(_, own)| **own * KEPT >= instructions).collect();
            kept.sort_unstable_by_key(|(function, own)| (-**own, *function));
            for (function, own) in kept {
                writeln!(f, "  {own:>6} {function}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Reached, Tolerance};
    use crate::callgrind::{Cost, Profile};
    use crate::row::Row;

    fn profile(instructions: i64, allocations: i64, functions: &[(&str, i64)]) -> Profile {
        let functions = functions.iter().map(|(path, own)| ((*path).to_owned(), *own)).collect();
        Profile { sum: Cost { instructions, allocations }, functions }
    }

    fn reached() -> Reached {
        let read = profile(1000, 8, &[("core::fill", 600), ("core::take <T as U>", 10)]);
        Reached { compiler: "rustc 1.95.0 (abc)".to_owned(), rows: vec![(Row::Read, read)] }
    }

    #[test]
    fn kept_figures_are_read_again() {
        assert_eq!(Reached::parse(&reached().to_string()), Ok(reached()));
        assert!(Reached::parse("read many 8").is_err());
        assert!(Reached::parse("  12 core::fill").is_err());
    }

    #[test]
    fn small_functions_are_not_kept() {
        let mut with_small = reached();
        with_small.rows[0].1.functions.insert("small".to_owned(), 9);
        assert_eq!(Reached::parse(&with_small.to_string()), Ok(reached()));
    }

    #[test]
    fn two_percent_more_instructions_and_no_more_allocations_pass() {
        let complaint = |instructions, allocations, compiler: &str| {
            let tolerance = reached().tolerance(compiler);
            reached().complaint(Row::Read, &profile(instructions, allocations, &[]), tolerance)
        };
        let same = "rustc 1.95.0 (abc)";
        assert_eq!(complaint(1020, 8, same), None);
        assert!(complaint(1021, 8, same).is_some());
        assert!(complaint(900, 9, same).is_some());
        let other = "rustc 1.96.0 (def)";
        assert_eq!(complaint(1100, 8, other), None);
        assert!(complaint(1101, 8, other).is_some());
    }

    #[test]
    fn complaint_names_what_grew_and_by_how_much() {
        let now = profile(
            1200,
            9,
            &[("core::fill", 590), ("core::more", 30), ("core::take <T as U>", 190)],
        );
        let complaint = reached().complaint(Row::Read, &now, Tolerance::SameCompiler);
        let expected = "read: 1200 instructions and 9 allocations, 2 % above 1000 and none above 8 \
                        are let pass\n    +180 core::take <T as U>\n     +30 core::more";
        assert_eq!(complaint.as_deref(), Some(expected));
    }

    #[test]
    fn row_without_a_figure_does_not_pass() {
        assert!(
            reached().complaint(Row::New, &profile(1, 1, &[]), Tolerance::SameCompiler).is_some()
        );
    }
}
