//! DynamoDB: one table with `pk` and `sk`.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::error::classify;
use crate::ports::{Item, ItemKey, PortError, PortResult, Range, Table, TableIndex, Write};

mod expression;
mod value;

use expression::Expression;
use value::{Attributes, from_attributes, key_attributes, to_attributes};

/// The fields that the builders of every write have.
macro_rules! with {
    ($builder:expr, $table:ident, $parts:ident) => {
        $builder
            .table_name($table)
            .set_condition_expression($parts.condition)
            .set_expression_attribute_names($parts.names)
            .set_expression_attribute_values($parts.values)
    };
}

/// A table of an account.
#[derive(Debug, Clone)]
pub struct DynamoDbTable {
    client: Client,
    name: String,
}

impl DynamoDbTable {
    /// The table of this name.
    pub fn new(config: &aws_config::SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    fn what(&self, key: &ItemKey) -> String {
        format!("{}: {}/{}", self.name, key.pk, key.sk)
    }

    /// Pages through a query until its end or the range's limit.
    async fn pages(
        &self,
        index: Option<&TableIndex>,
        partition: &str,
        range: &Range,
    ) -> PortResult<Vec<Item>> {
        let (partition_name, sort_name) =
            index.map_or(("pk", "sk"), |index| (index.partition, index.sort));
        let mut expression = Expression::default();
        let condition = expression.key_range(partition_name, partition, sort_name, range);
        let (names, values) = expression.parts();
        let what = format!("{}: {partition}", self.name);
        let mut items = Vec::new();
        let mut start: Option<Attributes> = None;
        loop {
            let missing = range.limit.map(|limit| limit.saturating_sub(items.len()));
            if missing == Some(0) {
                return Ok(items);
            }
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .set_index_name(index.map(|index| index.name.to_owned()))
                .key_condition_expression(&condition)
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(values.clone())
                // An index cannot be read so.
                .consistent_read(index.is_none())
                .scan_index_forward(!range.descending)
                .set_limit(missing.map(|missing| i32::try_from(missing).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| classify(&what, &error))?;
            for attributes in page.items() {
                items.push(from_attributes(attributes.clone(), &what)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    fn transactional(&self, write: Write) -> PortResult<TransactWriteItem> {
        let Rendered { verb, parts } = Rendered::of(write);
        let item = TransactWriteItem::builder();
        let table = self.name.as_str();
        let built = match verb {
            Verb::Put(attributes) => with!(Put::builder(), table, parts)
                .set_item(Some(attributes))
                .build()
                .map(|put| item.put(put)),
            Verb::Update(key, update) => with!(Update::builder(), table, parts)
                .set_key(Some(key))
                .update_expression(update)
                .build()
                .map(|update| item.update(update)),
            Verb::Delete(key) => with!(Delete::builder(), table, parts)
                .set_key(Some(key))
                .build()
                .map(|delete| item.delete(delete)),
            Verb::Check(key) => with!(ConditionCheck::builder(), table, parts)
                .set_key(Some(key))
                .build()
                .map(|check| item.condition_check(check)),
        };
        built
            .map(aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder::build)
            .map_err(|error| PortError::Permanent {
                what: self.name.clone(),
                detail: error.to_string(),
            })
    }
}

/// What a write does to which item, in DynamoDB's form.
enum Verb {
    Put(Attributes),
    Update(Attributes, String),
    Delete(Attributes),
    Check(Attributes),
}

/// What the writes of every verb have in common.
struct Parts {
    condition: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<Attributes>,
}

/// A write in DynamoDB's form, alone or in a transaction.
struct Rendered {
    verb: Verb,
    parts: Parts,
}

impl Rendered {
    fn of(write: Write) -> Self {
        let mut expression = Expression::default();
        let (verb, condition) = match write {
            Write::Put { item, condition } => (
                Verb::Put(to_attributes(item.key, item.attributes)),
                condition,
            ),
            Write::Update {
                key,
                set,
                add,
                remove,
                condition,
            } => {
                let update = expression.update(set, add, remove);
                (Verb::Update(key_attributes(key), update), condition)
            }
            Write::Delete { key, condition } => (Verb::Delete(key_attributes(key)), condition),
            Write::Check { key, condition } => (Verb::Check(key_attributes(key)), Some(condition)),
        };
        let condition = condition.map(|condition| expression.condition(&condition));
        let (names, values) = expression.parts();
        Self {
            verb,
            parts: Parts {
                condition,
                names,
                values,
            },
        }
    }
}

/// A cancelled transaction names a reason for each of its writes, in their order.
fn cancelled(what: String, error: &SdkError<TransactWriteItemsError, HttpResponse>) -> PortError {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return classify(&what, error);
    };
    let reasons = || {
        cancelled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code().unwrap_or_default())
    };
    let failed: Vec<usize> = reasons()
        .enumerate()
        .filter(|(_, code)| *code == "ConditionalCheckFailed")
        .map(|(position, _)| position)
        .collect();
    let detail = reasons().collect::<Vec<_>>().join(", ");
    if !failed.is_empty() {
        PortError::Conflict { what, failed }
    } else if reasons().any(|code| code == "ValidationError" || code.ends_with("LimitExceeded")) {
        PortError::Permanent { what, detail }
    } else {
        // Another transaction was at one of the items, or the table is throttled.
        PortError::Transient { what, detail }
    }
}

impl Table for DynamoDbTable {
    async fn get(&self, key: &ItemKey) -> PortResult<Option<Item>> {
        let what = self.what(key);
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key.clone())))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| classify(&what, &error))?;
        answer
            .item
            .map(|attributes| from_attributes(attributes, &what))
            .transpose()
    }

    async fn query(&self, pk: &str, range: &Range) -> PortResult<Vec<Item>> {
        self.pages(None, pk, range).await
    }

    async fn query_index(
        &self,
        index: &TableIndex,
        partition: &str,
        range: &Range,
    ) -> PortResult<Vec<Item>> {
        self.pages(Some(index), partition, range).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        // A transaction of one would do the same at twice the price.
        if matches!(write, Write::Check { .. }) {
            return self.transact(vec![write]).await;
        }
        let what = self.what(write.key());
        let Rendered { verb, parts } = Rendered::of(write);
        let table = self.name.as_str();
        match verb {
            Verb::Put(attributes) => with!(self.client.put_item(), table, parts)
                .set_item(Some(attributes))
                .send()
                .await
                .map(drop)
                .map_err(|error| classify(&what, &error)),
            Verb::Update(key, update) => with!(self.client.update_item(), table, parts)
                .set_key(Some(key))
                .set_update_expression((!update.is_empty()).then_some(update))
                .send()
                .await
                .map(drop)
                .map_err(|error| classify(&what, &error)),
            Verb::Delete(key) => with!(self.client.delete_item(), table, parts)
                .set_key(Some(key))
                .send()
                .await
                .map(drop)
                .map_err(|error| classify(&what, &error)),
            Verb::Check(_) => Ok(()),
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        let what = format!("{}: a transaction of {}", self.name, writes.len());
        let items = writes
            .into_iter()
            .map(|write| self.transactional(write))
            .collect::<PortResult<Vec<_>>>()?;
        self.client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
            .map_err(|error| cancelled(what, &error))?;
        Ok(())
    }
}
