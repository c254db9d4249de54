//! Compiles the Rust of pages that name the facade and belong to no crate that has it.

macro_rules! pages {
    ($($page:ident $path:literal)*) => {$(
        #[doc = include_str!(concat!("../../../", $path, "README.md"))]
        struct $page;
    )*};
}

pages! {
    FrontPage ""
    Actix "crates/session-actix/"
    DynamoDb "crates/session-dynamodb/"
    Files "crates/session-fs/"
    Memcached "crates/session-memcached/"
    MongoDb "crates/session-mongodb/"
    Redis "crates/session-redis/"
    Rocket "crates/session-rocket/"
    Sql "crates/session-sql/"
    TestKit "crates/session-testkit/"
    Tower "crates/session-tower/"
}
