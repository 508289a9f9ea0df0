//! Responses that reveal a credential.
//!
//! The threat: a server that reflects the headers of a request, by design or on a debug page, gives the guest
//! the header that the host has added. So every response to a request with a credential is searched for it,
//! in plain form and in the encodings in which it is likely to appear, and `*` replaces it. A compressed
//! response is refused. Other encodings are not found: a credential belongs to the server that it is sent to.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use data_encoding::{HEXLOWER, HEXUPPER};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

/// Minimum length of a secret: a shorter one would appear everywhere.
const SHORTEST: usize = 4;

/// Minimum length of a part of a secret: a shorter one may be a word.
const SHORTEST_PART: usize = 10;

/// The texts to search for.
#[derive(Clone, Default)]
pub(crate) struct Needles(Arc<Searched>);

#[derive(Default)]
struct Searched {
    /// Texts that count as a whole.
    whole: Zeroizing<Vec<Vec<u8>>>,
    /// Texts of which each long part counts.
    parted: Vec<Parted>,
}

/// A text of which each part with the minimum length counts.
#[derive(Clone)]
struct Parted {
    text: Zeroizing<Vec<u8>>,
    shortest: usize,
}

impl Needles {
    /// Returns the secret itself, each half of it, and the whole reversed, in hexadecimal, percent-encoded,
    /// and in base64, alone or within a longer text.
    pub fn of(secret: &str) -> Self {
        Self::of_each(&[secret])
    }

    /// Returns the texts of several secrets: of a secret, and of the form in which a header contains it.
    pub fn of_each(secrets: &[&str]) -> Self {
        let mut all = Searched::default();
        for bytes in secrets.iter().map(|secret| secret.as_bytes()).filter(|bytes| bytes.len() >= SHORTEST) {
            all.whole.extend(forms(bytes));
            // Two halves in two responses, or in two headers, make up the whole.
            let shortest = bytes.len().div_ceil(2).max(SHORTEST_PART);
            if bytes.len() > shortest {
                all.parted.push(Parted { text: Zeroizing::new(bytes.to_vec()), shortest });
            }
        }
        Self(Arc::new(all))
    }

    pub fn is_empty(&self) -> bool {
        self.0.whole.is_empty()
    }

    /// Returns the places of all matches.
    fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        let of = |needle: &Vec<u8>| {
            let length = needle.len();
            memchr::memmem::find_iter(text, needle).map(move |at| at..at + length).collect::<Vec<_>>()
        };
        let whole = self.0.whole.iter().flat_map(of);
        whole.chain(self.0.parted.iter().flat_map(|parted| parted.found(text))).collect()
    }

    /// Replaces matches with `*`, and returns whether there were any.
    pub fn mask(&self, text: &mut [u8]) -> bool {
        let found = self.found(text);
        fill(text, &found);
        !found.is_empty()
    }

    /// Masks the values of headers.
    pub fn mask_headers(&self, headers: &mut HeaderMap) -> bool {
        let mut any = false;
        for value in headers.values_mut() {
            let mut text = value.as_bytes().to_vec();
            if self.mask(&mut text) {
                any = true;
                *value = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("***"));
            }
        }
        any
    }

    /// Returns the number of bytes at the end of `text` that may be the start of a match.
    fn held(&self, text: &[u8]) -> usize {
        let longest = self.0.whole.iter().map(Vec::len).max().unwrap_or(0);
        let begins = |length: &usize| {
            let end = text.len().checked_sub(*length).and_then(|from| text.get(from..));
            end.is_some_and(|end| {
                self.0.whole.iter().any(|needle| needle.len() > end.len() && needle.starts_with(end))
            })
        };
        let whole = (1..longest).rev().find(begins).unwrap_or(0);
        self.0.parted.iter().map(|parted| parted.held(text)).fold(whole, usize::max)
    }
}

/// Returns the encodings of a secret in which it is likely to appear.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    /// All characters except the unreserved ones of RFC 3986.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let mut forms = vec![
        bytes.to_vec(),
        bytes.iter().rev().copied().collect(),
        HEXUPPER.encode(bytes).into_bytes(),
        HEXLOWER.encode(bytes).into_bytes(),
        percent_encode(bytes, &RESERVED).to_string().into_bytes(),
    ];
    // Within a longer text, base64 has three forms of it; the characters at both ends depend on the neighbors.
    for before in 0..3 {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.extend(engine.encode(&padded).get(from..to).map(|text| text.as_bytes().to_vec()));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort();
    forms.dedup();
    forms
}

impl Parted {
    /// Returns the places of all parts.
    ///
    /// A part with the minimum length contains a block of half that length at a multiple of that length. So
    /// the search looks for these few blocks, and compares what is around each.
    fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let size = self.shortest.div_ceil(2);
        for (index, block) in self.text.chunks_exact(size).enumerate() {
            let finder = memchr::memmem::Finder::new(block);
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
                let at = from + at;
                from = at + 1;
                let run = self.around(text, at, index * size);
                if run.len() >= self.shortest {
                    found.push(run);
                }
            }
        }
        found
    }

    /// Returns the longest range of `text` around `at` that equals the part of the secret around `own`.
    fn around(&self, text: &[u8], at: usize, own: usize) -> Range<usize> {
        let halves = (text.split_at_checked(at), self.text.split_at_checked(own));
        let (Some((before, after)), Some((own_before, own_after))) = halves else { return at..at };
        let same = |(a, b): &(&u8, &u8)| a == b;
        let left = before.iter().rev().zip(own_before.iter().rev()).take_while(same).count();
        let right = after.iter().zip(own_after).take_while(same).count();
        at - left..at + right
    }

    /// Returns the number of bytes at the end of `text` that may continue as a part: fewer than a part has, and
    /// with enough of the secret after their start.
    fn held(&self, text: &[u8]) -> usize {
        let until = |end: usize| {
            let own = self.text.get(..end)?;
            let same = |(a, b): &(&u8, &u8)| a == b;
            let common =
                text.iter().rev().zip(own.iter().rev()).take(self.shortest - 1).take_while(same).count();
            (end - common + self.shortest <= self.text.len()).then_some(common)
        };
        (1..=self.text.len()).filter_map(until).max().unwrap_or(0)
    }
}

/// Fills these ranges with `*`, as far as they are within the text.
fn fill(text: &mut [u8], found: &[Range<usize>]) {
    let length = text.len();
    for range in found {
        if let Some(part) = text.get_mut(range.start.min(length)..range.end.min(length)) {
            part.fill(b'*');
        }
    }
}

/// A body in which matches are masked, wherever its frames begin and end.
pub(crate) struct Masked<B> {
    body: B,
    needles: Needles,
    /// Bytes that may be the start of a match, unchanged.
    held: BytesMut,
    /// The matches in it so far.
    found: Vec<Range<usize>>,
    /// The frame after the last data.
    after: Option<Frame<Bytes>>,
    ended: bool,
    report: Option<Box<dyn FnOnce() + Send>>,
}

impl<B> Masked<B> {
    /// Makes a masked body. `report` is called at the first match.
    pub fn new(body: B, needles: Needles, report: impl FnOnce() + Send + 'static) -> Self {
        let report: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(report));
        Self { body, needles, held: BytesMut::new(), found: Vec::new(), after: None, ended: false, report }
    }

    fn report_once(&mut self, any: bool) {
        if any && let Some(report) = self.report.take() {
            report();
        }
    }
}

impl<B> Masked<B> {
    /// Returns the first bytes of the held text, masked.
    fn masked(&mut self, bytes: usize) -> Bytes {
        let mut ready = self.held.split_to(bytes);
        fill(&mut ready, &self.found);
        let left = |range: &Range<usize>| {
            (range.end > bytes).then(|| range.start.saturating_sub(bytes)..range.end - bytes)
        };
        self.found = self.found.iter().filter_map(left).collect();
        ready.freeze()
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Masked<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(this.after.take().map(Ok));
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        this.held.extend_from_slice(&data);
                        this.found.extend(this.needles.found(&this.held));
                        this.report_once(!this.found.is_empty());
                        let ready = this.held.len() - this.needles.held(&this.held);
                        if ready > 0 {
                            return Poll::Ready(Some(Ok(Frame::data(this.masked(ready)))));
                        }
                    }
                    Err(mut frame) => {
                        if let Some(trailers) = frame.trailers_mut() {
                            let any = this.needles.mask_headers(trailers);
                            this.report_once(any);
                        }
                        (this.after, this.ended) = (Some(frame), true);
                    }
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => this.ended = true,
            }
            if this.ended && !this.held.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(this.masked(this.held.len())))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.after.is_none() && (self.ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, held) = (self.body.size_hint(), self.held.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + held);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicBool, Ordering};

    use base64::engine::general_purpose::STANDARD;
    use http_body_util::BodyExt;

    use super::*;

    /// A body of these frames.
    struct Frames(VecDeque<Bytes>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
        }
    }

    async fn masked(text: &str, piece: usize) -> (String, bool) {
        let frames = text.as_bytes().chunks(piece).map(Bytes::copy_from_slice).collect();
        let reported = Arc::new(AtomicBool::new(false));
        let flag = reported.clone();
        let body = Masked::new(Frames(frames), Needles::of("s3cret/k\u{e9}y!"), move || {
            flag.store(true, Ordering::Relaxed);
        });
        let bytes = body.collect().await.unwrap().to_bytes();
        (String::from_utf8_lossy(&bytes).into_owned(), reported.load(Ordering::Relaxed))
    }

    /// Parts of a secret that are returned without the first `from` bytes and without the bytes after `to`.
    #[tokio::test]
    async fn half_of_a_credential_is_masked_wherever_it_begins_and_frames_end() {
        let secret = "s3cret/Zq81-xyzw-0042-ABCD";
        let needles = Needles::of(secret);
        for (from, to) in [(0, 20), (0, 13), (13, 26), (5, 18), (1, 26)] {
            let part = &secret[from..to];
            for piece in [1, 3, 11, 100] {
                let text = format!("a {part} b");
                let frames = text.as_bytes().chunks(piece).map(Bytes::copy_from_slice).collect();
                let body = Masked::new(Frames(frames), needles.clone(), || ());
                let found = body.collect().await.unwrap().to_bytes();
                let expected = format!("a {} b", "*".repeat(part.len()));
                assert_eq!(String::from_utf8_lossy(&found), expected, "{part} in pieces of {piece}");
            }
        }
    }

    #[tokio::test]
    async fn a_credential_that_comes_back_is_masked_in_each_form_and_across_frames() {
        let secret = "s3cret/k\u{e9}y!";
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let reversed: Vec<u8> = secret.bytes().rev().collect();
        for form in [
            secret.to_owned(),
            hex.to_uppercase(),
            hex,
            "s3cret%2Fk%C3%A9y%21".to_owned(),
            STANDARD.encode(format!(":{secret}")),
            STANDARD.encode(format!("me:{secret}")),
            STANDARD.encode(format!("you:{secret} and more")),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                let (text, reported) = masked(&format!("before {form} s3cret after {form}"), piece).await;
                assert!(reported, "{form}");
                assert!(!text.contains(&form) && text.contains("***"), "{form}: {text}");
                assert!(text.starts_with("before ") && text.contains(" s3cret after "), "{form}: {text}");
                assert_eq!(text.len(), format!("before {form} s3cret after {form}").len(), "{form}");
            }
        }
        assert!(Needles::of(secret).0.whole.contains(&reversed));
        let (text, reported) = masked("nothing of it: s3cret/k", 3).await;
        assert_eq!((text.as_str(), reported), ("nothing of it: s3cret/k", false));
        assert!(Needles::of("abc").is_empty(), "it would be found in everything");
    }

    /// Compares the search with one that tries every part at every place.
    #[test]
    fn each_long_part_is_found_wherever_it_is_and_however_parts_overlap() {
        let mut state = 88_172_645_463_325_252u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        for _ in 0..5_000 {
            let letters = [2, 3, 20][random(3)];
            let length = 11 + random(30);
            let secret: Vec<u8> = (0..length).map(|_| b'a' + random(letters) as u8).collect();
            let mut text = Vec::new();
            for _ in 0..random(8) {
                let from = random(length);
                text.extend(&secret[from..from + random(length - from)]);
                text.push(b'a' + random(letters) as u8);
            }
            let shortest = length.div_ceil(2).max(SHORTEST_PART);
            let mut expected = text.clone();
            let parts: Vec<&[u8]> = secret.windows(shortest).collect();
            for (at, place) in text.windows(shortest).enumerate() {
                if parts.contains(&place) {
                    expected[at..at + shortest].fill(b'*');
                }
            }
            let parted = Parted { text: Zeroizing::new(secret.clone()), shortest };
            let mut masked = text.clone();
            fill(&mut masked, &parted.found(&text));
            let shown = String::from_utf8_lossy;
            assert_eq!(shown(&masked), shown(&expected), "{} in {}", shown(&secret), shown(&text));
        }
    }

    /// A token may have 8 KiB: its texts take memory in proportion.
    #[test]
    fn a_long_secret_has_few_needles() {
        let secret: String = (0..8_192u32).map(|n| char::from(b'a' + (n * n % 25) as u8)).collect();
        let needles = Needles::of(&secret);
        let bytes: usize = needles.0.whole.iter().map(Vec::len).sum();
        assert!(bytes < 16 * secret.len(), "{bytes}");
        let mut text = format!("a {} b", &secret[2_000..7_000]).into_bytes();
        assert!(needles.mask(&mut text));
        assert_eq!(String::from_utf8(text).unwrap(), format!("a {} b", "*".repeat(5_000)));
    }

    /// The header of basic authentication contains the password in base64: half of it is masked, too.
    #[test]
    fn half_of_the_form_in_a_header_is_masked() {
        let (password, encoded) = ("s3cret/Zq81", STANDARD.encode("reports:s3cret/Zq81"));
        let needles = Needles::of_each(&[password, &encoded]);
        for part in [password, &encoded, &encoded[..encoded.len() / 2], &encoded[encoded.len() / 2..]] {
            let mut text = format!("a {part} b").into_bytes();
            assert!(needles.mask(&mut text));
            assert_eq!(text, format!("a {} b", "*".repeat(part.len())).into_bytes(), "{part}");
        }
    }
}
