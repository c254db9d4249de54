//! Values that are functions of what is stored, and are made anew when the record is a newer one.

use super::{Data, Intent};
use crate::error::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Sets one key to what a function makes of its value.
type Step = Box<dyn FnMut(&mut Data, &str) -> Result<()> + Send>;

/// What is done to each key, in order.
type Steps = HashMap<String, Vec<Step>>;

/// The functions by which the request changes values, in order, so that they can run again.
///
/// A function may be no `Sync`, which futures that lend the state out must be: hence the mutex,
/// which nobody ever waits for.
#[derive(Default)]
pub(crate) struct ModifyLog(Mutex<Option<Box<Steps>>>);

impl ModifyLog {
    /// Sets `key` to what `f` makes of its value, and returns that.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is no `T`, `Encode` and `TooLarge` for what `f` returns; the data stays
    /// as it was.
    pub(crate) fn modify<T, F>(&mut self, data: &mut Data, key: &str, mut f: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        let is_first = !data.is_derived(key);
        let value = data.modify(key, &mut f)?;
        let steps = self.steps();
        if data.is_derived(key) {
            let step: Step = Box::new(move |data, key| data.modify(key, &mut f).map(drop));
            let steps = steps.get_or_insert_default().entry(key.to_owned()).or_default();
            if is_first {
                // Those before a plain write of the key are part of the past.
                steps.clear();
            }
            steps.push(step);
        }
        Ok(value)
    }

    /// Makes anew what is derived from a newer record's values.
    pub(crate) fn replay(&mut self, data: &mut Data) -> Result<()> {
        for (key, steps) in self.steps().iter_mut().flat_map(|steps| steps.iter_mut()) {
            if data.is_derived(key) {
                steps.iter_mut().try_for_each(|step| step(data, key))?;
            }
        }
        Ok(())
    }

    fn steps(&mut self) -> &mut Option<Box<Steps>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Data {
    fn modify<T, F>(&mut self, key: &str, f: &mut F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T,
    {
        let value = f(self.get(key)?);
        self.put(key, &value, self.modifying(key))?;
        Ok(value)
    }

    /// A value that the request itself wrote is changed as part of that write.
    fn modifying(&self, key: &str) -> Intent {
        match self.find(key.as_bytes()).map(|at| &self.cells[at]) {
            Some(cell) if cell.is_plainly_written() => cell.intent(),
            _ => Intent::Derived,
        }
    }

    fn is_derived(&self, key: &str) -> bool {
        self.find(key.as_bytes()).is_some_and(|at| self.cells[at].is_derived())
    }
}
