//! What the credentials must be allowed: found out when the store is opened, named when refused.

use crate::client::Client;
use crate::config::STORE;
use crate::error::Fault;
use crate::item;
use session_core::store::Call;
use session_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

/// A condition that holds for no item, so that nothing is changed.
const NEVER: &str = "attribute_exists(#k) AND attribute_not_exists(#k)";
/// A key that no session has.
const NOBODY: &str = "\u{1}rights";

/// The actions, by IAM's names, that a call needs on the table.
fn actions(call: Call) -> &'static str {
    match call {
        Call::Connect | Call::Inspect => "dynamodb:DescribeTable",
        Call::Init => "dynamodb:CreateTable, dynamodb:UpdateTable and dynamodb:UpdateTimeToLive",
        Call::Load => "dynamodb:GetItem",
        Call::Create => "dynamodb:PutItem",
        Call::Update | Call::Touch => "dynamodb:UpdateItem",
        Call::Delete => "dynamodb:DeleteItem",
        Call::Scan => "dynamodb:Scan",
        _ => "dynamodb:Query on the index owner-index and dynamodb:BatchGetItem",
    }
}

/// The error of a call that the credentials may not make; `table` says which.
pub(crate) fn denied(call: Call, table: &str) -> Error {
    error(call, actions(call), table)
}

fn error(call: Call, actions: &str, table: &str) -> Error {
    let what = format!("the AWS credentials lack rights: grant them {actions} on {table}");
    call.error(STORE, ErrorKind::Unavailable, &what).with_retryable(false)
}

impl Client {
    /// The error of a call that looked at the table or made it.
    pub(crate) fn explain(&self, fault: Fault, call: Call) -> Error {
        match fault {
            Fault::Denied => denied(call, &self.place()),
            fault => fault.into_error(call),
        }
    }

    /// Fails now where calls would fail later: asks for each once, without effect.
    pub(crate) async fn check_rights(&self, deadline: Instant) -> Result<()> {
        let (table, key) = (&self.layout.table, &self.layout.key);
        let nobody = || item::text(NOBODY);
        let get = self.dynamodb.get_item().table_name(table).key(key, nobody());
        let put = self.dynamodb.put_item().table_name(table).item(key, nobody());
        let put = put.condition_expression(NEVER).expression_attribute_names("#k", key);
        let update = self.dynamodb.update_item().table_name(table).key(key, nobody());
        let update = update.condition_expression(NEVER).expression_attribute_names("#k", key);
        let delete = self.dynamodb.delete_item().table_name(table).key(key, nobody());
        let delete = delete.condition_expression(NEVER).expression_attribute_names("#k", key);
        let answers = [
            (Call::Load, self.ask(deadline, get.send()).await.map(drop)),
            (Call::Create, self.ask(deadline, put.send()).await.map(drop)),
            (Call::Update, self.ask(deadline, update.send()).await.map(drop)),
            (Call::Delete, self.ask(deadline, delete.send()).await.map(drop)),
        ];
        let is_denied = |answer: &Result<(), Fault>| matches!(answer, Err(Fault::Denied));
        let missing = answers.iter().filter(|(_, answer)| is_denied(answer));
        let missing: Vec<_> = missing.map(|(call, _)| actions(*call)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(error(Call::Connect, &missing.join(", "), &self.place()))
    }

    fn place(&self) -> String {
        format!("the table `{}`", self.layout.table)
    }
}
