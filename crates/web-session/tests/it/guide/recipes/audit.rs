use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::UNIX_EPOCH;
use web_session::{EventKind, SessionEvent, SessionManager};

/// Appends a line to the file for everything that happens to a session. Call it once, at the start.
fn keep_audit_log(manager: &SessionManager, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut log = OpenOptions::new().create(true).append(true).open(path)?;
    manager.observe(move |event| {
        // In one piece, since other processes may append to the same file.
        if let Err(error) = log.write_all(line(event).as_bytes()) {
            tracing::error!(%error, "an event is missing in the audit log");
        }
    })?;
    Ok(())
}

fn line(event: &SessionEvent) -> String {
    let mut line = json!({
        "at": event.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
        "event": event.kind.as_str(),
        "session": event.session.map(|handle| handle.to_string()),
        "owner": event.owner,
    });
    match event.kind {
        EventKind::Moved { from } => line["from"] = json!(from.to_string()),
        EventKind::Ended { by } => line["by"] = json!(by.as_str()),
        EventKind::Refused { why } => line["why"] = json!(why.as_str()),
        EventKind::Lost { count } => line["count"] = json!(count),
        _ => {}
    }
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::keep_audit_log;
    use crate::guide::browser::manager;
    use serde_json::{Value, json};
    use web_session::testing::Browser;

    #[tokio::test]
    async fn a_line_says_who_signed_in_where_the_session_went_and_who_ended_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let manager = manager([("SESSION_OWNER_INDEX", "true")]).await;
        keep_audit_log(&manager, &path).unwrap();
        let mut browser = Browser::signed_in(&manager, "ann").await.unwrap();
        let handle = async || {
            let sessions = manager.owners().sessions("ann").await.unwrap();
            sessions.first().unwrap().handle().to_string()
        };
        let first = handle().await;
        browser.change(|session| session.regenerate()).await.unwrap();
        let second = handle().await;
        manager.owners().end_all("ann").await.unwrap();
        manager.drain_events().await;
        let log = std::fs::read_to_string(&path).unwrap();
        let expected = [
            json!({ "event": "created", "session": first, "owner": "ann" }),
            json!({ "event": "signed_in", "session": first, "owner": "ann" }),
            json!({ "event": "moved", "session": second, "owner": "ann", "from": first }),
            json!({ "event": "ended", "session": second, "owner": "ann", "by": "owner" }),
        ];
        assert_eq!(log.lines().count(), expected.len(), "{log}");
        for (line, expected) in log.lines().zip(expected) {
            let mut line: Value = serde_json::from_str(line).unwrap();
            assert!(line["at"].as_f64().unwrap() > 1.7e9, "{line}");
            line.as_object_mut().unwrap().remove("at");
            assert_eq!(line, expected);
        }
    }
}
