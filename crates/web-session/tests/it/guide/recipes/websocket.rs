use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use web_session::{ErrorKind, Result, Session, SignedIn};

async fn chat(SignedIn { session, .. }: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| async move {
        if let Err(error) = talk(socket, session).await {
            tracing::warn!("a chat ended: {error:#}");
        }
    })
}

async fn talk(mut socket: WebSocket, session: Session) -> Result<()> {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let counted = match count_message(&session).await {
            Err(error) if error.kind() == ErrorKind::Gone => break, // logged out meanwhile
            counted => counted?,
        };
        if socket.send(format!("{counted}: {text}").into()).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Opens the session as it is stored now, changes it and stores it.
async fn count_message(session: &Session) -> Result<u64> {
    let exchange = session.reopen().await?;
    let counted = exchange
        .opened()
        .map_or(Ok(0), |session| session.modify("messages", |n: Option<u64>| n.unwrap_or(0) + 1))?;
    exchange.commit().await?;
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::chat;
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;
    use axum::{Router, routing::get, routing::post};
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    use web_session::{Result, Session, SessionLayer};

    async fn logout(session: Session) -> Result<()> {
        session.flush()
    }

    #[tokio::test]
    async fn a_chat_changes_the_session_and_ends_with_it() {
        let manager = manager([]).await;
        let app = Router::new().route("/chat", get(chat)).route("/logout", post(logout));
        let app = app.layer(SessionLayer::new(manager.clone()));
        let mut browser = Browser::new(&app);
        browser.cookie = signed_in(&manager, "ann").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

        let url = format!("ws://{address}/chat");
        assert!(tokio_tungstenite::connect_async(&url).await.is_err(), "nobody is signed in");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", browser.cookie.parse().unwrap());
        let connecting = Box::pin(tokio_tungstenite::connect_async(request));
        let (mut socket, _) = connecting.await.unwrap();
        for expected in ["1: hello", "2: hello"] {
            socket.send(Message::text("hello")).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(expected));
        }
        browser.post("/logout", "").await;
        socket.send(Message::text("hello")).await.unwrap();
        let end = socket.next().await;
        assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
    }
}
