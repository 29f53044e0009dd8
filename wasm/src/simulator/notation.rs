//! [`RawNotation`]: the notation, read.

use super::parts::{PutMore, text};
use crate::buffer::Buffer;
use crate::bytes::Put;
use alloc::string::String;
use alloc::vec::Vec;
use raftbare_sim::notation::{
    parse_action, parse_config, parse_entries, parse_log, parse_message, parse_position,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// A text that is read.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct RawNotation {
    buffer: Buffer,
}

impl RawNotation {
    fn parse<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, String>,
        put: impl FnOnce(&mut Vec<u8>, T),
    ) -> *const u8 {
        let parsed = parse(&text(self.buffer.argument()));
        self.buffer.result(|result| match parsed {
            Ok(value) => {
                result.word(1);
                put(result, value);
            }
            Err(what) => {
                result.word(0);
                result.text(&what);
            }
        })
    }
}

#[wasm_bindgen]
impl RawNotation {
    /// Nothing to read yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for an argument.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// [`parse_message`].
    pub fn message(&mut self) -> *const u8 {
        self.parse(parse_message, |result, message| result.message(&message))
    }

    /// [`parse_action`].
    pub fn action(&mut self) -> *const u8 {
        self.parse(parse_action, |result, action| result.action(&action))
    }

    /// [`parse_entries`].
    pub fn entries(&mut self) -> *const u8 {
        self.parse(parse_entries, |result, entries| result.entries(&entries))
    }

    /// [`parse_config`].
    pub fn config(&mut self) -> *const u8 {
        self.parse(parse_config, |result, config| result.config(&config))
    }

    /// [`parse_position`].
    pub fn position(&mut self) -> *const u8 {
        self.parse(parse_position, Put::position)
    }

    /// [`parse_log`].
    pub fn log(&mut self) -> *const u8 {
        self.parse(parse_log, |result, log| result.log(&log))
    }
}
