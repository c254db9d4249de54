use axum::response::{Html, Redirect};
use web_session::{Result, Session};

async fn save(session: Session) -> Result<Redirect> {
    session.flash("success", "Your profile is saved.")?;
    Ok(Redirect::to("/profile"))
}

async fn profile(session: Session) -> Result<Html<String>> {
    let mut page = String::new();
    for flash in session.take_flashes()? {
        page += &format!("<p class={}>{}</p>", flash.category, flash.message);
    }
    Ok(Html(page + "<form method=post action=/profile><button>Save</button></form>"))
}

#[cfg(test)]
mod tests {
    use super::{profile, save};
    use crate::guide::browser::{Browser, manager};
    use axum::{Router, routing::get};
    use web_session::SessionLayer;

    #[tokio::test]
    async fn a_message_is_shown_once() {
        let app = Router::new().route("/profile", get(profile).post(save));
        let mut browser = Browser::new(&app.layer(SessionLayer::new(manager([]).await)));
        assert_eq!(browser.post("/profile", "").await.location(), "/profile");
        let shown = "<p class=success>Your profile is saved.</p>";
        assert!(browser.get("/profile").await.body.starts_with(shown));
        assert!(browser.get("/profile").await.body.starts_with("<form"));
    }
}
