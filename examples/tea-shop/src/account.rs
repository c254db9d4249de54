//! Who is signed in where, and the way out.

use crate::Site;
use crate::accounts::Person;
use crate::pages::{Answer, Page, see_other, show as render};
use crate::sessions::{DEVICE, SIGNED_IN_AT};
use crate::sign_in::Customer;
use crate::words::{ago, in_words};
use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use std::cmp::Reverse;
use std::time::Duration;
use web_session::{Session, SessionInfo, SignedIn};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    person: Person,
    device: String,
    since: String,
    ago: String,
    is_permanent: bool,
    ttl: String,
    /// `None` where the store keeps no index of owners.
    others: Option<Vec<Device>>,
}

/// Another session of the same person.
struct Device {
    handle: String,
    name: String,
    ago: String,
    ttl: String,
}

pub(crate) async fn show(State(site): State<Site>, customer: Customer) -> Answer {
    let Customer { session, person } = customer;
    let others = others(&session).await?;
    let since = session.get(SIGNED_IN_AT)?.unwrap_or_else(Timestamp::now);
    render(&AccountPage {
        page: Page::open(&session, &site)?,
        person,
        device: session.get(DEVICE)?.unwrap_or_default(),
        since: since.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        ago: ago(age(since)),
        is_permanent: session.is_permanent(),
        ttl: in_words(session.ttl()?.unwrap_or_default()),
        others,
    })
}

/// The person's other sessions, the newest first.
async fn others(session: &Session) -> web_session::Result<Option<Vec<Device>>> {
    let owners = session.owners();
    if !owners.has_index() {
        return Ok(None);
    }
    let owner = session.owner()?.unwrap_or_default();
    let mut sessions = owners.sessions(&owner).await?;
    sessions.retain(|info| !info.is_current(session));
    sessions.sort_by_key(|info| Reverse(signed_in_at(info)));
    Ok(Some(sessions.iter().map(device).collect()))
}

fn device(info: &SessionInfo) -> Device {
    // A value of another version of the site must not hide the sessions that can be ended here.
    let name = info.get(DEVICE).ok().flatten();
    Device {
        handle: info.handle().to_string(),
        name: name.unwrap_or_else(|| "A device without a name".to_owned()),
        ago: signed_in_at(info).map_or_else(|| "some time ago".to_owned(), |at| ago(age(at))),
        ttl: in_words(info.ttl()),
    }
}

fn signed_in_at(info: &SessionInfo) -> Option<Timestamp> {
    info.get(SIGNED_IN_AT).ok().flatten()
}

fn age(since: Timestamp) -> Duration {
    Timestamp::now().duration_since(since).unsigned_abs()
}

#[derive(Deserialize)]
pub(crate) struct EndForm {
    handle: String,
}

/// Ends one other session.
pub(crate) async fn end(
    SignedIn { owner, session }: SignedIn,
    Form(form): Form<EndForm>,
) -> Answer {
    let is_ended = match form.handle.parse() {
        Ok(handle) => session.owners().end(&owner, handle).await?,
        Err(_) => false,
    };
    match is_ended {
        true => session.flash("good", "That device is signed out.")?,
        false => session.flash("plain", "That device was signed out already.")?,
    }
    Ok(see_other("/account"))
}

/// Ends every other session.
pub(crate) async fn end_others(SignedIn { session, .. }: SignedIn) -> Answer {
    let message = match session.owners().end_others(&session).await? {
        0 => "You were signed in on no other device.".to_owned(),
        1 => "One other device is signed out.".to_owned(),
        count => format!("{count} other devices are signed out."),
    };
    session.flash("good", message)?;
    Ok(see_other("/account"))
}

/// Ends every session, this one with the response.
pub(crate) async fn end_all(SignedIn { session, .. }: SignedIn) -> Answer {
    session.owners().end_others(&session).await?;
    session.flush()?;
    session.flash("plain", "You are signed out everywhere.")?;
    Ok(see_other("/"))
}
