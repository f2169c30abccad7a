//! Rows of solutions as values of the caller's types, by serde.

use std::fmt::{self, Display};

use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term};
use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::Solutions;

/// Why a row is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The row, from 1.
    pub row: usize,
    /// The column, without `?`; none if the row as a whole is meant.
    pub column: Option<String>,
    /// What the type wants.
    pub expected: String,
    /// What there is.
    pub got: String,
}

impl std::error::Error for RowError {}

impl Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, expected, got } = self;
        match column {
            Some(column) => write!(f, "row {row}, column ?{column}: expected {expected}, got {got}"),
            None => write!(f, "row {row}: expected {expected}, got {got}"),
        }
    }
}

impl serde::de::Error for RowError {
    fn custom<T: Display>(message: T) -> Self {
        Self { row: 0, column: None, expected: "a value that the type allows".to_owned(), got: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self { row: 0, column: None, expected: expected.to_string(), got: found.to_string() }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { row: 0, column: Some(field.to_owned()), expected: "a column of this name".to_owned(), got: "none".to_owned() }
    }
}

impl Solutions {
    /// The rows as values of a type, each made when it is asked for: structs by the names of the columns, tuples by their order. Whole numbers are made of
    /// integer literals, floats of all numbers, booleans of booleans; strings of the text of a literal, of an IRI, and of a blank node as `_:label`;
    /// options of what may be unbound.
    ///
    /// # Errors
    /// For each row that is no value of the type: [`RowError`] names row, column, what was expected and what there is.
    pub fn deserialize<T: DeserializeOwned>(&self) -> impl Iterator<Item = Result<T, RowError>> + '_ {
        (0..self.len()).map(|row| T::deserialize(Row { solutions: self, row }).map_err(|error| RowError { row: row + 1, ..error }))
    }
}

/// A row to be read.
#[derive(Clone, Copy)]
struct Row<'s> {
    solutions: &'s Solutions,
    row: usize,
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(Cells { of: self, column: 0 })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(Cells { of: self, column: 0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct map struct enum identifier
        ignored_any
    }
}

/// The cells of a row that are not read yet.
struct Cells<'s> {
    of: Row<'s>,
    column: usize,
}

impl Cells<'_> {
    fn name(&self) -> Option<&String> {
        self.of.solutions.variables().get(self.column)
    }

    fn read<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, RowError> {
        let (name, column) = (self.name().cloned(), self.column);
        self.column += 1;
        let cell = Cell(self.of.solutions.term(self.of.row, column));
        seed.deserialize(cell).map_err(|error| RowError { column: error.column.or(name), ..error })
    }
}

impl<'de> MapAccess<'de> for Cells<'_> {
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, RowError> {
        self.name().map(|name| seed.deserialize(StrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        self.read(seed)
    }
}

impl<'de> SeqAccess<'de> for Cells<'_> {
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, RowError> {
        if self.name().is_none() { Ok(None) } else { self.read(seed).map(Some) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.of.solutions.variables().len() - self.column)
    }
}

/// A cell to be read; none if it is unbound.
struct Cell(Option<Term>);

impl Cell {
    fn wrong(self, expected: &str) -> RowError {
        let got = self.0.map_or_else(|| "no value".to_owned(), |term| term.to_string());
        RowError { row: 0, column: None, expected: expected.to_owned(), got }
    }

    fn literal(&self) -> Option<&Literal> {
        match &self.0 {
            Some(Term::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    fn whole(&self) -> Option<i128> {
        self.literal().filter(|literal| is_integer(literal)).and_then(|literal| literal.value().parse().ok())
    }

    fn number(&self) -> Option<f64> {
        let literal = self.literal()?;
        let is_number = is_integer(literal) || [xsd::DECIMAL, xsd::DOUBLE, xsd::FLOAT].contains(&literal.datatype());
        if is_number { literal.value().parse().ok() } else { None }
    }

    fn truth(&self) -> Option<bool> {
        match self.literal().filter(|literal| literal.datatype() == xsd::BOOLEAN)?.value() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn text(self) -> Result<String, Self> {
        match self.0 {
            Some(Term::NamedNode(node)) => Ok(node.into_string()),
            Some(Term::BlankNode(node)) => Ok(node.to_string()),
            Some(Term::Literal(literal)) => Ok(literal.value().to_owned()),
            Some(triple @ Term::Triple(_)) => Ok(triple.to_string()),
            None => Err(self),
        }
    }
}

/// Whether a literal is of `xsd:integer` or a type derived from it.
fn is_integer(literal: &Literal) -> bool {
    use xsd::{BYTE, INT, INTEGER, LONG, NEGATIVE_INTEGER, NON_NEGATIVE_INTEGER, NON_POSITIVE_INTEGER, POSITIVE_INTEGER, SHORT};
    use xsd::{UNSIGNED_BYTE, UNSIGNED_INT, UNSIGNED_LONG, UNSIGNED_SHORT};
    let signed = [INTEGER, LONG, INT, SHORT, BYTE, NON_NEGATIVE_INTEGER, POSITIVE_INTEGER, NON_POSITIVE_INTEGER, NEGATIVE_INTEGER];
    let unsigned = [UNSIGNED_LONG, UNSIGNED_INT, UNSIGNED_SHORT, UNSIGNED_BYTE];
    signed.contains(&literal.datatype()) || unsigned.contains(&literal.datatype())
}

/// Whole numbers are given as they are: the reader's own type refuses what it cannot hold.
macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            match self.whole() {
                Some(number) if i64::try_from(number).is_ok() => visitor.visit_i64(number as i64),
                Some(number) if u64::try_from(number).is_ok() => visitor.visit_u64(number as u64),
                Some(number) => visitor.visit_i128(number),
                None => Err(self.wrong("an integer")),
            }
        }
    )*};
}

macro_rules! floats {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            match self.number() {
                Some(number) => visitor.visit_f64(number),
                None => Err(self.wrong("a number")),
            }
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            visitor.visit_string(self.text().map_err(|cell| cell.wrong("a term"))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Cell {
    type Error = RowError;

    /// What the term is by itself.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match (self.whole(), self.number(), self.truth(), &self.0) {
            (.., None) => visitor.visit_none(),
            (Some(_), ..) => self.deserialize_i64(visitor),
            (_, Some(number), ..) => visitor.visit_f64(number),
            (.., Some(truth), _) => visitor.visit_bool(truth),
            _ => self.deserialize_string(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.truth() {
            Some(truth) => visitor.visit_bool(truth),
            None => Err(self.wrong("a boolean")),
        }
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    floats! { deserialize_f32 deserialize_f64 }

    texts! { deserialize_char deserialize_str deserialize_string }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        if self.0.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        let text = self.text().map_err(|cell| cell.wrong(&format!("one of {}", variants.join(", "))))?;
        let text: StringDeserializer<RowError> = text.into_deserializer();
        visitor.visit_enum(text)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier }
}
