//! What a pickle numbered, to refer to later.

use super::node::Id;
use crate::fault::Fault;
use std::collections::BTreeMap;

/// Numbers and values. Python numbers from 0 upwards; what does otherwise is kept apart.
#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Id>,
    sparse: BTreeMap<u32, Id>,
}

impl Memo {
    pub(super) fn put(&mut self, at: u32, id: Id) {
        if let Some(known) = self.dense.get_mut(at as usize) {
            *known = id;
        } else if at as usize == self.dense.len() {
            self.dense.push(id);
            if !self.sparse.is_empty() {
                self.sparse.remove(&at);
            }
        } else {
            self.sparse.insert(at, id);
        }
    }

    /// Numbers like protocol 4: with how many there are.
    pub(super) fn push(&mut self, id: Id) {
        self.put((self.dense.len() + self.sparse.len()) as u32, id);
    }

    pub(super) fn get(&self, at: u32) -> Result<Id, Fault> {
        let known = self.dense.get(at as usize).or_else(|| self.sparse.get(&at));
        known.copied().ok_or(Fault::Syntax)
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;

    #[test]
    fn numbers_come_in_any_order() {
        let mut memo = Memo::default();
        for (at, id) in [(2, 12), (0, 10), (1, 11), (900, 90), (0, 20)] {
            memo.put(at, id);
        }
        assert_eq!([0, 1, 2, 900].map(|at| memo.get(at).unwrap()), [20, 11, 12, 90]);
        assert!(memo.get(3).is_err());
        // Four are there: the next is number 4, as `len(memo)` says in Python.
        memo.push(40);
        assert_eq!((memo.get(4).unwrap(), memo.get(2).unwrap()), (40, 12));
        memo.put(2, 22);
        memo.put(3, 33);
        memo.push(60);
        assert_eq!([2, 3, 4, 6].map(|at| memo.get(at).unwrap()), [22, 33, 40, 60]);
    }
}
