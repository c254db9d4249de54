//! How commands compare strings: byte by byte, whatever collation the collection has.

use mongodb::bson::{Document, doc};

/// What a command must say for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// Not known: there is no collection yet, and one that a command makes has no collation.
    #[default]
    Unseen,
    /// Nothing: the collection has no collation. Amazon DocumentDB before 8.0 and Azure Cosmos DB
    /// refuse every command that names one.
    Own,
    /// The binary one, in place of the collection's.
    Binary,
}

impl Order {
    /// Reads the answer to `listIndexes`: the index on `_id` always has the collation of its
    /// collection. If only that one is missing, there may be any.
    pub(crate) fn read(indexes: &[Document]) -> Self {
        let is_of_id =
            |index: &&Document| index.get_document("key").is_ok_and(|key| key.keys().eq(["_id"]));
        match indexes.iter().find(is_of_id) {
            None if indexes.is_empty() => Self::Unseen,
            Some(index) if is_binary(index) => Self::Own,
            _ => Self::Binary,
        }
    }

    /// Adds to a command, statement or index what it must say.
    pub(crate) fn say(self, mut document: Document) -> Document {
        if self == Self::Binary {
            document.insert("collation", doc! { "locale": "simple" });
        }
        document
    }
}

/// Whether an index compares bytes.
pub(crate) fn is_binary(index: &Document) -> bool {
    let collation = index.get_document("collation");
    collation.map_or(true, |collation| matches!(collation.get_str("locale"), Ok("simple")))
}

#[cfg(test)]
mod tests {
    use super::Order;
    use mongodb::bson::doc;

    #[test]
    fn collation_is_said_where_the_collection_has_another_or_may() {
        let id = doc! { "key": { "_id": 1 }, "name": "_id_" };
        let other = doc! { "key": { "id": 1 }, "collation": { "locale": "en" } };
        let mut german = id.clone();
        german.insert("collation", doc! { "locale": "de" });
        for (indexes, order) in [
            (vec![id.clone()], Order::Own),
            (vec![other.clone(), id], Order::Own),
            (vec![german], Order::Binary),
            (vec![other], Order::Binary),
            (vec![], Order::Unseen),
        ] {
            assert_eq!(Order::read(&indexes), order, "{indexes:?}");
        }
    }
}
