//! A bar chart as a PNG image.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const WIDTH: u32 = 420;
const HEIGHT: u32 = 180;
const MARGIN: u32 = 12;
/// The colours of the palette: paper, bars, axis.
const PALETTE: [u8; 9] = [255, 255, 255, 37, 99, 235, 100, 116, 139];

/// Draws a bar for each of these heights.
pub(crate) fn bars(heights: &[f64]) -> std::io::Result<Vec<u8>> {
    let most = heights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let slot = (WIDTH - 2 * MARGIN) / u32::try_from(heights.len()).unwrap_or(u32::MAX).max(1);
    let room = f64::from(HEIGHT - 2 * MARGIN);
    let colour = |x: u32, y: u32| {
        let (from_left, above) = (x.checked_sub(MARGIN), (HEIGHT - MARGIN).checked_sub(y));
        match (from_left, above) {
            (Some(_), Some(0)) if x < WIDTH - MARGIN => 2,
            (Some(left), Some(above)) if slot > 0 && left % slot >= slot / 4 => {
                let bar = usize::try_from(left / slot).ok().and_then(|bar| heights.get(bar));
                u8::from(bar.is_some_and(|height| f64::from(above) <= room * height / most))
            }
            _ => 0,
        }
    };
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..HEIGHT {
        // The row has no filter.
        pixels.write_all(&[0])?;
        let row: Vec<u8> = (0..WIDTH).map(|x| colour(x, y)).collect();
        pixels.write_all(&row)?;
    }
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [WIDTH.to_be_bytes(), HEIGHT.to_be_bytes()].concat();
    // Eight bits for each pixel, which is a number of the palette.
    header.extend([8, 3, 0, 0, 0]);
    for (name, data) in
        [(b"IHDR", header), (b"PLTE", PALETTE.to_vec()), (b"IDAT", pixels.finish()?), (b"IEND", Vec::new())]
    {
        chunk(&mut image, name, &data);
    }
    Ok(image)
}

fn chunk(image: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let mut sum = Crc::new();
    sum.update(name);
    sum.update(data);
    image.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    image.extend(name);
    image.extend(data);
    image.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_a_png_with_its_chunks_in_order() {
        let image = bars(&[1.0, 2.0, 0.5]).unwrap();
        assert!(image.starts_with(b"\x89PNG\r\n\x1a\n"));
        let places: Vec<usize> = [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
            .iter()
            .map(|name| image.windows(4).position(|window| window == *name).unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(bars(&[]).is_ok());
    }
}
