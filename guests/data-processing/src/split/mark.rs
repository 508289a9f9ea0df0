//! The scans of the input that is divided.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tables::Share;

/// Recognizes the scans of one input in a plan, and counts its rows.
#[derive(Debug, Clone, Default)]
pub struct Mark(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    scans: Mutex<Vec<Arc<dyn PartitionStream>>>,
    rows: AtomicU64,
}

/// Stands on the Parquet files of the input.
#[derive(Debug)]
struct OfInput;

impl Mark {
    /// Notes a scan of a text table.
    pub fn note(&self, scan: Arc<dyn PartitionStream>) {
        self.0.scans.lock().unwrap_or_else(PoisonError::into_inner).push(scan);
    }

    /// Counts rows that were read.
    pub fn count(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Returns the number of rows that were read.
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// Returns whether a node of a plan scans the input.
    pub fn is_on(&self, node: &Arc<dyn ExecutionPlan>) -> bool {
        if let Some(scan) = node.downcast_ref::<StreamingTableExec>() {
            let noted = self.0.scans.lock().unwrap_or_else(PoisonError::into_inner);
            let same = |one: &Arc<dyn PartitionStream>| {
                noted.iter().any(|other| std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other)))
            };
            return scan.partitions().iter().any(same);
        }
        let config = node.downcast_ref::<DataSourceExec>().and_then(of_files);
        let mut files = config.into_iter().flat_map(|config| &config.file_groups).flat_map(FileGroup::files);
        files.any(|file| file.extensions.contains::<OfInput>())
    }
}

fn of_files(scan: &DataSourceExec) -> Option<&FileScanConfig> {
    scan.data_source().downcast_ref::<FileScanConfig>()
}

/// A table of Parquet files, of which a share of the row groups is read.
#[derive(Debug)]
pub struct Divided {
    inner: Arc<dyn TableProvider>,
    /// Whether to read each row group of each file. Files that are not here are read whole.
    groups: HashMap<PathBuf, Vec<bool>>,
}

impl Divided {
    /// Divides the row groups, whose numbers of rows are given. Without a share, the table is only marked.
    pub fn new(
        inner: Arc<dyn TableProvider>,
        mark: &Mark,
        files: Vec<(PathBuf, Vec<u64>)>,
        share: Option<Share>,
    ) -> Self {
        let Some(share) = share else { return Self { inner, groups: HashMap::new() } };
        let all = share.of(files.iter().flat_map(|(_, rows)| rows).sum());
        let mut before = 0;
        let mut groups = HashMap::with_capacity(files.len());
        for (file, rows) in files {
            let mut chosen = Vec::with_capacity(rows.len());
            for rows in rows {
                // A row group belongs to the part that contains its middle.
                let is_chosen = all.contains(&(before + rows / 2));
                mark.count(if is_chosen { rows } else { 0 });
                chosen.push(is_chosen);
                before += rows;
            }
            groups.insert(file, chosen);
        }
        Self { inner, groups }
    }

    fn file(&self, mut file: PartitionedFile) -> PartitionedFile {
        let path = PathBuf::from(format!("/{}", file.object_meta.location));
        if let Some(chosen) = self.groups.get(&path) {
            let access =
                chosen.iter().map(|is| if *is { RowGroupAccess::Scan } else { RowGroupAccess::Skip });
            file.extensions.insert(ParquetAccessPlan::new(access.collect()));
        }
        file.extensions.insert(OfInput);
        file
    }
}

#[async_trait]
impl TableProvider for Divided {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.inner.scan(session, projection, filters, limit).await?;
        let Some(config) = plan.downcast_ref::<DataSourceExec>().and_then(of_files) else { return Ok(plan) };
        let group = |group: &FileGroup| {
            FileGroup::new(group.files().iter().map(|file| self.file(file.clone())).collect())
        };
        let groups = config.file_groups.iter().map(group).collect();
        let config = FileScanConfigBuilder::from(config.clone()).with_file_groups(groups).build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
