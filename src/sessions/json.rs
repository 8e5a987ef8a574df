//! Session data as JSON, byte for byte as Python's `json.dumps(data, separators=(',', ':'))` writes it.
//!
//! ASCII only: everything else is `\uXXXX`, in surrogate pairs where one unit is not enough. Numbers are
//! Python's `repr`. What Python reads and we do not: `NaN` and `Infinity`, half a surrogate pair, and
//! nesting below [`DEEPEST`]; integers beyond 64 bits become floats.

use serde_json::{Map, Number, Value};

use super::Corrupt;

/// What a session holds: names and JSON values, in the order in which they were first set.
pub type Data = Map<String, Value>;

/// How deep lists and objects may nest, the data themselves included: what our reader takes.
pub const DEEPEST: usize = 100;

/// Writes the data; `None` when they nest deeper than [`DEEPEST`].
///
/// ```
/// let data = serde_json::from_str(r#"{"name": "男", "l": [1, 1e16]}"#).unwrap();
/// let text = blankline::sessions::json::write(&data).unwrap();
/// assert_eq!(text, r#"{"name":"\u7537","l":[1,1e+16]}"#);
/// ```
#[must_use]
pub fn write(data: &Data) -> Option<String> {
    let mut out = String::with_capacity(128);
    object(data, DEEPEST, &mut out)?;
    Some(out)
}

/// Reads data; of equal names the last wins, as in Python.
///
/// # Errors
///
/// [`Corrupt::NotJson`] and [`Corrupt::NotAnObject`].
pub fn read(text: &[u8]) -> Result<Data, Corrupt> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(data)) => Ok(data),
        Ok(_) => Err(Corrupt::NotAnObject),
        Err(_) => Err(Corrupt::NotJson),
    }
}

fn object(data: &Data, depth: usize, out: &mut String) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    out.push('{');
    for (at, (name, item)) in data.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(name, out);
        out.push(':');
        value(item, depth, out)?;
    }
    out.push('}');
    Some(())
}

fn value(item: &Value, depth: usize, out: &mut String) -> Option<()> {
    match item {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(item) => number(item, out),
        Value::String(item) => string(item, out),
        Value::Object(item) => object(item, depth, out)?,
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                value(item, depth, out)?;
            }
            out.push(']');
        }
    }
    Some(())
}

/// Python's `repr` of a float: the shortest digits that read back the same, with a point or an exponent of at
/// least two digits, which has its sign. Rust's `{:?}` changes to an exponent at the same sizes.
fn number(number: &Number, out: &mut String) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        out.push_str(&number.to_string());
        return;
    };
    let text = format!("{float:?}");
    match text.split_once('e') {
        None => out.push_str(&text),
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            out.push_str(&format!("{digits}e{sign}{exponent:0>2}"));
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        write(&read(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn text_is_escaped_as_python_does() {
        let data = Data::from_iter([(
            "k\"".to_owned(),
            Value::from("\0\u{1f}\u{7f}\u{8}\u{c}\n\r\t\\/é男\u{1f600}"),
        )]);
        assert_eq!(
            write(&data).unwrap(),
            r#"{"k\"":"\u0000\u001f\u007f\b\f\n\r\t\\/\u00e9\u7537\ud83d\ude00"}"#
        );
        let text = write(&data).unwrap();
        assert_eq!(read(text.as_bytes()), Ok(data));
    }

    #[test]
    fn numbers_are_pythons_repr() {
        for (read, written) in [
            ("0.1", "0.1"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.25e-7", "1.25e-07"),
            ("5e-324", "5e-324"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(
                rewritten(&format!("{{\"n\":{read}}}")),
                format!("{{\"n\":{written}}}")
            );
        }
    }

    #[test]
    fn order_stays_and_the_last_of_equal_names_wins() {
        assert_eq!(
            rewritten(r#"{"b": 1, "a": [null, true, {}], "b": 2}"#),
            r#"{"b":2,"a":[null,true,{}]}"#
        );
    }

    #[test]
    fn what_is_not_an_object_is_corrupt() {
        assert_eq!(read(b""), Err(Corrupt::NotJson));
        assert_eq!(read(b"[1]"), Err(Corrupt::NotAnObject));
        assert_eq!(read(b"{\"a\":NaN}"), Err(Corrupt::NotJson));
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(Corrupt::NotJson));
    }

    #[test]
    fn whatever_is_written_can_be_read() {
        let nested = |depth| {
            let mut value = Value::Array(Vec::new());
            for _ in 2..depth {
                value = Value::Array(vec![value]);
            }
            Data::from_iter([("a".to_owned(), value)])
        };
        let deepest = nested(DEEPEST);
        let text = write(&deepest).unwrap();
        assert_eq!(read(text.as_bytes()), Ok(deepest));
        assert_eq!(write(&nested(DEEPEST + 1)), None);
    }
}
