//! The parameters of a URL, by the names that drivers of MongoDB give them.
//!
//! None is dropped in silence: each is honoured, or an error names it and what to do in its place.

use std::fs::File;

/// What a parameter holds.
#[derive(Clone, Copy)]
enum Value {
    Text,
    Flag,
    /// Not negative.
    Number,
    /// A path.
    File,
}

/// Those that hold, as users spell them.
const HONOURED: &[(&str, Value)] = {
    use Value::{File, Flag, Number, Text};
    &[
        ("appName", Text),
        ("authMechanism", Text),
        ("authMechanismProperties", Text),
        ("authSource", Text),
        ("connectTimeoutMS", Number),
        ("directConnection", Flag),
        ("heartbeatFrequencyMS", Number),
        ("journal", Flag),
        ("loadBalanced", Flag),
        ("localThresholdMS", Number),
        ("maxIdleTimeMS", Number),
        ("maxPoolSize", Number),
        ("minPoolSize", Number),
        ("readConcernLevel", Text),
        ("readPreference", Text),
        ("replicaSet", Text),
        // Either way no command is sent twice: `true` allows it.
        ("retryReads", Flag),
        ("retryWrites", Flag),
        ("serverMonitoringMode", Text),
        ("serverSelectionTimeoutMS", Number),
        ("srvMaxHosts", Number),
        ("srvServiceName", Text),
        ("ssl", Flag),
        ("tls", Flag),
        ("tlsAllowInvalidCertificates", Flag),
        ("tlsCAFile", File),
        ("tlsCertificateKeyFile", File),
        ("tlsInsecure", Flag),
        ("w", Text),
        ("wTimeoutMS", Number),
    ]
};

const TIMEOUT: &str = "leave it out and set SESSION_OPERATION_TIMEOUT";
const PLAIN: &str = "leave it out: what is sent is not compressed";
const PRIMARY: &str = "leave it out: sessions are read from the primary";
const UNCHECKED: &str = "leave it out: revoked certificates are not looked for";
const ALLOW: &str = "write tlsAllowInvalidCertificates=true";
const JOINED: &str = "put certificate and key into one file, and write tlsCertificateKeyFile";
const UNLOCKED: &str = "leave it out and give a key without a passphrase";

/// Those of other drivers and of older ones, and the way out.
const ELSEWHERE: &[(&str, &str)] = &[
    ("compressors", PLAIN),
    ("connect", "leave it out: the store connects when it is opened"),
    ("fsync", "write journal=true"),
    ("j", "write journal"),
    ("maxConnecting", "leave it out: connections are made as calls need them"),
    ("maxStalenessSeconds", PRIMARY),
    ("proxyHost", "leave it out: the driver speaks to servers directly"),
    ("readPreferenceTags", PRIMARY),
    ("safe", "write w=1"),
    ("slaveOk", PRIMARY),
    ("socketKeepAlive", "leave it out: it is always on"),
    ("socketTimeoutMS", TIMEOUT),
    ("ssl_ca_certs", "write tlsCAFile"),
    ("ssl_cert_reqs", ALLOW),
    ("ssl_certfile", JOINED),
    ("ssl_crlfile", UNCHECKED),
    ("ssl_keyfile", JOINED),
    ("ssl_match_hostname", ALLOW),
    ("ssl_pem_passphrase", UNLOCKED),
    ("timeoutMS", TIMEOUT),
    ("tlsAllowInvalidHostnames", ALLOW),
    ("tlsCRLFile", UNCHECKED),
    ("tlsCertificateKeyFilePassword", UNLOCKED),
    ("tlsDisableCertificateRevocationCheck", UNCHECKED),
    ("tlsDisableOCSPEndpointCheck", UNCHECKED),
    ("tz_aware", "leave it out: dates are read as they are"),
    ("uuidRepresentation", "leave it out: documents of sessions hold no UUID"),
    ("waitQueueMultiple", TIMEOUT),
    ("waitQueueTimeoutMS", TIMEOUT),
    ("wtimeout", "write wTimeoutMS"),
    ("zlibCompressionLevel", PLAIN),
];

/// Refuses what would not hold; says what to change, and repeats no value.
pub(super) fn check(url: &str) -> Result<(), String> {
    for pair in query(url).split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Some(what) = complaint(name, value) {
            let shown = if may_be_shown(name, url) { name } else { "(not a name)" };
            return Err(format!("the parameter {shown} of the url {what}"));
        }
    }
    Ok(())
}

/// What follows hosts and database; a user's part holds no slash.
fn query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let options = rest.split_once('/').map_or(rest, |(_, path)| path);
    options.split_once('?').map_or("", |(_, query)| query)
}

fn complaint(name: &str, value: &str) -> Option<String> {
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some((name, kind)) = HONOURED.iter().find(|(known, _)| is_it(known)) {
        let what = match (*name, *kind) {
            ("readPreference", _) if !value.eq_ignore_ascii_case("primary") => {
                format!("is not followed; {PRIMARY}")
            }
            ("maxPoolSize", _) if value == "0" => {
                "is at least 1: connections have a bound".to_owned()
            }
            ("w", _) if value == "0" => {
                "is at least 1: unacknowledged writes are not for sessions".to_owned()
            }
            (_, Value::Flag) if !["true", "false"].contains(&value) => {
                "is true or false".to_owned()
            }
            (_, Value::Number) if value.parse::<u32>().is_err() => {
                "is a number that is not negative".to_owned()
            }
            (_, Value::File) => unreadable(value)?,
            _ => return None,
        };
        return Some(what);
    }
    let way_out = ELSEWHERE.iter().find(|(known, _)| is_it(known));
    Some(match way_out {
        Some((_, way_out)) => format!("is not followed; {way_out}"),
        None => "is not known; leave it out".to_owned(),
    })
}

/// A path with escapes is left to the driver.
fn unreadable(path: &str) -> Option<String> {
    let error = (!path.contains('%')).then(|| File::open(path).err()).flatten()?;
    Some(format!("names a file that cannot be read: {error}"))
}

/// A name that no driver has may be a part of a password that was not encoded.
fn may_be_shown(name: &str, url: &str) -> bool {
    let is_known = |known: &str| known.eq_ignore_ascii_case(name);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    HONOURED.iter().any(|(known, _)| is_known(known))
        || ELSEWHERE.iter().any(|(known, _)| is_known(known))
        || is_plain && !query(url).contains('@')
}

#[cfg(test)]
mod tests {
    use super::{ELSEWHERE, HONOURED, check};
    use crate::MongoOptions;

    /// What users write, with the product or client that it comes from; `None` is honoured.
    #[tokio::test]
    async fn no_parameter_is_dropped_in_silence() {
        // Any file: nobody connects.
        let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (origin, query, refused) in [
            ("Atlas", "retryWrites=true&w=majority&appName=Cluster0", None),
            (
                "Azure Cosmos DB for MongoDB",
                "ssl=true&replicaSet=globaldb&retrywrites=false&maxIdleTimeMS=120000&appName=@shop@",
                None,
            ),
            (
                "Azure Cosmos DB, vCore",
                "tls=true&authMechanism=SCRAM-SHA-256&retrywrites=false&maxIdleTimeMS=120000",
                None,
            ),
            (
                "Amazon DocumentDB",
                "tls=true&tlsCAFile=CA&replicaSet=rs0&readPreference=secondaryPreferred&retryWrites=false",
                Some("readPreference"),
            ),
            (
                "Amazon DocumentDB, primary",
                "tls=true&tlsCAFile=CA&replicaSet=rs0&readPreference=primary&retryWrites=false",
                None,
            ),
            (
                "Amazon DocumentDB, without its file",
                "tls=true&tlsCAFile=global-bundle.pem&replicaSet=rs0",
                Some("tlsCAFile"),
            ),
            ("DigitalOcean", "tls=true&authSource=admin&replicaSet=db-mongodb", None),
            ("Docker", "authSource=admin&directConnection=true", None),
            (
                "mongosh",
                "directConnection=true&serverSelectionTimeoutMS=2000&appName=mongosh",
                None,
            ),
            (
                "Bitnami",
                "authSource=shop&replicaSet=rs0&readConcernLevel=majority&journal=true&wtimeoutMS=250",
                None,
            ),
            ("a load balancer", "loadBalanced=true", None),
            (
                "pymongo, pool",
                "maxPoolSize=50&minPoolSize=2&heartbeatFrequencyMS=5000&localThresholdMS=30&connectTimeoutMS=300",
                None,
            ),
            ("pymongo, no bound", "maxPoolSize=0", Some("maxPoolSize")),
            ("pymongo, waiting", "waitQueueTimeoutMS=100", Some("waitQueueTimeoutMS")),
            ("pymongo, waiting", "waitqueuemultiple=5", Some("waitqueuemultiple")),
            ("pymongo, timeouts", "socketTimeoutMS=20000", Some("socketTimeoutMS")),
            ("pymongo, timeouts", "timeoutMS=200", Some("timeoutMS")),
            ("pymongo, connecting", "maxConnecting=2", Some("maxConnecting")),
            (
                "pymongo, tags",
                "readPreference=primary&readPreferenceTags=dc:ny",
                Some("readPreferenceTags"),
            ),
            (
                "pymongo, staleness",
                "readPreference=nearest&maxStalenessSeconds=120",
                Some("readPreference"),
            ),
            ("pymongo, UUIDs", "uuidRepresentation=standard", Some("uuidRepresentation")),
            ("pymongo, compression", "compressors=zstd,zlib", Some("compressors")),
            ("pymongo, dates", "tz_aware=true", Some("tz_aware")),
            ("pymongo, TLS", "tls=true&tlsAllowInvalidCertificates=true", None),
            (
                "pymongo, TLS",
                "tls=true&tlsAllowInvalidHostnames=true",
                Some("tlsAllowInvalidHostnames"),
            ),
            ("pymongo, TLS", "tls=yes", Some("tls")),
            (
                "pymongo, TLS",
                "tlsCertificateKeyFile=CA&tlsCertificateKeyFilePassword=hunter2",
                Some("tlsCertificateKeyFilePassword"),
            ),
            (
                "pymongo, TLS",
                "tls=true&tlsDisableOCSPEndpointCheck=true",
                Some("tlsDisableOCSPEndpointCheck"),
            ),
            ("pymongo 3", "ssl=true&ssl_cert_reqs=CERT_NONE", Some("ssl_cert_reqs")),
            ("pymongo 3", "ssl=true&ssl_ca_certs=/hunter2.pem", Some("ssl_ca_certs")),
            ("pymongo, writes", "w=0", Some("w")),
            ("pymongo 2", "j=true", Some("j")),
            ("pymongo 2", "wtimeout=250", Some("wtimeout")),
            ("a typing mistake", "retryWrite=hunter2", Some("retryWrite")),
            ("a typing mistake", "connectTimeoutMS=hunter2", Some("connectTimeoutMS")),
            ("nothing", "", None),
        ] {
            let url =
                format!("mongodb://app:hunter2@db/?{}", query.replace("=CA", &format!("={ca}")));
            let told = check(&url).err();
            let read = super::super::read(&MongoOptions::new(url.as_str())).await;
            assert_eq!(read.is_err(), refused.is_some(), "{origin}: {query}: {read:?}");
            assert_eq!(told.is_some(), refused.is_some(), "{origin}: {query}: {told:?}");
            if let (Some(told), Some(refused)) = (told, refused) {
                let named = format!("the parameter {refused} of the url ");
                assert!(told.starts_with(&named), "{origin}: {told}");
                assert!(!told.contains("hunter2"), "{told}");
            }
        }
    }

    #[test]
    fn part_of_a_password_is_not_repeated() {
        for url in [
            "mongodb://app:x?hunter2@db/",
            "mongodb://app:x/?hunter2=1@db/",
            "mongodb://db/?hunter2%20and=1",
        ] {
            let told = check(url).err().unwrap_or_default();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        for (name, _) in ELSEWHERE {
            assert!(!HONOURED.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)), "{name}");
        }
    }
}
