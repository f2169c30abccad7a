//! Durations: their parts, their partial order and what dates they lead to.

use std::cmp::Ordering;

use oxsdatatypes::{DateTime, DayTimeDuration, Decimal, Duration, YearMonthDuration};

use super::value::Value;

/// The dates by which XSD 1.1 part 2, section 3.3.6.1 orders durations.
const REFERENCES: [&str; 4] = ["1696-09-01T00:00:00", "1697-02-01T00:00:00", "1903-03-01T00:00:00", "1903-07-01T00:00:00"];

/// The three types of durations are one.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value.plain() {
        Value::Duration(value) => Some(*value),
        Value::DayTimeDuration(value) => Some((*value).into()),
        Value::YearMonthDuration(value) => Some((*value).into()),
        _ => None,
    }
}

/// Months and seconds.
pub(super) fn parts(duration: Duration) -> (i64, Decimal) {
    let bytes = duration.to_be_bytes();
    let (mut months, mut seconds) = ([0; 8], [0; 16]);
    months.copy_from_slice(&bytes[..8]);
    seconds.copy_from_slice(&bytes[8..]);
    (i64::from_be_bytes(months), Decimal::from_be_bytes(seconds))
}

/// A date after a duration: first the months, then the seconds. (Adding both at once takes `oxsdatatypes` a step for every month of the seconds.)
pub(super) fn plus(start: DateTime, duration: Duration) -> Option<DateTime> {
    let (months, seconds) = parts(duration);
    let start = if months == 0 { start } else { start.checked_add_year_month_duration(YearMonthDuration::new(months))? };
    start.checked_add_day_time_duration(DayTimeDuration::new(seconds))
}

/// The order of two durations, if it is the same from all reference dates.
pub(super) fn compare(a: Duration, b: Duration) -> Option<Ordering> {
    let ((a_months, a_seconds), (b_months, b_seconds)) = (parts(a), parts(b));
    match (a_months.cmp(&b_months), a_seconds.cmp(&b_seconds)) {
        (order, Ordering::Equal) | (Ordering::Equal, order) => return Some(order),
        (one, other) if one == other => return Some(one),
        _ => {}
    }
    let mut orders = REFERENCES.iter().map(|start| plus(start.parse().ok()?, a)?.partial_cmp(&plus(start.parse().ok()?, b)?));
    let first = orders.next()??;
    orders.all(|order| order == Some(first)).then_some(first)
}

/// A total order that agrees with [`compare`]: by where durations lead from one of the reference dates; those that lead too far come last.
pub(super) fn compare_total(a: Duration, b: Duration) -> Ordering {
    let end = |duration| REFERENCES[2].parse().ok().and_then(|start| plus(start, duration));
    match (end(a), end(b)) {
        (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal), // neither has a zone
        (None, None) => parts(a).cmp(&parts(b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Duration {
        text.parse().unwrap()
    }

    #[test]
    fn partial_order() {
        for (a, b, expected) in [
            ("P1M", "P27D", Some(Ordering::Greater)),
            ("P1M", "P30D", None),
            ("P1M", "P32D", Some(Ordering::Less)),
            ("P5M", "P153D", None),
            ("P1Y", "P12M", Some(Ordering::Equal)),
            ("PT24H", "P1D", Some(Ordering::Equal)),
            ("-P1M", "PT1S", Some(Ordering::Less)),
        ] {
            assert_eq!(compare(parse(a), parse(b)), expected, "{a} {b}");
            assert_eq!(compare(parse(b), parse(a)), expected.map(Ordering::reverse), "{b} {a}");
            if let Some(order) = expected {
                assert_eq!(compare_total(parse(a), parse(b)), order, "{a} {b}");
            }
        }
    }

    #[test]
    fn long_durations_take_no_time() {
        let long = parse("P1M900000000000000D");
        assert_eq!(compare(long, parse("P2M")), Some(Ordering::Greater));
        assert_eq!(compare_total(long, parse("P768614336404564650Y")), Ordering::Less);
    }
}
