//! The documented API, item by item: names, signatures, meanings, and the document's own examples.

mod additive;
mod examples;
mod surface;
mod values;
