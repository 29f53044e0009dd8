//! A linked program for a microcontroller: its functions, who calls whom, and from which source line.

use addr2line::Context;
use anyhow::{Context as _, Result, bail};
use gimli::{EndianSlice, LittleEndian};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolKind, elf,
};
use std::collections::BTreeMap;

/// A piece of the program that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Bytes of stack that it takes, if the compiler tells.
    pub(crate) stack: Option<u64>,
}

/// A place where one function calls another, or jumps to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    /// The address of the instruction.
    pub(crate) at: u64,
    /// Both as numbers of [`Program::functions`].
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A place in the source: a function that may be inlined, and where it says what the next inner one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

type Slice<'a> = EndianSlice<'a, LittleEndian>;

pub(crate) struct Program<'a> {
    /// Those that are left open have no stack.
    pub(crate) functions: Vec<Function>,
    pub(crate) calls: Vec<Call>,
    /// Bytes of machine code.
    pub(crate) text: u64,
    lines: Context<Slice<'a>>,
}

impl<'a> Program<'a> {
    /// Reads an ELF file that was linked with its relocations.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self> {
        let file = object::File::parse(bytes).context("this is no ELF file")?;
        let text = file.section_by_name(".text").context("there is no code")?;
        let mut functions = Vec::new();
        let mut by_address = BTreeMap::new();
        let stacks = stack_sizes(&file)?;
        for symbol in file.symbols() {
            let address = symbol.address() & !1;
            let is_function = symbol.kind() == SymbolKind::Text && symbol.size() > 0;
            if is_function && !by_address.contains_key(&address) {
                by_address.insert(address, (functions.len(), symbol.size()));
                functions.push(Function {
                    name: demangled(symbol.name()?),
                    stack: stacks.get(&address).copied(),
                });
            }
        }
        let mut open: BTreeMap<String, usize> = BTreeMap::new();
        let mut calls = Vec::new();
        for (at, relocation) in text.relocations() {
            let (RelocationFlags::Elf { r_type }, RelocationTarget::Symbol(target)) =
                (relocation.flags(), relocation.target())
            else {
                continue;
            };
            if !is_call(r_type) {
                continue;
            }
            let (start, &(from, size)) = by_address
                .range(..=at)
                .next_back()
                .context("a call in no function")?;
            if at >= start + size {
                bail!("the call at {at:#x} is in no function");
            }
            let target = file.symbol_by_index(target)?;
            let to = if target.is_undefined() {
                let name = target.name()?.to_owned();
                *open.entry(name.clone()).or_insert_with(|| {
                    functions.push(Function { name, stack: None });
                    functions.len() - 1
                })
            } else {
                let known = by_address.get(&(target.address() & !1));
                known
                    .with_context(|| format!("the call at {at:#x} goes nowhere"))?
                    .0
            };
            calls.push(Call { at, from, to });
        }
        let dwarf = gimli::Dwarf::load(|section| -> Result<Slice<'a>> {
            let section = file.section_by_name(section.name());
            let data = section.map_or(Ok(&[][..]), |section| section.data())?;
            Ok(EndianSlice::new(data, LittleEndian))
        })?;
        Ok(Self {
            functions,
            calls,
            text: text.size(),
            lines: Context::from_dwarf(dwarf).context("the program tells no lines")?,
        })
    }

    /// Where in the source a call is: the innermost place first, and then where that was inlined.
    pub(crate) fn frames(&self, at: u64) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut found = self.lines.find_frames(at).skip_all_loads()?;
        while let Some(frame) = found.next()? {
            let function = match &frame.function {
                Some(name) => demangled(&name.raw_name()?),
                None => String::new(),
            };
            let place = frame.location.as_ref();
            let file = place.and_then(|it| it.file).unwrap_or_default().to_owned();
            let line = place.and_then(|it| it.line).unwrap_or_default();
            frames.push(Frame {
                function,
                file,
                line,
            });
        }
        Ok(frames)
    }
}

fn is_call(r_type: u32) -> bool {
    matches!(
        r_type,
        elf::R_ARM_THM_PC22 | elf::R_ARM_THM_JUMP24 | elf::R_ARM_THM_JUMP19
    )
}

fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// What the compiler has noted of each function: its address, and a number of seven bits a byte.
fn stack_sizes(file: &object::File<'_>) -> Result<BTreeMap<u64, u64>> {
    let mut sizes = BTreeMap::new();
    let Some(section) = file.section_by_name(".stack_sizes") else {
        return Ok(sizes);
    };
    let mut rest = section.data()?;
    while let Some((address, after)) = rest.split_first_chunk::<4>() {
        rest = after;
        let (mut size, mut shift) = (0, 0);
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        sizes.insert(u64::from(u32::from_le_bytes(*address) & !1), size);
    }
    Ok(sizes)
}
