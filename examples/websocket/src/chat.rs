use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use std::time::Duration;
use tokio::time::interval;
use web_session::{ErrorKind, Key, Result, Session, SignedIn};

/// How long a socket may outlive its session.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);
/// In bytes. axum takes 64 MiB of whoever may open a socket.
pub(crate) const LONGEST: usize = 4096;

pub(crate) const NAME: Key<String> = Key::new("name");

/// The session is looked up before the socket is open: nobody signed in is a 401, a store that is
/// down a 503. It is stored before, too, so whatever the socket needs of it is opened again.
pub(crate) async fn chat(
    SignedIn { session, .. }: SignedIn,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.max_message_size(LONGEST).on_upgrade(async move |mut socket| {
        let Err(error) = talk(&mut socket, &session).await else { return };
        let (code, reason) = match error.kind() {
            ErrorKind::Gone => (close_code::POLICY, "logged out"),
            _ => {
                tracing::warn!("a chat ended: {error:#}");
                (close_code::AGAIN, "please connect again")
            }
        };
        // If it cannot be said, the browser is gone.
        let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    })
}

/// Answers until the browser leaves, or its session ends (`Gone`).
async fn talk(socket: &mut WebSocket, session: &Session) -> Result<()> {
    let mut look = interval(LOOK_EVERY);
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            // Who only listens is logged out all the same: one call to the store each time.
            _ = look.tick() => {
                session.reopen().await?;
                continue;
            }
        };
        let answer = match message {
            Some(Ok(Message::Text(text))) => answer(session, &text).await?,
            Some(Ok(_)) => continue, // axum answers pings
            Some(Err(_)) | None => return Ok(()),
        };
        if socket.send(answer.into()).await.is_err() {
            return Ok(());
        }
    }
}

/// Opens the session as it is stored now, changes it and stores it.
async fn answer(session: &Session, text: &str) -> Result<String> {
    let now = session.reopen().await?;
    let count = now.modify("messages", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    let name = now.get(NAME)?.unwrap_or_default();
    now.commit().await?;
    Ok(format!("{count}. {name}: {text}"))
}
