//! The log lake: tables over segments and metrics that answer SQL from the first day, without a
//! crawler: partitions are projected from the names of the objects.

use super::archive::Buckets;
use super::context::Context;
use super::keys::Keys;
use crate::aws::{athena, glue};
use crate::graph::{Expr, Scope};
use crate::text;

/// The database and its workgroup.
#[derive(Debug, Clone)]
pub struct Lake {
    /// The database.
    pub database: glue::CatalogDatabase,
    /// The workgroup.
    pub workgroup: athena::Workgroup,
}

/// Columns of a segment's lines: a record without its source, which is a partition.
const SEGMENT: [(&str, &str); 11] = [
    ("v", "tinyint"),
    ("id", "string"),
    ("time", "bigint"),
    ("timestamp", "bigint"),
    ("ingested", "bigint"),
    ("group", "string"),
    ("stream", "string"),
    ("entity", "string"),
    ("shape", "string"),
    ("message", "string"),
    ("record_source", "string"),
];

/// Columns of a metric stream's lines.
const METRIC: [(&str, &str); 9] = [
    ("metric_stream_name", "string"),
    ("account_id", "string"),
    ("region", "string"),
    ("namespace", "string"),
    ("metric_name", "string"),
    ("dimensions", "map<string,string>"),
    ("timestamp", "bigint"),
    (
        "value",
        "struct<max:double,min:double,sum:double,count:double>",
    ),
    ("unit", "string"),
];

/// A query may read this much before it is stopped, in bytes.
const SCAN_BYTES_MAX: i64 = 100 << 30;

/// Declares the lake.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    buckets: &Buckets,
) -> Option<Lake> {
    // The laptop has no query engine; segments are files there.
    if context.is_local() {
        return None;
    }
    let scope = scope.component("Lake", "lake");
    // A database's name has no hyphens.
    let name = context.config.prefix().replace('-', "_");
    let database = scope.declare(
        "lake",
        glue::CatalogDatabaseArgs::new()
            .name(name)
            .description("Log lines and metrics of the platform"),
    );
    let segments = text!("s3://", buckets.segments.name(), "/segments/");
    table(
        &scope,
        &database,
        &Table {
            name: "segments",
            location: segments.clone(),
            columns: &SEGMENT,
            by_source: true,
            // The source is in the line too; a column and a partition of one name cannot be.
            serde: &[
                ("mapping.record_source", "source"),
                ("ignore.malformed.json", "true"),
            ],
        },
    );
    let metrics = text!("s3://", buckets.raw.name(), "/metrics/");
    table(
        &scope,
        &database,
        &Table {
            name: "metrics",
            location: metrics,
            columns: &METRIC,
            by_source: false,
            serde: &[("ignore.malformed.json", "true")],
        },
    );
    let workgroup = workgroup(&scope, context, keys, buckets);
    for (name, description, query) in QUERIES {
        scope.declare(
            name,
            athena::NamedQueryArgs::new(athena::NamedQueryRequired {
                database: database.name(),
                query: query.into(),
            })
            .name(name)
            .description(description)
            .workgroup(workgroup.id()),
        );
    }
    Some(Lake {
        database,
        workgroup,
    })
}

const QUERIES: [(&str, &str, &str); 4] = [
    (
        "lines-of-an-entity",
        "What one instance, pod or interface said on a day",
        "SELECT from_unixtime(time / 1000.0) AS at, stream, message\nFROM segments\nWHERE dt = '2026-01-31' AND entity = 'i-0123456789abcdef0'\nORDER BY time",
    ),
    (
        "volume-by-source",
        "Lines and bytes by source and hour of a day",
        "SELECT source, hour, count(DISTINCT id) AS lines, sum(length(message)) AS characters\nFROM segments\nWHERE dt = '2026-01-31'\nGROUP BY source, hour\nORDER BY source, hour",
    ),
    (
        "rejected-flows",
        "Who was refused most often on a day",
        "SELECT split_part(message, ' ', 4) AS from_address, split_part(message, ' ', 7) AS port, count(DISTINCT id) AS flows\nFROM segments\nWHERE dt = '2026-01-31' AND source = 'vpc-flow' AND message LIKE '% REJECT %'\nGROUP BY 1, 2\nORDER BY flows DESC\nLIMIT 50",
    ),
    (
        "metric-by-minute",
        "A metric over a day",
        "SELECT from_unixtime(timestamp / 1000.0) AS at, dimensions, value.sum / value.count AS mean, value.max\nFROM metrics\nWHERE dt = '2026-01-31' AND metric_name = 'CPUUtilization'\nORDER BY timestamp",
    ),
];

struct Table<'a> {
    name: &'a str,
    location: Expr<String>,
    columns: &'a [(&'a str, &'a str)],
    by_source: bool,
    serde: &'a [(&'a str, &'a str)],
}

fn table(scope: &Scope<'_>, database: &glue::CatalogDatabase, table: &Table<'_>) {
    use glue::{
        CatalogTablePartitionKey as PartitionKey, CatalogTableStorageDescriptor as Storage,
        CatalogTableStorageDescriptorColumn as Column,
        CatalogTableStorageDescriptorSerDeInfo as SerDe,
    };
    let mut partitions = vec!["dt", "hour"];
    let mut parameters: Vec<(&str, Expr<String>)> = vec![
        ("EXTERNAL", "TRUE".into()),
        ("classification", "json".into()),
        ("compressionType", "gzip".into()),
        ("projection.enabled", "true".into()),
        ("projection.dt.type", "date".into()),
        ("projection.dt.format", "yyyy-MM-dd".into()),
        ("projection.dt.range", "2026-01-01,NOW+1DAY".into()),
        ("projection.dt.interval", "1".into()),
        ("projection.dt.interval.unit", "DAYS".into()),
        ("projection.hour.type", "integer".into()),
        ("projection.hour.range", "0,23".into()),
        ("projection.hour.digits", "2".into()),
    ];
    let mut path = "dt=${dt}/hour=${hour}/".to_owned();
    if table.by_source {
        partitions.insert(0, "source");
        let sources = aiops_domain::Source::ALL
            .map(aiops_domain::Source::as_str)
            .join(",");
        parameters.push(("projection.source.type", "enum".into()));
        parameters.push(("projection.source.values", sources.into()));
        path.insert_str(0, "source=${source}/");
    }
    parameters.push(("storage.location.template", text!(&table.location, path)));
    let storage = Storage::new()
        .location(&table.location)
        .input_format("org.apache.hadoop.mapred.TextInputFormat")
        .output_format("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
        .columns(
            table
                .columns
                .iter()
                .map(|(name, kind)| Column::new(*name).r#type(*kind))
                .collect::<Vec<_>>(),
        )
        .ser_de_info(
            SerDe::new()
                .serialization_library("org.openx.data.jsonserde.JsonSerDe")
                .parameters(
                    table
                        .serde
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), *value))
                        .collect::<std::collections::BTreeMap<_, _>>(),
                ),
        );
    scope.declare(
        table.name,
        glue::CatalogTableArgs::new(database.name())
            .name(table.name)
            .table_type("EXTERNAL_TABLE")
            .parameters(
                parameters
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<std::collections::BTreeMap<_, _>>(),
            )
            .partition_keys(
                partitions
                    .into_iter()
                    .map(|name| PartitionKey::new(name).r#type("string"))
                    .collect::<Vec<_>>(),
            )
            .storage_descriptor(storage),
    );
}

fn workgroup(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    buckets: &Buckets,
) -> athena::Workgroup {
    use athena::{
        WorkgroupConfiguration as Configuration,
        WorkgroupConfigurationResultConfiguration as Results,
        WorkgroupConfigurationResultConfigurationEncryptionConfiguration as Encryption,
    };
    let encryption = match keys {
        Some(keys) => Encryption::new()
            .encryption_option("SSE_KMS")
            .kms_key_arn(keys.data.arn()),
        None => Encryption::new().encryption_option("SSE_S3"),
    };
    scope.declare(
        "lake",
        athena::WorkgroupArgs::new()
            .name(context.config.prefix())
            .force_destroy(!context.config.protect)
            .configuration(
                Configuration::new()
                    .enforce_workgroup_configuration(true)
                    .publish_cloudwatch_metrics_enabled(true)
                    .bytes_scanned_cutoff_per_query(SCAN_BYTES_MAX)
                    .result_configuration(
                        Results::new()
                            .output_location(text!("s3://", buckets.segments.name(), "/athena/"))
                            .encryption_configuration(encryption),
                    ),
            ),
    )
}
