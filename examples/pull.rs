//! Downloads a model of the catalogue.
//!
//! ```sh
//! cargo run --release --example pull -- CACHE_FOLDER smollm2-135m
//! ```

use malmoi::store::{Store, StoreEvent, StoreSettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(cache), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pull CACHE_FOLDER NAME".into());
    };
    let store = Store::new(StoreSettings::new(cache));
    let located = store.pull(&name, &mut |event| match event {
        StoreEvent::License { license, .. } => println!("license: {license}"),
        StoreEvent::SourceFailed { source, error, .. } => println!("{source}: {error}"),
        _ => {}
    })?;
    println!("{}", located.path.display());
    Ok(())
}
