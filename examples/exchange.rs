//! Converts a translation memory: reads any file of pairs, writes TMX or XLIFF by the name of the
//! second file.
//!
//! ```sh
//! cargo run --release --example exchange -- memory.xlf memory.tmx
//! ```

use std::fs::File;
use std::io::BufWriter;

use malmoi::formats::PairLanguages;
use malmoi::formats::pairs::{ExchangeFormat, UnitWriter, units};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("usage: exchange FROM TO".into());
    };
    let ending = to.rsplit_once('.').map_or("", |(_, ending)| ending);
    let Some(format) = ExchangeFormat::named(ending) else {
        return Err(format!("{to} is neither .tmx nor .xliff").into());
    };
    let mut unreadable = 0;
    let mut writer = UnitWriter::new(BufWriter::new(File::create(&to)?), format, "en", "ko")?;
    for unit in units(File::open(&from)?, &from, PairLanguages::default())? {
        match unit {
            Ok(unit) => writer.write(&unit)?,
            Err(error) => {
                unreadable += 1;
                eprintln!("{from}: {} {}", error.place, error.reason);
            }
        }
    }
    let written = writer.finish()?;
    println!(
        "{} units, {unreadable} unreadable, {} in the other direction, {} characters replaced",
        written.units, written.left_out, written.replaced
    );
    Ok(())
}
