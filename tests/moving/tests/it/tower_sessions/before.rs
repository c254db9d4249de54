//! On tower-sessions 0.15, and on 0.14, on which axum-login and axum-messages stand.

macro_rules! on {
    ($version:ident, $tower_sessions:path) => {
        pub(super) mod $version {
            use $tower_sessions as tower_sessions;

            use axum::{Router, routing::get};
            use time::{Duration, OffsetDateTime};
            use tower_sessions::cookie::SameSite;
            use tower_sessions::session::Error;
            use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};

            /// What a handler answers of an error.
            fn failed(error: Error) -> String {
                error.to_string()
            }

            async fn home(session: Session) -> Result<String, String> {
                let visits = session.get::<u64>("visits").await.map_err(failed)?.unwrap_or(0) + 1;
                session.insert("visits", visits).await.map_err(failed)?;
                Ok(format!("visit {visits}"))
            }

            async fn raise(session: Session) -> Result<(), String> {
                session.cycle_id().await.map_err(failed)
            }

            async fn take(session: Session) -> Result<(), String> {
                session.insert("note", "tea").await.map_err(failed)?;
                session.save().await.map_err(failed)?; // before what takes long
                session.set_expiry(Some(Expiry::OnInactivity(Duration::days(1))));
                let end = OffsetDateTime::now_utc() + Duration::days(2);
                session.set_expiry(Some(Expiry::AtDateTime(end)));
                assert!(session.expiry_age() <= Duration::days(2) && session.expiry_date() <= end);
                assert!(session.is_modified() && session.id().is_some());
                Ok(())
            }

            async fn note(session: Session) -> Result<String, String> {
                let value = session.get_value("note").await.map_err(failed)?;
                let note = session.remove::<String>("note").await.map_err(failed)?;
                assert_eq!(value.is_some(), note.is_some());
                Ok(note.unwrap_or("no note".into()))
            }

            async fn empty(session: Session) {
                assert!(!session.is_empty().await);
                session.clear().await;
            }

            async fn end(session: Session) -> Result<(), String> {
                session.flush().await.map_err(failed)
            }

            pub(in super::super) fn app(store: impl SessionStore + Clone) -> Router {
                let _until_the_browser_is_closed = Expiry::OnSessionEnd;
                let sessions = SessionManagerLayer::new(store)
                    .with_name("id")
                    .with_secure(false)
                    .with_same_site(SameSite::Lax)
                    .with_always_save(true)
                    .with_expiry(Expiry::OnInactivity(Duration::weeks(2)));
                Router::new()
                    .route("/", get(home))
                    .route("/raise", get(raise))
                    .route("/take", get(take))
                    .route("/note", get(note))
                    .route("/empty", get(empty))
                    .route("/end", get(end))
                    .layer(sessions)
            }
        }
    };
}

on!(on_0_14, axum_login::tower_sessions);
on!(on_0_15, ::tower_sessions);

/// What an application spawns for stores that do not expire by themselves.
#[expect(dead_code, reason = "the stores in question are databases")]
async fn sweep(store: impl tower_sessions_core_0_15::session_store::ExpiredDeletion) {
    let _ = store.continuously_delete_expired(std::time::Duration::from_secs(60)).await;
}
