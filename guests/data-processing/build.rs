//! The planner recurses once per operator of a chain such as `a OR b OR c`: the stack of the guest is 16 MiB and
//! not 1.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=16777216");
    }
}
