//! Records are kept, whole and apart.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, lease, open, update,
};
use crate::verdict::ensure;
use crate::{Subject, Verdict};
use bytes::Bytes;

/// A key that was never written loads as `None` and cannot be deleted.
pub async fn unknown_key_is_none(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    ensure_gone(&*store, &key).await?;
    ensure!(!store.delete(&key, None, None).await?, "deleting an unknown key reported true");
    Ok(())
}

/// Every byte value comes back as it was written, wherever it stands.
pub async fn bytes_survive(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let ascending: Vec<u8> = (0..=u8::MAX).collect();
    let descending: Vec<u8> = (0..=u8::MAX).rev().collect();
    let hostile = b"\r\nEND\r\n\0'\"\\ \x80\xff ".to_vec();
    for payload in [ascending, descending, hostile] {
        let key = fresh_key();
        let payload = Bytes::from(payload);
        create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
        ensure_holds(&*store, &key, &payload).await?;
    }
    Ok(())
}

/// An update stores the new payload in place of the old, shorter or longer.
pub async fn update_replaces_the_payload(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let mut record = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    for payload in [Bytes::from_static(b"s"), Bytes::from(vec![b'l'; 5_000]), fresh_payload()] {
        record = update(&*store, &key, payload.clone(), &lease(MINUTE), &record).await?;
        ensure_holds(&*store, &key, &payload).await?;
    }
    Ok(())
}

/// A delete is `true` for the call that removed the record, and `false` afterwards.
pub async fn delete_is_honest(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    ensure!(store.delete(&key, None, None).await?, "deleting a live record reported false");
    ensure_gone(&*store, &key).await?;
    ensure!(!store.delete(&key, None, None).await?, "deleting a deleted record reported true");
    Ok(())
}

/// A key whose record was deleted is free.
pub async fn deleted_key_can_be_created_again(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    store.delete(&key, None, None).await?;
    let payload = fresh_payload();
    create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
    ensure_holds(&*store, &key, &payload).await
}

/// Writing and deleting one key leaves another alone, even if it begins with it.
pub async fn keys_do_not_share_records(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let longer = session_core::StoreKey::new(key.as_str(), "x");
    let payload = fresh_payload();
    create(&*store, &longer, payload.clone(), &lease(MINUTE)).await?;
    ensure_gone(&*store, &key).await?;
    create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    store.delete(&key, None, None).await?;
    ensure_holds(&*store, &longer, &payload).await
}
