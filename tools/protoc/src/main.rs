//! Compiles protobuf files to a descriptor set, with the arguments that `prost-build` gives to `protoc`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use protox::Compiler;

fn main() {
    if let Err(error) = compile() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn compile() -> Result<(), Box<dyn Error>> {
    let (mut includes, mut files, mut output) = (Vec::new(), Vec::new(), None);
    let (mut imports, mut source_info) = (false, false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-I" => includes.extend(arguments.next().map(PathBuf::from)),
            "-o" => output = arguments.next().map(PathBuf::from),
            "--include_imports" => imports = true,
            "--include_source_info" => source_info = true,
            _ if argument.starts_with('-') => return Err(format!("unknown argument {argument}").into()),
            _ => files.push(PathBuf::from(argument)),
        }
    }
    let mut compiler = Compiler::new(includes)?;
    compiler.include_imports(imports).include_source_info(source_info).open_files(files)?;
    fs::write(output.ok_or("missing argument -o")?, compiler.encode_file_descriptor_set())?;
    Ok(())
}
