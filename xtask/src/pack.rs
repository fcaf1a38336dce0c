//! Packs the files of a finished page once and as well as it can be, beside the files themselves, so that a hub needn't
//! at each visit.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// By gzip, in the fewest bytes: zopfli's are a twentieth less than the best of zlib, and it takes hundreds of times as long.
pub(crate) fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut packed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, bytes, &mut packed)?;
    Ok(packed)
}

/// By brotli at its best.
pub(crate) fn brotli(mut bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let best = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut packed, &best)?;
    Ok(packed)
}

/// Whether a file of this name is another one packed.
pub(crate) fn is_packed(name: &str) -> bool {
    [GZIP, BROTLI].iter().any(|end| name.ends_with(end))
}

/// Writes `FILE.gz` and `FILE.br` beside every file of the folder that gets smaller by it. Browsers take brotli from
/// their own machine and by TLS alone, gzip everywhere.
pub(crate) fn all(dist: &Path) -> anyhow::Result<()> {
    let (mut plain, mut least) = (0, 0);
    for path in fs::read_dir(dist)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        let name = path.file_name().and_then(|name| name.to_str()).context("a file with a plain name")?;
        if !PACKS.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let bytes = fs::read(&path)?;
        for (end, packed) in [(GZIP, gzip(&bytes)?), (BROTLI, brotli(&bytes)?)] {
            let beside = dist.join([name, end].concat());
            if packed.len() < bytes.len() {
                fs::write(beside, &packed)?;
            } else if beside.exists() {
                // Of what the file was before.
                fs::remove_file(beside)?;
            }
            if end == BROTLI {
                (plain, least) = (plain + bytes.len(), least + packed.len().min(bytes.len()));
            }
        }
    }
    println!("  {plain} bytes of the page, packed {least}");
    Ok(())
}

const GZIP: &str = ".gz";
const BROTLI: &str = ".br";
/// Of what packing makes less; pictures and fonts are packed already.
const PACKS: [&str; 6] = [".wasm", ".js", ".css", ".html", ".svg", ".webmanifest"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_smaller_lies_beside_itself_packed() {
        let dist = std::env::temp_dir().join(format!("alleycat-pack-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let text = "what is said again and again, ".repeat(40);
        for name in ["page.js", "picture.png"] {
            fs::write(dist.join(name), &text).unwrap();
        }
        fs::write(dist.join("short.css"), "a").unwrap();
        all(&dist).unwrap();
        let mut names: Vec<_> = fs::read_dir(&dist)
            .unwrap()
            .flatten()
            .map(|file| file.file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["page.js", "page.js.br", "page.js.gz", "picture.png", "short.css"]);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*fs::read(dist.join("page.js.br")).unwrap(), &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
        let packed = fs::read(dist.join("page.js.gz")).unwrap();
        let back = std::io::read_to_string(flate2::read::GzDecoder::new(&*packed)).unwrap();
        assert_eq!(back, text);
        fs::write(dist.join("page.js"), "a").unwrap();
        all(&dist).unwrap();
        assert!(
            !dist.join("page.js.br").exists() && !dist.join("page.js.gz").exists(),
            "an older one is gone"
        );
        fs::remove_dir_all(&dist).unwrap();
    }
}
