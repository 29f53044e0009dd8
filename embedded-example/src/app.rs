//! The application: settings that all nodes of the cluster agree on.

mod command;
mod settings;

pub use command::{Command, Key, MAX_COMMAND, MAX_KEY, MAX_VALUE, Payload, Value};
pub use settings::{MAX_SETTINGS, MAX_SNAPSHOT, Outcome, Settings};
