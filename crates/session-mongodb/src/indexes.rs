//! The indexes of the collection: which are there, and which are missing for sessions to be safe.

use crate::answer::number;
use crate::order::{Order, is_binary};
use mongodb::bson::{Document, doc};

/// What the indexes of a collection give to sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Indexes {
    /// No two documents share an `id`.
    pub(crate) is_unique: bool,
    pub(crate) expiry: Expiry,
    pub(crate) has_owner: bool,
    /// What commands say so that they compare bytes.
    pub(crate) order: Order,
}

/// The index on `expiration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expiry {
    #[default]
    Missing,
    /// It finds expired documents, and removes none.
    Plain,
    /// The server removes expired documents by itself, about once a minute.
    Ttl,
}

/// An index that [`MongoStore::init`](crate::MongoStore::init) makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Unique,
    Ttl,
    /// In place of [`Ttl`](Self::Ttl), on a server that has none.
    PlainExpiry,
    Owner,
}

impl Indexes {
    /// Reads the answer to `listIndexes`.
    pub(crate) fn read(found: &[Document]) -> Self {
        let mut indexes = Self { order: Order::read(found), ..Self::default() };
        for index in found {
            let Some(field) = only_field(index) else { continue };
            let is_partial = index.contains_key("partialFilterExpression");
            let expires = number(index.get("expireAfterSeconds")).is_some();
            match field {
                "id" if !is_partial => {
                    // With a collation of its own, keys that differ in case would be duplicates.
                    let is_unique = index.get_bool("unique").unwrap_or(false);
                    indexes.is_unique |= is_unique && is_binary(index);
                }
                "expiration" if expires && !is_partial => indexes.expiry = Expiry::Ttl,
                "expiration" if indexes.expiry == Expiry::Missing => {
                    indexes.expiry = Expiry::Plain;
                }
                "owner" => indexes.has_owner = true,
                _ => {}
            }
        }
        indexes
    }

    /// What is to be made, in this order. A plain index on `expiration` is left as it is: who made
    /// it wants expired documents swept, or kept.
    pub(crate) fn missing(self, has_owners: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.is_unique {
            steps.push(Step::Unique);
        }
        if self.expiry == Expiry::Missing {
            steps.push(Step::Ttl);
        }
        if has_owners && !self.has_owner {
            steps.push(Step::Owner);
        }
        steps
    }
}

impl Step {
    /// The `createIndexes` of this step. Names are the drivers' own, which Flask's index has, too.
    pub(crate) fn command(self, collection: &str, order: Order) -> Document {
        let index = match self {
            Self::Unique => doc! {
                "key": { "id": 1 }, "name": "id_1", "unique": true,
            },
            Self::Ttl => doc! {
                "key": { "expiration": 1 }, "name": "expiration_1", "expireAfterSeconds": 0,
            },
            Self::PlainExpiry => doc! { "key": { "expiration": 1 }, "name": "expiration_1" },
            Self::Owner => doc! {
                "key": { "owner": 1 }, "name": "owner_1", "sparse": true,
            },
        };
        let index = match self {
            Self::Unique | Self::Owner => order.say(index),
            Self::Ttl | Self::PlainExpiry => index,
        };
        doc! { "createIndexes": collection, "indexes": [index] }
    }
}

/// The question that [`Indexes::read`] reads the answer of.
pub(crate) fn list(collection: &str) -> Document {
    doc! { "listIndexes": collection }
}

/// The field of an index that has one, and goes up or down; others are hashed, text and the like.
fn only_field(index: &Document) -> Option<&str> {
    let mut fields = index.get_document("key").ok()?.iter();
    let (field, direction) = fields.next()?;
    let is_ordered = matches!(number(Some(direction)), Some(1 | -1));
    (fields.next().is_none() && is_ordered).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::{Expiry, Indexes, Step};
    use mongodb::bson::{Document, doc};

    fn read(found: &[Document]) -> Indexes {
        Indexes::read(found)
    }

    #[test]
    fn only_a_unique_index_on_the_whole_id_makes_it_unique() {
        for (index, is_unique) in [
            (doc! { "key": { "id": 1 }, "unique": true }, true),
            (doc! { "key": { "id": -1.0 }, "unique": true, "sparse": true }, true),
            (
                doc! { "key": { "id": 1 }, "unique": true, "collation": { "locale": "simple" } },
                true,
            ),
            (doc! { "key": { "id": 1 } }, false),
            (doc! { "key": { "id": 1 }, "unique": false }, false),
            (doc! { "key": { "id": "hashed" }, "unique": true }, false),
            (doc! { "key": { "id": 1, "val": 1 }, "unique": true }, false),
            (doc! { "key": { "_id": 1 }, "unique": true }, false),
            (doc! { "key": { "id": 1 }, "unique": true, "partialFilterExpression": {} }, false),
            (doc! { "key": { "id": 1 }, "unique": true, "collation": { "locale": "en" } }, false),
            (doc! {}, false),
        ] {
            assert_eq!(read(std::slice::from_ref(&index)).is_unique, is_unique, "{index}");
        }
    }

    #[test]
    fn flasks_index_is_a_ttl_index() {
        let flasks =
            doc! { "key": { "expiration": 1 }, "name": "expiration_1", "expireAfterSeconds": 0 };
        let plain = doc! { "key": { "expiration": 1 } };
        let partial = doc! {
            "key": { "expiration": 1 }, "expireAfterSeconds": 0, "partialFilterExpression": {},
        };
        assert_eq!(read(&[]).expiry, Expiry::Missing);
        assert_eq!(read(std::slice::from_ref(&plain)).expiry, Expiry::Plain);
        assert_eq!(read(&[partial]).expiry, Expiry::Plain);
        assert_eq!(read(&[flasks.clone(), plain.clone()]).expiry, Expiry::Ttl);
        assert_eq!(read(&[plain, flasks]).expiry, Expiry::Ttl);
    }

    #[test]
    fn missing_indexes_are_made_and_others_left() {
        let unique = doc! { "key": { "id": 1 }, "unique": true };
        let plain = doc! { "key": { "expiration": 1 } };
        let owner = doc! { "key": { "owner": 1 }, "sparse": true };
        assert_eq!(read(&[]).missing(true), [Step::Unique, Step::Ttl, Step::Owner]);
        assert_eq!(read(&[]).missing(false), [Step::Unique, Step::Ttl]);
        assert_eq!(read(std::slice::from_ref(&unique)).missing(false), [Step::Ttl]);
        assert_eq!(read(&[unique, plain, owner]).missing(true), []);
    }
}
