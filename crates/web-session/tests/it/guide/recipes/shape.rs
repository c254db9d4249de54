use serde::{Deserialize, Serialize};
use web_session::{ErrorKind, Key, Result, Session};

/// A field that was added has a default, one that was renamed its old name, too.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Cart {
    items: Vec<u32>,
    #[serde(alias = "code")]
    voucher: Option<String>,
}

const CART: Key<Cart> = Key::new("cart");

/// A type that became another is read in both forms and written in the new one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Theme {
    Named(String),
    Number(u8),
}

fn theme(session: &Session) -> Result<String> {
    Ok(match session.get("theme")? {
        Some(Theme::Named(name)) => name,
        Some(Theme::Number(1)) => "dark".into(),
        Some(Theme::Number(_)) | None => "light".into(),
    })
}

/// What cannot be read any more is given up, and not an error for the rest of the session.
fn cart(session: &Session) -> Result<Cart> {
    match session.get(CART) {
        Err(error) if error.kind() == ErrorKind::Decode => {
            session.forget(CART)?;
            Ok(Cart::default())
        }
        cart => Ok(cart?.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{cart, theme};
    use crate::guide::browser::manager;
    use serde_json::json;

    #[tokio::test]
    async fn what_was_stored_before_is_read() {
        let manager = manager([]).await;
        let session = manager.create();
        assert_eq!(theme(&session).unwrap(), "light");
        session.insert("theme", 1).unwrap();
        assert_eq!(theme(&session).unwrap(), "dark");
        session.insert("theme", "blue").unwrap();
        assert_eq!(theme(&session).unwrap(), "blue");
        session.insert("cart", json!({"code": "X", "items": [7]})).unwrap();
        let read = cart(&session).unwrap();
        assert_eq!((read.items, read.voucher.as_deref()), (vec![7], Some("X")));
        session.insert("cart", json!({})).unwrap();
        assert_eq!(cart(&session).unwrap().items.len(), 0);
        session.insert("cart", "7,8").unwrap();
        assert_eq!(cart(&session).unwrap().items.len(), 0);
        assert!(!session.contains_key("cart").unwrap());
    }
}
