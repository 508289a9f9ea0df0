//! Functions that users of DuckDB and PostgreSQL expect and that the engine lacks.

mod dates;
mod digests;
mod json;
mod lists;
mod mode;
mod moments;
mod operators;
mod texts;
mod zones;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::plan_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    AggregateUDF, ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;

pub use moments::{RANGE, SERIES, TEXT};
pub use zones::UTC;

/// Adds the functions to a session.
///
/// # Errors
/// Fails when the session refuses one of them.
pub fn register(session: &mut SessionContext) -> Result<()> {
    let groups = [
        dates::FUNCTIONS,
        json::FUNCTIONS,
        lists::FUNCTIONS,
        texts::FUNCTIONS,
        digests::FUNCTIONS,
        zones::FUNCTIONS,
    ];
    for function in groups.into_iter().flatten() {
        session.register_udf(Arc::new(function.udf()))?;
    }
    for function in moments::FUNCTIONS {
        session.register_udf(Arc::new(function.udf()))?;
    }
    session.register_udaf(Arc::new(AggregateUDF::from(mode::Mode::default())))?;
    session.register_expr_planner(Arc::new(operators::Intervals))?;
    *session = crate::moments::register(session)?;
    Ok(())
}

/// A function of the values of one row.
#[derive(Clone, Copy)]
struct Scalar {
    /// The name and its aliases.
    names: &'static [&'static str],
    /// The number of arguments, for the message: `2`, `2 or 3`.
    arguments: &'static str,
    /// Returns the type of the result for these argument types, or `None` when the number of arguments is
    /// wrong.
    kind: fn(&[DataType]) -> Option<Result<DataType>>,
    run: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

impl Scalar {
    fn udf(self) -> ScalarUDF {
        let aliases = self.names.iter().skip(1).map(|name| (*name).to_owned()).collect();
        ScalarUDF::from(Udf {
            scalar: self,
            aliases,
            signature: Signature::variadic_any(Volatility::Immutable),
        })
    }
}

struct Udf {
    scalar: Scalar,
    aliases: Vec<String>,
    signature: Signature,
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.scalar.names.first().copied().unwrap_or_default()
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.scalar.kind)(types) {
            Some(kind) => kind,
            None => {
                plan_err!("`{}` takes {} arguments, not {}", self.name(), self.scalar.arguments, types.len())
            }
        }
    }

    fn invoke_with_args(&self, given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = given.args.iter().map(|value| value.to_array(given.number_rows));
        (self.scalar.run)(&arrays.collect::<Result<Vec<_>>>()?).map(ColumnarValue::Array)
    }
}

/// Reports a value that the function does not accept.
fn wrong<T>(what: String) -> Result<T> {
    Err(DataFusionError::Execution(what))
}

fn argument(arrays: &[ArrayRef], place: usize) -> Result<&ArrayRef> {
    arrays.get(place).ok_or_else(|| DataFusionError::Execution("an argument is missing".to_owned()))
}

/// Returns an argument as text, whatever its type.
fn texts(arrays: &[ArrayRef], place: usize) -> Result<StringArray> {
    Ok(cast(argument(arrays, place)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// Returns the text of a row; `None` is NULL.
fn text(array: &StringArray, row: usize) -> Option<&str> {
    (!array.is_null(row)).then(|| array.value(row))
}

fn is_list(kind: &DataType) -> bool {
    matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}
