//! Generates the typed arguments and outputs of the resource types in `schema/resources.txt` from
//! the provider's schema: one file of Rust in the build's output folder, which `src/aws.rs`
//! includes. A new resource type is one more line in that list.

#[path = "build/generate.rs"]
mod generate;
#[allow(dead_code, unreachable_pub)]
#[path = "src/schema.rs"]
mod schema;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=schema/resources.txt");
    println!("cargo::rerun-if-changed=schema/aws.json");
    println!("cargo::rerun-if-changed=schema/additions.json");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/generate.rs");
    println!("cargo::rerun-if-changed=src/schema.rs");
    let list = fs::read_to_string("schema/resources.txt")?;
    let wanted = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let schema = schema::aws();
    if schema.resources.is_empty() {
        return Err(schema.version.as_str().into());
    }
    let code = generate::generate(schema, wanted)?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run by cargo only")?;
    fs::write(Path::new(&out).join("aws.rs"), code)?;
    Ok(())
}
