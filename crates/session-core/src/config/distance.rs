//! How far a mistyped name is from a known one.

/// Counts the single-character edits between two ASCII names; swapped neighbours are one edit.
///
/// This is the optimal string alignment distance.
pub(super) fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut edits = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                edits = edits.min(before_last[j - 1] + 1);
            }
            row.push(edits);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn each_kind_of_edit_counts_once() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "ABC", 3),
            ("ABC", "", 3),
            ("TYPE", "TYPE", 0),
            ("TYPE", "TYP", 1),
            ("TYPE", "TYPES", 1),
            ("TYPE", "TAPE", 1),
            ("TYPE", "TPYE", 1),
            ("KITTEN", "SITTING", 3),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }
}
