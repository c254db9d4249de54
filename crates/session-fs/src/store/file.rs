//! Record files: opened with care, read whole, put in place at once.

use super::layout::{Form, Header};
use crate::error::Fault;
use session_core::{Bytes, Record};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Renew,
}

/// A file that may hold a record.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: File,
    len: u64,
}

/// A file read whole.
#[derive(Debug)]
pub(super) struct Contents {
    file: File,
    bytes: Bytes,
    pub(super) header: Header,
}

impl RecordFile {
    /// Opens the regular file at `path`, if there is anything.
    ///
    /// A link is not followed and a pipe is not waited for.
    pub(super) fn open(path: &Path, access: Access) -> Result<Option<Self>, Fault> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Renew);
        match options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path) {
            Ok(file) => {
                let metadata = file.metadata()?;
                match metadata.is_file() {
                    true => Ok(Some(Self { file, len: metadata.len() })),
                    false => Err(Fault::NotAFile),
                }
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) if is_not_a_file(&cause) => Err(Fault::NotAFile),
            Err(cause) => Err(cause.into()),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads the file; `None` if it is too short for a record, as a power cut leaves one behind.
    pub(super) fn read(self) -> Result<Option<Contents>, Fault> {
        let bytes = match self.read_start(self.len)? {
            Some(bytes) => Bytes::from(bytes),
            None => return Ok(None),
        };
        let Some(mut header) = Header::parse(&bytes) else { return Ok(None) };
        if !header.is_live(now()) {
            header = self.settled_header(header)?;
        }
        Ok(Some(Contents { file: self.file, bytes, header }))
    }

    /// Reads a file that is no record; `None` if it is being cut short.
    pub(super) fn read_whole(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.read_start(self.len)
    }

    /// Reads the header alone; `None` if the file is too short for one.
    pub(super) fn read_header(&self) -> Result<Option<Header>, Fault> {
        let start = self.read_start(self.len.min(super::layout::PROBE as u64))?;
        let Some(header) = start.as_deref().and_then(Header::parse) else { return Ok(None) };
        if header.is_live(now()) { Ok(Some(header)) } else { self.settled_header(header).map(Some) }
    }

    /// Reads the first `len` bytes; `None` if the file ends before that.
    fn read_start(&self, len: u64) -> Result<Option<Vec<u8>>, Fault> {
        let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut bytes = vec![0; len];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Reads the expiry until it is twice the same.
    ///
    /// Linux does not promise that a read sees all four bytes of a renewal or none. Only live
    /// records are renewed, so a mixture does harm only where it looks expired; there the question
    /// is asked again.
    fn settled_header(&self, mut header: Header) -> Result<Header, Fault> {
        while header.form == Form::Plain {
            let mut expiry = [0; 4];
            self.file.read_exact_at(&mut expiry, 0)?;
            let expiry = u32::from_le_bytes(expiry);
            if expiry == header.expiry {
                break;
            }
            header.expiry = expiry;
        }
        Ok(header)
    }
}

impl Contents {
    pub(super) fn is_live(&self) -> bool {
        self.header.is_live(now())
    }

    /// Whether the record is still `loaded`.
    pub(super) fn is(&self, loaded: &Record) -> bool {
        self.bytes[self.header.body..] == loaded.payload
    }

    pub(super) fn payload(&self) -> Bytes {
        self.bytes.slice(self.header.body..)
    }

    pub(super) fn record(&self) -> Record {
        Record { payload: self.payload(), cas: 0, ttl: self.header.ttl(now()) }
    }

    /// Writes another expiry over a plain header.
    pub(super) fn renew(&self, expiry: u32, flush: bool) -> Result<(), Fault> {
        self.file.write_all_at(&expiry.to_le_bytes(), 0)?;
        if flush { self.file.sync_data().map_err(Fault::Unflushed) } else { Ok(()) }
    }
}

/// A finished file without a name in the session directory yet; removed unless it gets one.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Writes a whole file, of `parts` one after the other, into `dir`.
    pub(super) fn write(dir: &Path, mode: u32, parts: &[&[u8]], flush: bool) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The start tells this process from a former one with its number, or one in a container.
        let (process, start) = (process::id(), *START);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("{process:x}-{start:x}-{next:x}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Self { path };
        file.write_all(&parts.concat())?;
        // The mode asked for, whatever the process's mask.
        file.set_permissions(Permissions::from_mode(mode))?;
        if flush {
            file.sync_data()?;
        }
        Ok(draft)
    }

    /// Gives the file the name `path`, which nothing may have.
    pub(super) fn link(&self, path: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, path)
    }

    /// Gives the file the name `path`, in place of what has it.
    pub(super) fn rename(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone if it was renamed; what a failure leaves is swept.
        let _ = fs::remove_file(&self.path);
    }
}

/// The time since 1970, by the clock that cachelib compares with.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

static START: std::sync::LazyLock<u128> = std::sync::LazyLock::new(|| now().as_nanos());

fn is_not_a_file(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::ELOOP | libc::EISDIR | libc::ENXIO))
}
