//! Percent-encoding by the place a value is put into (RFC 3986).

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// As one segment of a path: only unreserved characters stay.
pub(super) fn segment(text: &str, out: &mut String) {
    encode(text, out, |_| false);
}

/// As a value of a query. Characters that OData and dates are full of stay readable; a comma does not, because it
/// separates the items of a list.
pub(super) fn query_value(text: &str, out: &mut String) {
    encode(text, out, |byte| {
        matches!(
            byte,
            b'$' | b'\'' | b'(' | b')' | b':' | b'@' | b'/' | b'*' | b'!'
        )
    });
}

/// As the name of a query parameter.
pub(super) fn query_name(text: &str, out: &mut String) {
    encode(text, out, |byte| {
        matches!(byte, b'$' | b'[' | b']' | b'@' | b':')
    });
}

fn encode(text: &str, out: &mut String, stays: impl Fn(u8) -> bool) {
    out.reserve(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || stays(byte)
        {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from(HEX[usize::from(half)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, encode: fn(&str, &mut String)) -> String {
        let mut out = String::new();
        encode(text, &mut out);
        out
    }

    #[test]
    fn values_are_encoded_for_their_place() {
        assert_eq!(
            encoded("a/b?c#d%e ü", segment),
            "a%2Fb%3Fc%23d%25e%20%C3%BC"
        );
        assert_eq!(
            encoded(
                "UpdatedDate gt 2026-04-13T14:27:38Z and Name eq 'A&B+C,D'",
                query_value
            ),
            "UpdatedDate%20gt%202026-04-13T14:27:38Z%20and%20Name%20eq%20'A%26B%2BC%2CD'"
        );
        assert_eq!(encoded("$filter", query_name), "$filter");
    }
}
