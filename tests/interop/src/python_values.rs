//! What values of Python are to Rust, and to Flask once they went through a store.

/// A value of Python, and what either side reads of it.
#[derive(Debug)]
pub struct Row {
    /// The Python expression.
    pub python: &'static str,
    /// What the format makes of it, MessagePack first.
    pub read: [Read; 2],
}

/// What is read of a value in one format.
#[derive(Debug)]
pub struct Read {
    /// As Flask shows it: Python's `repr`.
    pub flask: &'static str,
    /// As Rust shows it: the `Debug` of [`web_session::Value`].
    pub rust: &'static str,
}

/// Reads like the table it is: an expression, then Flask and Rust from MessagePack, and from JSON
/// where that differs.
macro_rules! rows {
    ($($python:literal => $flask:literal, $rust:literal $(; json $json_flask:literal, $json_rust:literal)?;)*) => {
        &[$(rows!(@row $python, $flask, $rust $(, $json_flask, $json_rust)?)),*]
    };
    (@row $python:literal, $flask:literal, $rust:literal) => {
        rows!(@row $python, $flask, $rust, $flask, $rust)
    };
    (@row $python:literal, $flask:literal, $rust:literal, $json_flask:literal, $json_rust:literal) => {
        Row {
            python: $python,
            read: [
                Read { flask: $flask, rust: $rust },
                Read { flask: $json_flask, rust: $json_rust },
            ],
        }
    };
}

/// The table.
#[rustfmt::skip]
pub const ROWS: &[Row] = rows! {
    "None" => "None", "Null";
    "True" => "True", "Bool(true)";
    "0" => "0", "Integer(0)";
    "-1" => "-1", "Integer(-1)";
    "127" => "127", "Integer(127)";
    "128" => "128", "Integer(128)";
    "-33" => "-33", "Integer(-33)";
    "2**16" => "65536", "Integer(65536)";
    "2**32" => "4294967296", "Integer(4294967296)";
    "2**63 - 1" => "9223372036854775807", "Integer(9223372036854775807)";
    "2**64 - 1" => "18446744073709551615", "Unsigned(18446744073709551615)";
    "-2**63" => "-9223372036854775808", "Integer(-9223372036854775808)";
    "1.0" => "1.0", "Float(1.0)";
    "-0.1" => "-0.1", "Float(-0.1)";
    "1e300" => "1e+300", "Float(1e300)";
    "float('inf')" => "inf", "Float(inf)"; json "None", "Null";
    "float('nan')" => "nan", "Float(NaN)"; json "None", "Null";
    "''" => "''", "Text(\"\")";
    "'naïve 🐍'" => "'naïve 🐍'", "Text(\"naïve 🐍\")";
    "'\\0\\n\\u2028'" => "'\\x00\\n\\u2028'", "Text(\"\\0\\n\\u{2028}\")";
    "b'\\x00\\xff'" => "b'\\x00\\xff'", "Bytes([0, 255])"; json "'AP8='", "Text(\"AP8=\")";
    "bytearray(b'ab')" => "b'ab'", "Bytes([97, 98])"; json "'YWI='", "Text(\"YWI=\")";
    "[]" => "[]", "Array([])";
    "[1, ['a', None]]" => "[1, ['a', None]]", "Array([Integer(1), Array([Text(\"a\"), Null])])";
    "(1, 'a')" => "[1, 'a']", "Array([Integer(1), Text(\"a\")])";
    "{1}" => "[1]", "Array([Integer(1)])";
    "frozenset({1})" => "[1]", "Array([Integer(1)])";
    "{}" => "{}", "Map([])";
    "{'b': 1, 'a': {'c': []}}" => "{'b': 1, 'a': {'c': []}}", "Map([(Text(\"b\"), Integer(1)), (Text(\"a\"), Map([(Text(\"c\"), Array([]))]))])";
    "{1: 'a'}" => "{1: 'a'}", "Map([(Integer(1), Text(\"a\"))])"; json "{'1': 'a'}", "Map([(Text(\"1\"), Text(\"a\"))])";
    "datetime(2024, 1, 2, 3, 4, 5, tzinfo=utc)" => "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)", "Extension(-1, [101, 147, 125, 37])"; json "'2024-01-02T03:04:05Z'", "Text(\"2024-01-02T03:04:05Z\")";
    "datetime(2024, 1, 2, 3, 4, 5)" => "'2024-01-02T03:04:05'", "Text(\"2024-01-02T03:04:05\")";
    "date(2024, 1, 2)" => "'2024-01-02'", "Text(\"2024-01-02\")";
    "time(3, 4, 5)" => "'03:04:05'", "Text(\"03:04:05\")";
    "timedelta(days=1, microseconds=3)" => "'P1DT0.000003S'", "Text(\"P1DT0.000003S\")";
    "UUID(int=1)" => "'00000000-0000-0000-0000-000000000001'", "Text(\"00000000-0000-0000-0000-000000000001\")";
    "Decimal('19.90')" => "'19.90'", "Text(\"19.90\")";
    "Colour.RED" => "'red'", "Text(\"red\")";
};

/// What neither MessagePack nor JSON can say: Flask answers 500 and stores nothing.
pub const REFUSED: &[&str] = &["1j", "object()", "Markup('<b>')"];

/// A value of Python in a pickle.
#[derive(Debug)]
pub struct Pickled {
    /// The Python expression.
    pub python: &'static str,
    /// What Flask reads after Rust wrote another key.
    pub flask: &'static str,
    /// What Rust reads.
    pub rust: &'static str,
    /// What Flask reads of the value that Rust read and wrote again as a [`web_session::Value`].
    pub rewritten: &'static str,
}

/// Reads like the table it is: an expression, then Flask, Rust, and Flask again.
macro_rules! pickled {
    ($($python:literal => $flask:literal, $rust:literal, $rewritten:literal;)*) => {
        &[$(Pickled { python: $python, flask: $flask, rust: $rust, rewritten: $rewritten }),*]
    };
}

/// The table of pickles: the types that other formats change.
#[rustfmt::skip]
pub const PICKLED: &[Pickled] = pickled! {
    "float('nan')" => "nan", "Float(NaN)", "nan";
    "b'\\x00\\xff'" => "b'\\x00\\xff'", "Bytes([0, 255])", "b'\\x00\\xff'";
    "bytearray(b'ab')" => "bytearray(b'ab')", "Bytes([97, 98])", "b'ab'";
    "(1, 'a')" => "(1, 'a')", "Array([Integer(1), Text(\"a\")])", "[1, 'a']";
    "{1}" => "{1}", "Array([Integer(1)])", "[1]";
    "frozenset({1})" => "frozenset({1})", "Array([Integer(1)])", "[1]";
    "{1: 'a'}" => "{1: 'a'}", "Map([(Integer(1), Text(\"a\"))])", "{1: 'a'}";
    "{(1, 2): 3}" => "{(1, 2): 3}", "Map([(Array([Integer(1), Integer(2)]), Integer(3))])", "{(1, 2): 3}";
    "datetime(2024, 1, 2, 3, 4, 5, tzinfo=utc)" => "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)", "Text(\"2024-01-02T03:04:05Z\")", "'2024-01-02T03:04:05Z'";
    "datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))" => "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))", "Text(\"2024-01-02T03:04:05+01:00\")", "'2024-01-02T03:04:05+01:00'";
    "datetime(2024, 1, 2, 3, 4, 5)" => "datetime.datetime(2024, 1, 2, 3, 4, 5)", "Text(\"2024-01-02T03:04:05\")", "'2024-01-02T03:04:05'";
    "date(2024, 1, 2)" => "datetime.date(2024, 1, 2)", "Text(\"2024-01-02\")", "'2024-01-02'";
    "time(3, 4, 5)" => "datetime.time(3, 4, 5)", "Text(\"03:04:05\")", "'03:04:05'";
    "timedelta(days=1, microseconds=3)" => "datetime.timedelta(days=1, microseconds=3)", "Text(\"P1DT0.000003S\")", "'P1DT0.000003S'";
    "UUID(int=1)" => "UUID('00000000-0000-0000-0000-000000000001')", "Text(\"00000000-0000-0000-0000-000000000001\")", "'00000000-0000-0000-0000-000000000001'";
    "Decimal('19.90')" => "Decimal('19.90')", "Text(\"19.90\")", "'19.90'";
    "1j" => "1j", "Array([Float(0.0), Float(1.0)])", "[0.0, 1.0]";
    "Markup('<b>')" => "Markup('<b>')", "Text(\"<b>\")", "'<b>'";
};
