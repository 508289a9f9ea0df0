//! Streams of Arrow for tests: sound ones, and ones that no writer makes.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, NullArray, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use arrow_ipc::{
    self as ipc, BodyCompression, BodyCompressionArgs, FieldNode, Message, MessageArgs, MessageHeader,
};
use arrow_schema::{DataType, Field, Schema};
use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

/// The bytes that end a stream.
const END: usize = 8;

/// Returns a stream with a column of numbers.
pub(super) fn numbers(rows: i64) -> Vec<u8> {
    stream(vec![("n", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef)])
}

pub(super) fn texts(texts: &[&str]) -> Vec<u8> {
    stream(vec![("s", Arc::new(StringArray::from_iter_values(texts)) as ArrayRef)])
}

pub(super) fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    );
    let batch = batch.unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Returns the beginning of a stream: the message with its columns.
pub(super) fn schema(columns: &[(&str, DataType)]) -> Vec<u8> {
    let fields = columns.iter().map(|(name, of)| Field::new(*name, of.clone(), true));
    let writer = StreamWriter::try_new(Vec::new(), &Schema::new(fields.collect::<Vec<_>>())).unwrap();
    let mut bytes = writer.into_inner().unwrap();
    bytes.truncate(bytes.len() - END);
    bytes
}

/// The parts of a batch.
#[derive(Default)]
pub(super) struct Batch {
    pub rows: i64,
    /// The rows and NULLs of each array.
    pub nodes: Vec<(i64, i64)>,
    /// The offset and the length of each buffer.
    pub buffers: Vec<(i64, i64)>,
    pub body: Vec<u8>,
    pub is_compressed: bool,
    /// The length of the body that the message claims, where it is another one.
    pub claimed: Option<i64>,
}

impl Batch {
    /// Returns a stream of this batch, behind the message with its columns.
    pub fn after(self, mut columns: Vec<u8>) -> Vec<u8> {
        let mut built = FlatBufferBuilder::new();
        let nodes: Vec<_> = self.nodes.iter().map(|(rows, nulls)| FieldNode::new(*rows, *nulls)).collect();
        let nodes = Some(built.create_vector(&nodes));
        let buffers: Vec<_> =
            self.buffers.iter().map(|(offset, length)| ipc::Buffer::new(*offset, *length)).collect();
        let buffers = Some(built.create_vector(&buffers));
        let compression =
            self.is_compressed.then(|| BodyCompression::create(&mut built, &BodyCompressionArgs::default()));
        let args = ipc::RecordBatchArgs {
            length: self.rows,
            nodes,
            buffers,
            compression,
            variadicBufferCounts: None,
        };
        let header = ipc::RecordBatch::create(&mut built, &args).as_union_value();
        let length = self.claimed.unwrap_or(i64::try_from(self.body.len()).unwrap());
        columns.extend(message(built, MessageHeader::RecordBatch, header, length));
        columns.extend(self.body);
        columns
    }
}

/// Returns a stream with the columns that `make` builds.
pub(super) fn odd_schema(
    make: impl FnOnce(&mut FlatBufferBuilder<'static>) -> Vec<WIPOffset<ipc::Field<'static>>>,
) -> Vec<u8> {
    let mut built = FlatBufferBuilder::new();
    let fields = make(&mut built);
    let fields = Some(built.create_vector(&fields));
    let header = ipc::Schema::create(&mut built, &ipc::SchemaArgs { fields, ..Default::default() });
    message(built, MessageHeader::Schema, header.as_union_value(), 0)
}

/// Returns a stream with a message of a dictionary behind the message with its columns.
pub(super) fn dictionary(mut columns: Vec<u8>) -> Vec<u8> {
    let mut built = FlatBufferBuilder::new();
    let data = ipc::RecordBatch::create(&mut built, &ipc::RecordBatchArgs::default());
    let args = ipc::DictionaryBatchArgs { id: 1, data: Some(data), isDelta: true };
    let header = ipc::DictionaryBatch::create(&mut built, &args).as_union_value();
    columns.extend(message(built, MessageHeader::DictionaryBatch, header, 0));
    columns
}

fn message(
    mut built: FlatBufferBuilder<'static>,
    header_type: MessageHeader,
    header: WIPOffset<UnionWIPOffset>,
    body_length: i64,
) -> Vec<u8> {
    let args = MessageArgs {
        version: ipc::MetadataVersion::V5,
        header_type,
        header: Some(header),
        bodyLength: body_length,
        custom_metadata: None,
    };
    let message = Message::create(&mut built, &args);
    built.finish(message, None);
    let mut head = built.finished_data().to_vec();
    head.resize(head.len().next_multiple_of(8), 0);
    let mut bytes = vec![0xff; 4];
    bytes.extend(u32::try_from(head.len()).unwrap().to_le_bytes());
    bytes.extend(head);
    bytes
}

/// Returns a field whose type the caller builds.
pub(super) fn field(
    built: &mut FlatBufferBuilder<'static>,
    name: &str,
    type_type: ipc::Type,
    type_: WIPOffset<UnionWIPOffset>,
) -> WIPOffset<ipc::Field<'static>> {
    let name = Some(built.create_string(name));
    let args = ipc::FieldArgs { name, nullable: true, type_type, type_: Some(type_), ..Default::default() };
    ipc::Field::create(built, &args)
}

/// Returns a column of NULLs.
pub(super) fn nulls(rows: usize) -> Vec<u8> {
    stream(vec![("v", Arc::new(NullArray::new(rows)) as ArrayRef)])
}
