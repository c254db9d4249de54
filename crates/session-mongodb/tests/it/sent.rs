//! What the server is sent, and until when it may work on it.

use crate::common::{MINUTE, Place, WRITES, create, key};
use crate::german;
use mongodb::bson::{Bson, Document, doc};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use session_core::{Lease, Precondition, Store};
use session_mongodb::MongoStore;
use session_testkit::proxy::{Mode, Proxy};
use session_testkit::server;
use std::mem::take;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The commands of a store, as its driver reports them.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<Document>>>);

impl Sent {
    pub(crate) async fn store(&self, place: &Place) -> MongoStore {
        let mut driver = ClientOptions::parse(&place.url).await.unwrap();
        let sent = self.clone();
        driver.command_event_handler = Some(EventHandler::callback(move |event| {
            if let CommandEvent::Started(started) = event {
                sent.0.lock().unwrap().push(started.command);
            }
        }));
        let client = mongodb::Client::with_options(driver).unwrap();
        let options = place.patient().owner_index(true);
        Box::pin(MongoStore::from_client(client, options)).await.unwrap()
    }

    pub(crate) fn take(&self) -> Vec<Document> {
        take(&mut *self.0.lock().unwrap())
    }
}

/// Makes every call of a store whose indexes are there.
async fn use_all(store: &MongoStore) {
    let ann = Lease { owner: Some("ann"), ..MINUTE };
    let created = store.write(&key("a"), "x".into(), &ann, Precondition::Absent).await;
    assert!(created.unwrap().is_written());
    for write in WRITES {
        let loaded = write.prepare(store, &key("b")).await;
        assert!(write.make(store, &key("b"), &loaded).await.unwrap(), "{write:?}");
    }
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("a")]);
    let page = store.scan("session:", None, NonZeroUsize::MIN).await.unwrap();
    assert_eq!(page.records[0].0, key("a"));
    store.delete_expired().await.unwrap();
}

/// Every value of the field `collation`, at any depth.
fn collations(value: &Bson) -> Vec<Bson> {
    match value {
        Bson::Array(values) => values.iter().flat_map(collations).collect(),
        Bson::Document(document) => {
            let inner = document.iter().flat_map(|(_, value)| collations(value));
            document.get("collation").cloned().into_iter().chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

/// Amazon DocumentDB before 8.0 and Azure Cosmos DB refuse commands that name one.
#[tokio::test]
async fn no_collation_is_named_where_the_collection_has_none() {
    let (place, sent) = (Place::new(), Sent::default());
    let store = sent.store(&place).await;
    store.init().await.unwrap();
    use_all(&store).await;
    for command in sent.take() {
        assert_eq!(collations(&command.clone().into()), [], "{command}");
    }
}

/// Whatever looks for a key or an owner, or keeps them apart.
fn looks_for_text(command: &Document) -> bool {
    let text = format!("{command}");
    !command.contains_key("insert")
        && ["\"id\": \"", "\"id\": { \"$gte\"", "\"owner\": \"ann\"", "\"id\": 1", "\"owner\": 1"]
            .iter()
            .any(|field| text.contains(field))
}

#[tokio::test]
async fn bytes_are_compared_in_a_collection_with_a_collation() {
    let (place, sent) = (Place::new(), Sent::default());
    german::make(&place).await;
    let store = sent.store(&german::told(&place).await).await;
    store.init().await.unwrap();
    use_all(&store).await;
    ensure_binary(sent.take());
}

fn ensure_binary(commands: Vec<Document>) {
    let binary = [Bson::from(doc! { "locale": "simple" })];
    for command in commands.into_iter().filter(looks_for_text) {
        assert_eq!(collations(&command.clone().into()), binary, "{command}");
    }
}

#[tokio::test]
async fn bytes_are_compared_in_a_collection_that_got_its_collation_after_the_store_was_opened() {
    let (place, sent) = (german::told(&Place::new()).await, Sent::default());
    let reader = sent.store(&place).await;
    assert_eq!(reader.load(&key("a")).await.unwrap(), None);
    assert!(reader.list_by_owner("ann").await.unwrap().is_empty());
    let writer = Sent::default();
    let writing = writer.store(&place).await;
    german::make(&place).await;
    let maker = MongoStore::connect(place.patient().owner_index(true)).await.unwrap();
    maker.init().await.unwrap();
    let loaded = create(&maker, &key("a"), "x").await;
    sent.take();
    assert!(reader.load(&key("a")).await.unwrap().is_some());
    assert!(reader.list_by_owner("ann").await.unwrap().is_empty());
    ensure_binary(sent.take());
    // Its first call is a write.
    writer.take();
    assert!(writing.touch(&key("a"), &MINUTE, &loaded).await.unwrap().is_written());
    assert!(writing.delete(&key("a"), None, None).await.unwrap());
    use_all(&writing).await;
    ensure_binary(writer.take());
}

/// Nobody waits for it any more, and it may hold what others wait for.
#[tokio::test]
async fn server_is_told_to_end_each_command_before_its_call_ends() {
    let (place, sent) = (Place::new(), Sent::default());
    let store = sent.store(&place).await;
    store.init().await.unwrap();
    use_all(&store).await;
    // The first calls may take as long as connecting, too.
    let patience = 40_000;
    for command in sent.take() {
        let is_of_init = command.contains_key("createIndexes");
        let limit = command.get_i64("maxTimeMS").ok();
        let is_in_time = limit.is_some_and(|limit| (1..patience).contains(&limit));
        assert!(is_in_time != is_of_init, "{command}");
    }
}

#[tokio::test]
async fn write_that_found_no_free_connection_was_not_made() {
    let place = Place::new();
    let direct = place.store().await;
    let proxy = Proxy::start(server::socket_addr(&place.url, None).unwrap()).await.unwrap();
    let url = format!("{}&maxPoolSize=1", server::redirect(&place.url, proxy.addr()));
    let through = Place { name: place.name.clone(), url };
    let options = through.patient().operation_timeout(Duration::from_millis(1_500));
    let store = Arc::new(MongoStore::connect(options).await.unwrap());
    for write in WRITES {
        let loaded = write.prepare(&direct, &key("waits")).await;
        assert!(store.load(&key("waits")).await.is_ok());
        proxy.set(Mode::Freeze).await;
        let holder = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.load(&key("holds it")).await }
        });
        tokio::task::yield_now().await;
        let error = write.make(&*store, &key("waits"), &loaded).await.unwrap_err();
        assert!(error.is_retryable(), "{write:?}: {error}");
        assert!(holder.await.unwrap().unwrap_err().is_retryable());
        proxy.set(Mode::Forward).await;
        let again = write.make(&direct, &key("waits"), &loaded).await.unwrap();
        assert!(again, "{write:?} was not applied before");
        while store.load(&key("waits")).await.is_err() {}
    }
}
