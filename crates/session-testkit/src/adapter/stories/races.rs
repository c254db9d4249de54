//! Requests of one session that run at the same time.

use crate::adapter::{Answer, Browser, Stage};
use crate::verdict::ensure;
use crate::{Finding, Verdict};
use session_core::Transport;
use tokio::task::JoinHandle;

/// Its stories are told of a site whose ids are in cookies.
pub const TRANSPORT: Transport = Transport::Cookie;

/// Starts a request whose handler stands at the gate when this returns.
async fn paused(
    stage: &Stage,
    browser: &Browser,
    path: &str,
) -> JoinHandle<(Browser, Result<Answer, Finding>)> {
    let (mut browser, path) = (browser.clone(), path.to_owned());
    let request = tokio::spawn(async move {
        let answer = browser.get(&path).await;
        (browser, answer)
    });
    stage.gate.arrived(1).await;
    request
}

/// Of two that read and set a key, the second is told to try again.
pub async fn one_of_two_that_read_and_set_a_key_wins(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let slow = paused(stage, &browser, "/run/get:a/pause/set:a=slow").await;
    browser.ok("/run/get:a/set:a=fast").await?;
    stage.gate.open(1);
    let (_, answer) = slow.await?;
    let answer = answer?;
    ensure!(answer.status == 409 && answer.set_cookies().is_empty(), "{answer:?}");
    let body = browser.ok("/run/get:a").await?;
    ensure!(body == "fast", "it reads {body}");
    Ok(())
}

/// Of functions on one key none is lost.
pub async fn functions_on_one_key_all_count(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/modify:n").await?;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(paused(stage, &browser, "/run/modify:n/pause").await);
    }
    stage.gate.open(3);
    for request in waiting {
        let (_, answer) = request.await?;
        let answer = answer?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    let body = browser.ok("/run/number:n").await?;
    ensure!(body == "4", "four were counted as {body}");
    Ok(())
}

/// A request that was running when its session ended does not bring it back.
pub async fn logout_is_not_undone_by_a_request_that_is_still_running(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/sign-in:ann").await?;
    let old = browser.clone();
    let slow = paused(stage, &browser, "/run/get:a/pause/set:a=slow").await;
    browser.ok("/run/sign-out").await?;
    stage.gate.open(1);
    let (_, answer) = slow.await?;
    let answer = answer?;
    ensure!(answer.status == 409 && answer.set_cookies().is_empty(), "{answer:?}");
    let answer = old.clone().get("/member").await?;
    ensure!(answer.status == 401, "{answer:?}");
    Ok(())
}

/// A request that arrives late with the id of before a sign-in cannot replace the new cookie.
pub async fn late_write_with_the_id_of_before_a_sign_in_gets_no_cookie(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let mut late = browser.clone();
    browser.ok("/run/sign-in:ann").await?;
    let answer = late.get("/run/set:a=late").await?;
    ensure!(answer.status == 409 && answer.set_cookies().is_empty(), "{answer:?}");
    let body = browser.ok("/member").await?;
    ensure!(body == "ann", "it is {body}");
    Ok(())
}
