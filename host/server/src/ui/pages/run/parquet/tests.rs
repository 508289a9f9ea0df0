use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::data_type::{ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::*;

const SCHEMA: &str = "message orders {
    required int64 id;
    optional binary name (UTF8);
    required int32 day (DATE);
    optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
}";

/// Writes a file with rows whose second name is absent.
fn file(rows: i64, properties: WriterProperties) -> Bytes {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let ids: Vec<i64> = (0..rows).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let names: Vec<ByteArray> =
        ids.iter().filter(|id| **id != 1).map(|id| format!("<b>{id}").into_bytes().into()).collect();
    let levels: Vec<i16> = ids.iter().map(|id| i16::from(*id != 1)).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&names, Some(&levels), None).unwrap();
    column.close().unwrap();
    let days: Vec<i32> = ids.iter().map(|_| 20_000).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&days, None, None).unwrap();
    column.close().unwrap();
    let (defined, repeated) = (vec![0; ids.len()], vec![0; ids.len()]);
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&[], Some(&defined), Some(&repeated)).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap().into()
}

fn packed(compression: Compression) -> WriterProperties {
    WriterProperties::builder().set_compression(compression).build()
}

#[test]
fn the_first_rows_are_a_table() {
    for compression in [Compression::SNAPPY, Compression::UNCOMPRESSED] {
        let found = start(&file(1_000, packed(compression))).unwrap();
        assert_eq!(found.head, ["id", "name", "day", "tags.list.element"]);
        assert_eq!(found.rows.len(), ROWS);
        assert_eq!(found.rows[0], ["0", "<b>0", "2024-10-04", "(a list)"]);
        assert_eq!(found.rows[1][1], "", "an absent value is an empty cell");
        assert_eq!(found.rows[99][..2], ["99", "<b>99"]);
        let shown = table(&found).into_string();
        assert!(shown.contains("&lt;b&gt;2") && shown.contains("100 of 1\u{202f}000 rows"), "{shown}");
    }
    assert_eq!(start(&file(3, packed(Compression::SNAPPY))).unwrap().rows.len(), 3);
    assert!(start(&file(0, packed(Compression::SNAPPY))).unwrap().rows.is_empty());
}

#[test]
fn a_file_that_the_preview_does_not_read_says_why() {
    let tags = ["tags", "list", "element"].map(str::to_owned).to_vec();
    let delta = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding("name".into(), Encoding::PLAIN)
        .set_column_encoding(ColumnPath::from(tags), Encoding::PLAIN);
    let whole = file(10, packed(Compression::SNAPPY));
    for (bytes, why) in [
        (file(10, delta.build()), "an encoding that the preview does not read (column id)"),
        (whole.slice(..whole.len() - 1), "its end is not the one of a Parquet file"),
        (whole.slice(whole.len() - 20..), "its description is cut"),
        (Bytes::from_static(b"PAR1"), "its description is cut"),
        (Bytes::from_static(b"PAR1\xff\xff\xff\x7fPAR1"), "too long for a preview"),
        (Bytes::from_static(b"PAR1\0\0\0\0\0\0\0\0PAR1"), "its description cannot be read"),
    ] {
        let found = start(&bytes).unwrap_err();
        assert!(found.contains(why), "{found}");
    }
}

/// A damaged file ends with an error, a table or a panic in its own thread, soon and in little memory. Each byte of a
/// file is changed.
#[test]
fn a_damaged_file_does_no_harm() {
    let whole = file(200, packed(Compression::SNAPPY));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut ends = [0_usize; 3];
    for place in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.to_vec();
            bytes[place] ^= change;
            let end = match catch_unwind(AssertUnwindSafe(|| start(&Bytes::from(bytes)))) {
                Ok(Ok(found)) => {
                    assert!(found.rows.iter().flatten().all(|cell| cell.chars().count() <= CELL + 3));
                    0
                }
                Ok(Err(why)) => {
                    assert!(!why.is_empty());
                    1
                }
                Err(_) => 2,
            };
            ends[end] += 1;
        }
        drop(catch_unwind(AssertUnwindSafe(|| start(&whole.slice(..place)))));
    }
    std::panic::set_hook(hook);
    assert!(ends[0] > 0 && ends[1] > 0, "{ends:?}");
}
