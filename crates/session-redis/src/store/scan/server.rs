//! What a server says of itself and of its cluster, as far as a scan must know.

use sha2::{Digest as _, Sha256};

/// What `INFO server` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Another one after each start.
    pub(super) run: String,
    /// Whether the server is a node of a cluster.
    pub(super) is_clustered: bool,
}

impl Process {
    /// Reads lines of `name:value`.
    pub(super) fn read(info: &str) -> Option<Self> {
        let value = |name| info.lines().find_map(|line| line.strip_prefix(name));
        let run = value("run_id:")?;
        let is_name = !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_clustered = value("redis_mode:") == Some("cluster");
        is_name.then(|| Self { run: run.to_owned(), is_clustered })
    }
}

/// What `CLUSTER NODES` says, as one node sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// The ids of those who serve slots, ascending.
    ids: Vec<String>,
    /// Another one after each change of who serves what.
    pub(super) digest: String,
    /// Whether a slot is on its way to or from the node that says so.
    pub(super) is_moving: bool,
}

impl Map {
    /// Reads lines of `id address flags master ping pong epoch link slots..`; a slot on its way is
    /// in brackets, and only the node that was asked tells of its own.
    pub(super) fn read(nodes: &str) -> Self {
        let (mut served, mut is_moving) = (Vec::new(), false);
        for line in nodes.lines() {
            let mut words = line.split_ascii_whitespace();
            let Some(id) = words.next() else { continue };
            let slots: Vec<&str> = words.skip(7).collect();
            is_moving |= slots.iter().any(|slot| slot.starts_with('['));
            let own: Vec<&str> = slots.into_iter().filter(|slot| !slot.starts_with('[')).collect();
            if !own.is_empty() {
                served.push((id, own.join(" ")));
            }
        }
        served.sort_unstable();
        let mut hash = Sha256::new();
        for (id, slots) in &served {
            hash.update(format!("{id} {slots}\n"));
        }
        let digest = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { ids: served.into_iter().map(|(id, _)| id.to_owned()).collect(), digest, is_moving }
    }

    pub(super) fn first(&self) -> Option<&str> {
        self.ids.first().map(String::as_str)
    }

    /// The next id after `id`, whether or not that one is among them.
    pub(super) fn after(&self, id: &str) -> Option<&str> {
        self.ids.iter().map(String::as_str).find(|other| *other > id)
    }

    pub(super) fn has_several(&self) -> bool {
        self.ids.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Process};

    const NODES: &str = "\
b2 10.0.0.2:6379@16379,node-b master - 0 1700000000000 2 connected 5461-10922
a1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460 10923
c3 10.0.0.3:6379@16379 slave a1 0 1700000000001 1 connected
d4 10.0.0.4:6379@16379 master - 0 1700000000002 3 connected
";

    #[test]
    fn map_names_those_who_serve_slots_in_order() {
        let map = Map::read(NODES);
        assert_eq!((map.first(), map.after("a1"), map.after("b2")), (Some("a1"), Some("b2"), None));
        assert_eq!(map.after("a2"), Some("b2"), "one that is gone has a place, too");
        assert!(map.has_several() && !map.is_moving);
        assert_eq!(Map::read("").first(), None);
    }

    #[test]
    fn digest_changes_with_who_serves_what_alone() {
        let digest = |text: &str| Map::read(text).digest;
        let before = digest(NODES);
        let lines: Vec<&str> = NODES.lines().rev().collect();
        assert_eq!(digest(&lines.join("\n")), before, "nodes list each other in any order");
        assert_eq!(digest(&NODES.replace("17000", "17100").replace("myself,", "")), before);
        assert_ne!(digest(&NODES.replace(" 10923", "")), before);
        assert_ne!(digest(&NODES.replace("a1 10", "e5 10")), before);
    }

    #[test]
    fn slot_on_its_way_is_told_and_is_still_its_owners() {
        for way in ["[77->-b2]", "[6000-<-b2]"] {
            let map = Map::read(&NODES.replace("10923", &format!("10923 {way}")));
            assert!(map.is_moving, "{way}");
            assert_eq!(map.digest, Map::read(NODES).digest);
        }
    }

    #[test]
    fn process_is_its_run_id() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\nrun_id:ab12\r\n";
        let expected = Process { run: "ab12".into(), is_clustered: true };
        assert_eq!(Process::read(info), Some(expected));
        let alone = Process::read(&info.replace("cluster", "standalone")).unwrap();
        assert!(!alone.is_clustered);
        for info in ["", "run_id:", "run_id:a:b"] {
            assert_eq!(Process::read(info), None, "{info}");
        }
    }
}
