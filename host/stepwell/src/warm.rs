//! Compiles steps before a run needs them.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::job::Catalog;
use stepwell_engine::policy::{self, Request};
use stepwell_engine::project;
use stepwell_engine::quantity::counted;
use stepwell_sandbox::Pace;
use tokio::time::sleep;

use crate::HostError;
use crate::steps::Steps;

/// The progress of a process in compiling the steps that jobs can run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Readiness {
    /// Whether no step is left to compile.
    pub ready: bool,
    /// The step types that are not compiled yet, in the order in which they will be. A run that needs one waits for it.
    pub compiling: Vec<String>,
    /// The step types that are compiled.
    pub compiled: Vec<String>,
}

/// A step that is compiled and loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warmed {
    /// The step type.
    pub step_type: String,
    /// Number of compiled steps, including this one.
    pub done: usize,
    /// Number of steps to compile.
    pub of: usize,
    /// The time that the compilation took.
    pub took: Duration,
}

impl Steps {
    /// Compiles every step that policy and configuration allow, one after the other, into the cache. Calls
    /// `progress` after each. Returns the number of steps.
    ///
    /// # Errors
    /// Fails when a component does not compile.
    pub async fn warm_up(&self, progress: impl FnMut(&Warmed)) -> Result<usize, HostError> {
        self.compile_all(Pace::Wanted, progress).await
    }

    /// Returns whether every step that can run is compiled. A service compiles them in the background; a run
    /// whose step is not ready compiles it first.
    pub fn readiness(&self) -> Readiness {
        if !self.ctx.compile_ahead {
            return Readiness { ready: true, compiling: Vec::new(), compiled: Vec::new() };
        }
        let (compiled, mut compiling): (Vec<String>, Vec<String>) =
            self.to_compile().into_iter().partition(|step_type| self.ctx.sandbox.is_loaded(step_type));
        let broken = self.ctx.node.broken.lock();
        compiling.retain(|step_type| self.ctx.sandbox.digest(step_type) != broken.get(step_type).cloned());
        Readiness { ready: compiling.is_empty(), compiling, compiled }
    }

    /// Compiles the runnable steps in the background, and later those that are registered or granted.
    pub(crate) async fn compile_ahead(&self) {
        if !self.ctx.compile_ahead {
            return;
        }
        tokio::select! {
            () = self.ctx.node.draining.cancelled() => {}
            () = self.compile_new() => {}
        }
    }

    async fn compile_new(&self) {
        let mut seen = None;
        loop {
            let generation = self.ctx.generation();
            if seen != Some(generation) {
                let done = |warmed: &Warmed| {
                    let Warmed { step_type, done, of, took } = warmed;
                    tracing::info!("compiled `{step_type}` in {:.1} s ({done} of {of})", took.as_secs_f64());
                };
                match self.compile_all(Pace::Background, done).await {
                    Ok(all) => tracing::info!("compiled: {}", counted(all, "step")),
                    Err(error) => tracing::error!("cannot compile a step: {error}"),
                }
                seen = Some(generation);
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn compile_all(&self, pace: Pace, mut progress: impl FnMut(&Warmed)) -> Result<usize, HostError> {
        let types = self.to_compile();
        let (of, mut failed) = (types.len(), None);
        for (index, step_type) in types.into_iter().enumerate() {
            if self.ctx.sandbox.is_loaded(&step_type) {
                continue;
            }
            #[allow(clippy::disallowed_methods, reason = "the duration of the compilation is only shown")]
            let begun = Instant::now();
            let warm = async {
                self.fetch(&step_type).await?;
                Ok(self.ctx.sandbox.warm_up(&step_type, pace).await?)
            };
            match warm.await {
                Ok(()) => progress(&Warmed { step_type, done: index + 1, of, took: begun.elapsed() }),
                Err(error) => {
                    // The runs of the step report the error. The other steps continue.
                    if let Some(digest) = self.ctx.sandbox.digest(&step_type) {
                        self.ctx.node.broken.lock().insert(step_type, digest);
                    }
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(of), Err)
    }

    /// Returns the step types that jobs of some project can run, small components first: they are ready
    /// soonest.
    fn to_compile(&self) -> Vec<String> {
        let mut types: Vec<(usize, String)> = self
            .ctx
            .sandbox
            .types()
            .into_iter()
            .filter(|step_type| self.can_run(step_type))
            .map(|step_type| (self.ctx.sandbox.component(&step_type).map_or(0, |wasm| wasm.len()), step_type))
            .collect();
        types.sort();
        types.into_iter().map(|(_, step_type)| step_type).collect()
    }

    /// Returns whether the configuration and the policies of some project let the step type run.
    fn can_run(&self, step_type: &str) -> bool {
        let settings = self.ctx.settings();
        let Some(component) = self.ctx.sandbox.find(step_type) else { return false };
        let mut projects = settings.config.projects.keys().map(String::as_str).chain([project::DEFAULT]);
        projects.any(|project| {
            let request = Request {
                project,
                manifest: component.manifest(),
                digest: component.digest(),
                replaces_builtin: self.replaces_builtin(&component),
                narrowing: &[],
                timeout: None,
                workspace: None,
            };
            policy::decide(&settings.policies, &settings.config, &request).is_ok()
        })
    }
}
