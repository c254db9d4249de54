use super::MAX_SIGNED_LEN;
use crate::id::{IdSyntax, SessionId};
use crate::signer::bound::Verified;
use crate::signer::{BoundSigner, SignedBy, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

const ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const NEWEST: &str = "0123456789abcdef0123456789abcdef";
const OLDER: &str = "fedcba9876543210fedcba9876543210";
/// Computed with Python's `hmac`, from the form that the documentation of `Signer` gives.
const NATIVE: &str =
    "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk.j_czzh6qpGHc75rBMXDafVRlnKuOOODwLqoPTOlnwDM";

fn id() -> SessionId {
    SessionId::parse(ID.as_bytes(), IdSyntax::Base64Url).unwrap()
}

fn native() -> Signer {
    Signer::new(NEWEST).unwrap()
}

fn sign(signer: &Signer, id: &SessionId) -> String {
    let mut value = String::new();
    signer.bind("session").sign(id, &mut value);
    value
}

fn signed_by(signer: &Signer, value: &str) -> Option<SignedBy> {
    let bound: BoundSigner = signer.bind("session");
    let Verified { id, signed_by } = bound.verify(value.as_bytes(), IdSyntax::Base64UrlOrUuid)?;
    assert_eq!(Some(id.as_str()), value.rsplit_once('.').map(|(id, _)| id));
    Some(signed_by)
}

#[test]
fn native_form_is_as_documented() {
    assert_eq!(sign(&native(), &id()), NATIVE);
    assert_eq!(signed_by(&native(), NATIVE), Some(SignedBy::Newest));
}

#[test]
fn value_of_another_cookie_is_rejected() {
    let mut value = String::new();
    native().bind("sessions").sign(&id(), &mut value);
    assert_eq!(signed_by(&native(), &value), None);
}

#[test]
fn fallback_verifies_and_never_signs() {
    let before = Signer::new(OLDER).unwrap();
    let rotated = native().with_fallback(OLDER).unwrap();
    assert_eq!(signed_by(&rotated, &sign(&before, &id())), Some(SignedBy::Older));
    assert_eq!(sign(&rotated, &id()), NATIVE);
    assert_eq!(signed_by(&native(), &sign(&before, &id())), None);
}

#[test]
fn one_spelling_of_a_signature_is_accepted() {
    let (id, signature) = NATIVE.rsplit_once('.').unwrap();
    let rejected = [
        id.to_owned(),
        format!("{id}."),
        format!(".{signature}"),
        format!("{id}{signature}"),
        format!("{id}:{signature}"),
        format!("{NATIVE}="),
        format!("{NATIVE} "),
        format!(" {NATIVE}"),
        format!("\"{NATIVE}\""),
        format!("{NATIVE}."),
        format!("{NATIVE}A"),
        format!("{NATIVE}.{signature}"),
        format!("{id}.{}", &signature[..42]),
        // M, N, O and P differ in bits that a signature of 32 bytes does not use.
        format!("{id}.{}N", &signature[..42]),
        format!("{id}.{}", signature.replace('_', "/")),
        format!("{id}.{}", "A".repeat(43)),
        format!("{id}.{}", "A".repeat(8_000)),
        format!("{}.{signature}", "A".repeat(8_000)),
        String::new(),
        ".".to_owned(),
    ];
    for value in rejected {
        assert_eq!(signed_by(&native(), &value), None, "{value}");
    }
}

/// Half a signature would be found by half as many bits of guessing.
#[test]
fn signature_is_verified_whole() {
    let (id, signature) = NATIVE.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for len in 0..signature.len() {
        for part in [&signature[..len], &signature[signature.len() - len..]] {
            let value = format!("{id}.{}", URL_SAFE_NO_PAD.encode(part));
            assert_eq!(signed_by(&native(), &value), None, "{len} bytes");
        }
    }
}

#[test]
fn uuid_is_verified_only_when_told() {
    let uuid = b"3f2a9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5b";
    let value = sign(&native(), &SessionId::parse(uuid, IdSyntax::Base64UrlOrUuid).unwrap());
    let bound = native().bind("session");
    assert!(bound.verify(value.as_bytes(), IdSyntax::Base64UrlOrUuid).is_some());
    assert!(bound.verify(value.as_bytes(), IdSyntax::Base64Url).is_none());
}

#[test]
fn signed_len_is_what_sign_writes() {
    for entropy_bytes in [16, 32, 64] {
        let id = SessionId::generate(entropy_bytes).unwrap();
        let len = native().bind("session").signed_len(id.as_str().len());
        assert_eq!(sign(&native(), &id).len(), len);
        assert!(len <= MAX_SIGNED_LEN);
    }
}

proptest! {
    #[test]
    fn change_of_any_bit_is_rejected(at in any::<proptest::sample::Index>(), bit in 0_u32..8) {
        let id = SessionId::generate(32).unwrap();
        let mut value = sign(&native(), &id).into_bytes();
        let bound = native().bind("session");
        prop_assert_eq!(
            bound.verify(&value, IdSyntax::Base64Url).map(|verified| verified.id), Some(id)
        );
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        prop_assert!(bound.verify(&value, IdSyntax::Base64UrlOrUuid).is_none());
    }

    #[test]
    fn arbitrary_bytes_are_rejected(value in any::<Vec<u8>>()) {
        prop_assert!(native().bind("session").verify(&value, IdSyntax::Base64UrlOrUuid).is_none());
    }
}

/// Values that itsdangerous 2.2 signed, with its derivation `hmac`.
#[cfg(feature = "flask")]
mod flask {
    use super::{ID, NATIVE, NEWEST, OLDER, id, native, sign, signed_by};
    use crate::id::{IdSyntax, SessionId};
    use crate::signer::{SignedBy, Signer};

    const SALT: &str = "flask-session";
    const KEY: &str = "test_secret_key";
    const FLASK: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk.AA-iqtJRq-C31p0B1sJdzpbU8vM";
    const UUID: &str = "3f2a9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5b";

    fn shared() -> Signer {
        Signer::shared_with_flask(KEY, SALT).unwrap()
    }

    #[test]
    fn signatures_are_those_of_itsdangerous() {
        let longer_than_a_block = [b'k'; 100];
        let table: &[(&[u8], &str, &str, &str)] = &[
            (KEY.as_bytes(), SALT, ID, "AA-iqtJRq-C31p0B1sJdzpbU8vM"),
            (KEY.as_bytes(), SALT, UUID, "01jvjwNGzh2eK7Zw08xiAy4iMxo"),
            (KEY.as_bytes(), "flask-sessions", UUID, "CytPfnI1vuzU1FE0TXiier6VHAU"),
            (b"\x00\xff\x10secret", SALT, ID, "psoJGsdG_uWRM4lUKQ2qY4iUSzI"),
            ("cl\u{e9}-\u{2603}".as_bytes(), SALT, ID, "wwL8IRKSJxDh6IJLskGeram86zY"),
            (&longer_than_a_block, SALT, ID, "IGlYH5dDAh0YGkBWvOI2Tysifj8"),
            (b"old_key", SALT, ID, "4SjG6BnsJ4R1UgAWtuqZy0pl288"),
        ];
        for (secret, salt, id, signature) in table {
            let signer = Signer::shared_with_flask(secret, salt).unwrap();
            let value = format!("{id}.{signature}");
            let id = SessionId::parse(id.as_bytes(), IdSyntax::Base64UrlOrUuid).unwrap();
            assert_eq!(sign(&signer, &id), value);
            assert_eq!(signed_by(&signer, &value), Some(SignedBy::Newest));
            assert_eq!(signer.bind("session").signed_len(id.as_str().len()), value.len());
        }
    }

    /// What itsdangerous answers to each value, and what we do: we are stricter in three.
    #[test]
    fn verdicts_are_those_of_itsdangerous_but_for_its_second_spellings() {
        enum Verdict {
            BothAccept,
            BothReject,
            OnlyTheyAccept,
        }
        use Verdict::{BothAccept, BothReject, OnlyTheyAccept};
        let table = [
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8vM", BothAccept),
            ("ID.BA-iqtJRq-C31p0B1sJdzpbU8vM", BothReject),
            ("Am9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk.AA-iqtJRq-C31p0B1sJdzpbU8vM", BothReject),
            ("ID.", BothReject),
            ("", BothReject),
            (".", BothReject),
            ("ID", BothReject),
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8vM=", OnlyTheyAccept),
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8vN", OnlyTheyAccept),
            ("ID.AA+iqtJRq+C31p0B1sJdzpbU8vM", OnlyTheyAccept),
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8vI", BothReject),
            ("ID.AA-iq!tJRq-C31p0B1sJdzpbU8vM", BothReject),
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8vM ", BothReject),
            ("ID.AA-iqtJRq-C31p0B1sJdzpbU8v", BothReject),
        ];
        for (value, verdict) in table {
            let ours = signed_by(&shared(), &value.replace("ID", ID)).is_some();
            match verdict {
                BothAccept => assert!(ours, "{value}"),
                BothReject | OnlyTheyAccept => assert!(!ours, "{value}"),
            }
        }
    }

    #[test]
    fn rotation_verifies_the_older_key() {
        let rotated = shared().with_fallback("old_key").unwrap();
        let old = format!("{ID}.4SjG6BnsJ4R1UgAWtuqZy0pl288");
        assert_eq!(signed_by(&rotated, &old), Some(SignedBy::Older));
        assert_eq!(signed_by(&shared(), &old), None);
        assert_eq!(sign(&rotated, &id()), FLASK);
    }

    #[test]
    fn native_signer_reads_flask_only_when_told_and_writes_its_own() {
        let signer = || Signer::new(NEWEST).unwrap();
        let of_flask = sign(&Signer::shared_with_flask(NEWEST, SALT).unwrap(), &id());
        assert_eq!(signed_by(&signer(), &of_flask), None);
        assert_eq!(signed_by(&signer().accept_flask("another"), &of_flask), None);

        let both = signer().accept_flask("another").accept_flask(SALT);
        assert_eq!(signed_by(&both, &of_flask), Some(SignedBy::Older));
        assert_eq!(sign(&both, &id()), NATIVE);
        assert_eq!(signed_by(&both, NATIVE), Some(SignedBy::Newest));
    }

    #[test]
    fn short_fallback_of_a_native_signer_verifies_flask_only() {
        let signer = native().accept_flask(SALT).with_fallback(KEY).unwrap();
        assert_eq!(signed_by(&signer, FLASK), Some(SignedBy::Older));
        assert_eq!(sign(&signer, &id()), NATIVE);

        let native_by_short_key = format!("{ID}.1urPp9gm1kYFMbNN_-7DsSC6YMYnSBjZWJRTr1W9l7c");
        assert_eq!(signed_by(&signer, &native_by_short_key), None);
        assert_eq!(signed_by(&shared(), &native_by_short_key), None);
    }

    #[test]
    fn shared_signer_reads_the_native_form_and_issues_it_again() {
        let signer = Signer::shared_with_flask(OLDER, SALT).unwrap().with_fallback(NEWEST).unwrap();
        assert_eq!(signed_by(&signer, NATIVE), Some(SignedBy::Older));
        assert_eq!(sign(&signer, &id()).len(), ID.len() + 1 + 27);
    }
}
