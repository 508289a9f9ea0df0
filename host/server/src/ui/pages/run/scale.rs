//! The horizontal axis of a timeline: time in seconds to places. A long idle time is a narrow mark.

/// An idle time that is longer is a mark, in seconds.
const IDLE: f64 = 300.0;
/// The part of the axis that one mark takes, and that all marks take at most.
const MARK: f64 = 0.04;
const MARKS: f64 = 0.4;
/// The maximum number of lines of the grid, and the minimum distance between two of them.
const LINES: f64 = 8.0;
const APART: f64 = 56.0;
/// The steps of the grid in seconds.
const STEPS: [f64; 22] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0,
];

/// A part of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub from: f64,
    pub to: f64,
    pub left: f64,
    pub right: f64,
    pub is_idle: bool,
}

/// The axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pieces: Vec<Piece>,
}

impl Scale {
    /// Makes the axis from one time to another, between two places. `busy` has the times at which something happens.
    pub fn new((from, to): (f64, f64), busy: &[(f64, f64)], (left, right): (f64, f64)) -> Self {
        let to = to.max(from + 0.001);
        let mut parts = parts(from, to, busy);
        if parts.iter().all(|(.., is_idle)| *is_idle) {
            parts = vec![(from, to, false)];
        }
        let marks = parts.iter().filter(|(.., is_idle)| *is_idle).count() as f64;
        let mark = if marks > 0.0 { MARK.min(MARKS / marks) * (right - left) } else { 0.0 };
        let active: f64 = parts.iter().filter(|(.., is_idle)| !is_idle).map(|(from, to, _)| to - from).sum();
        let per_second = (right - left - mark * marks) / active.max(0.000_001);
        let mut place = left;
        let piece = |(from, to, is_idle): (f64, f64, bool)| {
            let left = place;
            place += if is_idle { mark } else { (to - from) * per_second };
            Piece { from, to, left, right: place, is_idle }
        };
        Self { pieces: parts.into_iter().map(piece).collect() }
    }

    /// Returns the place of a time.
    pub fn place(&self, at: f64) -> f64 {
        let piece = self.pieces.iter().find(|piece| at <= piece.to).or(self.pieces.last());
        let Some(piece) = piece else { return 0.0 };
        let part = ((at - piece.from) / (piece.to - piece.from).max(0.000_001)).clamp(0.0, 1.0);
        piece.left + part * (piece.right - piece.left)
    }

    /// Returns the idle times that are marks.
    pub fn idle(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| piece.is_idle)
    }

    /// Returns the lines of the grid: the time since the start of the axis, and the place.
    pub fn lines(&self) -> Vec<(f64, f64)> {
        let active = || self.pieces.iter().filter(|piece| !piece.is_idle);
        let total: f64 = active().map(|piece| piece.to - piece.from).sum();
        let step = STEPS.iter().copied().find(|step| total / step <= LINES).unwrap_or_else(|| total / LINES);
        let start = self.pieces.first().map_or(0.0, |piece| piece.from);
        let mut lines: Vec<(f64, f64)> = Vec::new();
        for piece in active() {
            let mut since = ((piece.from - start) / step).ceil() * step;
            while start + since <= piece.to && lines.len() < 100 {
                let place = self.place(start + since);
                if lines.last().is_none_or(|(_, before)| place - before >= APART) {
                    lines.push((since, place));
                }
                since += step;
            }
        }
        lines
    }
}

/// Splits the time into active and long idle parts.
fn parts(from: f64, to: f64, busy: &[(f64, f64)]) -> Vec<(f64, f64, bool)> {
    let mut busy: Vec<(f64, f64)> =
        busy.iter().map(|(a, b)| (a.clamp(from, to), b.clamp(from, to))).collect();
    busy.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut parts = Vec::new();
    let (mut active, mut until) = (from, from);
    for (begin, end) in busy.into_iter().chain([(to, to)]) {
        if begin - until > IDLE {
            if until > active {
                parts.push((active, until, false));
            }
            parts.push((until, begin, true));
            active = begin;
        }
        until = until.max(end);
    }
    if to > active {
        parts.push((active, to, false));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_idle_time_is_a_mark() {
        let scale = Scale::new((0.0, 86_460.0), &[(0.0, 30.0), (86_430.0, 86_460.0)], (0.0, 1_000.0));
        let idle: Vec<&Piece> = scale.idle().collect();
        assert_eq!((idle.len(), idle[0].from, idle[0].to), (1, 30.0, 86_430.0));
        assert!((idle[0].right - idle[0].left - 40.0).abs() < 0.001);
        assert!((scale.place(30.0) - 480.0).abs() < 0.001 && (scale.place(86_430.0) - 520.0).abs() < 0.001);
        assert_eq!((scale.place(0.0), scale.place(99_999.0)), (0.0, 1_000.0));
        let lines = scale.lines();
        assert!((2..=12).contains(&lines.len()), "{lines:?}");
        assert!(lines.windows(2).all(|pair| pair[0].1 + APART <= pair[1].1), "{lines:?}");
    }

    #[test]
    fn every_axis_ascends() {
        let many: Vec<(f64, f64)> =
            (0..500).map(|n| (f64::from(n) * 1_000.0, f64::from(n) * 1_000.0 + 1.0)).collect();
        for (span, busy) in [
            ((0.0, 0.0), vec![]),
            ((5.0, 5.0), vec![(5.0, 5.0)]),
            ((0.0, 9_999.0), vec![]),
            ((0.0, 0.02), vec![(0.0, 0.02)]),
            ((10.0, 700.0), vec![(-5.0, 20.0), (650.0, 9_000.0)]),
            ((0.0, 500_000.0), many),
        ] {
            let scale = Scale::new(span, &busy, (100.0, 900.0));
            let places: Vec<f64> =
                (0..=50).map(|n| scale.place(span.0 + (span.1 - span.0) * f64::from(n) / 50.0)).collect();
            assert!(places.windows(2).all(|pair| pair[0] <= pair[1]), "{span:?} {places:?}");
            assert!(places.iter().all(|place| (99.9..=900.1).contains(place)), "{span:?} {places:?}");
            assert!(scale.lines().len() <= 20);
        }
    }
}
