//! A peer: [mqtt5-wasm](https://docs.rs/mqtt5-wasm) with what it exports to JavaScript by itself.

pub use mqtt5_wasm;
