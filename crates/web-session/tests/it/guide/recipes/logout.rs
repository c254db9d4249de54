use axum::response::Redirect;
use web_session::{Result, Session, SessionManager, SignedIn};

async fn logout(session: Session) -> Result<Redirect> {
    session.flush()?;
    session.flash("info", "You are logged out.")?; // begins a new session
    Ok(Redirect::to("/"))
}

/// Logs out on all devices, this one included.
async fn logout_everywhere(SignedIn { session, .. }: SignedIn) -> Result<Redirect> {
    session.owners().end_others(&session).await?;
    session.flush()?;
    Ok(Redirect::to("/"))
}

/// After the new password is stored: this device stays, with a new id.
async fn after_a_change_of_password(session: &Session) -> Result<usize> {
    session.regenerate()?;
    session.owners().end_others(session).await
}

/// Outside a request: an account is closed by somebody else.
async fn lock_out(manager: &SessionManager, owner: &str) -> Result<usize> {
    manager.owners().end_all(owner).await
}

#[cfg(test)]
mod tests {
    use super::{after_a_change_of_password, lock_out, logout, logout_everywhere};
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;
    use axum::{Router, routing::get, routing::post};
    use web_session::{Result, Session, SessionLayer, SignedIn};

    async fn who(session: Session) -> Result<String> {
        Ok(format!("{:?} {}", session.owner()?, session.take_flashes()?.len()))
    }

    async fn password(SignedIn { session, .. }: SignedIn) -> Result<String> {
        Ok(after_a_change_of_password(&session).await?.to_string())
    }

    #[tokio::test]
    async fn each_logout_ends_what_it_says() {
        let manager = manager([("SESSION_OWNER_INDEX", "true")]).await;
        let app = Router::new()
            .route("/", get(who))
            .route("/logout", post(logout))
            .route("/everywhere", post(logout_everywhere))
            .route("/password", post(password))
            .layer(SessionLayer::new(manager.clone()));
        let mut browsers = Vec::new();
        for _ in 0..5 {
            let mut browser = Browser::new(&app);
            browser.cookie = signed_in(&manager, "ann").await;
            browsers.push(browser);
        }
        let [a, b, c, d, e] = &mut *browsers else { return };
        a.post("/logout", "").await;
        assert_eq!(a.get("/").await.body, "None 1");
        assert_eq!(b.get("/").await.body, "Some(\"ann\") 0");
        let before = b.cookie.clone();
        assert_eq!(b.post("/password", "").await.body, "3");
        assert_ne!(b.cookie, before);
        for other in [c, d] {
            assert_eq!(other.get("/").await.body, "None 0");
            other.cookie = signed_in(&manager, "ann").await;
        }
        assert_eq!(b.get("/").await.body, "Some(\"ann\") 0");
        b.post("/everywhere", "").await;
        assert_eq!(b.cookie, "");
        e.cookie = signed_in(&manager, "ann").await;
        assert_eq!(lock_out(&manager, "ann").await.unwrap(), 1);
        assert_eq!(e.get("/").await.body, "None 0");
    }
}
