//! Which of several servers holds a key.
//!
//! Rendezvous hashing as `HashClient` of pymemcache does it: of `murmur3_32("HOST:PORT-KEY")` the
//! highest score wins, and of equal scores the greater name. The client's own default hashes with
//! the standard library's hasher, which another Rust release may change.

use memcache::exp::Router;

/// Places keys on several servers as [`MemcachedStore::connect`](crate::MemcachedStore::connect)
/// does, for clients of one's own.
///
/// Of the scores `murmur3_32("HOST:PORT-KEY")` the highest wins, as in `HashClient` of pymemcache.
/// The order of the list does not matter; a server that leaves it takes its own keys along and no
/// others.
///
/// # Examples
///
/// ```no_run
/// # mod web_session { pub mod stores { pub use session_memcached as memcached; } }
/// use memcache::exp::AsyncMemcache;
/// use web_session::stores::memcached::{MemcachedStore, Placement};
///
/// # async fn example() -> memcache::exp::Result<()> {
/// let servers = ["10.0.0.1:11211", "10.0.0.2:11211"];
/// let client = AsyncMemcache::builder().router(Placement).connect_async(servers).await?;
/// let store = MemcachedStore::from_client(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Placement;

impl Router for Placement {
    fn route(&self, key: &[u8], servers: &[String]) -> usize {
        place(key, servers)
    }
}

/// Returns the index of the server that holds `key`; 0 if there is none.
pub(crate) fn place(key: &[u8], servers: &[String]) -> usize {
    if servers.len() < 2 {
        return 0;
    }
    let ranked = servers.iter().enumerate().max_by_key(|(_, server)| {
        let node = node(server);
        (murmur3_32(&[node.as_bytes(), b"-", key].concat()), node)
    });
    ranked.map_or(0, |(index, _)| index)
}

/// pymemcache names an IPv6 address without its brackets.
fn node(server: &str) -> String {
    server.replace(['[', ']'], "")
}

/// MurmurHash3 for 32 bits with seed 0 (Austin Appleby, public domain).
fn murmur3_32(data: &[u8]) -> u32 {
    let scramble =
        |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, tail) = data.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0_u32, |hash, block| {
        let mixed = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let rest = tail.iter().rev().fold(0, |rest, byte| (rest << 8) | u32::from(*byte));
    hash ^= scramble(rest);
    hash ^= data.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::{murmur3_32, place};

    #[test]
    fn hash_is_that_of_pymemcache() {
        for (text, hash) in [
            ("", 0),
            ("a", 0x3c25_69b2),
            ("ab", 0x9bbf_d75f),
            ("abc", 0xb3dd_93fa),
            ("abcd", 0x43ed_676a),
            ("session:Zm9v", 0x9ae1_1631),
        ] {
            assert_eq!(murmur3_32(text.as_bytes()), hash, "{text}");
        }
    }

    /// What `HashClient(servers).hasher.get_node(key)` of pymemcache 4.0.0 answers.
    #[test]
    fn keys_lie_where_pymemcache_puts_them() {
        let servers = ["10.0.0.1:11211", "10.0.0.2:11211", "cache.internal:11212", "[::1]:11211"]
            .map(str::to_owned);
        let flask = b"session:Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
        assert_eq!(place(flask, &servers), 0);
        let expected = [2, 3, 0, 2, 2, 1, 2, 1, 1, 0, 2, 2, 1, 1, 2, 3];
        for (number, index) in expected.into_iter().enumerate() {
            let key = format!("session:{number}");
            assert_eq!(place(key.as_bytes(), &servers), index, "{key}");
        }
    }

    #[test]
    fn order_of_the_list_does_not_matter_and_a_lost_server_moves_its_keys_alone() {
        let servers = ["a:1", "b:1", "c:1"].map(str::to_owned);
        let reversed = ["c:1", "b:1", "a:1"].map(str::to_owned);
        let without_b = ["a:1", "c:1"].map(str::to_owned);
        for number in 0..200 {
            let key = format!("session:{number}");
            let holder = &servers[place(key.as_bytes(), &servers)];
            assert_eq!(holder, &reversed[place(key.as_bytes(), &reversed)]);
            if holder != "b:1" {
                assert_eq!(holder, &without_b[place(key.as_bytes(), &without_b)]);
            }
        }
    }
}
