//! The values of the locks of Atlantis that Stepwell serves, as records of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use stepwell_atlantis::format::RawValue;
use stepwell_atlantis::locks::{StoredValue, Values, ValuesError};
use stepwell_engine::Store;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Change, Expect, Kind, Record};

/// The records of one read.
const PAGE: u32 = 1_000;

/// The values in a store. No answer of the API and no log has these records: they hold tokens of Atlantis.
pub(crate) struct StoredValues {
    pub store: Arc<dyn Store>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    key: String,
    /// The bytes in base64, since they need not be UTF-8.
    value: String,
    at: Timestamp,
}

fn read(record: Record) -> Result<(String, StoredValue), ValuesError> {
    // The messages of the library quote values.
    let damaged = |_| ValuesError::from("the record of a lock of Atlantis is damaged");
    let document: Document = serde_json::from_value(record.value).map_err(damaged)?;
    let raw = BASE64
        .decode(document.value.as_bytes())
        .map_err(|_| "the record of a lock of Atlantis is damaged")?;
    Ok((record.id, StoredValue { key: document.key, raw: RawValue::new(raw), at: document.at }))
}

#[async_trait]
impl Values for StoredValues {
    async fn put(&self, ticket: &str, value: StoredValue) -> Result<(), ValuesError> {
        let StoredValue { key, raw, at } = value;
        let document = Document { key, value: BASE64.encode(raw.expose()), at };
        let put = Change::Put {
            kind: Kind::AtlantisLock,
            id: ticket.to_owned(),
            state: String::new(),
            value: serde_json::to_value(document)?,
            expect: Expect::Any,
        };
        Ok(self.store.write(vec![put]).await?)
    }

    async fn get(&self, ticket: &str) -> Result<Option<StoredValue>, ValuesError> {
        let record = self.store.record(Kind::AtlantisLock, ticket).await?;
        Ok(record.map(read).transpose()?.map(|(_, value)| value))
    }

    async fn all(&self) -> Result<BTreeMap<String, StoredValue>, ValuesError> {
        let (mut all, mut after) = (BTreeMap::new(), String::new());
        loop {
            let page = self.store.records(Kind::AtlantisLock, None, &after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            if let Some(last) = page.last() {
                after.clone_from(&last.id);
            }
            for record in page {
                let (ticket, value) = read(record)?;
                all.insert(ticket, value);
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn delete(&self, ticket: &str) -> Result<(), ValuesError> {
        let remove = Change::Remove { kind: Kind::AtlantisLock, id: ticket.to_owned(), expect: Expect::Any };
        Ok(self.store.write(vec![remove]).await?)
    }
}
