//! Who has the most sessions, without a list of everybody.

use std::collections::HashMap;

/// Owners that are counted at once.
const MOST: usize = 20_000;

/// Counts of the owners that occur most often (Misra and Gries, "Finding repeated elements", 1982):
/// exact while there are few, and else too low by at most [`off_by`](Self::off_by).
#[derive(Default)]
pub(super) struct Owners {
    counts: HashMap<Box<str>, u64>,
    off_by: u64,
}

impl Owners {
    pub(super) fn add(&mut self, owner: &str) {
        match self.counts.get_mut(owner) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(owner.into(), 1);
                self.shrink(MOST);
            }
        }
    }

    /// Takes the middle count from all, so that at least half of them are gone.
    fn shrink(&mut self, most: usize) {
        if self.counts.len() <= most {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let middle = counts.len() / 2;
        let (_, &mut middle, _) = counts.select_nth_unstable(middle);
        self.off_by += middle;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(middle);
            *count > 0
        });
    }

    pub(super) fn off_by(&self) -> u64 {
        self.off_by
    }

    /// The first `most`, the largest first, those with the same number by name.
    pub(super) fn top(self, most: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> =
            self.counts.into_iter().map(|(owner, count)| (owner.into(), count)).collect();
        all.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Owners;

    #[test]
    fn counts_are_exact_while_owners_are_few() {
        let mut owners = Owners::default();
        for owner in ["b", "a", "c", "a", "b", "a"] {
            owners.add(owner);
        }
        assert_eq!(owners.off_by(), 0);
        assert_eq!(owners.top(2), [("a".to_owned(), 3), ("b".to_owned(), 2)]);
    }

    #[test]
    fn frequent_owner_is_found_among_many_and_the_error_is_told() {
        let mut owners = Owners::default();
        for number in 0..1_000 {
            owners.add("often");
            owners.add(&number.to_string());
            owners.shrink(10);
        }
        assert!(owners.counts.len() <= 10);
        let off_by = owners.off_by();
        let (owner, count) = owners.top(1).remove(0);
        assert_eq!(owner, "often");
        assert!(count < 1_000 && count + off_by >= 1_000, "{count} + {off_by}");
    }
}
