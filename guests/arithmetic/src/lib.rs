//! Arithmetic of `data_processing` that fails where the engine's own would return another number: whole
//! numbers that overflow, decimals that meet floats, quotients and casts that are cut instead of rounded.

mod checked;
mod literals;
mod total;

use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;

/// Adds the rules and the aggregates to a session. The engine coerces types between the two rules.
pub fn register(session: &SessionContext) -> SessionContext {
    let state = session.state();
    let mut rules = state.analyzer().rules.clone();
    rules.insert(0, Arc::new(literals::Literals));
    rules.push(Arc::new(checked::Checks));
    let state = SessionStateBuilder::new_from_existing(state).with_analyzer_rules(rules).build();
    let session = SessionContext::new_with_state(state);
    for aggregate in total::aggregates() {
        session.register_udaf(aggregate);
    }
    session
}
