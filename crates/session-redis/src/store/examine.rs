//! What there is to say of the servers: `session check` prints it.

use super::RedisStore;
use crate::connection::{Commands, Endpoint};
use crate::error::Fault;
use futures_util::future::join_all;
use redis::{Cmd, FromRedisValue, InfoDict, from_redis_value};
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// What one server told; nothing where it refuses to.
struct Told {
    asked: Duration,
    answered: Duration,
    /// Its clock: seconds and microseconds.
    time: Option<(u64, u64)>,
    info: Option<InfoDict>,
    /// When it writes snapshots: nothing, or pairs of seconds and changes.
    save: Option<String>,
}

impl RedisStore {
    /// Asks each server that holds keys three things.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let deadline = self.deadline();
        let servers = self.link.servers();
        let all_told = join_all(servers.iter().map(|server| ask(server, deadline))).await;
        let mut findings = Vec::new();
        for (server, told) in servers.iter().zip(all_told) {
            let told = told.map_err(|fault| fault.into_error(Call::Inspect))?;
            let name = server.login().filter(|_| servers.len() > 1);
            let found = read(&told, self.link.is_cluster()).into_iter();
            findings.extend(found.map(|finding| match &name {
                Some(name) => finding.at(name.server()),
                None => finding,
            }));
        }
        Ok(findings)
    }
}

async fn ask(server: &Endpoint, deadline: Instant) -> Result<Told, Fault> {
    let asked = unix_time();
    let time = answer(server, &["TIME"], deadline).await?;
    let answered = unix_time();
    let info = answer(server, &["INFO"], deadline).await?;
    let save: Option<HashMap<String, String>> =
        answer(server, &["CONFIG", "GET", "save"], deadline).await?;
    let save = save.and_then(|mut save| save.remove("save"));
    Ok(Told { asked, answered, time, info, save })
}

/// Sends a command; what is refused, or cannot be read, is no answer.
async fn answer<T: FromRedisValue>(
    server: &Endpoint,
    words: &[&str],
    deadline: Instant,
) -> Result<Option<T>, Fault> {
    let mut cmd = Cmd::new();
    cmd.arg(words);
    match server.send(Commands::One(&cmd), deadline).await {
        Ok(mut values) => Ok(values.pop().and_then(|value| from_redis_value(value).ok())),
        Err(fault @ Fault::Lost(..)) => Err(fault),
        Err(_) => Ok(None),
    }
}

fn read(told: &Told, is_cluster: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &told.info {
        Some(info) => {
            findings.push(Finding::ok(Topic::Connection, product(info)));
            findings.extend(memory(info));
            findings.extend(disk(info, told.save.as_deref()));
            findings.extend(role(info, is_cluster));
        }
        None => findings.push(
            Finding::note(
                Topic::Server,
                "the user may not run INFO: nothing is known of the server",
            )
            .change("+info in ACL SETUSER lets memory, disk and role be looked at"),
        ),
    }
    if told.save.is_none() {
        let seen = "the user may not run CONFIG GET, or the server has it not, as managed ones: \
                    whether it writes snapshots is not known";
        findings.push(Finding::note(Topic::Server, seen));
    }
    findings.push(match told.time {
        Some((secs, micros)) => {
            let server = Duration::from_secs(secs) + Duration::from_micros(micros);
            Finding::clocks(server, told.asked, told.answered)
        }
        None => Finding::note(Topic::Clock, "the user may not run TIME: the clock is not known"),
    });
    findings
}

fn product(info: &InfoDict) -> String {
    let text = |name| info.get::<String>(name);
    match (text("valkey_version"), text("redis_version")) {
        (Some(version), _) => format!("Valkey {version}"),
        (None, Some(version)) => format!("Redis {version}"),
        (None, None) => "a server that does not say its version".to_owned(),
    }
}

/// Whether the server throws sessions away to make room.
fn memory(info: &InfoDict) -> Vec<Finding> {
    let mut findings = Vec::new();
    let policy: Option<String> = info.get("maxmemory_policy");
    let is_bounded = info.get("maxmemory") != Some(0_u64);
    match policy.as_deref() {
        None => findings.push(Finding::note(
            Topic::Server,
            "the server does not tell its maxmemory-policy: if it evicts, it ends live sessions",
        )),
        Some("noeviction") => {
            findings.push(Finding::ok(Topic::Server, "maxmemory-policy noeviction"));
        }
        Some(policy) => {
            let change =
                "CONFIG SET maxmemory-policy noeviction, and the same in its configuration";
            let finding = if is_bounded {
                let seen = format!("maxmemory-policy {policy} ends live sessions to make room");
                Finding::problem(Topic::Server, seen)
            } else {
                let seen = format!(
                    "maxmemory-policy {policy} would end live sessions once maxmemory is set"
                );
                Finding::warning(Topic::Server, seen)
            };
            findings.push(finding.change(change));
        }
    }
    if let Some(evicted @ 1..) = info.get::<u64>("evicted_keys") {
        let seen = format!("{evicted} keys were evicted since the server started");
        let change = "raise maxmemory, and CONFIG SET maxmemory-policy noeviction";
        findings.push(Finding::warning(Topic::Server, seen).change(change));
    }
    findings
}

/// Whether sessions outlive the server; `save` is when it writes snapshots.
fn disk(info: &InfoDict, save: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let has_log = info.get("aof_enabled") == Some(1);
    match (has_log, save.map(|save| !save.is_empty())) {
        (true, _) => findings.push(Finding::ok(Topic::Server, "appendonly yes")),
        (false, Some(true)) => findings.push(Finding::note(
            Topic::Server,
            "snapshots alone are on disk: a crash loses the sessions of the last minutes",
        )),
        (false, Some(false)) => findings.push(
            Finding::warning(Topic::Server, "nothing is on disk: a restart ends all sessions")
                .change("CONFIG SET appendonly yes, and the same in its configuration"),
        ),
        (false, None) => {}
    }
    for (field, what) in [
        ("rdb_last_bgsave_status", "the last snapshot failed"),
        ("aof_last_write_status", "the last write to the append-only file failed"),
    ] {
        if info.get::<String>(field).is_some_and(|status| status != "ok") {
            let seen = format!("{what}, and the server refuses writes until one succeeds");
            let change = "look into its log, and give it room on the disk";
            findings.push(Finding::problem(Topic::Server, seen).change(change));
        }
    }
    findings
}

/// Whether it is the server that takes the writes of all sessions.
fn role(info: &InfoDict, is_cluster: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if info.get::<String>("role").as_deref() == Some("slave") {
        findings.push(
            Finding::problem(Topic::Server, "the server is a replica, which takes no writes")
                .change("name its master in SESSION_REDIS, or the sentinels (redis+sentinel://)"),
        );
    }
    if info.get("cluster_enabled") == Some(1) && !is_cluster {
        findings.push(
            Finding::problem(Topic::Server, "the server is one node of a cluster")
                .change("redis+cluster:// in SESSION_REDIS names all of it"),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{disk, memory, product, role};
    use redis::InfoDict;
    use session_core::store::{Finding, Level};

    fn levels(findings: &[Finding]) -> Vec<Level> {
        findings.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn eviction_is_a_problem_where_there_is_a_bound() {
        for (info, expected) in [
            ("maxmemory:0\nmaxmemory_policy:noeviction", &[Level::Ok][..]),
            ("maxmemory:9\nmaxmemory_policy:noeviction\nevicted_keys:0", &[Level::Ok]),
            ("maxmemory:0\nmaxmemory_policy:allkeys-lru", &[Level::Warning]),
            ("maxmemory:9\nmaxmemory_policy:volatile-ttl", &[Level::Problem]),
            ("maxmemory_policy:noeviction\nevicted_keys:7", &[Level::Ok, Level::Warning]),
            ("", &[Level::Note]),
        ] {
            assert_eq!(levels(&memory(&InfoDict::new(info))), expected, "{info}");
        }
    }

    #[test]
    fn what_is_on_disk_outlives_a_restart() {
        for (info, save, expected) in [
            ("aof_enabled:1", Some(""), &[Level::Ok][..]),
            ("aof_enabled:0", Some("3600 1"), &[Level::Note]),
            ("aof_enabled:0", Some(""), &[Level::Warning]),
            ("aof_enabled:0", None, &[]),
            ("aof_enabled:1\naof_last_write_status:err", None, &[Level::Ok, Level::Problem]),
            ("aof_enabled:1\nrdb_last_bgsave_status:err", None, &[Level::Ok, Level::Problem]),
        ] {
            let found = disk(&InfoDict::new(info), save);
            assert_eq!(levels(&found), expected, "{info} {save:?}");
        }
    }

    #[test]
    fn master_of_all_sessions_is_as_it_should_be() {
        for (info, is_cluster, expected) in [
            ("role:master\ncluster_enabled:0", false, &[][..]),
            ("role:master\ncluster_enabled:1", true, &[]),
            ("role:master\ncluster_enabled:1", false, &[Level::Problem]),
            ("role:slave\ncluster_enabled:0", false, &[Level::Problem]),
        ] {
            assert_eq!(levels(&role(&InfoDict::new(info), is_cluster)), expected, "{info}");
        }
    }

    #[test]
    fn valkey_goes_by_its_own_name() {
        let info = InfoDict::new("redis_version:7.2.4\nvalkey_version:8.1.0");
        assert_eq!(product(&info), "Valkey 8.1.0");
        assert_eq!(product(&InfoDict::new("redis_version:7.0.15")), "Redis 7.0.15");
    }
}
