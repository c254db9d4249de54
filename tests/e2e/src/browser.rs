//! Who keeps the cookie that comes with answers.

use crate::answer::Answer;
use crate::server::Server;

/// Keeps the one cookie of the application.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The pair of name and value that it sends.
    pub cookie: Option<String>,
}

impl Browser {
    /// A browser that got this answer first.
    pub fn after(answer: &Answer) -> Self {
        let mut browser = Self::default();
        browser.heed(answer);
        browser
    }

    /// Begins a session by running `program`.
    pub async fn signed_on(server: &Server, program: &str) -> Self {
        let mut browser = Self::default();
        browser.run(server, program).await;
        assert!(browser.cookie.is_some(), "the program stores something");
        browser
    }

    /// Sends the cookie to `path` with `program`, and heeds the cookie in the answer.
    pub async fn send(&mut self, server: &Server, path: &str, program: &str) -> Answer {
        let answer = server.send(path, self.cookie.as_deref(), program).await;
        self.heed(&answer);
        answer
    }

    /// Runs `program`, which must succeed, and returns what it said.
    #[track_caller]
    pub fn run(&mut self, server: &Server, program: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        let sending = server.begin("/run", self.cookie.as_deref(), program);
        async move {
            let answer = sending.answer().await;
            assert!(answer.is_success(), "{program} at {caller}: {answer:?}");
            self.heed(&answer);
            answer.body
        }
    }

    /// Whether the cookie opens a live session.
    pub async fn is_known(&self, server: &Server) -> bool {
        let answer = server.send("/member", self.cookie.as_deref(), "flashes").await;
        assert!(answer.is_success() || answer.status == 401, "{answer:?}");
        answer.is_success()
    }

    fn heed(&mut self, answer: &Answer) {
        if let Some(set) = answer.set_cookie() {
            let pair = set.split(';').next().map(str::to_owned);
            self.cookie = pair.filter(|_| !set.contains("Max-Age=0"));
        }
    }
}
