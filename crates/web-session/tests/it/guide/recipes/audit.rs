use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{Extension, Redirect, Response};
use web_session::{Result, Session};

/// What a handler has to say to the audit log, in the extensions of its response.
#[derive(Clone)]
struct Audit {
    session: Session,
    what: &'static str,
}

async fn login(session: Session) -> Result<(Extension<Audit>, Redirect)> {
    session.set_owner("ann")?; // after the password is found right
    Ok((Extension(Audit { session, what: "login" }), Redirect::to("/")))
}

/// Goes outside the session layer, so that the session is stored and has its new id.
async fn audit(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(Audit { session, what }) = response.extensions().get() {
        match session.handle() {
            Some(handle) => tracing::info!(target: "audit", session = %handle, what),
            None => tracing::info!(target: "audit", what),
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{audit, login};
    use crate::guide::browser::{Browser, manager};
    use axum::middleware::from_fn;
    use axum::{Router, routing::post};
    use std::io;
    use std::sync::{Arc, Mutex};
    use web_session::SessionLayer;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_login_is_logged_under_the_handle_of_the_new_session() {
        let manager = manager([("SESSION_OWNER_INDEX", "true")]).await;
        let app = Router::new().route("/login", post(login));
        let app = app.layer(SessionLayer::new(manager.clone())).layer(from_fn(audit));
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        let guard = tracing::subscriber::set_default(subscriber.finish());
        Browser::new(&app).post("/login", "").await;
        drop(guard);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let sessions = manager.owners().sessions("ann").await.unwrap();
        let handle = sessions.first().unwrap().handle();
        assert!(log.contains("audit") && log.contains(&format!("session={handle}")), "{log}");
    }
}
