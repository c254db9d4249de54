//! The null store answers every read with nothing and every write with what to configure.

use session_core::{
    Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
};
use session_null::NullStore;
use std::time::Duration;

const LEASE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("zoe") };

fn key() -> StoreKey {
    StoreKey::new("session:", "any")
}

fn record() -> Record {
    Record { payload: Bytes::from_static(b"data"), cas: 0, ttl: LEASE.ttl }
}

#[tokio::test]
async fn every_session_reads_as_empty() -> Result<()> {
    assert_eq!(NullStore.load(&key()).await?, None);
    assert!(!NullStore.delete(&key(), None, None).await?);
    assert!(!NullStore.delete(&key(), Some("zoe"), Some(&record())).await?);
    assert_eq!(NullStore.touch(&key(), &LEASE, &record()).await?, Outcome::Refused);
    assert_eq!(NullStore.delete_expired().await?, 0);
    Ok(())
}

#[tokio::test]
async fn write_names_the_setting() {
    let loaded = record();
    for when in [Precondition::Absent, Precondition::Unchanged(&loaded)] {
        let error = NullStore.write(&key(), Bytes::new(), &LEASE, when).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("SESSION_TYPE"), "{error}");
    }
}

#[tokio::test]
async fn list_is_unsupported() {
    let error = NullStore.list_by_owner("zoe").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!NullStore.capabilities().owner_index);
}
