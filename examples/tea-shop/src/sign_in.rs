//! Signing up, in and out, and the extractor for pages that want somebody signed in.

use crate::Site;
use crate::accounts::{Password, Person, SignUp};
use crate::device;
use crate::pages::{Answer, Page, see_other, show as render};
use crate::sessions::{DEVICE, NOT_REMEMBERED, REMEMBERED, SIGNED_IN_AT};
use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Deserialize;
use web_session::{NotSignedIn, ReturnTo, Session, SignedIn};

const LONGEST_NAME: usize = 60;
/// RFC 5321, section 4.5.3.1.3, less the angle brackets.
const LONGEST_EMAIL: usize = 254;

/// Somebody who is signed in, with what their account says of them.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) session: Session,
    pub(crate) person: Person,
}

impl FromRequestParts<Site> for Customer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let signed_in = <SignedIn as FromRequestParts<Site>>::from_request_parts(parts, site).await;
        let SignedIn { owner, session } = signed_in.map_err(NotSignedIn::into_response)?;
        match site.accounts.person(&owner) {
            Some(person) => Ok(Self { session, person }),
            // The account is no more, so this is nobody's session.
            None => Err(sign_out(session).await.into_response()),
        }
    }
}

/// Makes the session `owner`'s. That changes its id (nobody who planted or saw the old one gets
/// in) and keeps what is in it: the cart.
fn begin(
    session: &Session,
    owner: &str,
    device: String,
    remember: bool,
) -> web_session::Result<()> {
    if session.owner()?.is_some_and(|former| former != owner) {
        // The cart is somebody else's.
        session.clear()?;
    }
    session.set_owner(owner)?;
    session.set_permanent(remember)?;
    session.set_lifetime(if remember { REMEMBERED } else { NOT_REMEMBERED })?;
    session.insert(DEVICE, device)?;
    session.insert(SIGNED_IN_AT, Timestamp::now())
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    next: ReturnTo,
    email: String,
    device: String,
    remember: bool,
    is_refused: bool,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct SignInForm {
    email: String,
    password: Password,
    device: String,
    remember: Option<String>,
}

pub(crate) async fn sign_in_form(
    State(site): State<Site>,
    session: Session,
    next: ReturnTo,
    headers: HeaderMap,
) -> Answer {
    if session.owner()?.is_some() {
        return Ok(see_other(next.or("/account")));
    }
    render(&SignInPage {
        page: Page::open(&session, &site)?,
        next,
        email: String::new(),
        device: device::guess(&headers),
        remember: false,
        is_refused: false,
    })
}

pub(crate) async fn sign_in(
    State(site): State<Site>,
    session: Session,
    next: ReturnTo,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Answer {
    let device = device::label(&form.device, &headers);
    let remember = form.remember.is_some();
    let Some(id) = site.accounts.verify(&form.email, form.password).await? else {
        let page = Page::open(&session, &site)?;
        let page = SignInPage { page, next, email: form.email, device, remember, is_refused: true };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response());
    };
    begin(&session, &id, device, remember)?;
    let name = site.accounts.person(&id).map_or_else(String::new, |person| person.name);
    session.flash("good", format!("Welcome back, {name}."))?;
    Ok(see_other(next.or("/account")))
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    page: Page,
    next: ReturnTo,
    name: String,
    email: String,
    device: String,
    remember: bool,
    complaints: Complaints,
}

/// What is wrong with each field.
#[derive(Debug, Default, PartialEq, Eq)]
struct Complaints {
    name: Option<&'static str>,
    email: Option<&'static str>,
    password: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct SignUpForm {
    name: String,
    email: String,
    password: Password,
    device: String,
    remember: Option<String>,
}

pub(crate) async fn sign_up_form(
    State(site): State<Site>,
    session: Session,
    next: ReturnTo,
    headers: HeaderMap,
) -> Answer {
    if session.owner()?.is_some() {
        return Ok(see_other(next.or("/account")));
    }
    render(&SignUpPage {
        page: Page::open(&session, &site)?,
        next,
        name: String::new(),
        email: String::new(),
        device: device::guess(&headers),
        remember: false,
        complaints: Complaints::default(),
    })
}

pub(crate) async fn sign_up(
    State(site): State<Site>,
    session: Session,
    next: ReturnTo,
    headers: HeaderMap,
    Form(form): Form<SignUpForm>,
) -> Answer {
    let name = form.name.trim().to_owned();
    let device = device::label(&form.device, &headers);
    let remember = form.remember.is_some();
    let mut complaints = complaints(&name, &form.email, &form.password);
    if complaints == Complaints::default() {
        match site.accounts.sign_up(&name, &form.email, form.password).await? {
            SignUp::Done(id) => {
                begin(&session, &id, device, remember)?;
                session.flash("good", format!("Welcome, {name}. Your account is ready."))?;
                return Ok(see_other(next.or("/account")));
            }
            // Without mail to send, a form cannot keep this to itself.
            SignUp::Taken => complaints.email = Some("There is an account with this address."),
        }
    }
    let page = Page::open(&session, &site)?;
    let page = SignUpPage { page, next, name, email: form.email, device, remember, complaints };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
}

fn complaints(name: &str, email: &str, password: &Password) -> Complaints {
    let is_name = (1..=LONGEST_NAME).contains(&name.chars().count());
    // Whether mail arrives is for mail to find out.
    let is_email = email.trim().len() <= LONGEST_EMAIL
        && email.trim().split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty());
    Complaints {
        name: (!is_name).then_some("Tell us a name, up to 60 characters."),
        email: (!is_email).then_some("Give an address, such as ann@example.org."),
        password: (!password.is_acceptable())
            .then_some("Choose one with at least 12 characters; a few words are fine."),
    }
}

/// Ends the session. The message for the next page begins a new one, without a name or a cart.
pub(crate) async fn sign_out(session: Session) -> Answer {
    session.flush()?;
    session.flash("plain", "You are signed out.")?;
    Ok(see_other("/"))
}

#[cfg(test)]
mod tests {
    use super::{Complaints, complaints};
    use crate::accounts::Password;

    #[test]
    fn each_field_is_complained_about_alone() {
        let none = Complaints::default();
        let table = [
            (("Ann", "ann@example.org", "twelve chars"), [false; 3]),
            (("", "ann@example.org", "twelve chars"), [true, false, false]),
            (("Ann", "ann", "twelve chars"), [false, true, false]),
            (("Ann", "@example.org", "twelve chars"), [false, true, false]),
            (("Ann", "ann@example.org", "eleven char"), [false, false, true]),
        ];
        for ((name, email, password), expected) in table {
            let found = complaints(name, email, &Password::new(password));
            let is_wrong = [found.name, found.email, found.password].map(|text| text.is_some());
            assert_eq!(is_wrong, expected, "{name} {email} {password}");
            assert_eq!(found == none, expected == [false; 3]);
        }
    }
}
