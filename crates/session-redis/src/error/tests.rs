use super::Fault;
use redis::{ErrorKind as RedisErrorKind, RedisError, Value};
use session_core::ErrorKind::{self, Decode, Timeout, Unavailable, Unknown};
use session_core::store::{Call, Lost};
use std::io;

const WRITES: [Call; 4] = [Call::Create, Call::Update, Call::Touch, Call::Delete];

fn reply(line: &str) -> Fault {
    let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
    let Value::ServerError(error) = value else { panic!("an error reply, got {value:?}") };
    Fault::refused(error)
}

fn broken(kind: io::ErrorKind) -> Fault {
    RedisError::from(io::Error::from(kind)).into()
}

#[test]
fn lost_answer_is_unknown_to_writes_alone() {
    for (fault, read, write) in [
        (broken as fn(_) -> _, Unavailable, Unknown),
        (|_| Lost::Silent.into(), Timeout, Unknown),
        (|_| Lost::Unsent.into(), Timeout, Unavailable),
        (|kind| Fault::unreached(io::Error::from(kind).into()), Unavailable, Unavailable),
    ] {
        let error = fault(io::ErrorKind::ConnectionReset).into_error(Call::Load);
        assert_eq!((error.kind(), error.is_retryable()), (read, true), "{error}");
        let error = fault(io::ErrorKind::ConnectionReset).into_error(Call::Enter);
        assert_eq!(error.kind(), read, "an entry is no record: {error}");
        for call in WRITES {
            let error = fault(io::ErrorKind::ConnectionReset).into_error(call);
            assert_eq!(error.kind(), write, "{error}");
        }
    }
    let error = broken(io::ErrorKind::ConnectionRefused).into_error(Call::Update);
    assert_eq!(error.kind(), Unavailable, "a refused connection carried nothing");
}

#[test]
fn server_replies() {
    let table: &[(&str, ErrorKind, ErrorKind, bool)] = &[
        ("LOADING Redis is loading the dataset in memory", Unavailable, Unavailable, true),
        ("BUSY Redis is busy running a script", Unavailable, Unavailable, true),
        ("OOM command not allowed", Unavailable, Unavailable, true),
        ("READONLY You can't write against a read only replica", Unavailable, Unavailable, true),
        ("MISCONF Redis is configured to save", Unavailable, Unavailable, true),
        ("NOREPLICAS Not enough good replicas to write", Unavailable, Unavailable, true),
        ("MASTERDOWN Link with MASTER is down", Unavailable, Unavailable, true),
        ("NOAUTH Authentication required", Unavailable, Unavailable, false),
        ("NOPERM this user has no permissions", Unavailable, Unavailable, false),
        ("MOVED 1 127.0.0.1:7001", Unavailable, Unavailable, false),
        ("ERR max number of clients reached", Unavailable, Unavailable, true),
        ("ERR max number of clients + cluster connections reached", Unavailable, Unavailable, true),
        ("DENIED Redis is running in protected mode", Unavailable, Unavailable, false),
        ("WRONGTYPE Operation against a key", Decode, Unavailable, false),
        ("ERR Connection timed out", Unavailable, Unknown, false),
        ("upstream failure", Unavailable, Unknown, false),
    ];
    for (line, read, write, is_retryable) in table {
        let error = reply(line).into_error(Call::Load);
        assert_eq!((error.kind(), error.is_retryable()), (*read, *is_retryable), "{line}");
        for call in WRITES {
            let error = reply(line).into_error(call);
            assert_eq!((error.kind(), error.is_retryable()), (*write, *is_retryable), "{line}");
        }
    }
}

#[test]
fn wrong_password_is_not_worth_a_retry() {
    let cause = RedisError::from((RedisErrorKind::AuthenticationFailed, "no"));
    let error = Fault::unreached(cause).into_error(Call::Connect);
    assert_eq!((error.kind(), error.is_retryable()), (Unavailable, false));
}

#[test]
fn texts_of_server_and_client_stay_out() {
    let detail = "unknown command `HELLO`, with args beginning with: `hunter2`";
    for fault in [
        reply(&format!("ERR {detail}")),
        reply("hunter2 hunter2"),
        Fault::unreached((RedisErrorKind::Client, "x", "hunter2".into()).into()),
        Fault::unreached((RedisErrorKind::AuthenticationFailed, "x", "hunter2".into()).into()),
        RedisError::from((RedisErrorKind::Parse, "x", "hunter2".into())).into(),
    ] {
        let error = fault.into_error(Call::Update);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
