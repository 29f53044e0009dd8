//! Facts about the sources: imports run one way, the core is free of std, the README tells what compiles.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sources of the core: module name, path, text without tests.
fn core_sources() -> BTreeMap<String, (String, String)> {
    let mut sources = BTreeMap::new();
    for folder in [
        "core/src",
        "core/src/node",
        "core/src/codec",
        "core/src/replica",
    ] {
        for file in fs::read_dir(root().join(folder)).expect("the folder is there") {
            let path = file.expect("a readable folder").path();
            let Some(name) = path
                .file_stem()
                .filter(|_| path.extension().is_some_and(|extension| extension == "rs"))
            else {
                continue;
            };
            let name = name.to_string_lossy().into_owned();
            let name = match folder.rsplit_once("src/") {
                Some((_, folder)) => format!("{folder}::{name}"),
                None => name,
            };
            let text = fs::read_to_string(&path).expect("a readable file");
            let text = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .to_owned();
            sources.insert(name, (path.display().to_string(), text));
        }
    }
    sources
}

/// The layers from bottom to top. A module may import only from layers below its own.
const LAYERS: &[&[&str]] = &[
    &["ids"],
    &["options", "position", "read", "role"],
    &["config", "event"],
    &["marks"],
    &["entries"],
    &["log", "quorum"],
    &["message"],
    &["action", "replication", "storage"],
    &["node"],
    &[
        "node::candidate",
        "node::events",
        "node::follower",
        "node::leader",
        "node::lost_tail",
        "node::pre_vote",
        "node::questions",
        "node::read",
        "node::snapshot",
        "node::storage",
        "node::term",
        "node::transfer",
    ],
    // At the side: forms of the values for links and people. No rule knows of them.
    &["notation", "codec::layout"],
    &["codec::error"],
    &["codec::encode", "codec::decode"],
    &["codec::envelope"],
    &["codec"],
    // On top: the node with what stands around it.
    &["replica::checksum", "replica::options", "replica::refusal"],
    &[
        "replica::snapshot",
        "replica::payloads",
        "replica::flow",
        "replica::clients",
    ],
    &["replica::envelope", "replica::state"],
    &["replica::transfer"],
    &["replica::batch"],
    &["replica::changes"],
    &["replica::stored", "replica::output"],
    &["replica"],
    &[
        "replica::proposing",
        "replica::questions",
        "replica::receiving",
        "replica::releasing",
        "replica::storing",
        "replica::taking",
    ],
    &["defmt"],
];

/// Where each public name is defined, as the crate's root hands it out.
fn definitions(lib: &str) -> BTreeMap<String, String> {
    let mut definitions = BTreeMap::new();
    for line in lib.lines().filter(|line| line.starts_with("pub use ")) {
        let (module, names) = line["pub use ".len()..].split_once("::").expect("a path");
        for name in names.trim_matches(['{', '}', ';', ' ']).split(',') {
            let name = name.trim().trim_end_matches('}');
            definitions.insert(name.to_owned(), module.to_owned());
        }
    }
    definitions
}

/// The modules that a source imports from, by `use crate::…` and by paths in the text.
fn imports(text: &str, definitions: &BTreeMap<String, String>) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .collect(),
            None => vec![
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default(),
            ],
        };
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let module = definitions
                .get(name)
                .cloned()
                .unwrap_or_else(|| name.to_owned());
            modules.push(module);
        }
    }
    modules
}

#[test]
fn imports_run_downwards_only() {
    let sources = core_sources();
    let definitions = definitions(&sources["lib"].1);
    let layer_of = |module: &str| {
        LAYERS
            .iter()
            .position(|layer| layer.contains(&module))
            .unwrap_or_else(|| panic!("module {module} has no layer: give it one in LAYERS"))
    };
    let mut seen = 0;
    for (module, (path, text)) in &sources {
        if module == "lib" {
            continue;
        }
        for import in imports(text, &definitions) {
            assert!(
                layer_of(&import) < layer_of(module),
                "{path} imports {import}, which is not below it"
            );
            seen += 1;
        }
        // Files of a folder see those below them in it; role files, and those beside a `Replica`, what is above.
        for line in text.lines().filter(|line| line.starts_with("use super::")) {
            let folder = module.split("::").next().unwrap_or_default();
            let path = line.trim_start_matches("use super::");
            let imported = match path.starts_with(|c: char| c.is_uppercase() || c == '{') {
                true => folder.to_owned(),
                false => format!("{folder}::{}", path.split("::").next().unwrap_or_default()),
            };
            assert!(layer_of(&imported) < layer_of(module), "{path}: {line}");
            seen += 1;
        }
    }
    assert!(
        seen > 80,
        "only {seen} imports were found: the reader of this test is broken"
    );
}

#[test]
fn the_core_uses_neither_std_nor_other_crates() {
    let manifest = read("core/Cargo.toml");
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .and_then(|rest| rest.split('[').next())
        .expect("a section");
    for line in dependencies.lines().filter(|line| !line.trim().is_empty()) {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        assert!(
            ["defmt", "hashbrown", "heapless"].contains(&name),
            "unexpected dependency: {line}"
        );
    }
    for (path, text) in core_sources().values() {
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            assert!(!line.contains("std::"), "{path}: {line}");
        }
    }
}

/// The core promises Rust 1.87. Clippy watches over the library's items; what it does not see is the one piece of
/// newer syntax that slips in easily, conditions after `let` (1.88).
#[test]
fn the_core_uses_no_let_chains() {
    for (path, text) in core_sources().values() {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (at, _) in words
            .match_indices("if let ")
            .chain(words.match_indices("while let "))
        {
            // Behind the pattern, up to the block.
            let behind = words[at..]
                .split_once(" = ")
                .map_or("", |(_, behind)| behind);
            let condition = behind.split(" { ").next().unwrap_or_default();
            assert!(!condition.contains(" && "), "{path}: {condition}");
        }
        assert!(!words.contains("&& let "), "{path}");
    }
}

/// The text of the first Rust code block.
fn first_rust_block(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("```rust"));
    lines.next();
    lines
        .take_while(|line| !line.starts_with("```"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn the_readme_shows_the_loop_that_the_crate_docs_compile() {
    let docs: String = read("core/src/lib.rs")
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .map(|line| {
            format!(
                "{}\n",
                line.trim_start_matches("//!")
                    .strip_prefix(' ')
                    .unwrap_or_default()
            )
        })
        .collect();
    let in_docs = first_rust_block(&docs.replacen("\n```\n", "\n```rust\n", 1));
    let in_readme = first_rust_block(&read("README.md"));
    assert!(
        in_docs.contains("handle_message"),
        "no loop in the crate docs"
    );
    assert_eq!(in_readme, in_docs);
}

#[test]
fn every_row_of_the_paper_map_names_a_section() {
    let node = read("core/src/node.rs");
    let rows: Vec<&str> = node
        .lines()
        .filter(|line| line.starts_with("//! |"))
        .skip(2)
        .collect();
    assert!(rows.len() >= 20, "the paper map is gone");
    for row in rows {
        assert!(row.contains('§') && row.contains("[`"), "{row}");
    }
}
