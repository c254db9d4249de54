//! What the documentation of the trait says, clause by clause, in both of its versions.

macro_rules! clauses {
    ($version:ident) => {
        mod $version {
            use crate::stores::{Place, memory, redis};
            use serde_json::json;
            use session_core::{ConfigBuilder, Format, Lease, Precondition, StoreKey, Undecodable};
            use session_tower_sessions::TowerSessionsStore;
            use std::collections::HashMap;
            use std::time::Duration as StdDuration;
            use time::{Duration, OffsetDateTime};
            use $version::SessionStore;
            use $version::session::{Id, Record};
            use $version::session_store::{Error, ExpiredDeletion};

            fn in_memory(change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> TowerSessionsStore {
                TowerSessionsStore::new(Place::new(memory()).manager(change))
            }

            fn record() -> Record {
                let data = HashMap::from([
                    ("text".to_owned(), json!("é\u{0}")),
                    ("numbers".to_owned(), json!([0, -1, u64::MAX, i64::MIN, 1.0, -0.5, 1e300])),
                    ("nested".to_owned(), json!({ "a": [null, true, { "b": {} }], "": [] })),
                ]);
                let expiry_date = OffsetDateTime::now_utc() + Duration::HOUR;
                Record { id: Id::default(), data, expiry_date }
            }

            async fn data(store: &dyn SessionStore, id: Id) -> Option<serde_json::Value> {
                store.load(&id).await.unwrap().map(|record| json!(record.data))
            }

            #[tokio::test]
            async fn record_comes_back_as_it_was() {
                for format in [Format::MessagePack, Format::Json] {
                    let place = Place::new(redis().await);
                    let store = TowerSessionsStore::new(place.manager(|c| c.format(format)));
                    let mut record = record();
                    let id = record.id;
                    store.create(&mut record).await.unwrap();
                    assert_eq!(record.id, id);
                    let loaded = SessionStore::load(&store, &id).await.unwrap().unwrap();
                    assert_eq!((loaded.id, loaded.data), (id, record.data));
                    let difference = (loaded.expiry_date - record.expiry_date).abs();
                    assert!(difference < Duration::seconds(30), "{difference}");
                }
            }

            #[tokio::test]
            async fn create_takes_another_id_where_there_is_a_record() {
                let store = in_memory(|c| c);
                let mut first = record();
                store.create(&mut first).await.unwrap();
                let mut second = Record { data: HashMap::new(), ..first.clone() };
                store.create(&mut second).await.unwrap();
                assert_ne!(first.id, second.id);
                assert_eq!(data(&store, first.id).await, Some(json!(first.data)));
                assert_eq!(data(&store, second.id).await, Some(json!({})));
            }

            #[tokio::test]
            async fn save_replaces_what_is_there_and_makes_nothing() {
                let store = in_memory(|c| c);
                let mut record = record();
                let gone = store.save(&record).await.unwrap_err();
                assert!(matches!(&gone, Error::Backend(text) if text.contains("ended")), "{gone}");
                assert_eq!(data(&store, record.id).await, None);
                store.create(&mut record).await.unwrap();
                record.data = HashMap::from([("visits".to_owned(), json!(2))]);
                store.save(&record).await.unwrap();
                assert_eq!(data(&store, record.id).await, Some(json!({ "visits": 2 })));
                SessionStore::delete(&store, &record.id).await.unwrap();
                assert!(store.save(&record).await.is_err(), "after a logout");
                assert_eq!(data(&store, record.id).await, None);
            }

            #[tokio::test]
            async fn delete_of_what_is_not_there_is_no_error() {
                SessionStore::delete(&in_memory(|c| c), &Id::default()).await.unwrap();
            }

            #[tokio::test]
            async fn date_in_the_past_ends_a_session() {
                let store = in_memory(|c| c);
                let mut record = record();
                let past = OffsetDateTime::now_utc() - Duration::SECOND;
                let mut stale = Record { expiry_date: past, ..record.clone() };
                store.create(&mut stale).await.unwrap();
                assert_eq!(data(&store, stale.id).await, None);
                store.create(&mut record).await.unwrap();
                store.save(&Record { expiry_date: past, ..record.clone() }).await.unwrap();
                assert_eq!(data(&store, record.id).await, None);
            }

            #[tokio::test]
            async fn expired_records_are_removed() {
                let store = in_memory(|c| c);
                let mut record = record();
                record.expiry_date = OffsetDateTime::now_utc() + Duration::milliseconds(20);
                store.create(&mut record).await.unwrap();
                tokio::time::sleep(StdDuration::from_millis(30)).await;
                assert_eq!(data(&store, record.id).await, None);
                store.delete_expired().await.unwrap();
            }

            #[tokio::test]
            async fn too_large_is_an_encode_error_and_nothing_is_stored() {
                let store = in_memory(|c| c.max_payload(100).max_depth(8));
                let mut record = record();
                record.data.insert("large".to_owned(), json!("x".repeat(100)));
                let error = store.create(&mut record).await.unwrap_err();
                let expected = "where at most 100 are allowed: keep less in it";
                assert!(matches!(&error, Error::Encode(text) if text.contains(expected)), "{error}");
                assert_eq!(data(&store, record.id).await, None);
                let deep = (0..40).fold(json!(1), |value, _| json!([value]));
                record.data = HashMap::from([("deep".to_owned(), deep)]);
                let error = store.create(&mut record).await.unwrap_err();
                assert!(matches!(&error, Error::Encode(text) if text.contains("deep")), "{error}");
            }

            #[tokio::test]
            async fn undecodable_record_is_none_or_an_error_as_configured() {
                let place = Place::new(memory());
                let strict = place.manager(|c| c.undecodable(Undecodable::Error));
                let lenient = TowerSessionsStore::new(place.manager(|c| c));
                let id = Id::default();
                let key = StoreKey::new(strict.config().key_prefix(), &id.to_string());
                let lease = Lease { ttl: StdDuration::from_secs(60), owner: None };
                // A map of one value, which is bytes: those are no JSON.
                let payload = b"\x81\xa1a\xc4\x01x".as_slice().into();
                let write = strict.store().write(&key, payload, &lease, Precondition::Absent);
                assert!(write.await.unwrap().is_written());
                assert_eq!(data(&lenient, id).await, None);
                let strict = TowerSessionsStore::new(strict);
                let error = SessionStore::load(&strict, &id).await.unwrap_err();
                assert!(matches!(error, Error::Decode(_)), "{error}");
            }

            #[tokio::test]
            async fn what_a_session_leaves_where_it_was_is_none_and_stays() {
                let manager = Place::new(memory()).manager(|c| c.undecodable(Undecodable::Error));
                let mut record = record();
                let id = record.id;
                let key = StoreKey::new(manager.config().key_prefix(), &id.to_string());
                let lease = Lease { ttl: StdDuration::from_secs(60), owner: None };
                let trace = session_codec::trace(Format::MessagePack).into();
                let write = manager.store().write(&key, trace, &lease, Precondition::Absent);
                assert!(write.await.unwrap().is_written());
                let store = TowerSessionsStore::new(manager);
                assert_eq!(data(&store, id).await, None);
                assert!(store.save(&record).await.is_err());
                store.create(&mut record).await.unwrap();
                assert_ne!(record.id, id);
            }

            #[tokio::test]
            async fn hashed_ids_are_not_in_the_store() {
                let place = Place::new(memory());
                let manager = place.manager(|c| c.hash_ids(true));
                let store = TowerSessionsStore::new(manager.clone());
                let mut record = record();
                store.create(&mut record).await.unwrap();
                assert!(data(&store, record.id).await.is_some());
                let plain = StoreKey::new(manager.config().key_prefix(), &record.id.to_string());
                assert!(manager.store().load(&plain).await.unwrap().is_none());
            }

            #[tokio::test]
            async fn records_are_listed_for_their_owner() {
                let place = Place::new(memory());
                let manager = place.manager(|c| c.owner_index(true));
                let store = TowerSessionsStore::new(manager.clone());
                let mut records = [record(), record()];
                for record in &mut records {
                    record.data.insert("_user_id".to_owned(), json!("ann"));
                    store.create(record).await.unwrap();
                }
                SessionStore::delete(&store, &records[0].id).await.unwrap();
                let keys = manager.store().list_by_owner("ann").await.unwrap();
                let prefix = manager.config().key_prefix();
                assert_eq!(keys, [StoreKey::new(prefix, &records[1].id.to_string())]);
            }
        }
    };
}

clauses!(tower_sessions_core_0_14);
clauses!(tower_sessions_core_0_15);
