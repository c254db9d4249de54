//! Ids in a header field, for clients that are no browsers.

use crate::adapter::{Answer, Stage};
use crate::verdict::ensure;
use crate::{Fault, Finding, Method, Verdict};
use session_core::{ErrorKind, Transport};

/// Its stories are told of a site whose ids are in a header field.
pub const TRANSPORT: Transport = Transport::Header;

const FIELD: &str = "x-auth-token";

/// What the first request wrote, the second one reads by the field of the first response, which sets
/// no cookie.
pub async fn first_write_answers_with_the_field_and_the_next_request_has_its_session(
    stage: &Stage,
) -> Verdict {
    let answer = stage.browser().get("/run/set:a=1").await?;
    ensure!(answer.set_cookies().is_empty() && stage.memory.len() == 1, "{answer:?}");
    let id = id_of(&answer)?;
    let answer = get(stage, &id, "/run/get:a").await?;
    ensure!(answer.body == "1", "{answer:?}");
    ensure!(!answer.fields.contains_key(FIELD), "reading gives an id: {answer:?}");
    Ok(())
}

/// An id in a cookie is not read, nor is one in a field of another name.
pub async fn cookie_with_the_id_of_a_field_opens_nothing(stage: &Stage) -> Verdict {
    let id = id_of(&stage.browser().get("/run/set:a=1").await?)?;
    let cookie = format!("session={id}; {FIELD}={id}");
    for (name, value) in [("cookie", &cookie), ("authorization", &id), ("x-session-id", &id)] {
        let answer = stage.browser().get_with("/run/get:a", &[(name, value.as_str())]).await?;
        ensure!(answer.body == "none", "{name}: {answer:?}");
    }
    Ok(())
}

/// A response varies by the field and not by cookies, and with an id no shared cache may keep it.
pub async fn field_is_kept_out_of_shared_caches_and_responses_vary_by_it(stage: &Stage) -> Verdict {
    let answer = stage.browser().get("/run/get:a").await?;
    ensure!(answer.field("vary").eq_ignore_ascii_case(FIELD), "{answer:?}");
    let answer = stage.browser().get("/run/set:a=1/public").await?;
    ensure!(answer.field("vary").eq_ignore_ascii_case(FIELD), "{answer:?}");
    ensure!(answer.field("cache-control") == "private, max-age=60", "{answer:?}");
    ensure!(!answer.fields.contains_key("cdn-cache-control"), "{answer:?}");
    let answer = get(stage, &id_of(&answer)?, "/run/get:a/public").await?;
    ensure!(answer.field("cache-control") == "public, max-age=60", "{answer:?}");
    Ok(())
}

/// A sign-in gives the client another id, and a logout an empty field; neither old id opens anything.
pub async fn sign_in_answers_with_another_id_and_a_logout_with_an_empty_field(
    stage: &Stage,
) -> Verdict {
    let before = id_of(&stage.browser().get("/run/set:a=1").await?)?;
    let id = id_of(&get(stage, &before, "/run/sign-in:ann").await?)?;
    ensure!(id != before, "the id stayed");
    let (old, own) =
        (get(stage, &before, "/run/get:a").await?, get(stage, &id, "/run/get:a").await?);
    ensure!(old.body == "none" && own.body == "1", "{old:?}, {own:?}");
    let answer = get(stage, &id, "/run/sign-out").await?;
    let fields: Vec<_> = answer.fields.get_all(FIELD).iter().collect();
    ensure!(fields == [""] && answer.set_cookies().is_empty(), "{answer:?}");
    ensure!(answer.field("cache-control") == "no-store", "{answer:?}");
    let answer = get(stage, &id, "/run/get:_user_id").await?;
    ensure!(answer.body == "none", "the id still opens the session of {}", answer.body);
    Ok(())
}

/// An id that is malformed costs no call; of two that open a session each, none is believed.
pub async fn several_fields_and_malformed_ids_open_nothing(stage: &Stage) -> Verdict {
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(id_of(&stage.browser().get("/run/set:a=1").await?)?);
    }
    stage.counting.take_calls();
    for malformed in ["", "x", &format!("{}, {}", ids[0], ids[1]), &format!("session={}", ids[0])] {
        let answer = get(stage, malformed, "/run/get:a").await?;
        ensure!(answer.status == 200 && answer.body == "none", "{malformed}: {answer:?}");
    }
    let calls = stage.counting.take_calls();
    ensure!(calls.total() == 0, "it cost {calls:?}");
    let both = [(FIELD, &*ids[0]), (FIELD, &*ids[1])];
    let answer = stage.browser().get_with("/run/get:a", &both).await?;
    ensure!(answer.body == "none", "{answer:?}");
    let twice = [(FIELD, "x"), (FIELD, &*ids[0])];
    let answer = stage.browser().get_with("/run/get:a", &twice).await?;
    ensure!(answer.body == "1", "{answer:?}");
    Ok(())
}

/// The challenge of a 401 says that it is no cookie that is missing.
pub async fn who_is_not_signed_in_is_told_what_carries_the_id(stage: &Stage) -> Verdict {
    let answer = stage.browser().get("/member").await?;
    let challenge = answer.field("www-authenticate");
    ensure!(answer.status == 401 && challenge == "Header", "{answer:?}");
    ensure!(answer.field("vary").eq_ignore_ascii_case(FIELD), "{answer:?}");
    let id = id_of(&stage.browser().get("/run/sign-in:ann").await?)?;
    let answer = get(stage, &id, "/member").await?;
    ensure!(answer.body == "ann", "{answer:?}");
    Ok(())
}

/// What a commit that fails leaves is told to the client, once for each layer.
pub async fn field_of_what_is_stored_outlives_a_commit_that_fails(stage: &Stage) -> Verdict {
    stage.faulty.push(Method::Write, Fault::Pass);
    stage.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let answer = stage.browser().get("/run/update:n/set:a=1").await?;
    ensure!(answer.status == 503, "{answer:?}");
    let answer = get(stage, &id_of(&answer)?, "/run/number:n").await?;
    ensure!(answer.body == "1", "the update is gone: {answer:?}");
    stage.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let answer = stage.browser().get("/both/set:a=1").await?;
    let inner: Vec<_> = answer.fields.get_all("admin").iter().collect();
    ensure!(answer.status == 503 && inner.len() == 1, "{answer:?}");
    ensure!(!answer.fields.contains_key(FIELD), "{answer:?}");
    Ok(())
}

async fn get(stage: &Stage, id: &str, path: &str) -> Result<Answer, Finding> {
    stage.browser().get_with(path, &[(FIELD, id)]).await
}

/// The one id that the answer gives.
fn id_of(answer: &Answer) -> Result<String, Finding> {
    let fields: Vec<_> = answer.fields.get_all(FIELD).iter().collect();
    match fields[..] {
        [id] if !id.is_empty() => Ok(String::from_utf8_lossy(id.as_bytes()).into_owned()),
        _ => Err(Finding::Broken(format!("not one id: {answer:?}"))),
    }
}
