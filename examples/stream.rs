//! Streams a translation.
//!
//! ```sh
//! cargo run --release --example stream -- MODEL.gguf "The ministers met on Thursday."
//! ```

use std::io::Write;

use malmoi::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("usage: stream MODEL TEXT".into());
    };
    // Dropping the iterator would cancel the translation.
    for piece in Model::open(model)?.translate(&text).stream()? {
        print!("{}", piece?);
        std::io::stdout().flush()?;
    }
    println!();
    Ok(())
}
