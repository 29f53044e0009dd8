//! `raftbare-bindgen MODULE.wasm FOLDER NAME`: writes `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm` into the folder.
//!
//! The generator has to be of the very version of the library that was compiled in. As a package of this workspace
//! it stands in the same lock file, so they cannot part.

use anyhow::{Result, bail};
use std::{env, path::PathBuf};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [module, folder, name] = &arguments[..] else {
        bail!("usage: raftbare-bindgen MODULE.wasm FOLDER NAME");
    };
    let Some(name) = name.to_str() else {
        bail!("the name is no text: {}", name.display());
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(name)
        .web(true)?
        .typescript(true)
        // The entries of the package say where the module is: a bundler would else take one into every build.
        .omit_default_module_path(true)
        .keep_debug(false);
    bindgen.generate(PathBuf::from(folder))
}
