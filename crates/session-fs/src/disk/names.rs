//! Names of files as cachelib's `FileSystemCache` makes them.

use crate::config::FileHash;
use sha2::{Digest, Sha256};

/// How cachelib ends the names that it neither counts nor opens.
pub(crate) const TRANSACTION_SUFFIX: &str = ".__wz_cache";

/// The digests of `__wz_cache_count`, under which cachelib keeps its number of files.
const MANAGEMENT: [&str; 2] = [
    "2029240f6d1128be89ddc32729463129",
    "79bc207ee04a581ab2348ca1f3494e64cd0ec36128735b8c6bc85ddd8fe1938c",
];

/// The name of a record's file: a digest of the key in lower-case hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileName(Box<str>);

impl FileName {
    /// Takes `name` if it can be a record's: nothing else in the directory is ours to open.
    pub(crate) fn of_record(name: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_digest = matches!(name.len(), 32 | 64) && name.bytes().all(is_hex);
        (is_digest && !MANAGEMENT.contains(&name)).then(|| Self(name.into()))
    }

    /// The name that `hash` gives to the file of `key`.
    pub(crate) fn of_key(key: &[u8], hash: FileHash) -> Self {
        Self(match hash {
            FileHash::Sha256 => hex(&Sha256::digest(key)),
            FileHash::Md5 => hex(&md5::Md5::digest(key)),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first byte, which names the lock of the file.
    pub(crate) fn stripe(&self) -> u8 {
        u8::from_str_radix(&self.0[..2], 16).unwrap_or_default()
    }
}

/// The two names under which the record of a key may lie.
#[derive(Clone)]
pub(crate) struct Names {
    /// Where a new record goes.
    pub(crate) first: FileName,
    /// Where a record may have been left by another hash.
    pub(crate) second: FileName,
}

impl Names {
    pub(crate) fn new(key: &[u8], hash: FileHash) -> Self {
        let [first, second] = hash.and_other().map(|hash| FileName::of_key(key, hash));
        Self { first, second }
    }

    /// The name by SHA-256, whichever of the two it is.
    pub(crate) fn sha256(&self) -> &FileName {
        if self.first.as_str().len() == 64 { &self.first } else { &self.second }
    }

    pub(crate) fn both(&self) -> [&FileName; 2] {
        [&self.first, &self.second]
    }
}

impl FileHash {
    /// Both, in the order in which they are looked under.
    pub(crate) fn and_other(self) -> [Self; 2] {
        match self {
            Self::Sha256 => [Self::Sha256, Self::Md5],
            Self::Md5 => [Self::Md5, Self::Sha256],
        }
    }
}

pub(crate) fn hex(digest: &[u8]) -> Box<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>().into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::{FileName, MANAGEMENT, Names, hex};
    use crate::config::FileHash;
    use sha2::{Digest, Sha256};

    const KEY: &[u8] = b"session:Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";

    #[test]
    fn hash_chooses_the_first_name() {
        let (sha256, md5) = (Names::new(KEY, FileHash::Sha256), Names::new(KEY, FileHash::Md5));
        assert_eq!(md5.first.as_str(), "a4be7695f1a59132457206ec92e92b49");
        assert_eq!(
            sha256.first.as_str(),
            "3c5b561b02d0872c02624405b29a387a830134cdb3da72653cfbf067a1855715"
        );
        assert!(sha256.first == md5.second && sha256.second == md5.first);
    }

    #[test]
    fn only_digests_that_are_not_cachelibs_own_are_records() {
        let count = b"__wz_cache_count";
        assert_eq!(MANAGEMENT, [&*hex(&md5::Md5::digest(count)), &*hex(&Sha256::digest(count))]);
        let (digest, long) = ("0123456789abcdef".repeat(2), "0123456789abcdef".repeat(4));
        assert!(FileName::of_record(&digest).is_some() && FileName::of_record(&long).is_some());
        for name in [MANAGEMENT[0], MANAGEMENT[1], "", "tmpx.__wz_cache", "session.__wz_cache"] {
            assert!(FileName::of_record(name).is_none(), "{name}");
        }
        for name in [digest.to_uppercase(), digest.replace('f', "g"), digest[1..].to_owned()] {
            assert!(FileName::of_record(&name).is_none(), "{name}");
        }
    }
}
