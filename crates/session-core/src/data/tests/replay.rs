//! What a request wrote, replayed on a newer record.

use super::super::{Data, Intent};
use super::{abc, is_clearable, keys, overwrite, record, set};

#[test]
fn replay_keeps_what_others_wrote() {
    let mut data = abc();
    set(&mut data, "a", 10);
    data.remove("b", Intent::Guarded);
    let data =
        data.rebase(record(&b"\x84\xa1a\x01\xa1b\x02\xa1c\x09\xa1d\x04"[..]), |_| false).unwrap();
    assert_eq!(data.conflict(), None);
    assert_eq!(data.encode().unwrap(), &b"\x83\xa1a\x0a\xa1c\x09\xa1d\x04"[..]);
}

#[test]
fn replayed_clear_takes_what_others_wrote() {
    let mut data = abc();
    data.clear(is_clearable);
    set(&mut data, "a", 10);
    let newer = record(&b"\x83\xa1a\x01\xa1d\x04\xa2_p\xc3"[..]);
    let data = data.rebase(newer, is_clearable).unwrap();
    assert_eq!(keys(&data), ["a", "_p"]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(&'static str),
    Set(u8),
    Overwrite(u8),
    Remove,
    Clear,
}

fn take(step: Step, data: &mut Data) {
    match step {
        Step::Read(key) => assert!(data.read(key).is_some()),
        Step::Set(value) => _ = set(data, "a", value),
        Step::Overwrite(value) => _ = overwrite(data, "a", value),
        Step::Remove => assert!(data.remove("a", Intent::Guarded)),
        Step::Clear => data.clear(|_| false),
    }
}

#[test]
fn only_a_write_that_rests_on_a_read_conflicts() {
    use Step::{Clear, Overwrite, Read, Remove, Set};
    // `a` is 1; another request makes it 9.
    let table: &[(&[Step], bool)] = &[
        (&[Read("a")], false),
        (&[Set(2)], false),
        (&[Read("a"), Set(2)], true),
        (&[Set(2), Read("a")], false),
        (&[Read("a"), Set(1)], false),
        (&[Read("a"), Overwrite(2)], false),
        (&[Read("a"), Set(2), Overwrite(2)], false),
        (&[Read("a"), Overwrite(2), Set(2)], true),
        (&[Read("a"), Remove], true),
        (&[Remove], false),
        (&[Read("a"), Clear], false),
        (&[Read("a"), Clear, Set(2)], true),
        (&[Read("b"), Set(2)], false),
    ];
    for (steps, is_conflict) in table {
        let mut data = abc();
        steps.iter().for_each(|step| take(*step, &mut data));
        let newer = record(&b"\x83\xa1a\x09\xa1b\x02\xa1c\x03"[..]);
        let rebased = data.rebase(newer.clone(), |_| false).unwrap();
        assert_eq!(rebased.conflict().is_some(), *is_conflict, "{steps:?}");
        // A second replay, on an equal record, forgets nothing.
        let again = rebased.rebase(newer, |_| false).unwrap();
        assert_eq!(again.conflict().is_some(), *is_conflict, "{steps:?}, replayed twice");
    }
}

#[test]
fn absence_is_relied_on_too() {
    let mut data = abc();
    assert!(data.read("d").is_none());
    set(&mut data, "d", 1);
    let same = data.rebase(record(&b"\x81\xa1a\x05"[..]), |_| false).unwrap();
    assert_eq!(same.conflict(), None);
    let taken = data.rebase(record(&b"\x81\xa1d\x05"[..]), |_| false).unwrap();
    assert_eq!(taken.conflict(), Some("d"));
}

#[test]
fn read_again_after_a_replay_is_no_conflict() {
    let mut data = abc();
    assert!(data.read("a").is_some());
    let mut data = data.rebase(record(&b"\x81\xa1a\x09"[..]), |_| false).unwrap();
    assert!(data.read("a").is_some());
    set(&mut data, "a", 10);
    assert_eq!(data.conflict(), None);
}
