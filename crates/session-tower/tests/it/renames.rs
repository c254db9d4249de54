//! A cookie that gets another name while people are signed in.

use crate::support::Answer;
use crate::support::app::App;
use session_core::{Config, ConfigBuilder, MemoryStore, Rollout, SessionManager, Signer, Store};
use session_testkit::{Calls, CountingStore};
use std::collections::BTreeMap;
use std::sync::Arc;

fn signer() -> Signer {
    Signer::new("a key of thirty-two bytes or more").unwrap()
}

/// An instance over the store of all: in a process of its own, so that none knows of the others.
fn counted(memory: &Arc<MemoryStore>, config: ConfigBuilder) -> (App, Arc<CountingStore>) {
    let config = config.build().unwrap();
    let signer = config.use_signer().reads_new().then(signer);
    let store = Arc::new(CountingStore::new(memory.clone()));
    (App::with(store.clone(), config, signer), store)
}

fn app(memory: &Arc<MemoryStore>, config: ConfigBuilder) -> App {
    counted(memory, config).0
}

fn renamed() -> ConfigBuilder {
    Config::builder().cookie_name("sid").cookie_name_fallback("session")
}

/// The cookies of a browser, by name: all of one host, and all of the path `/`.
#[derive(Clone, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    async fn get(&mut self, app: &App, path: &str) -> Answer {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = app.request(path, &[pairs.join("; ").as_bytes()]).await;
        for set in answer.set_cookies() {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            let is_removed = set.contains("Max-Age=0");
            // Browsers drop the field otherwise (RFC 6265bis, section 5.7).
            let is_taken = !name.starts_with("__Host-") || set.contains("; Secure");
            match (is_taken, is_removed) {
                (true, true) => drop(self.0.remove(name)),
                (true, false) => drop(self.0.insert(name.to_owned(), value.to_owned())),
                (false, _) => panic!("no browser takes {name}"),
            }
        }
        answer
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut jar = self.clone();
        jar.0.insert(name.to_owned(), value.to_owned());
        jar
    }
}

const READ: Calls = Calls { load: 1, ..Calls::NONE };

#[tokio::test]
async fn cookie_of_the_former_name_is_replaced() {
    let memory = Arc::new(MemoryStore::new());
    let before = app(&memory, Config::builder());
    let (now, store) = counted(&memory, renamed());
    for path in ["/get:a", "/set:b=1", "/regenerate", "/login:ann", "/update:n"] {
        let mut jar = Jar::default();
        jar.get(&before, "/set:a=1").await;
        store.take_calls();
        let answer = jar.get(&now, path).await;
        assert_eq!((answer.status.as_u16(), store.take_calls().load), (200, 1), "{path}");
        assert_eq!((jar.names(), answer.set_cookies().len()), (vec!["sid"], 2), "{path}");
        assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
        let answer = jar.get(&now, "/get:a").await;
        assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("1", 0), "{path}");
    }
    let mut jar = Jar::default();
    jar.get(&before, "/set:a=1").await;
    jar.get(&now, "/flush").await;
    assert_eq!(jar.names(), [""; 0], "a logout removes it, too");
}

/// A neighbour may set a cookie of the former name, and none of one with a prefix.
#[tokio::test]
async fn cookie_of_the_present_name_goes_before_one_of_the_former() {
    let memory = Arc::new(MemoryStore::new());
    let off = app(&memory, Config::builder());
    let (now, store) = counted(&memory, renamed());
    let (mut mine, mut planted) = (Jar::default(), Jar::default());
    mine.get(&now, "/set:a=mine").await;
    planted.get(&off, "/set:a=planted").await;
    let planted = planted.0["session"].clone();
    store.take_calls();
    let mut both = mine.with("session", &planted);
    assert_eq!(both.get(&now, "/get:a").await.body, "mine");
    assert_eq!(store.take_calls(), READ, "it is not even looked up");
    both.get(&now, "/regenerate").await;
    assert_eq!(both.names(), ["sid"], "and is removed with the next cookie that is set");
    // One that opens nothing does not stand in the way: of a session that ended, say.
    mine = both;
    let mut ended = mine.with("session", &planted);
    mine.get(&now, "/flush").await;
    assert_eq!(ended.get(&now, "/get:a").await.body, "planted");
    assert_eq!(ended.names(), ["sid"]);
    // A late request with the id of before a sign-in is nobody's.
    mine.get(&now, "/set:a=mine").await;
    assert_eq!(mine.names(), ["sid"]);
    let before = mine.clone();
    mine.get(&now, "/login:ann").await;
    let mut late = before.with("session", &planted);
    assert_eq!(late.get(&now, "/get:a").await.body, "none");
}

#[tokio::test]
async fn signature_of_the_former_name_holds_under_that_name_alone() {
    let memory = Arc::new(MemoryStore::new());
    let mut old = Jar::default();
    old.get(&app(&memory, Config::builder().use_signer(true)), "/set:a=1").await;
    let (now, store) = counted(&memory, renamed().use_signer(true));
    let value = old.0["session"].clone();
    store.take_calls();
    assert_eq!(Jar::default().with("sid", &value).get(&now, "/get:a").await.body, "none");
    let unsigned = value.split('.').next().unwrap();
    assert_eq!(Jar::default().with("session", unsigned).get(&now, "/get:a").await.body, "none");
    assert_eq!(store.take_calls().total(), 0);
    assert_eq!(old.get(&now, "/get:a").await.body, "1");
    assert_ne!(old.0["sid"], value);
    assert_eq!(old.get(&now, "/get:a").await.body, "1");
}

/// The hardened profile for a running site, in one deploy after another: at every moment instances
/// of two neighbouring steps, and nobody is signed out.
#[tokio::test]
async fn flask_profile_becomes_the_hardened_one_in_steps() {
    let accept = || {
        let both = Config::builder().use_signer(Rollout::Accept).hash_ids(Rollout::Accept);
        both.cookie_name_fallback("__Host-session")
    };
    let migrate = || {
        let both = Config::hardened().use_signer(Rollout::Migrate).hash_ids(Rollout::Migrate);
        both.cookie_name_fallback("session")
    };
    let steps: [fn() -> ConfigBuilder; 4] = [Config::builder, accept, migrate, Config::hardened];
    let memory = Arc::new(MemoryStore::new());
    let mut jars = Vec::new();
    for (at, pair) in steps.windows(2).enumerate() {
        let apps = [app(&memory, pair[0]()), app(&memory, pair[1]())];
        let mut jar = Jar::default();
        jar.get(&apps[0], "/set:a=1/login:ann").await;
        jars.push(jar);
        let mut jar = Jar::default();
        jar.get(&apps[1], "/set:a=1/login:ann").await;
        jars.push(jar);
        for jar in &mut jars {
            for app in apps.iter().chain(&apps) {
                assert_eq!(jar.get(app, "/get:a/update:n").await.body[..1], *"1", "step {at}");
                assert_eq!(jar.get(app, "/get:a/set:b=1").await.body, "1", "step {at}");
                assert_eq!(jar.names().len(), 1, "step {at}: {:?}", jar.names());
            }
            jar.get(&apps[1], "/set:b=2").await;
        }
    }
    assert!(jars.iter().all(|jar| jar.names() == ["__Host-session"]));
}

#[test]
fn two_cookies_of_one_process_are_not_brought_together_by_a_former_name() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let signed = |name: &str| Config::builder().cookie_name(name).use_signer(true);
    let manager = |config: ConfigBuilder| {
        SessionManager::new(store.clone(), config.build().unwrap(), signer())
    };
    let _shop = manager(signed("session")).unwrap();
    manager(signed("admin")).unwrap();
    manager(signed("admin").cookie_name_fallback("session")).unwrap_err();
    manager(signed("admin").cookie_name_fallback("admin_id")).unwrap();
}
