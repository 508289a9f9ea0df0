//! An input that only Spark reads: the local engine plans queries over its columns.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

/// A table of files that Spark reads.
#[derive(Debug)]
pub struct Remote {
    /// The path on Spark's side.
    pub path: String,
    pub schema: SchemaRef,
}

#[async_trait]
impl TableProvider for Remote {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        exec_err!("only Spark reads `{}`", self.path)
    }
}
