//! What is stored, and what a browser is told, when something fails.

use crate::adapter::{Answer, Browser, Stage};
use crate::verdict::ensure;
use crate::{Fault, Finding, Method, Verdict};
use session_core::{ErrorKind, Transport};
use std::time::Duration;

/// Its stories are told of a site whose ids are in cookies.
pub const TRANSPORT: Transport = Transport::Cookie;

/// How long a server may take to notice that a connection is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A response of 500 and above: the handler failed.
pub async fn server_error_stores_nothing(stage: &Stage) -> Verdict {
    status_stores_nothing(stage, 500).await?;
    status_stores_nothing(stage, 503).await
}

/// A timeout within the session layer answers for a handler that it dropped halfway.
pub async fn timeout_within_stores_nothing(stage: &Stage) -> Verdict {
    status_stores_nothing(stage, 408).await
}

async fn status_stores_nothing(stage: &Stage, status: u16) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let answer = browser.get(&format!("/run/set:a=2/status:{status}")).await?;
    ensure!(answer.status == status && answer.set_cookies().is_empty(), "{answer:?}");
    still_reads(&mut browser, "1").await
}

async fn still_reads(browser: &mut Browser, expected: &str) -> Verdict {
    let body = browser.ok("/run/get:a").await?;
    ensure!(body == expected, "it reads {body} where {expected} was stored");
    Ok(())
}

/// A handler that returns the session's error: its status, a sentence, and nothing stored.
pub async fn returned_error_stores_nothing_and_says_what_to_do(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    // The value is a text, so that reading a number is an error of the handler's own making.
    let answer = browser.get("/run/set:b=2/number:a").await?;
    ensure!(answer.status == 500 && answer.set_cookies().is_empty(), "{answer:?}");
    ensure!(answer.field("content-type").starts_with("text/plain"), "{answer:?}");
    ensure!(answer.body.ends_with('.'), "no sentence: {answer:?}");
    let body = browser.ok("/run/get:b").await?;
    ensure!(body == "none", "what the failed handler wrote is stored: {body}");
    Ok(())
}

/// The error of the session, answered with a status of the application's.
pub async fn session_error_under_a_status_of_the_application_stores_nothing(
    stage: &Stage,
) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let answer = browser.get("/teapot/set:b=2/number:a").await?;
    ensure!(answer.set_cookies().is_empty(), "{answer:?}");
    let body = browser.ok("/run/get:b").await?;
    ensure!(body == "none", "what the failed handler wrote is stored: {body}");
    Ok(())
}

/// A handler that panics: the client gets no success, and nothing is stored.
pub async fn panic_stores_nothing(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    if let Ok(answer) = browser.get("/run/set:a=2/panic").await {
        ensure!(answer.status >= 500 && answer.set_cookies().is_empty(), "{answer:?}");
    }
    still_reads(&mut browser, "1").await
}

/// A handler whose client goes away is dropped, and nothing of it is stored.
pub async fn client_that_left_stores_nothing(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let leaving = browser.clone();
    let request =
        tokio::spawn(async move { leaving.begin("/run/set:a=2/pause", &[]).await.is_ok() });
    stage.gate.arrived(1).await;
    request.abort();
    let left = tokio::time::timeout(PATIENCE, stage.gate.left()).await;
    ensure!(left.is_ok(), "the handler still runs {PATIENCE:?} after its client left");
    still_reads(&mut browser, "1").await
}

fn says_unavailable(answer: &Answer) -> Verdict {
    ensure!(answer.status == 503 && !answer.field("retry-after").is_empty(), "{answer:?}");
    ensure!(answer.set_cookies().is_empty(), "{answer:?}");
    ensure!(answer.field("cache-control") == "no-store", "{answer:?}");
    ensure!(answer.field("vary").eq_ignore_ascii_case("cookie"), "{answer:?}");
    ensure!(!answer.body.is_empty(), "{answer:?}");
    Ok(())
}

/// While the store is down, routes with sessions say 503 and others work; cookies stay.
pub async fn outage_is_felt_only_where_a_session_is_asked_for(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/sign-in:ann").await?;
    for path in ["/run/get:a", "/run/set:a=2", "/run/sign-out", "/member"] {
        stage.faulty.push(Method::Load, Fault::Fail(ErrorKind::Unavailable));
        browser.ok("/plain").await?;
        says_unavailable(&browser.get(path).await?)?;
    }
    let body = browser.ok("/member").await?;
    ensure!(body == "ann", "after the outage it is {body}");
    Ok(())
}

/// A commit whose answer is lost or that fails: 503, whatever the handler answered.
pub async fn commit_that_fails_is_not_claimed(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    for kind in [ErrorKind::Unavailable, ErrorKind::Unknown] {
        stage.faulty.push(Method::Write, Fault::Fail(kind));
        says_unavailable(&browser.get("/run/set:a=2").await?)?;
        still_reads(&mut browser, "1").await?;
    }
    Ok(())
}

/// What `update` stored stands, and so the browser gets its cookie.
pub async fn cookie_of_an_update_outlives_the_failure_after_it(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    let answer = browser.get("/run/update:n/status:500").await?;
    ensure!(answer.status == 500 && answer.set_cookies().len() == 1, "{answer:?}");
    let body = browser.ok("/run/number:n").await?;
    ensure!(body == "1", "the update is gone: {body}");
    Ok(())
}

/// What a commit that fails leaves is told to the browser: the id that `update` made, and that of a
/// layer within, which has stored its session by then.
pub async fn cookies_of_what_is_stored_outlive_a_commit_that_fails(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    stage.faulty.push(Method::Write, Fault::Pass);
    stage.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let answer = browser.get("/run/update:n/set:a=1").await?;
    ensure!(answer.status == 503 && answer.set_cookies().len() == 1, "{answer:?}");
    let body = browser.ok("/run/number:n").await?;
    ensure!(body == "1", "the update is gone: {body}");
    let mut browser = stage.browser();
    stage.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let answer = browser.get("/both/set:a=1").await?;
    ensure!(answer.status == 503 && answer.set_cookies().len() == 1, "{answer:?}");
    let body = browser.ok("/admin/get:a").await?;
    ensure!(body == "1", "the inner session is gone: {body}");
    Ok(())
}

/// A forgotten layer is a 500, and the log says what to add.
pub async fn route_without_the_adapter_says_what_to_add(stage: &Stage) -> Verdict {
    let answer = stage.browser().get("/bare").await?;
    let is_told = answer.status == 500 && answer.field("content-type").starts_with("text/plain");
    if !is_told {
        return Err(Finding::Broken(format!("{answer:?}")));
    }
    Ok(())
}
