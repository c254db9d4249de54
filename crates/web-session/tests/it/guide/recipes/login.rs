use axum::extract::Form;
use axum::response::Redirect;
use serde::Deserialize;
use web_session::{Result, ReturnTo, Session};

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

struct Account {
    id: u64,
    name: String,
}

/// Stands for your table of users.
async fn account_of(login: &Login) -> Option<Account> {
    let is_right = login.name == "ann" && login.password == "open sesame";
    is_right.then(|| Account { id: 17, name: "Ann".into() })
}

async fn login(session: Session, next: ReturnTo, Form(login): Form<Login>) -> Result<Redirect> {
    let Some(account) = account_of(&login).await else {
        session.flash("error", "Wrong name or password.")?;
        return Ok(Redirect::to(&next.on("/login")));
    };
    session.set_owner(&account.id.to_string())?; // the login
    session.insert("name", account.name)?; // what pages need, after it
    Ok(Redirect::to(next.or("/")))
}

#[cfg(test)]
mod tests {
    use super::login;
    use crate::guide::browser::{Browser, manager};
    use axum::{Router, routing::get, routing::post};
    use web_session::{Result, Session, SessionLayer};

    async fn who(session: Session) -> Result<String> {
        let messages = session.take_flashes()?.len();
        Ok(format!("{:?} {:?} {messages}", session.owner()?, session.get::<String>("name")?))
    }

    #[tokio::test]
    async fn login_leads_back_to_where_the_visitor_came_from() {
        let app = Router::new().route("/login", post(login)).route("/who", get(who));
        let app = app.layer(SessionLayer::new(manager([]).await));
        let mut browser = Browser::new(&app);
        let answer = browser.post("/login?next=/cart", "name=ann&password=x").await;
        assert_eq!(answer.location(), "/login?next=/cart");
        assert_eq!(browser.get("/who").await.body, "None None 1");
        let before = browser.cookie.clone();
        let answer = browser.post("/login?next=/cart", "name=ann&password=open+sesame").await;
        assert_eq!(answer.location(), "/cart");
        assert_ne!(browser.cookie, before);
        assert_eq!(browser.get("/who").await.body, "Some(\"17\") Some(\"Ann\") 0");
        let answer = browser.post("/login?next=//evil", "name=ann&password=open+sesame").await;
        assert_eq!(answer.location(), "/");
    }
}
