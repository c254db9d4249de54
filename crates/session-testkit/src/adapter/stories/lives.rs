//! How a session begins, moves and ends.

use crate::adapter::{Answer, Stage};
use crate::verdict::ensure;
use crate::{Fault, Method, Verdict};
use session_core::{ErrorKind, Transport};

/// Its stories are told of a site whose ids are in cookies.
pub const TRANSPORT: Transport = Transport::Cookie;

/// A sign-in gives the browser another id; the old one opens nothing any more.
pub async fn sign_in_moves_to_a_new_id_and_the_old_one_is_dead(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let mut thief = browser.clone();
    browser.ok("/run/sign-in:ann").await?;
    ensure!(browser.cookie("session") != thief.cookie("session"), "the id stayed");
    let (theirs, own) = (thief.ok("/run/get:a").await?, browser.ok("/run/get:a").await?);
    ensure!(theirs == "none" && own == "1", "the old id reads {theirs}, the new one {own}");
    Ok(())
}

/// A logout ends the record, and takes the cookie from the browser.
pub async fn logout_removes_record_and_cookie(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/sign-in:ann").await?;
    let mut thief = browser.clone();
    browser.ok("/run/sign-out").await?;
    ensure!(!browser.holds("session"), "the browser still has its cookie");
    let body = thief.ok("/run/get:_user_id").await?;
    ensure!(body == "none", "the id still opens the session of {body}");
    Ok(())
}

/// Without anybody signed in, a page load is sent to the sign-in page and a script gets 401.
pub async fn who_is_not_signed_in_is_told_so_or_sent_to_sign_in(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    let answer = browser.get("/member").await?;
    ensure!(answer.status == 401, "{answer:?}");
    ensure!(answer.fields.contains_key("www-authenticate"), "{answer:?}");
    let answer = browser.get_with("/member?page=2", &[("sec-fetch-mode", "navigate")]).await?;
    let is_sent = answer.field("location") == "/sign-in?next=/member%3Fpage%3D2";
    ensure!(answer.status == 303 && is_sent, "{answer:?}");
    for name in ["vary", "cache-control"] {
        ensure!(answer.fields.contains_key(name), "no {name}: {answer:?}");
    }
    browser.ok("/run/sign-in:ann").await?;
    let body = browser.ok("/member").await?;
    ensure!(body == "ann", "it is {body}");
    Ok(())
}

/// Two layers, one within the other, keep a session each under a cookie each.
pub async fn nested_sessions_have_a_cookie_each(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    browser.ok("/admin/set:a=inner").await?;
    ensure!(browser.holds("admin") && !browser.holds("session"), "{browser:?}");
    browser.ok("/run/set:a=outer").await?;
    let (inner, outer) = (browser.ok("/admin/get:a").await?, browser.ok("/run/get:a").await?);
    ensure!(inner == "inner" && outer == "outer", "{inner}, {outer}");
    Ok(())
}

/// A cookie of a former name opens its session, and the response that sets the present one removes it,
/// also where a layer around it fails.
pub async fn cookie_of_a_former_name_is_replaced(stage: &Stage) -> Verdict {
    let present = stage.visitor("/admin/set:a=1").await?.cookie("admin");
    let former = present.replacen("admin", "former", 1);
    let mut browser = stage.browser();
    let answer = browser.get_with("/admin/get:a", &[("cookie", &*former)]).await?;
    ensure!(answer.body == "1", "{answer:?}");
    ensure!(answer.field("cache-control") == "no-store", "{answer:?}");
    is_replaced(&answer)?;
    stage.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let answer = browser.stranger().get_with("/both/set:a=2", &[("cookie", &*former)]).await?;
    ensure!(answer.status == 503, "{answer:?}");
    is_replaced(&answer)
}

fn is_replaced(answer: &Answer) -> Verdict {
    let cookies = answer.set_cookies();
    let [set, removed] = ["admin=", "former=; Max-Age=0"]
        .map(|start| cookies.iter().any(|cookie| cookie.starts_with(start)));
    ensure!(cookies.len() == 2 && set && removed, "{answer:?}");
    Ok(())
}
