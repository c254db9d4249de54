//! The rest of a program, from which arguments are taken.

use crate::fault::Fault;

/// What has not been read yet. Nothing is taken that is not there, whatever lengths say.
pub(super) struct Input<'p>(pub(super) &'p [u8]);

impl<'p> Input<'p> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// Takes as many bytes as the little-endian number before them says, which has 1, 4 or 8.
    #[inline]
    pub(super) fn sized(&mut self, width: usize) -> Result<&'p [u8], Fault> {
        let len = match width {
            1 => self.array::<1>()?[0].into(),
            4 => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        self.take(usize::try_from(len).map_err(|_| Fault::Truncated)?)
    }

    pub(super) fn line(&mut self) -> Result<&'p [u8], Fault> {
        let len = self.0.iter().position(|byte| *byte == b'\n').ok_or(Fault::Truncated)?;
        let line = self.take(len)?;
        self.take(1)?;
        Ok(line)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Fault::Truncated)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'p [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Fault::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}
