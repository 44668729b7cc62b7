//! The two DynamoDB tables: the detector's state, and incidents.
//!
//! Coming from HCL: `aws_dynamodb_table`, now with point-in-time recovery, expiry and a key.

use super::context::Context;
use super::keys::Keys;
use crate::aws::dynamodb;
use crate::graph::{Expr, Scope};
use crate::iam::Statement;
use crate::iam::action::dynamodb as act;
use crate::text;

/// The tables.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Segment index, watermarks, guards, timers.
    pub state: dynamodb::Table,
    /// Incidents, findings, actions, caps, the stop switch.
    pub incidents: dynamodb::Table,
}

/// The index of incidents by their status.
pub const BY_STATUS: &str = "by-status";

/// Declares the tables.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Tables {
    let scope = scope.component("Tables", "tables");
    let attribute = |name: &str| {
        dynamodb::TableAttribute::new(dynamodb::TableAttributeRequired {
            name: name.into(),
            r#type: "S".into(),
        })
    };
    let args = |name: &str| {
        let args = dynamodb::TableArgs::new()
            .name(context.name(name))
            .billing_mode("PAY_PER_REQUEST")
            .hash_key("pk")
            .range_key("sk")
            .ttl(
                dynamodb::TableTtl::new()
                    .attribute_name("expires")
                    .enabled(true),
            )
            .point_in_time_recovery(dynamodb::TablePointInTimeRecovery::new(true))
            .deletion_protection_enabled(context.config.protect);
        match keys {
            Some(keys) => args.server_side_encryption(
                dynamodb::TableServerSideEncryption::new(true).kms_key_arn(keys.data.arn()),
            ),
            None => args,
        }
    };
    let state = args("state").attributes([attribute("pk"), attribute("sk")]);
    let incidents = args("incidents")
        .attributes(["pk", "sk", "status_key", "last_seen"].map(attribute))
        .global_secondary_indexes([dynamodb::TableGlobalSecondaryIndex::new(
            dynamodb::TableGlobalSecondaryIndexRequired {
                name: BY_STATUS.into(),
                projection_type: "ALL".into(),
            },
        )
        .hash_key("status_key")
        .range_key("last_seen")]);
    Tables {
        state: scope.declare("state", state),
        incidents: scope.declare("incidents", incidents),
    }
}

/// Reading and writing items of a table and its indexes; not scanning, not changing the table.
pub fn items(sid: &'static str, table: &dynamodb::Table) -> Statement {
    let arns: [Expr<String>; 2] = [table.arn(), text!(table.arn(), "/index/*")];
    Statement::allow(
        sid,
        [
            act::BATCH_GET_ITEM,
            act::BATCH_WRITE_ITEM,
            act::CONDITION_CHECK_ITEM,
            act::DELETE_ITEM,
            act::GET_ITEM,
            act::PUT_ITEM,
            act::QUERY,
            act::UPDATE_ITEM,
        ],
        arns,
    )
}
