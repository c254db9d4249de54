//! The trait of tower-sessions, which is another one in each of its minor versions.

#[cfg(any(feature = "v0_14", feature = "v0_15"))]
macro_rules! session_store {
    ($version:ident) => {
        mod $version {
            use crate::store::TowerSessionsStore;
            use async_trait::async_trait;
            use session_core::{Error, ErrorKind};
            use $version::SessionStore;
            use $version::session::{Id, Record};
            use $version::session_store::{Error as StoreError, ExpiredDeletion, Result};

            /// Ids of 128 random bits that are tried, though the first one is free.
            const CREATE_TRIES: usize = 3;

            #[async_trait]
            impl SessionStore for TowerSessionsStore {
                async fn create(&self, record: &mut Record) -> Result<()> {
                    for _ in 0..CREATE_TRIES {
                        let id = record.id.to_string();
                        let created = self.create(&id, &record.data, record.expiry_date);
                        if created.await.map_err(said)? {
                            return Ok(());
                        }
                        record.id = Id::default();
                    }
                    let text = "create a session: the store holds a record under every new id";
                    Err(StoreError::Backend(text.to_owned()))
                }

                async fn save(&self, record: &Record) -> Result<()> {
                    let id = record.id.to_string();
                    self.replace(&id, &record.data, record.expiry_date).await.map_err(said)
                }

                async fn load(&self, id: &Id) -> Result<Option<Record>> {
                    let loaded = self.load(&id.to_string()).await.map_err(said)?;
                    Ok(loaded.map(|(data, expiry_date)| Record { id: *id, data, expiry_date }))
                }

                async fn delete(&self, id: &Id) -> Result<()> {
                    self.delete(&id.to_string()).await.map_err(said)
                }
            }

            #[async_trait]
            impl ExpiredDeletion for TowerSessionsStore {
                async fn delete_expired(&self) -> Result<()> {
                    self.sweep().await.map_err(said)
                }
            }

            fn said(error: Error) -> StoreError {
                let text = format!("{error:#}");
                match error.kind() {
                    ErrorKind::Encode | ErrorKind::TooLarge => StoreError::Encode(text),
                    ErrorKind::Decode => StoreError::Decode(text),
                    _ => StoreError::Backend(text),
                }
            }
        }
    };
}

#[cfg(feature = "v0_14")]
session_store!(tower_sessions_core_0_14);
#[cfg(feature = "v0_15")]
session_store!(tower_sessions_core_0_15);
