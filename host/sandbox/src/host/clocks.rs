//! Clocks and random numbers: coarse by default, fixed if a run must be repeatable.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand_core::TryRng;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, Rng, WasiCtxBuilder, thread_rng};

use super::passage::Owed;

/// The finest time that a guest sees, because timing attacks need fine clocks.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Gives the guest its clocks and random numbers.
pub(crate) fn set_up(
    builder: &mut WasiCtxBuilder,
    deterministic: Option<stepwell_engine::step::Deterministic>,
    random_bytes: u64,
    owed: &Owed,
) {
    builder.max_random_size(random_bytes);
    match deterministic {
        None => {
            builder.secure_random(Priced::new(owed));
            builder.insecure_random(Priced::new(owed));
            builder.wall_clock(Coarse::new());
            builder.monotonic_clock(Coarse::new());
        }
        Some(fixed) => {
            let start =
                fixed.time.timestamp_nanos_opt().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
            builder.wall_clock(Counting(AtomicU64::new(start)));
            builder.monotonic_clock(Counting(AtomicU64::new(0)));
            builder.secure_random(seeded(fixed.seed));
            builder.insecure_random(seeded(!fixed.seed));
            builder.insecure_random_seed(u128::from(fixed.seed));
        }
    }
}

struct Coarse(Instant);

impl Coarse {
    #[allow(
        clippy::disallowed_methods,
        reason = "the guest's clock is a capability: this is where it is given"
    )]
    fn new() -> Self {
        Self(Instant::now())
    }
}

impl HostWallClock for Coarse {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the guest's clock is a capability: this is where it is given"
    )]
    fn now(&self) -> Duration {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        u64::try_from(RESOLUTION.as_nanos()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_mul(1_000_000)
    }
}

/// A clock that advances by one microsecond per reading, so that time passes in the same way each time.
struct Counting(AtomicU64);

impl Counting {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1_000, Ordering::Relaxed)
    }
}

impl HostWallClock for Counting {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.tick())
    }
}

impl HostMonotonicClock for Counting {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        self.tick()
    }
}

/// Fuel per random number. Each byte that a guest requests counts as one number.
const DRAW: u64 = 16;

/// Random numbers that cost fuel.
struct Priced {
    below: Box<dyn Rng + Send>,
    owed: Owed,
}

impl Priced {
    fn new(owed: &Owed) -> Self {
        Self { below: thread_rng(), owed: owed.clone() }
    }
}

impl TryRng for Priced {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.owed.add(DRAW);
        self.below.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.owed.add(DRAW);
        self.below.try_next_u64()
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        self.owed.bytes(to.len(), 1);
        self.below.try_fill_bytes(to)
    }
}

/// Returns random bytes that are the same for the same seed; they repeat after 64 KiB.
fn seeded(seed: u64) -> Deterministic {
    let mut bytes = vec![0; 64 << 10];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    Deterministic::new(bytes)
}
