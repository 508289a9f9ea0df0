//! `stepwell:sql/engines`: the engines that the operator offers for queries over large data.

use stepwell_engine::{EngineName, EngineUse};
use wasmtime::Result as Trap;

use crate::guest::Guest;
use crate::guest::bindings::stepwell::sql::engines::{Engine, Host, Offer, Spark};

/// The maximum number of bytes of a path.
const MAX_PATH: usize = 4096;

impl Host for Guest {
    async fn offered(&mut self) -> Trap<Offer> {
        self.calls.count("stepwell:sql");
        let (state, engines) = (&self.states.sql, self.states.sql.engines());
        let spark = engines.spark().filter(|spark| state.is_granted(spark.connection()));
        Ok(Offer {
            local: engines.local.enabled,
            spark: spark.map(|spark| Spark {
                connection: spark.connection().to_owned(),
                min_bytes: spark.min_bytes.0,
            }),
        })
    }

    async fn locate(&mut self, path: String) -> Trap<Option<String>> {
        self.calls.count("stepwell:sql");
        let (state, engines) = (&self.states.sql, self.states.sql.engines());
        let spark = engines.spark().filter(|spark| state.is_granted(spark.connection()));
        let Some(spark) = spark.filter(|_| path.len() <= MAX_PATH) else { return Ok(None) };
        Ok(state.behind(&path).and_then(|file| spark.locate(&file)))
    }

    async fn used(&mut self, engine: Engine, fell_back: bool) -> Trap<()> {
        self.calls.count("stepwell:sql");
        let name = match engine {
            Engine::Local => EngineName::Local,
            Engine::Spark => EngineName::Spark,
        };
        self.states.sql.engine = Some(EngineUse { name, fell_back });
        Ok(())
    }
}
