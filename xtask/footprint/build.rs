//! Links without a board: what the programs need from one is left open, and the relocations tell who calls whom.

fn main() {
    for argument in [
        "--entry=start",
        "--unresolved-symbols=ignore-all",
        "--emit-relocs",
    ] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
