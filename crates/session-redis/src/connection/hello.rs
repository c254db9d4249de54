//! What a server can do that others cannot, by its own word.

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value, cmd, from_redis_value};
use std::collections::HashMap;

/// Asks whether the server has `SET .. IFEQ`, which compares and writes without a script.
///
/// `HELLO` without arguments changes nothing, and no user needs a right to it.
pub(super) async fn has_ifeq(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    match cmd("HELLO").query_async(connection).await {
        Ok(said) => Ok(is_able(said)),
        Err(error) if error.code().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Valkey has it since 8.1. Redis does since 8.4, which was not there to be tested against.
fn is_able(said: HashMap<String, Value>) -> bool {
    let mut said = said;
    let mut text = |name| said.remove(name).and_then(|it| from_redis_value::<String>(it).ok());
    let (Some("valkey"), Some(version)) = (text("server").as_deref(), text("version")) else {
        return false;
    };
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(8), Some(1))
}

#[cfg(test)]
mod tests {
    use super::is_able;
    use redis::Value;

    #[test]
    fn valkey_is_able_since_8_1() {
        for (server, version, expected) in [
            ("valkey", "8.0.6", false),
            ("valkey", "8.1.0", true),
            ("valkey", "9.0.0-rc1", true),
            ("valkey", "10.0.0", true),
            ("valkey", "unstable", false),
            ("valkey", "", false),
            // With extended-redis-compatibility Valkey calls itself this.
            ("redis", "7.2.4", false),
            ("redis", "8.4.0", false),
        ] {
            let text = |text: &str| Value::BulkString(text.into());
            let said =
                [("server", text(server)), ("version", text(version)), ("proto", Value::Int(3))];
            let said = said.map(|(name, value)| (name.to_owned(), value)).into();
            assert_eq!(is_able(said), expected, "{server} {version}");
        }
        assert!(!is_able([].into()));
    }
}
