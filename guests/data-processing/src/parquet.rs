//! Parquet files as tables. Several files combine by column name, and only where no value changes.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use stepwell_sdk::values;
use tables::{Problem, Share};
use url::Url;

use crate::config::{InputSpec, Together};
use crate::functions::UTC;
use crate::names::Names;
use crate::split::mark::{Divided, Mark};

/// Plans the table of an input.
pub async fn table(
    session: &SessionContext,
    spec: &InputSpec,
    files: &[PathBuf],
    share: Option<(&Mark, Option<Share>)>,
    names: &mut Names,
) -> Result<Arc<dyn TableProvider>> {
    let union = spec.columns == Some(Together::Union);
    let mut groups = Vec::with_capacity(files.len());
    for file in files {
        let found = tables::open_parquet(file, stepwell_sdk::files::why)
            .map_err(|problem| DataFusionError::External(Box::new(problem)))?;
        let rows = found.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs());
        groups.push((file.clone(), rows.collect()));
    }
    let mut table = plan(session, files, union, None).await?;
    if old_times(session, files, union, &table.schema()).await? {
        table = plan(session, files, union, Some("us")).await?;
    }
    if let Some((mark, share)) = share {
        table = Arc::new(Divided::new(table, mark, groups, share));
    }
    named(session, table, names)
}

/// Gives the columns of a table their names inside the engine.
pub fn named(
    session: &SessionContext,
    table: Arc<dyn TableProvider>,
    names: &mut Names,
) -> Result<Arc<dyn TableProvider>> {
    let schema = table.schema();
    schema.fields().iter().for_each(|field| nested(field.data_type(), names));
    let given: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let columns = names.table(&given);
    if columns == given {
        return Ok(table);
    }
    let renamed = given.iter().zip(&columns);
    let renamed = renamed.map(|(given, name)| Expr::Column(Column::new_unqualified(given)).alias(name));
    Ok(session.read_table(table)?.select(renamed.collect::<Vec<_>>())?.into_view())
}

/// Plans the table with 96-bit times in this unit, nanoseconds by default.
async fn plan(
    session: &SessionContext,
    files: &[PathBuf],
    union: bool,
    unit: Option<&str>,
) -> Result<Arc<dyn TableProvider>> {
    let format = ParquetFormat::default().with_coerce_int96(unit.map(str::to_owned));
    let options = ListingOptions::new(Arc::new(format)).with_file_extension("");
    let urls = files.iter().map(|file| url(file)).collect::<Result<Vec<_>>>()?;
    let mut schemas = Vec::with_capacity(files.len());
    for (file, url) in files.iter().zip(&urls) {
        schemas.push((file.as_path(), options.infer_schema(&session.state(), url).await?));
    }
    let schema = together(&schemas, union).map_err(|problem| DataFusionError::External(Box::new(problem)))?;
    let config = ListingTableConfig::new_with_multi_paths(urls);
    let config = config.with_listing_options(options).with_schema(Arc::new(schema));
    Ok(Arc::new(ListingTable::try_new(config)?))
}

/// Returns whether a file has 96-bit times, as Spark and Hive write them, outside the range of 64-bit
/// nanoseconds: before 1677 or after 2262.
async fn old_times(
    session: &SessionContext,
    files: &[PathBuf],
    union: bool,
    fine: &SchemaRef,
) -> Result<bool> {
    let nanos = DataType::Timestamp(TimeUnit::Nanosecond, None);
    if !fine.fields().iter().any(|field| *field.data_type() == nanos) {
        return Ok(false);
    }
    let coarse = plan(session, files, union, Some("us")).await?;
    let schema = coarse.schema();
    let differ = fine.fields().iter().zip(schema.fields());
    let differ = differ.filter(|(fine, coarse)| fine.data_type() != coarse.data_type());
    let columns = differ.map(|(field, _)| Expr::Column(Column::new_unqualified(field.name())));
    let ends: Vec<Expr> = columns.flat_map(|column| [min(column.clone()), max(column)]).collect();
    if ends.is_empty() {
        return Ok(false);
    }
    let found = session.read_table(coarse)?.aggregate(Vec::new(), ends)?.collect().await?;
    let columns = found.iter().flat_map(|batch| batch.columns());
    let far = |micros: i64| micros.checked_mul(1_000).is_none();
    Ok(columns
        .filter_map(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .any(|column| column.iter().flatten().any(far)))
}

/// Combines the columns of several files. Without `union`, a file that lacks a column of the first file or
/// has an additional column is an error. A column with incompatible types in two files is always an error.
fn together(files: &[(&Path, SchemaRef)], union: bool) -> Result<Schema, Problem> {
    let mut fields: Vec<Field> = Vec::new();
    let mut first = "";
    for (path, schema) in files {
        let file = path.to_str().unwrap_or_default();
        let wrong = |what: String| Problem::at(file, 0, what);
        let repeated = values::repeated(schema.fields().iter().map(|field| field.name().as_str()));
        if !repeated.is_empty() {
            return Err(wrong(format!("has several columns named {}", list(&repeated))));
        }
        if first.is_empty() {
            first = file;
            fields = schema.fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect();
            continue;
        }
        let own: HashMap<&str, &Field> =
            schema.fields().iter().map(|field| (field.name().as_str(), field.as_ref())).collect();
        let known: HashSet<&str> = fields.iter().map(|field| field.name().as_str()).collect();
        let lacking = fields.iter().map(|field| field.name().as_str());
        let lacking: Vec<&str> = lacking.filter(|name| !own.contains_key(name)).collect();
        let added: Vec<Field> = schema
            .fields()
            .iter()
            .filter(|field| !known.contains(field.name().as_str()))
            .map(|field| Field::clone(field).with_nullable(true))
            .collect();
        if !union && !(lacking.is_empty() && added.is_empty()) {
            let added: Vec<&str> = added.iter().map(|field| field.name().as_str()).collect();
            let lacks = (!lacking.is_empty()).then(|| format!("lacks {}", list(&lacking)));
            let has = (!added.is_empty()).then(|| format!("has {} as well", list(&added)));
            let what = lacks.into_iter().chain(has).collect::<Vec<_>>().join(" and ");
            let fix = "write `columns: union` to have NULL where a file lacks a column";
            return Err(wrong(format!("{what}, unlike {first}; {fix}")));
        }
        for field in &mut fields {
            let Some(other) = own.get(field.name().as_str()) else { continue };
            let Some(kind) = common(field.data_type(), other.data_type()) else {
                return Err(wrong(format!(
                    "the column `{}` is {}, and {} in {first}: make each file an input of its own, and put them together with UNION ALL and a CAST",
                    field.name(),
                    kind_name(other.data_type()),
                    kind_name(field.data_type())
                )));
            };
            *field = field.clone().with_data_type(kind);
        }
        fields.extend(added);
    }
    Ok(Schema::new(fields.into_iter().map(in_utc).collect::<Vec<_>>()))
}

/// Puts a column of moments into one zone, so that `hour(x)` is the hour that the result shows.
fn in_utc(field: Field) -> Field {
    match *field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            field.with_data_type(DataType::Timestamp(unit, Some(UTC.into())))
        }
        _ => field,
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the type that holds the values of both types unchanged.
fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Decimal32, Decimal64, Decimal128, Dictionary, Int64, Null, Timestamp};
    let (texts, bytes) = (
        [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View],
        [DataType::Binary, DataType::LargeBinary, DataType::BinaryView],
    );
    match (one, other) {
        _ if one.equals_datatype(other) => Some(one.clone()),
        (Null, kind) | (kind, Null) => Some(kind.clone()),
        (Dictionary(_, kind), other) | (other, Dictionary(_, kind)) => common(kind, other),
        _ if texts.contains(one) && texts.contains(other) => Some(DataType::Utf8View),
        _ if bytes.contains(one) && bytes.contains(other) => Some(DataType::BinaryView),
        (DataType::UInt64, _) | (_, DataType::UInt64) => {
            (one.is_unsigned_integer() && other.is_unsigned_integer()).then_some(DataType::UInt64)
        }
        _ if one.is_integer() && other.is_integer() => Some(Int64),
        (
            Decimal32(a, scale) | Decimal64(a, scale) | Decimal128(a, scale),
            Decimal32(b, same) | Decimal64(b, same) | Decimal128(b, same),
        ) if scale == same => Some(Decimal128(*a.max(b), *scale)),
        (Timestamp(a, zone), Timestamp(b, other)) if zone.is_some() == other.is_some() => {
            Some(Timestamp(*a.max(b), zone.clone()))
        }
        _ => None,
    }
}

/// Returns the documented name of a type.
pub fn kind_name(kind: &DataType) -> String {
    let name = match kind {
        DataType::Null => "null",
        DataType::Boolean => "boolean",
        DataType::Float16 => "float16",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Duration(_) => "duration",
        DataType::Interval(_) => "interval",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes"
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..) => "list",
        DataType::Struct(_) => "object",
        DataType::Map(..) => "map",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Dictionary(_, kind) => return kind_name(kind),
        DataType::Union(..) => "union",
        DataType::RunEndEncoded(_, values) => return kind_name(values.data_type()),
        whole => return whole.to_string().to_lowercase(),
    };
    name.to_owned()
}

/// Adds the names of the fields within a column.
pub fn nested(kind: &DataType, names: &mut Names) {
    match kind {
        DataType::Struct(fields) => {
            for field in fields {
                names.field(field.name());
                nested(field.data_type(), names);
            }
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            nested(item.data_type(), names);
        }
        _ => {}
    }
}

/// Returns the name of a file inside the engine.
pub fn url(file: &Path) -> Result<ListingTableUrl> {
    let mut url = Url::parse("file:///").map_err(|e| DataFusionError::External(e.into()))?;
    url.set_path(&file.to_string_lossy());
    ListingTableUrl::try_new(url, None)
}
