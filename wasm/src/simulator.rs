//! The simulator and its checker for JavaScript: features of [`raftbare_sim`], thin as [`node`](crate::node) is.

mod checker;
mod notation;
mod options;
mod parts;
mod script;
mod world;

pub use checker::RawChecker;
pub use notation::RawNotation;
pub use raftbare_sim::trace;
pub use script::RawScriptWorld;
pub use world::RawSimulation;
