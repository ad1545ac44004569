//! The file in a `multipart/form-data` body (RFC 7578).

use aho_corasick::AhoCorasick;
use bytes::Bytes;

use super::model::attachment::Upload;

/// The part called `file`; none when the body has no such part or is no such body.
pub(crate) fn file(content_type: &str, body: &Bytes) -> Option<Upload> {
    let boundary = parameter(content_type, "boundary")
        .filter(|_| content_type.starts_with("multipart/form-data"))?;
    let delimiter = format!("--{boundary}");
    let ends = AhoCorasick::new([&delimiter]).ok()?;
    let starts: Vec<usize> = ends.find_iter(body).map(|found| found.end()).collect();
    starts.windows(2).find_map(|pair| {
        let (from, next) = (pair.first()?, pair.get(1)?);
        // Behind a delimiter and before the next one stands a line break.
        let part = from + 2..next.checked_sub(delimiter.len() + 2)?;
        part_of(&body.slice(part))
    })
}

fn part_of(part: &Bytes) -> Option<Upload> {
    let gap = part.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(part.get(..gap)?).ok()?;
    let header = |name: &str| {
        head.split("\r\n").find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
    };
    let disposition = header("content-disposition")?;
    if parameter(disposition, "name").as_deref() != Some("file") {
        return None;
    }
    Some(Upload {
        file_name: parameter(disposition, "filename").unwrap_or_else(|| "file".to_owned()),
        content_type: header("content-type")
            .unwrap_or("application/octet-stream")
            .to_owned(),
        content: part.slice(gap + 4..),
    })
}

/// The value of a parameter of a header, with or without quotes.
fn parameter(header: &str, name: &str) -> Option<String> {
    let start = format!("{name}=");
    let mut rest = header;
    while let Some((_, after)) = rest.split_once(';') {
        rest = after.trim_start();
        if let Some(value) = rest.strip_prefix(&start) {
            return Some(match value.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => value.split(';').next().unwrap_or(value).trim().to_owned(),
            });
        }
    }
    None
}

/// The text before the closing quote, without the backslashes that quote.
fn unquoted(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_called_file_is_found_among_others() {
        let body = Bytes::from_static(
            b"--b1\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
              --b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jpg\"\r\n\
              Content-Type: image/jpeg\r\n\r\n\x00\r\n\x01\r\n--b1--\r\n",
        );
        let found = file("multipart/form-data; boundary=b1", &body).unwrap();
        assert_eq!(found.file_name, "a \"b\".jpg");
        assert_eq!(found.content_type, "image/jpeg");
        assert_eq!(&found.content[..], b"\x00\r\n\x01");
    }

    #[test]
    fn other_bodies_have_no_file() {
        let body = Bytes::from_static(b"--b\r\n\r\n");
        assert!(file("multipart/form-data; boundary=b", &body).is_none());
        assert!(file("multipart/form-data", &body).is_none());
        assert!(file("application/json", &body).is_none());
    }
}
