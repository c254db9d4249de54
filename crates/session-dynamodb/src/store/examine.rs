//! What there is to say of the table: `session check` prints it.

use super::DynamoDbStore;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use tokio::time::Instant;

/// Fewer writes a second than a small application makes.
const FEW_WRITES: i64 = 5;

impl DynamoDbStore {
    /// Looks at the table, at what is missing of it, and at the clock of the server.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let timeouts = self.client.timeouts;
        let deadline = Instant::now() + timeouts.connect() + timeouts.operation();
        let table = self.client.inspect(Call::Inspect, deadline).await?;
        let mut findings = vec![Finding::ok(Topic::Connection, "DynamoDB")];
        let asked = unix_time();
        if let Some(time) = self.client.clock(deadline).await {
            findings.push(Finding::clocks(time, asked, unix_time()));
        }
        findings.extend(table.iter().flat_map(read));
        findings.extend(Finding::missing(self.client.missing_of(table.as_ref()).await?));
        Ok(findings)
    }
}

fn read(table: &TableDescription) -> Vec<Finding> {
    let mut findings = Vec::new();
    match table.table_status() {
        Some(TableStatus::Active) | None => {}
        Some(status) => {
            let seen = format!("the table is {}, not ACTIVE", status.as_str());
            let change = "wait until aws dynamodb describe-table says ACTIVE";
            findings.push(Finding::problem(Topic::Schema, seen).change(change));
        }
    }
    let writes = table.provisioned_throughput().and_then(|units| units.write_capacity_units());
    // 0 is a table that is billed per request.
    if let Some(writes @ 1..=FEW_WRITES) = writes {
        let seen = format!("the table takes {writes} writes a second, and turns others away");
        let change = "aws dynamodb update-table --billing-mode PAY_PER_REQUEST";
        findings.push(Finding::warning(Topic::Server, seen).change(change));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::read;
    use aws_sdk_dynamodb::types::{
        ProvisionedThroughputDescription, TableDescription, TableStatus,
    };
    use session_core::store::Level;

    #[test]
    fn table_that_is_not_there_yet_or_takes_few_writes_is_told() {
        for (status, writes, level) in [
            (TableStatus::Active, 0, None),
            (TableStatus::Active, 6, None),
            (TableStatus::Active, 5, Some(Level::Warning)),
            (TableStatus::Creating, 0, Some(Level::Problem)),
        ] {
            let units = ProvisionedThroughputDescription::builder().write_capacity_units(writes);
            let table = TableDescription::builder()
                .table_status(status)
                .provisioned_throughput(units.build())
                .build();
            assert_eq!(read(&table).first().map(|told| told.level), level, "{writes}");
        }
    }
}
