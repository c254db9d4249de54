//! What there is to say of the directory: `session check` prints it.

use super::FileStore;
use crate::disk::dir::Dir;
use crate::error::Fault;
use rustix::fs::statfs;
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` (statfs(2)).
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// What the file system says.
struct Seen {
    kind: i64,
    /// The permission bits of the directory.
    mode: u32,
    /// Those of `SESSION_FILE_MODE`.
    wanted: u32,
    /// Since 1970, of a file that was made between the two others.
    made: Duration,
    asked: Duration,
    answered: Duration,
}

impl FileStore {
    /// Makes a file without a session, and removes it.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let seen = self.client.visit(self.client.operation_timeout, look).await;
        Ok(read(&seen.map_err(|fault| fault.into_error(Call::Inspect))?))
    }
}

fn look(dir: &Dir) -> Result<Seen, Fault> {
    let asked = unix_time();
    let draft = dir.draft(&[b"check"])?;
    let made = fs::metadata(&draft.path)?.modified()?;
    let answered = unix_time();
    drop(draft);
    let kind = statfs(&dir.path).map_err(io::Error::from)?.f_type;
    #[allow(clippy::useless_conversion, reason = "it is narrower on systems of 32 bits")]
    let kind = i64::from(kind);
    Ok(Seen {
        kind,
        mode: fs::metadata(&dir.path)?.permissions().mode() & 0o777,
        wanted: dir.modes.files,
        made: made.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
        asked,
        answered,
    })
}

fn read(seen: &Seen) -> Vec<Finding> {
    let mut findings = vec![Finding::clocks(seen.made, seen.asked, seen.answered)];
    if IN_MEMORY.contains(&seen.kind) {
        let seen = "the directory is in memory: a reboot ends all sessions";
        let change = "name one on a disk in SESSION_FILE_DIR";
        findings.push(Finding::warning(Topic::Server, seen).change(change));
    }
    let mode = format!("the directory has mode {:04o}", seen.mode);
    findings.push(if seen.mode & !seen.wanted & 0o066 == 0 {
        Finding::ok(Topic::Schema, mode)
    } else {
        Finding::warning(Topic::Schema, format!("{mode}: others see files, or replace them"))
            .change("chmod go-rw the directory of SESSION_FILE_DIR")
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::{Seen, read};
    use session_core::store::Level;
    use std::time::Duration;

    #[test]
    fn directory_in_memory_or_open_to_others_is_a_warning() {
        let zero = Duration::ZERO;
        for (kind, mode, wanted, expected) in [
            (0xef53, 0o700, 0o600, None),
            (0xef53, 0o770, 0o660, None),
            (0xef53, 0o711, 0o600, None),
            (0xef53, 0o755, 0o600, Some("has mode 0755")),
            (0xef53, 0o777, 0o660, Some("has mode 0777")),
            (0x0102_1994, 0o700, 0o600, Some("in memory")),
            (0x8584_58f6, 0o700, 0o600, Some("in memory")),
        ] {
            let seen = Seen { kind, mode, wanted, made: zero, asked: zero, answered: zero };
            let found = read(&seen);
            let warned = found.iter().find(|finding| finding.level == Level::Warning);
            assert_eq!(warned.is_some(), expected.is_some(), "{mode:o} {kind:x}");
            assert!(warned.is_none_or(|told| told.seen.contains(expected.unwrap_or(""))));
        }
    }
}
