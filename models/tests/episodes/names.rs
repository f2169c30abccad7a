use std::collections::{BTreeMap, BTreeSet};

use hypergraphql_models::episodes::{NameOptions, Names, Split};

#[test]
fn names_are_fresh_and_of_their_split() {
    let names = Names::new(&NameOptions::default()).unwrap();
    let train = names.draw(12_000, Split::Train, 1, &[]).unwrap();
    let test = names.draw(12_000, Split::Test, 1, &train[..7]).unwrap();
    let set = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    assert_eq!((set(&train).len(), set(&test).len()), (12_000, 12_000));
    assert!(set(&train).is_disjoint(&set(&test)));
    assert!(train.iter().all(|name| Split::of(name) == Split::Train && Split::of(&name.to_lowercase()) == Split::Train));
    assert_eq!(train, names.draw(12_000, Split::Train, 1, &[]).unwrap());
    let other = names.draw(12_000, Split::Train, 2, &[]).unwrap();
    assert!(set(&train).intersection(&set(&other)).count() < 3000);
    // Again without those that are taken.
    let again = names.draw(12_000, Split::Train, 1, &train).unwrap();
    assert!(set(&train).is_disjoint(&set(&again)));
}

#[test]
fn names_are_uniform_enough() {
    let names = Names::new(&NameOptions::default()).unwrap();
    assert_eq!(names.syllables().len(), 14 * 5 * 4);
    let mut first = BTreeMap::new();
    for name in names.draw(28_000, Split::Train, 4, &[]).unwrap() {
        *first.entry(name[..2].to_owned()).or_insert(0) += 1;
    }
    // 70 beginnings, 400 each on average.
    assert_eq!(first.len(), 70);
    assert!(first.values().all(|count| (300..500).contains(count)), "{first:?}");
    // One name in four is for tests.
    let all: Vec<String> = names.syllables().iter().flat_map(|a| names.syllables().iter().map(move |b| format!("{a}{b}"))).collect();
    let test = all.iter().filter(|name| Split::of(name) == Split::Test).count() as f64 / all.len() as f64;
    assert!((test - 0.25).abs() < 0.01, "{test}");
}

#[test]
fn names_like_others_are_of_their_pieces() {
    let options = NameOptions::like(&["Paris", "New York", "1896", "Na", "Reykjavik", "MoMA", "war: 1, 2"]);
    let pieces = [" 1", " 2", " York", "1896", "is", "kja", "moMA", "na", "new", "par", "rey", "vik", "war"];
    assert_eq!(options.onsets, pieces);
    // 1, 1, 1, 2, 2, 3 and 3 pieces; 13 pieces make a million names of six.
    assert_eq!((options.least, options.most), (1, 6));
    let names = Names::new(&options).unwrap();
    let drawn = names.draw(60, Split::Train, 3, &[]).unwrap();
    assert!(drawn.iter().any(|name| name.contains(" York")) && drawn.iter().any(|name| !name.contains(' ')), "{drawn:?}");
    assert!(drawn.iter().all(|name| name.trim() == name && !name.contains("  ") && !name.chars().next().is_some_and(char::is_lowercase)));
    assert_eq!(NameOptions::like::<&str>(&[]), NameOptions::default());
    assert_eq!(NameOptions::like(&[" ? ", "Ab"]), NameOptions::default());
}

#[test]
fn bad_names_are_refused() {
    let options = NameOptions::default;
    let bad = [
        NameOptions { least: 0, ..options() },
        NameOptions { least: 4, ..options() },
        NameOptions { most: 9, ..options() },
        NameOptions { vowels: vec![], ..options() },
        NameOptions { onsets: vec!["\n".to_owned()], ..options() },
    ];
    for options in bad {
        assert!(Names::new(&options).is_err(), "{options:?}");
    }
    let small = NameOptions { least: 1, most: 1, ..options() };
    let names = Names::new(&small).unwrap();
    assert!(names.draw(0, Split::Test, 1, &[]).unwrap().is_empty());
    assert_eq!(names.draw(35, Split::Test, 1, &[]).unwrap().len(), 35);
    let error = names.draw(36, Split::Test, 1, &[]).unwrap_err().to_string();
    assert!(error.starts_with("number of names is 36, expected at most 35 of 280 syllables"), "{error}");
    // All are taken: an end, with an error.
    let all: Vec<String> = names.syllables().iter().map(|s| s[..1].to_uppercase() + &s[1..]).collect();
    assert!(names.draw(3, Split::Test, 1, &all).is_err());
}
