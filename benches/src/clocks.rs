//! The cost of each clock for a guest: fuel with yields, epochs, both, neither.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{Config, Engine, Linker, Module, Store};

use crate::{Result, median};

/// Calls (fib) and a loop over memory (sum): the two ends of what guests do.
const MODULE: &str = r#"(module
  (memory 1)
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "sum") (param $n i32) (result i32)
    (local $i i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s)
        (i32.mul (i32.load8_u (i32.and (local.get $i) (i32.const 65535))) (i32.const 31))))
      (i32.store8 (i32.and (local.get $s) (i32.const 65535)) (local.get $i))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $s)))"#;

struct Clocks {
    name: &'static str,
    fuel_yield: Option<u64>,
    epoch: bool,
}

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clocks = [
        Clocks { name: "neither", fuel_yield: None, epoch: false },
        Clocks { name: "fuel, yield each 1 M (chosen)", fuel_yield: Some(1_000_000), epoch: false },
        Clocks { name: "fuel, yield each 10 k", fuel_yield: Some(10_000), epoch: false },
        Clocks { name: "epoch, 10 ms", fuel_yield: None, epoch: true },
        Clocks { name: "fuel (1 M) and epoch", fuel_yield: Some(1_000_000), epoch: true },
    ];
    println!("clocks, median of 5, relative to neither:");
    for (function, argument) in [("fib", 32), ("sum", 100_000_000)] {
        let mut base = None;
        for clock in &clocks {
            let took = runtime.block_on(measure(clock, function, argument))?;
            let base = *base.get_or_insert(took);
            println!(
                "  {function:4} {:30} {took:>12.3?}  {:.2}",
                clock.name,
                took.as_secs_f64() / base.as_secs_f64()
            );
        }
    }
    Ok(())
}

async fn measure(clock: &Clocks, function: &str, argument: i32) -> Result<Duration> {
    let mut config = Config::new();
    config.consume_fuel(clock.fuel_yield.is_some()).epoch_interruption(clock.epoch);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(MODULE)?)?;
    let ticker = engine.clone();
    let ticking = tokio::task::spawn_blocking({
        let epoch = clock.epoch;
        move || {
            while epoch && !STOP.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
                ticker.increment_epoch();
            }
        }
    });
    let mut samples = Vec::new();
    for _ in 0..5 {
        let mut store = Store::new(&engine, ());
        if let Some(every) = clock.fuel_yield {
            store.set_fuel(u64::MAX / 2)?;
            store.fuel_async_yield_interval(Some(every))?;
        }
        if clock.epoch {
            store.set_epoch_deadline(1);
            store.epoch_deadline_async_yield_and_update(1);
        }
        let instance = Linker::new(&engine).instantiate_async(&mut store, &module).await?;
        let call = instance.get_typed_func::<i32, i32>(&mut store, function)?;
        let started = Instant::now();
        call.call_async(&mut store, argument).await?;
        samples.push(started.elapsed());
    }
    STOP.store(true, Ordering::Relaxed);
    ticking.await?;
    STOP.store(false, Ordering::Relaxed);
    Ok(median(samples))
}

/// Ends the ticker of the measurement.
static STOP: AtomicBool = AtomicBool::new(false);
