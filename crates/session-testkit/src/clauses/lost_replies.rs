//! The server applied a request and its reply was lost on the way back.

use crate::probe::{MINUTE, create, fresh_key, fresh_payload, lease};
use crate::verdict::ensure;
use crate::wiretap::{Change, Found, Wiretap, ensure_retryable};
use crate::{Finding, Subject, Verdict};
use session_core::ErrorKind;

const TRIALS: usize = 5;

/// A create whose reply is lost is `Unknown` and sent once.
pub async fn lost_reply_to_a_create_is_unknown(subject: &dyn Subject) -> Verdict {
    ensure_unknown(subject, Change::Create).await
}

/// An update whose reply is lost is `Unknown` and sent once.
pub async fn lost_reply_to_an_update_is_unknown(subject: &dyn Subject) -> Verdict {
    ensure_unknown(subject, Change::Update).await
}

/// A touch whose reply is lost is `Unknown` and sent once.
pub async fn lost_reply_to_a_touch_is_unknown(subject: &dyn Subject) -> Verdict {
    ensure_unknown(subject, Change::Touch).await
}

/// A delete whose reply is lost is `Unknown` and sent once.
pub async fn lost_reply_to_a_delete_is_unknown(subject: &dyn Subject) -> Verdict {
    ensure_unknown(subject, Change::Delete).await
}

/// A load whose reply is lost is repeated or fails; it never reports that there is no record.
pub async fn lost_reply_to_a_load_is_no_miss(subject: &dyn Subject) -> Verdict {
    let tap = Wiretap::open(subject).await?;
    let key = fresh_key();
    let payload = fresh_payload();
    create(&*tap.direct, &key, payload.clone(), &lease(MINUTE)).await?;
    tap.proxy.cut_reply_to(key.as_bytes());
    match tap.in_time(tap.store.load(&key)).await? {
        Ok(Some(record)) => ensure!(record.payload == payload, "a load gave another record"),
        Ok(None) => ensure!(false, "a load whose reply was lost reported no record"),
        error => ensure_retryable(error)?,
    }
    ensure!(tap.proxy.cut_report().is_cut, "the kit saw no load of its key to cut the reply to");
    let record = tap.await_recovery(&key).await?;
    ensure!(record.is_some_and(|r| r.payload == payload), "the record is gone afterwards");
    Ok(())
}

async fn ensure_unknown(subject: &dyn Subject, change: Change) -> Verdict {
    let tap = Wiretap::open(subject).await?;
    for _ in 0..TRIALS {
        let attempt = tap.prepare(change).await?;
        tap.proxy.cut_reply_to(attempt.key.as_bytes());
        let answer = tap.in_time(attempt.make(&*tap.store)).await?;
        let report = tap.proxy.cut_report();
        ensure!(report.requests < 2, "the request was sent {} times", report.requests);
        let found = attempt.find(&*tap.direct).await?;
        match answer.map_err(|error| error.kind()) {
            Err(ErrorKind::Unknown) if report.is_cut && found == Found::After => return Ok(()),
            // Cut at a preparatory step: nothing was applied, and the error may say so.
            Err(ErrorKind::Unknown) => {}
            Err(ErrorKind::Unavailable | ErrorKind::Timeout) if found == Found::Before => {}
            other => ensure!(false, "{change:?} with a lost reply gave {other:?}; {report:?}"),
        }
        tap.warm_up().await?;
    }
    Err(Finding::Broken(format!("in {TRIALS} trials no reply to an applied {change:?} was cut")))
}
