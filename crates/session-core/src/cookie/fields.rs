//! The fields of a request and of a response, whatever framework they are in.

use bytes::Bytes;

/// The fields of a request or a response, as a framework keeps them: what a session reads goes
/// through this.
///
/// Names are in lower case; a framework compares them without regard to it.
pub trait Fields {
    /// The values of all fields called `name`, in their order.
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]>;
}

/// The head of a response, as a framework keeps it: what a session says goes through this.
///
/// The values that are added are visible ASCII and spaces, and always are field values. Implemented
/// on the types of `http`, actix-web and Rocket, behind the features `http`, `actix` and `rocket`.
pub trait Head: Fields {
    /// Removes the fields whose names, in lower case, are `unwanted`.
    fn remove(&mut self, unwanted: impl Fn(&str) -> bool);

    /// Adds a field in place of those of its name.
    fn set(&mut self, name: &str, value: Bytes);

    /// Adds a field beside those of its name, unless one of these is `enough`.
    fn add_unless(&mut self, name: &str, value: Bytes, enough: impl Fn(&[u8]) -> bool);

    /// Adds a field beside those of its name whose value is a credential: where the framework can
    /// keep it from logs and from the compression of fields, it does.
    fn add_secret(&mut self, name: &str, value: Bytes);
}
