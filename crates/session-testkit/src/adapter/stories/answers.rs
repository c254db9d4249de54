//! What the adapter adds to a response, and when.

use crate::adapter::Stage;
use crate::verdict::ensure;
use crate::{Calls, Verdict};
use http_body_util::BodyExt as _;
use session_core::Transport;

/// Its stories are told of a site whose ids are in cookies.
pub const TRANSPORT: Transport = Transport::Cookie;

const NONE: u64 = 0;

/// A handler that takes no session costs no call, and its response is as it made it.
pub async fn route_without_a_session_is_left_alone(stage: &Stage) -> Verdict {
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let answer = browser.get("/plain").await?;
    ensure!(answer.status == 200 && answer.body == "plain", "{answer:?}");
    for name in ["vary", "cache-control", "set-cookie"] {
        ensure!(!answer.fields.contains_key(name), "{name} of {answer:?}");
    }
    let calls = stage.counting.take_calls();
    ensure!(calls.total() == NONE, "it cost {calls:?}");
    Ok(())
}

/// Reading varies by the cookie and sets none, whether there is a session or not.
pub async fn reading_sets_no_cookie(stage: &Stage) -> Verdict {
    let mut stranger = stage.browser();
    let answer = stranger.get("/run/get:a").await?;
    ensure!(answer.body == "none" && answer.set_cookies().is_empty(), "{answer:?}");
    ensure!(answer.field("vary").eq_ignore_ascii_case("cookie"), "{answer:?}");
    ensure!(stage.memory.is_empty(), "a record was stored");
    let mut browser = stage.visitor("/run/set:a=1").await?;
    let answer = browser.get("/run/get:a").await?;
    ensure!(answer.body == "1" && answer.set_cookies().is_empty(), "{answer:?}");
    ensure!(answer.field("vary").eq_ignore_ascii_case("cookie"), "{answer:?}");
    let calls = stage.counting.take_calls();
    ensure!(calls == Calls { load: 1, ..Calls::default() }, "it cost {calls:?}");
    Ok(())
}

/// What the first request wrote, the second one reads by the cookie of the first response.
pub async fn first_write_sets_the_cookie_and_the_next_request_has_its_session(
    stage: &Stage,
) -> Verdict {
    let mut browser = stage.browser();
    let answer = browser.get("/run/set:a=1").await?;
    let [cookie] = answer.set_cookies()[..] else {
        return Err(crate::Finding::Broken(format!("not one cookie: {answer:?}")));
    };
    ensure!(cookie.starts_with("session="), "{cookie}");
    ensure!(cookie.contains("; HttpOnly") && cookie.contains("; Path=/"), "{cookie}");
    ensure!(stage.memory.len() == 1, "{} records", stage.memory.len());
    let body = browser.ok("/run/get:a").await?;
    ensure!(body == "1", "it reads {body}");
    Ok(())
}

/// A response with a session cookie says nothing that lets a shared cache keep it.
pub async fn session_cookie_is_kept_out_of_shared_caches(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    let answer = browser.get("/run/set:a=1").await?;
    ensure!(answer.field("cache-control") == "no-store", "{answer:?}");
    let mut browser = stage.browser();
    let answer = browser.get("/run/set:a=1/public").await?;
    ensure!(answer.field("cache-control") == "private, max-age=60", "{answer:?}");
    ensure!(!answer.fields.contains_key("cdn-cache-control"), "{answer:?}");
    // Without a cookie the application's own word stands.
    let answer = browser.get("/run/get:a/public").await?;
    ensure!(answer.field("cache-control") == "public, max-age=60", "{answer:?}");
    Ok(())
}

/// Clients may send each cookie in a field of its own (RFC 9113, section 8.2.3).
pub async fn cookies_in_several_fields_are_read(stage: &Stage) -> Verdict {
    let browser = stage.visitor("/run/set:a=1").await?;
    let session = browser.cookie("session");
    let fields = [("cookie", "theme=dark"), ("cookie", &*session)];
    let answer = browser.stranger().get_with("/run/get:a", &fields).await?;
    ensure!(answer.body == "1", "{answer:?}");
    Ok(())
}

/// A 4xx of the application's is an answer, and what the handler asked for is stored.
pub async fn not_found_is_an_answer_and_stores_what_was_asked(stage: &Stage) -> Verdict {
    let mut browser = stage.browser();
    let answer = browser.get("/run/set:a=1/status:404").await?;
    ensure!(answer.status == 404 && answer.set_cookies().len() == 1, "{answer:?}");
    let body = browser.ok("/run/get:a").await?;
    ensure!(body == "1", "it reads {body}");
    Ok(())
}

/// The head, with the cookie, comes when the session is stored, and not with the end of the body.
pub async fn head_is_sent_before_the_body_has_ended(stage: &Stage) -> Verdict {
    let response = stage.browser().begin("/stream/set:a=1", &[]).await?;
    ensure!(response.headers().contains_key("set-cookie"), "no cookie: {:?}", response.headers());
    ensure!(stage.memory.len() == 1, "the head is there, and the session is not stored");
    // Its body waits here, or has yet to be asked for its second chunk.
    stage.gate.open(1);
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| crate::Finding::Broken(format!("the body: {error}")))?;
    ensure!(&*body.to_bytes() == b"headtail", "the body is another");
    Ok(())
}
