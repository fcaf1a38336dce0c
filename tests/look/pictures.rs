//! Pictures of every screen, compared with those that are kept in `tests/look/pictures`.
//!
//! Who has changed the look on purpose runs this test with `ALLEYCAT_ACCEPT_PICTURES=1`, looks at the changed
//! pictures, and commits them. Words are in a face that the gallery brings along, so that pictures are the
//! same on machines with other fonts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use quantette::deps::palette::Srgb;
use quantette::{ImageRef, Pipeline, QuantizeMethod};

use crate::rig::{Gallery, SIZES};

/// A channel that differs by this much, of 255, is seen.
const SEEN: u8 = 24;
/// How many pixels of ten thousand may differ.
const FEW: usize = 3;

/// A picture: red, green, blue for each pixel.
struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

#[tokio::test]
async fn every_screen_looks_as_it_is_kept() -> anyhow::Result<()> {
    let gallery = Gallery::open().await?;
    let accept = std::env::var_os("ALLEYCAT_ACCEPT_PICTURES").is_some();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../look");
    _ = std::fs::remove_dir_all(&out);
    std::fs::create_dir_all(&out)?;
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for (screen, main) in &gallery.screens {
        // One that stands for its view in all sizes, themes and languages, the others once.
        let sizes = if *main { &SIZES[..] } else { &SIZES[..1] };
        let dresses: &[(&str, &str)] = if *main { &DRESSES } else { &DRESSES[..1] };
        for (at, (dress, query)) in dresses.iter().enumerate() {
            gallery.show(&format!("screen={screen}&words=kept&{query}")).await?;
            for (width, height) in if at == 0 { sizes } else { &SIZES[..1] } {
                gallery.page.resize((*width, *height)).await?;
                let name = format!("{screen}{dress}-{width}x{height}.png");
                let picture = Picture::decode(&gallery.page.screenshot().await?)?;
                if let Err(what) = compare(&name, &picture, &out, accept) {
                    wrong.push(format!("{name}: {what:#}"));
                }
                names.insert(name);
            }
        }
        gallery.page.resize(SIZES[0]).await?;
    }
    wrong.extend(left_over(&names, accept)?.into_iter().map(|name| format!("{name}: of no screen")));
    ensure!(
        wrong.is_empty(),
        "{} of {} pictures are not as they are kept:\n{}\nWhat they are now, and where they differ, is in {}.\n\
         If the change is meant: ALLEYCAT_ACCEPT_PICTURES=1 {}",
        wrong.len(),
        names.len(),
        wrong.join("\n"),
        out.display(),
        "cargo xtask test --only look"
    );
    Ok(())
}

/// Beside the first: themes and languages. What is added to the picture's name, and to the address.
const DRESSES: [(&str, &str); 4] = [
    ("", "theme=dark"),
    ("-light", "theme=light"),
    ("-contrast", "theme=contrast"),
    ("-de", "theme=dark&lang=de"),
];

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("look/pictures")
}

/// Compares a picture with the one that is kept, or keeps it.
fn compare(name: &str, now: &Picture, out: &Path, accept: bool) -> anyhow::Result<()> {
    let file = kept().join(name);
    let before = std::fs::read(&file).ok().map(|bytes| Picture::decode(&bytes)).transpose()?;
    // How many pixels may differ: none where a change is to be kept.
    let few = if accept { 0 } else { now.pixels() * FEW / 10_000 };
    if before.as_ref().is_some_and(|before| before.difference(now).0 <= few) {
        return Ok(());
    }
    // What 256 colours lose is no difference.
    let small = now.small()?;
    let same = Picture::decode(&small)?;
    let difference = before.map(|before| before.difference(&same));
    match difference {
        Some((count, _)) if count <= few => return Ok(()),
        _ if accept => return Ok(std::fs::write(file, small)?),
        _ => {}
    }
    std::fs::write(out.join(name), now.encode()?)?;
    let Some((count, picture)) = difference else { anyhow::bail!("there is none to compare with") };
    std::fs::write(out.join(name.replace(".png", ".difference.png")), picture.encode()?)?;
    anyhow::bail!("{count} of {} pixels differ", now.pixels())
}

/// Pictures that no screen has any more; taken away when pictures are accepted.
fn left_over(names: &BTreeSet<String>, accept: bool) -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for file in std::fs::read_dir(kept())? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".png") && !names.contains(&name) {
            if accept { std::fs::remove_file(kept().join(name))? } else { left.push(name) }
        }
    }
    Ok(left)
}

impl Picture {
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut data = vec![0; reader.output_buffer_size().context("a picture too large")?];
        let frame = reader.next_frame(&mut data)?;
        let channels = frame.color_type.samples();
        ensure!(channels >= 3, "a picture without colours");
        let rgb = data.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Ok(Self { width: frame.width, height: frame.height, rgb })
    }

    fn pixels(&self) -> usize {
        self.rgb.len() / 3
    }

    /// How many pixels are seen to differ, and a picture of where: they are red on what is pale.
    fn difference(&self, other: &Self) -> (usize, Self) {
        let same_size = (self.width, self.height) == (other.width, other.height);
        let pairs = self.rgb.chunks_exact(3).zip(other.rgb.chunks_exact(3));
        let differ = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > SEEN);
        let seen: Vec<bool> = pairs.map(differ).collect();
        let count = if same_size { seen.iter().filter(|seen| **seen).count() } else { other.pixels() };
        let paint = |(seen, pixel): (&bool, &[u8])| {
            if *seen { [255, 0, 0] } else { [0, 1, 2].map(|at| 170 + pixel[at] / 3) }
        };
        let rgb = seen.iter().zip(other.rgb.chunks_exact(3)).flat_map(paint).collect();
        let height = u32::try_from(seen.len()).unwrap_or(0) / other.width.max(1);
        (count, Self { width: other.width, height: height.min(other.height), rgb })
    }

    fn encode(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(bytes)
    }

    /// With the 256 colours that are nearest to its own, which is far smaller and looks the same.
    fn small(&self) -> anyhow::Result<Vec<u8>> {
        let pixels: Vec<_> = self.rgb.chunks_exact(3).map(|rgb| Srgb::new(rgb[0], rgb[1], rgb[2])).collect();
        let image = ImageRef::new(self.width, self.height, &pixels).ok().context("an odd picture")?;
        let picture = Pipeline::new()
            .ditherer(None)
            .quantize_method(QuantizeMethod::kmeans())
            .input_image(image)
            .output_srgb8_indexed_image();
        let colours: Vec<u8> = picture.palette().iter().flat_map(|c| [c.red, c.green, c.blue]).collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(colours);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header()?.write_image_data(picture.indices())?;
        Ok(bytes)
    }
}

#[test]
fn a_changed_pixel_is_found_and_a_shade_is_not() {
    let grey = |value: u8| Picture { width: 10, height: 10, rgb: vec![value; 300] };
    assert_eq!(grey(100).difference(&grey(124)).0, 0);
    let mut changed = grey(100);
    changed.rgb[33] = 200;
    let (count, picture) = grey(100).difference(&changed);
    assert_eq!((count, &picture.rgb[33..36]), (1, [255, 0, 0].as_slice()));
    let small = Picture::decode(&changed.small().unwrap()).unwrap();
    assert_eq!(small.difference(&changed).0, 0);
}
