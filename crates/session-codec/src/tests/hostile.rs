//! Pickles made to do harm.

use super::pickles::{opened, value_of};
use super::record::rewritten;
use crate::ErrorKind;
use crate::Format::Pickle;

fn refusal(payload: &[u8]) -> String {
    let error = rewritten(payload, Pickle, Pickle, 64).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    error.to_string()
}

#[test]
fn name_that_is_not_data_is_refused_and_not_told() {
    for program in [
        &b"cos\nsystem\n(S'id'\ntR."[..],
        b"c__builtin__\neval\n(V1\ntR.",
        b"cbuiltins\ngetattr\n(VNone\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
        b"\x80\x04\x8c\x0asubprocess\x8c\x05Popen\x93)\x81.",
        b"ccopyreg\n__newobj__\n.",
        b"cdatetime\nsys.modules\n.",
        b"(ios\nsystem\n.",
        b"(cos\nsystem\no.",
    ] {
        let whole = program.to_vec();
        let within = [b"\x80\x04}", program.strip_prefix(b"\x80\x04").unwrap_or(program)];
        for payload in [whole, within.concat()] {
            let text = refusal(&payload);
            assert!(text.contains("a class that is not data"), "{text}");
            assert!(!text.contains("system") && !text.contains("eval"), "{text}");
        }
    }
}

#[test]
fn what_lies_outside_of_the_pickle_is_refused() {
    for program in [
        &b"Pid\n."[..],
        b"NQ.",
        b"\x82\x01.",
        b"\x83\x01\0.",
        b"\x84\x01\0\0\0.",
        b"\x97.",
        b"\x97\x98.",
    ] {
        let text = refusal(program);
        assert!(text.contains("refers to what is not in it"), "{program:x?}: {text}");
    }
}

#[test]
fn call_of_another_shape_is_refused() {
    for program in [
        &b"cdatetime\ndatetime\n(I2024\nI1\nI2\ntR."[..],
        b"cdatetime\ndatetime\n(U\x0a\x07\xe8\x02\x1e\x03\x04\x05\0\0\0tR.",
        b"cdatetime\ndatetime\n(U\x0a\x07\xe8\x01\x02\x18\x04\x05\0\0\0tR.",
        b"cdatetime\ndatetime\n(U\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0I1\ntR.",
        b"cdatetime\ndate\n(U\x04\0\0\x01\x01tR.",
        b"cdatetime\ntimedelta\n(I0\nI86400\nI0\ntR.",
        b"cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I1\nI0\nI0\ntRtR.",
        b"cdecimal\nDecimal\n(Vabc\ntR.",
        b"cdecimal\nDecimal\n(V1E\ntR.",
        b"c__builtin__\nset\n(VabctR.",
        b"c__builtin__\nset\n(Vabc\ntR.",
        b"c_codecs\nencode\n(Vabc\nVrot13\ntR.",
        b"c_codecs\nencode\n(V\\u2603\nVlatin1\ntR.",
        b"cuuid\nUUID\n)\x81.",
        b"cuuid\nUUID\n)\x81}(Vint\nI-1\nub.",
        b"cuuid\nUUID\n)\x81}(Vint\nI1\nV__class__\nNub.",
        b"cuuid\nUUID\n(Vx\nt\x81.",
        b"cmarkupsafe\nMarkup\n(Vx\nt}(Va\nI1\nu\x92.",
        b"ccopy_reg\n_reconstructor\n(cdatetime\ndatetime\nc__builtin__\nobject\nNtR.",
        b"(dI1\nI2\ns}b.",
        b"c__builtin__\nset\n.",
        b"N)R.",
    ] {
        assert!(value_of(program).is_err(), "{program:x?}");
    }
}

#[test]
fn value_that_contains_itself_is_refused() {
    for payload in [
        &b"\x80\x04}\x94\x8c\x04self\x94h\0s."[..],
        b"\x80\x04}\x8c\x01a]\x94h\0as.",
        b"(dVa\n(lp1\n(g1\ntas.",
        b"\x80\x04}\x8c\x01ac__builtin__\nset\n]\x94h\0a\x85Rs.",
    ] {
        assert!(rewritten(payload, Pickle, Pickle, 64).is_err(), "{payload:x?}");
    }
    assert!(refusal(b"\x80\x04}\x8c\x01a]\x94h\0as.").contains("contains itself"));
}

#[test]
fn shared_value_is_read_wherever_it_is_referred_to() {
    let payload = b"\x80\x04}\x94(\x8c\x01a\x94]\x94K\x01a\x8c\x01b\x94h\x02u.";
    let (entries, _) = opened(payload).unwrap();
    assert_eq!(entries[0].1, b"](K\x01e");
    assert_eq!(entries[1].1, entries[0].1);
}

/// A dictionary of lists, each of ten references to the one before; the first is of a text.
fn laughs(levels: u8, text: usize) -> Vec<u8> {
    let mut payload = b"\x80\x04}(Vt\nX".to_vec();
    payload.extend_from_slice(&(text as u32).to_le_bytes());
    payload.extend(std::iter::repeat_n(b'x', text));
    payload.push(0x94);
    for level in 0..levels {
        payload.extend_from_slice(format!("V{level}\n](").as_bytes());
        payload.extend([b'h', level].repeat(10));
        payload.extend_from_slice(b"e\x94");
    }
    payload.extend_from_slice(b"u.");
    payload
}

#[test]
fn billion_laughs_are_cut_short() {
    assert!(rewritten(&laughs(3, 3), Pickle, Pickle, 64).is_ok());
    for (levels, text) in [(9, 3), (40, 1), (50, 0), (3, 10_000)] {
        assert!(refusal(&laughs(levels, text)).contains("repeats so much"), "{levels} {text}");
    }
}

#[test]
fn calls_on_what_is_shared_take_memory_in_proportion() {
    // A long list made a set, and a long text made bytes, again and again.
    let list = [b"\x80\x04}(Va\n](", &b"N".repeat(200_000)[..], b"e\x94"].concat();
    let class = b"Vs\nc__builtin__\nset\n\x94";
    let sets = [&list[..], class, &b"Vb\nh\x01h\0\x85R".repeat(40_000), b"u."].concat();
    assert!(rewritten(&sets, Pickle, Pickle, 64).is_err());
    let text = [b"\x80\x04}(Va\nV", &b"x".repeat(200_000)[..], b"\n\x94"].concat();
    let class = b"Vs\nc_codecs\nencode\n\x94Vc\nVlatin1\n\x94";
    let bytes = [&text[..], class, &b"Vb\nh\x01h\0h\x02\x86R".repeat(40_000), b"u."].concat();
    assert!(rewritten(&bytes, Pickle, Pickle, 64).is_err());
}

#[test]
fn depth_is_that_of_the_settings() {
    let nested = |levels: usize| {
        [b"\x80\x04}\x8c\x01v", &b"]".repeat(levels)[..], &b"a".repeat(levels - 1), b"s."].concat()
    };
    assert!(rewritten(&nested(63), Pickle, Pickle, 64).is_ok());
    assert!(refusal(&nested(64)).contains("nested too deeply"));
    assert!(refusal(&nested(500_000)).contains("nested too deeply"));
    let tuples = [b"\x80\x04}\x8c\x01v)", &b"\x85".repeat(500_000)[..], b"s."].concat();
    assert!(refusal(&tuples).contains("nested too deeply"));
}

#[test]
fn length_that_lies_is_refused_before_anything_is_allocated() {
    for payload in [
        &b"\x80\x04}X\xff\xff\xff\xff"[..],
        b"\x80\x04}\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\x04}\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x05}\x96\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x04}\x8b\xff\xff\xff\xff",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff}.",
        b"\x80\x04}\x94r\xff\xff\xff\xff.x",
    ] {
        assert!(rewritten(payload, Pickle, Pickle, 64).is_err(), "{payload:x?}");
    }
    assert!(rewritten(b"\x80\x04}r\xff\xff\xff\xff.", Pickle, Pickle, 64).is_ok());
}

#[test]
fn key_that_python_could_not_hash_is_refused() {
    for program in [&b"}]I1\ns."[..], b"}}I1\ns.", b"}(]tI1\ns.", b"\x8f(]\x90.", b"(}\x91."] {
        assert!(value_of(program).is_err(), "{program:x?}");
    }
    assert!(value_of(b"}(I1\n(I2\nttI1\ns.").is_ok());
    assert!(value_of(b"\x8f((I1\n\x91\x90.").is_ok());
}

#[test]
fn malformed_pickle_is_refused() {
    for payload in [
        &b"\x80\x04"[..],
        b"\x80\x04}",
        b"\x80\x06}.",
        b"\x80\x04}.x",
        b"\x80\x04]..",
        b"\x80\x04].",
        b"}}.",
        b"}(.",
        b"}N.",
        b"}Ns.",
        b"}(Nu.",
        b"}(Va\nNNu.",
        b"}h\0.",
        b"}0.",
        b"}2.",
        b"}\xff.",
        b"(dVa\nIx\ns.",
        b"(dVa\nF1.5x\ns.",
        b"}\x8c\x01\xffNs.",
    ] {
        assert!(rewritten(payload, Pickle, Pickle, 64).is_err(), "{payload:x?}");
    }
    let wide = [b"}Va\nL", &b"9".repeat(5_000)[..], b"L\ns."].concat();
    assert!(rewritten(&wide, Pickle, Pickle, 64).is_err());
    assert!(
        rewritten(&[b"}Va\nL", &b"9".repeat(4_300)[..], b"L\ns."].concat(), Pickle, Pickle, 64)
            .is_ok()
    );
}
