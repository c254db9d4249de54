//! MariaDB, as the package of the distribution brings it.

use super::process::{Launch, Process, data_dir, free_port, user};
use std::io;

/// Read by the server at each start.
const GRANTS: &str = "\
CREATE DATABASE IF NOT EXISTS session;
CREATE USER IF NOT EXISTS 'session'@'127.0.0.1' IDENTIFIED BY 'session';
GRANT ALL ON session.* TO 'session'@'127.0.0.1';
";

impl Process {
    /// Makes an empty MariaDB and starts it.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not answer.
    pub async fn mariadb() -> io::Result<Self> {
        let port = free_port()?;
        let user = user("mysql")?;
        let dir = data_dir(user)?;
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let data = format!("--datadir={}", at("data"));
        // Two servers that share one take each other's tables for their own.
        let scratch = format!("--tmpdir={}", dir.path().to_string_lossy());
        std::fs::write(at("grants.sql"), GRANTS)?;
        let command = |program: &str, args: &[&str]| {
            // The first must come first.
            let first = ["--no-defaults", &data, &scratch];
            let args = first.iter().chain(args).map(|arg| (*arg).to_owned()).collect();
            Launch { program: program.to_owned(), args, user }
        };
        let install = ["--skip-test-db", "--auth-root-authentication-method=socket"];
        command("mariadb-install-db", &install).run()?;
        let args = [
            "--bind-address=127.0.0.1",
            &format!("--port={port}"),
            "--skip-name-resolve",
            &format!("--socket={}", at("socket")),
            &format!("--pid-file={}", at("pid")),
            &format!("--init-file={}", at("grants.sql")),
            "--innodb-flush-log-at-trx-commit=2",
        ];
        let url = format!("mysql://session:session@127.0.0.1:{port}/session");
        Self::start(command(&server(), &args), url, Some(dir)).await
    }
}

/// Distributions keep it out of the path of users.
fn server() -> String {
    let path = "/usr/sbin/mariadbd";
    if std::path::Path::new(path).exists() { path } else { "mariadbd" }.to_owned()
}
