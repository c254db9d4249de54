//! Files that may hold a record: opened with care, and read whole.

use super::header::{Form, Header, PROBE};
use super::names::FileName;
use super::{tail, unless};
use crate::error::Fault;
use session_core::store::unix_time;
use session_core::{Bytes, Record, StoreKey};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::io::ErrorKind::NotFound;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Renew,
}

/// A file that may hold a record.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: File,
    len: u64,
}

/// A file read whole.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) file: File,
    bytes: Bytes,
    pub(crate) header: Header,
    /// Where the payload ends.
    end: usize,
}

impl RecordFile {
    /// Opens the regular file at `path`, if there is anything.
    ///
    /// A link is not followed and a pipe is not waited for.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Option<Self>, Fault> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Renew);
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let opened = match unless(NotFound, options.open(path)) {
            Err(cause) if is_not_a_file(&cause) => return Err(Fault::NotAFile),
            opened => opened?,
        };
        let Some(file) = opened else { return Ok(None) };
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok(Some(Self { file, len: metadata.len() })),
            false => Err(Fault::NotAFile),
        }
    }

    /// The same for those who only look around: what cannot be loaded is no record.
    pub(crate) fn look(path: &Path) -> Result<Option<Self>, Fault> {
        match Self::open(path, Access::Read) {
            Err(Fault::NotAFile) => Ok(None),
            opened => opened,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads the file, which has a name of `key`; `None` if the record has ended, or if there is none
    /// in the file, as after a power cut.
    pub(crate) fn read(self, key: &[u8]) -> Result<Option<Contents>, Fault> {
        let Some(contents) = self.read_contents()? else { return Ok(None) };
        let len = tail::without(contents.body(), key).len();
        Ok(Some(contents.ending_with(len)))
    }

    /// The same without knowing the key, which the file may tell.
    pub(crate) fn read_under(
        self,
        name: &FileName,
    ) -> Result<Option<(Contents, Option<StoreKey>)>, Fault> {
        let Some(contents) = self.read_contents()? else { return Ok(None) };
        Ok(Some(match tail::read(contents.body(), name) {
            Some((payload, key)) => {
                let len = payload.len();
                (contents.ending_with(len), Some(key))
            }
            None => (contents, None),
        }))
    }

    fn read_contents(self) -> Result<Option<Contents>, Fault> {
        let Some(bytes) = self.read_whole()? else { return Ok(None) };
        let Some(header) = self.live_header(&bytes)? else { return Ok(None) };
        let end = bytes.len();
        Ok(Some(Contents { file: self.file, bytes: bytes.into(), header, end }))
    }

    /// Reads the header alone; `None` as of [`read`](Self::read).
    pub(crate) fn read_header(&self) -> Result<Option<Header>, Fault> {
        match self.read_start(self.len.min(PROBE as u64))? {
            Some(start) => self.live_header(&start),
            None => Ok(None),
        }
    }

    /// Reads all bytes; `None` if the file is being cut short.
    pub(crate) fn read_whole(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.read_start(self.len)
    }

    fn read_start(&self, len: u64) -> Result<Option<Vec<u8>>, Fault> {
        let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut bytes = vec![0; len];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Returns the header that the file begins with, which was read as `start`, if the record lives.
    ///
    /// Linux does not promise that a read sees all four bytes of a renewal or none. Only live
    /// records are renewed, so a mixture does harm only where it looks expired; there the expiry is
    /// read until it is twice the same.
    fn live_header(&self, start: &[u8]) -> Result<Option<Header>, Fault> {
        let Some(mut header) = Header::parse(start) else { return Ok(None) };
        while !header.is_live(unix_time()) {
            let mut expiry = header.expiry.to_le_bytes();
            if header.form == Form::Plain {
                self.file.read_exact_at(&mut expiry, 0)?;
            }
            let expiry = u32::from_le_bytes(expiry);
            if expiry == header.expiry {
                return Ok(None);
            }
            header.expiry = expiry;
        }
        Ok(Some(header))
    }
}

impl Contents {
    /// Whether the record is still `loaded`.
    pub(crate) fn is(&self, loaded: &Record) -> bool {
        self.bytes[self.header.body..self.end] == loaded.payload
    }

    /// All that follows the header.
    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.header.body..]
    }

    /// The same with a payload of `len` bytes.
    fn ending_with(self, len: usize) -> Self {
        Self { end: self.header.body + len, ..self }
    }

    pub(crate) fn payload(&self) -> Bytes {
        self.bytes.slice(self.header.body..self.end)
    }

    pub(crate) fn record(&self) -> Record {
        Record { payload: self.payload(), cas: 0, ttl: self.header.ttl(unix_time()) }
    }

    /// Writes another expiry over a plain header.
    pub(crate) fn renew(&self, expiry: [u8; 4]) -> io::Result<()> {
        self.file.write_all_at(&expiry, 0)
    }
}

/// Removes a file; `false` if there was none.
pub(crate) fn remove(path: &Path) -> io::Result<bool> {
    Ok(unless(NotFound, fs::remove_file(path))?.is_some())
}

fn is_not_a_file(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::ELOOP | libc::EISDIR | libc::ENXIO))
}
