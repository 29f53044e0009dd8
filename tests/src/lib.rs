//! What the tests of raftbare share: short names for values, values by chance, a disk that stores
//! what actions say, and nodes that talk to each other.
//!
//! Nothing here looks inside the core: everything goes through its public items, as a user's code does.

pub mod cluster;
pub mod disk;
pub mod generate;
pub mod values;
