//! Data of servers that no honest server sends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{ArrayRef, Decimal128Array, Int64Array, TimestampMicrosecondArray};
use arrow_schema::DataType;

use super::super::batches::Batches;
use super::super::rows;
use super::crafted::{self, Batch};
use super::fake::{Behaviour, Fake, arrow, complete};
use super::hostile::{End, Wanted, check, connections, execute, only};
use crate::Error;

/// Makes the data of an answer.
type Make = fn() -> Vec<u8>;

/// Servers whose data is wrong. Each is the data of the only answer.
const DATA: &[(&str, End, Make)] = &[
    ("a sound text", End::Rows(2), || crafted::texts(&["ä", ""])),
    ("no data", End::Database, Vec::new),
    ("no stream", End::Database, || b"no stream at all".to_vec()),
    ("a stream that breaks off", End::Database, || {
        let mut data = crafted::numbers(100);
        data.truncate(data.len() - 100);
        data
    }),
    ("a stream behind its end", End::Database, || [crafted::numbers(1), crafted::numbers(1)].concat()),
    ("two messages with columns", End::Database, || {
        let columns = crafted::schema(&[("n", DataType::Int64)]);
        [columns.clone(), columns].concat()
    }),
    ("a dictionary", End::Database, || crafted::dictionary(crafted::schema(&[("n", DataType::Int64)]))),
    ("a column with a dictionary", End::Database, || {
        let of = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        crafted::schema(&[("n", of)])
    }),
    ("a type that Spark does not have", End::Database, || crafted::schema(&[("n", DataType::Float16)])),
    ("a view of texts", End::Database, || crafted::schema(&[("n", DataType::Utf8View)])),
    ("a number of 24 bits", End::Database, || {
        crafted::odd_schema(|built| {
            let args = arrow_ipc::IntArgs { bitWidth: 24, is_signed: true };
            let of = arrow_ipc::Int::create(built, &args).as_union_value();
            vec![crafted::field(built, "n", arrow_ipc::Type::Int, of)]
        })
    }),
    ("a list without its items", End::Database, || {
        crafted::odd_schema(|built| {
            let of = arrow_ipc::List::create(built, &arrow_ipc::ListArgs {}).as_union_value();
            vec![crafted::field(built, "n", arrow_ipc::Type::List, of)]
        })
    }),
    ("a decimal with an odd scale", End::Database, || {
        crafted::odd_schema(|built| {
            let args = arrow_ipc::DecimalArgs { precision: 1_000, scale: -1_000, bitWidth: 128 };
            let of = arrow_ipc::Decimal::create(built, &args).as_union_value();
            vec![crafted::field(built, "n", arrow_ipc::Type::Decimal, of)]
        })
    }),
    ("one column 400,000 times", End::Database, || {
        crafted::odd_schema(|built| {
            let of = arrow_ipc::Null::create(built, &arrow_ipc::NullArgs {}).as_union_value();
            vec![crafted::field(built, &"A".repeat(2_000), arrow_ipc::Type::Null, of); 400_000]
        })
    }),
    ("a buffer outside of its body", End::Database, || {
        let batch = Batch {
            rows: 1,
            nodes: vec![(1, 0)],
            buffers: vec![(0, 0), (64, 8)],
            body: vec![0; 8],
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("a buffer with a negative length", End::Database, || {
        let batch = Batch {
            rows: 1,
            nodes: vec![(1, 0)],
            buffers: vec![(0, 0), (8, -8)],
            body: vec![0; 8],
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("buffers of the same bytes", End::Database, || {
        let names: Vec<String> = (0..300).map(|at| format!("c{at}")).collect();
        let columns: Vec<_> = names.iter().map(|name| (name.as_str(), DataType::Int64)).collect();
        let batch = Batch {
            rows: 500_000,
            nodes: vec![(500_000, 0); columns.len()],
            buffers: [(0, 0), (1, 4_000_000)].repeat(columns.len()),
            body: vec![0; 4_000_008],
            ..Batch::default()
        };
        batch.after(crafted::schema(&columns))
    }),
    ("fewer buffers than columns", End::Database, || {
        let batch = Batch { rows: 1, nodes: vec![(1, 0)], ..Batch::default() };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("more rows than values", End::Database, || {
        let batch = Batch {
            rows: 1 << 40,
            nodes: vec![(1 << 40, 0)],
            buffers: vec![(0, 0), (0, 8)],
            body: vec![0; 8],
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("fewer rows than none", End::Database, || {
        let batch = Batch {
            rows: -1,
            nodes: vec![(-1, -1)],
            buffers: vec![(0, 0), (0, 8)],
            body: vec![0; 8],
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("fewer marks of NULL than rows", End::Database, || {
        let batch = Batch {
            rows: 64,
            nodes: vec![(64, 64)],
            buffers: vec![(0, 1), (8, 512)],
            body: vec![0; 520],
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("a text whose end is before its start", End::Database, || {
        let offsets: Vec<u8> = [0i32, 4, -4].iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let batch = Batch {
            rows: 2,
            nodes: vec![(2, 0)],
            buffers: vec![(0, 0), (0, 12), (16, 4)],
            body: [offsets, vec![b'a'; 12]].concat(),
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("s", DataType::Utf8)]))
    }),
    ("a text that is none", End::Database, || {
        let offsets: Vec<u8> = [0i32, 4].iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let batch = Batch {
            rows: 1,
            nodes: vec![(1, 0)],
            buffers: vec![(0, 0), (0, 8), (8, 4)],
            body: [offsets, vec![0xff; 8]].concat(),
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("s", DataType::Utf8)]))
    }),
    ("a body that is compressed", End::Database, || {
        let batch = Batch {
            rows: 1,
            nodes: vec![(1, 0)],
            buffers: vec![(0, 0), (0, 16)],
            body: [&(1i64 << 40).to_le_bytes()[..], &[0; 8]].concat(),
            is_compressed: true,
            ..Batch::default()
        };
        batch.after(crafted::schema(&[("n", DataType::Int64)]))
    }),
    ("a body that claims to be longer", End::Database, || {
        let batch = Batch { rows: 1, nodes: vec![(1, 0)], claimed: Some(1 << 40), ..Batch::default() };
        batch.after(crafted::schema(&[("n", DataType::Null)]))
    }),
    ("a body of a negative length", End::Database, || {
        let batch = Batch { rows: 1, nodes: vec![(1, 1)], claimed: Some(-8), ..Batch::default() };
        batch.after(crafted::schema(&[("n", DataType::Null)]))
    }),
    ("NULLs without an end", End::Limit, || crafted::nulls(1 << 40)),
    ("rows without columns", End::Limit, || {
        Batch { rows: 1 << 40, ..Batch::default() }.after(crafted::schema(&[]))
    }),
];

/// Two batches of one result that differ.
const DIFFERENT: &[(&str, Make)] = &[
    ("another name", || crafted::stream(vec![("m", numbers(3))])),
    ("another type", || crafted::texts(&["a", "b"])),
    ("a further column", || crafted::stream(vec![("n", numbers(3)), ("m", numbers(3))])),
    ("no column", || Batch { rows: 3, ..Batch::default() }.after(crafted::schema(&[]))),
];

fn numbers(rows: i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(0..rows))
}

/// Returns the behaviour of a server whose operations answer with these data.
fn answers(made: Vec<Make>) -> Behaviour {
    Arc::new(move |method, _| {
        let data = || made.iter().zip(1..).map(|(make, id): (_, usize)| arrow(&id.to_string(), make()));
        ["ExecutePlan", "ReattachExecute"]
            .contains(&method)
            .then(|| only(data().chain([complete("end")]).collect()))
            .flatten()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_cannot_be_right_ends_its_own_statement_alone() {
    let wanted = |end| Wanted { end, limit: 20, within: 15 };
    let alone = DATA.iter().map(|(name, end, make)| (*name, answers(vec![*make]), wanted(*end)));
    let first: Make = || crafted::stream(vec![("n", numbers(3))]);
    let pairs =
        DIFFERENT.iter().map(|(name, make)| (*name, answers(vec![first, *make]), wanted(End::Database)));
    check(alone.chain(pairs)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_only_counted_have_the_time_of_their_statement() {
    let fake = Fake::start().await;
    fake.behave(Some(answers(vec![|| crafted::nulls(1 << 40)])));
    let begun = Instant::now();
    let connections = connections(fake.port);
    let ended = tokio::time::timeout(Duration::from_secs(20), execute(&connections, 1)).await;
    assert_eq!(ended, Ok(Err(Error::TimedOut)));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(fake.calls("Interrupt"), 1);
}

/// A stream with columns of many types, and nested ones.
fn many() -> Vec<u8> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for row in 0..20 {
        for item in 0..row % 4 {
            lists.values().append_value(format!("item {item}"));
            maps.keys().append_value(format!("key {item}"));
            maps.values().append_value(item);
        }
        lists.append(row % 5 > 0);
        maps.append(true).unwrap();
    }
    let moments =
        TimestampMicrosecondArray::from_iter_values((0..20).map(|at| at << 45)).with_timezone("UTC");
    let decimals =
        Decimal128Array::from_iter_values((0..20).map(|at| at << 90)).with_precision_and_scale(38, 7);
    crafted::stream(vec![
        ("n", numbers(20)),
        ("l", Arc::new(lists.finish())),
        ("m", Arc::new(maps.finish())),
        ("t", Arc::new(moments)),
        ("d", Arc::new(decimals.unwrap())),
    ])
}

/// Returns the number of values of a stream, or `None` when it cannot be read.
fn values(data: Vec<u8>) -> Option<usize> {
    let (mut batches, mut count) = (Batches::default(), 0);
    batches.begin(data.into()).ok()?;
    while let Some(batch) = batches.next().ok()? {
        for row in 0..batch.num_rows().min(1_000) {
            for column in batch.columns() {
                count += usize::from(rows::value(column, row).is_ok());
            }
        }
    }
    Some(count)
}

#[test]
fn damage_at_any_place_is_an_error_or_another_value() {
    let sound = many();
    assert_eq!(values(sound.clone()), Some(100));
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut unread = 0;
    for _ in 0..5_000 {
        let mut data = sound.clone();
        for _ in 0..=next(4) {
            let at = next(data.len());
            data[at] = [0, 1, 0x7f, 0x80, 0xff, u8::try_from(next(256)).unwrap()][next(6)];
        }
        unread += usize::from(values(data).is_none());
    }
    assert!((500..5_000).contains(&unread), "{unread}");
}
