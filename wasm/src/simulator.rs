//! The simulator and its checker for JavaScript: features of [`raftbare_sim`], thin as [`node`](crate::node) is.

mod checker;
mod notation;
mod parts;
mod script;
pub mod trace;
mod world;

pub use checker::RawChecker;
pub use notation::RawNotation;
pub use script::RawScriptWorld;
pub use world::RawSimulation;
