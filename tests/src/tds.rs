//! An emulated SQL Server. It implements enough of its protocol (MS-TDS) to accept a login, to run batches
//! and procedures by a few rules, and to stop on an attention signal. It records the requests.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The packet types.
const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
const ATTENTION: u8 = 0x06;
const LOGIN: u8 = 0x10;
const PRELOGIN: u8 = 0x12;

/// The status bits of a DONE token.
const COUNT: u16 = 0x10;
const ATTENDED: u16 = 0x20;

/// The server, which ends with its process.
#[derive(Clone)]
pub struct SqlServer {
    pub port: u16,
    /// The texts of batches and of `sp_executesql`, in order, with `attention` for the signal.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl SqlServer {
    /// Starts a server whose logins are `sysadmin` or not.
    pub async fn start(sysadmin: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = server.asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that disconnects ends its session.
                tokio::spawn(Session { stream, asked: asked.clone(), sysadmin }.serve());
            }
        });
        server
    }

    /// Returns the requests so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

struct Session {
    stream: TcpStream,
    asked: Arc<Mutex<Vec<String>>>,
    sysadmin: bool,
}

impl Session {
    async fn serve(mut self) -> Option<()> {
        loop {
            let (kind, message) = self.message().await?;
            match kind {
                // The version, and no encryption.
                PRELOGIN => {
                    let options = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2];
                    self.answer(&options).await?;
                }
                LOGIN => {
                    let mut ack = vec![1, 0x74, 0, 0, 4];
                    short_text(&mut ack, "Emulated");
                    ack.extend([16, 0, 0, 0]);
                    let mut out = vec![0xad];
                    out.extend((ack.len() as u16).to_le_bytes());
                    out.extend(ack);
                    done(&mut out, 0xfd, 0, 0);
                    self.answer(&out).await?;
                }
                ATTENTION => {
                    self.asked.lock().unwrap().push("attention".to_owned());
                    let mut out = Vec::new();
                    done(&mut out, 0xfd, ATTENDED, 0);
                    self.answer(&out).await?;
                }
                BATCH | RPC => {
                    let text = if kind == BATCH { batch_text(&message) } else { statement_of(&message)? };
                    self.asked.lock().unwrap().push(text.clone());
                    // A sleeping batch reacts only to the attention signal.
                    if text.contains("FROM huge") {
                        self.stream(1, 1 << 30).await?;
                    } else if text.contains("FROM large_rows") {
                        self.stream(64, 1 << 20).await?;
                    } else if !text.contains("SLEEP") {
                        self.answer(&self.results(&text, kind == RPC)).await?;
                    }
                }
                _ => return None,
            }
        }
    }

    /// Reads one message from its packets.
    async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut message = Vec::new();
        loop {
            let mut header = [0; 8];
            self.stream.read_exact(&mut header).await.ok()?;
            let length = usize::from(u16::from_be_bytes([header[2], header[3]])) - 8;
            let from = message.len();
            message.resize(from + length, 0);
            self.stream.read_exact(&mut message[from..]).await.ok()?;
            if header[1] & 1 == 1 {
                return Some((header[0], message));
            }
        }
    }

    async fn answer(&mut self, tokens: &[u8]) -> Option<()> {
        let packets = tokens.chunks(4000).count();
        for (index, part) in tokens.chunks(4000).enumerate() {
            let mut packet = vec![4, u8::from(index + 1 == packets)];
            packet.extend((part.len() as u16 + 8).to_be_bytes());
            packet.extend([0, 1, index as u8 + 1, 0]);
            packet.extend(part);
            self.stream.write_all(&packet).await.ok()?;
        }
        Some(())
    }

    /// Sends `rows` rows, each with one `VARBINARY(MAX)` of `bytes` bytes, in pieces.
    async fn stream(&mut self, rows: usize, bytes: usize) -> Option<()> {
        const PIECE: usize = 3_000;
        let mut out = Vec::new();
        metadata(&mut out, &[("raw", &[0xa5, 0xff, 0xff])]);
        self.packet(&out, false).await?;
        for _ in 0..rows {
            // A value of unknown length.
            let mut begin = vec![0xd1];
            begin.extend(0xffff_ffff_ffff_fffe_u64.to_le_bytes());
            self.packet(&begin, false).await?;
            for _ in 0..bytes.div_ceil(PIECE) {
                let mut piece = (PIECE as u32).to_le_bytes().to_vec();
                piece.resize(4 + PIECE, b'x');
                self.packet(&piece, false).await?;
            }
            self.packet(&0u32.to_le_bytes(), false).await?;
        }
        let mut end = Vec::new();
        done(&mut end, 0xfd, COUNT, rows as u64);
        self.packet(&end, true).await
    }

    async fn packet(&mut self, part: &[u8], last: bool) -> Option<()> {
        let mut packet = vec![4, u8::from(last)];
        packet.extend((part.len() as u16 + 8).to_be_bytes());
        packet.extend([0, 1, 1, 0]);
        packet.extend(part);
        self.stream.write_all(&packet).await.ok()
    }

    /// Returns the answer to a text, by the rules that the tests know.
    fn results(&self, text: &str, procedure: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let (within, end) = if procedure { (0xff, 0xfe) } else { (0xfd, 0xfd) };
        if text.contains("IS_SRVROLEMEMBER") {
            metadata(&mut out, &[("version", &NVARCHAR), ("sysadmin", &[0x26, 4])]);
            out.push(0xd1);
            text_value(&mut out, "Microsoft SQL Server 2022 (emulated)\nX64");
            out.extend([4, u8::from(self.sysadmin), 0, 0, 0]);
            done(&mut out, end, COUNT, 1);
        } else if text.contains("FROM every_type") {
            every_type(&mut out);
            done(&mut out, within, COUNT, 2);
            done(&mut out, end, 0, 0);
        } else if let Some((select, _)) = text.split_once("] FROM [") {
            let names = select.split('[').skip(1).map(|name| name.trim_end_matches(['[', ']', ',', ' ']));
            described(&mut out, &names.collect::<Vec<_>>(), text.contains("dm_exec_describe"));
            done(&mut out, within, COUNT, 0);
            done(&mut out, end, 0, 0);
        } else if text.contains("FROM numbers") {
            metadata(&mut out, &[("n", &[0x26, 4])]);
            for n in 0..10_000i32 {
                out.extend([0xd1, 4]);
                out.extend(n.to_le_bytes());
            }
            done(&mut out, end, COUNT, 10_000);
        } else if text.contains("missing") {
            let mut body = 208u32.to_le_bytes().to_vec();
            body.extend([1, 16]);
            let message = "Invalid object name 'missing'.";
            body.extend((message.len() as u16).to_le_bytes());
            body.extend(utf16(message));
            body.extend([0, 0]);
            body.extend(7u32.to_le_bytes());
            out.push(0xaa);
            out.extend((body.len() as u16).to_le_bytes());
            out.extend(body);
            done(&mut out, end, 2, 0);
        } else {
            let changes = ["INSERT", "UPDATE", "DELETE"].iter().any(|word| text.contains(word));
            let rows = text.matches("(@P").count().max(1) as u64;
            done(&mut out, end, if changes { COUNT } else { 0 }, if changes { rows } else { 0 });
        }
        out
    }
}

/// Columns of tables, with the types that the server names for them. Any other column is text.
const TYPES: &[(&str, &str)] = &[
    ("amount", "decimal(10,2)"),
    ("count", "int"),
    ("day", "date"),
    ("at", "datetime"),
    ("moment", "datetime2(3)"),
    ("flag", "bit"),
    ("word", "varchar(3)"),
    ("price", "money"),
    ("ratio", "real"),
    ("id", "uniqueidentifier"),
];

/// Writes the columns of a query without rows, or the names of their types.
fn described(out: &mut Vec<u8>, columns: &[&str], types: bool) {
    if !types {
        let columns: Vec<(&str, &[u8])> = columns.iter().map(|name| (*name, &NVARCHAR[..])).collect();
        return metadata(out, &columns);
    }
    metadata(out, &[("system_type_name", &NVARCHAR)]);
    for column in columns {
        let of = TYPES.iter().find(|(name, _)| name == column).map_or("nvarchar(max)", |(_, of)| of);
        out.push(0xd1);
        text_value(out, of);
    }
}

const NVARCHAR: [u8; 8] = [0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34];

/// Writes two rows of every type: one with values, one without.
fn every_type(out: &mut Vec<u8>) {
    metadata(
        out,
        &[
            ("i", &[0x26, 8]),
            ("t", &NVARCHAR),
            ("d", &[0x6c, 17, 38, 4]),
            ("b", &[0x68, 1]),
            ("f", &[0x6d, 8]),
            ("day", &[0x28]),
            ("at", &[0x2a, 7]),
            ("zoned", &[0x2b, 0]),
            ("id", &[0x24, 16]),
            ("raw", &[0xa5, 0x40, 0x1f]),
            ("m", &[0x6e, 8]),
        ],
    );
    out.extend([0xd1, 8]);
    out.extend(9_007_199_254_740_993_i64.to_le_bytes());
    text_value(out, "ä");
    // -123456789012345678901.2345
    out.extend([17, 0]);
    out.extend(1_234_567_890_123_456_789_012_345_u128.to_le_bytes());
    out.extend([1, 1, 8]);
    out.extend(0.5f64.to_le_bytes());
    // Days since 0001-01-01.
    let day = 739_494_u32.to_le_bytes();
    out.push(3);
    out.extend(&day[..3]);
    // Ten millionths of a second since midnight.
    out.push(8);
    out.extend(&522_225_000_000_u64.to_le_bytes()[..5]);
    out.extend(&day[..3]);
    // Seconds since midnight in UTC, the day, and two hours in minutes.
    out.push(8);
    out.extend(&45_022_u32.to_le_bytes()[..3]);
    out.extend(&day[..3]);
    out.extend(120i16.to_le_bytes());
    out.push(16);
    out.extend([
        0x99, 0xbc, 0xee, 0xa0, 0x0b, 0x9c, 0xf8, 0x4e, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11,
    ]);
    out.extend([2, 0, 0, 255]);
    // 12.5 in ten thousandths, the high half first.
    out.push(8);
    out.extend(0i32.to_le_bytes());
    out.extend(125_000u32.to_le_bytes());
    // NULLs.
    out.extend([0xd1, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0]);
}

fn metadata(out: &mut Vec<u8>, columns: &[(&str, &[u8])]) {
    out.push(0x81);
    out.extend((columns.len() as u16).to_le_bytes());
    for (name, kind) in columns {
        out.extend([0, 0, 0, 0, 9, 0]);
        out.extend(*kind);
        short_text(out, name);
    }
}

fn done(out: &mut Vec<u8>, token: u8, status: u16, rows: u64) {
    out.push(token);
    out.extend(status.to_le_bytes());
    out.extend([0, 0]);
    out.extend(rows.to_le_bytes());
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn short_text(out: &mut Vec<u8>, text: &str) {
    out.push(text.encode_utf16().count() as u8);
    out.extend(utf16(text));
}

fn text_value(out: &mut Vec<u8>, text: &str) {
    let text = utf16(text);
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text);
}

fn read_utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// Returns the part after the headers of a message, which begin with their length.
fn after_headers(message: &[u8]) -> &[u8] {
    let length = u32::from_le_bytes(message[..4].try_into().unwrap()) as usize;
    &message[length..]
}

fn batch_text(message: &[u8]) -> String {
    read_utf16(after_headers(message))
}

/// Returns the first parameter of `sp_executesql`, an NVARCHAR: the statement.
fn statement_of(message: &[u8]) -> Option<String> {
    let call = after_headers(message);
    // 0xffff, the number of the procedure, options; then a name, a status and a type with its maximum length.
    let name = usize::from(*call.get(6)?);
    let value = call.get(6 + 1 + 2 * name + 1..)?;
    let (limit, mut rest) = (u16::from_le_bytes([*value.get(1)?, *value.get(2)?]), value.get(8..)?);
    if limit != 0xffff {
        let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
        return Some(read_utf16(rest.get(2..2 + length)?));
    }
    // The text comes in pieces, each with its length, and ends with an empty piece.
    rest = rest.get(8..)?;
    let mut text = Vec::new();
    loop {
        let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        if length == 0 {
            return Some(read_utf16(&text));
        }
        text.extend(rest.get(4..4 + length)?);
        rest = rest.get(4 + length..)?;
    }
}
