//! Texts with the algebra or the error that they are expected to give: `language/*.txt`. `HGQL_BLESS=1` writes what they give now; read the difference.
//!
//! A case is `=== name [strict] [update]`, the text, a line `---`, and what is expected.

#[path = "language/render.rs"]
mod render;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hypergraphql_query::{ParseOptions, parse_query, parse_update};

#[test]
fn texts_give_what_their_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let bless = std::env::var_os("HGQL_BLESS").is_some_and(|value| value == "1");
    let (mut cases, mut wrong) = (0, String::new());
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let file = fs::read_to_string(&path).expect("the file can be read");
        let mut blessed = String::new();
        for case in parse(&file) {
            cases += 1;
            let found = case.run();
            if found != case.expected {
                let name = path.file_name().expect("a file has a name").to_string_lossy();
                let _ = writeln!(wrong, "{name}: {}\nexpected:\n{}\nfound:\n{found}\n", case.head, case.expected);
            }
            let _ = write!(blessed, "=== {}\n{}\n---\n{found}\n\n", case.head, case.text);
        }
        if bless {
            fs::write(&path, blessed.trim_end().to_owned() + "\n").expect("the file can be written");
        }
    }
    assert!(cases > 100, "there are {cases} cases, there should be more than 100");
    assert!(bless || wrong.is_empty(), "{wrong}");
}

struct Case<'a> {
    head: &'a str,
    text: &'a str,
    expected: &'a str,
}

impl Case<'_> {
    fn run(&self) -> String {
        let base = Some("http://base.example/".to_owned());
        let options = ParseOptions { strict: self.head.contains("[strict]"), base, ..ParseOptions::default() };
        let found = if self.head.contains("[update]") {
            parse_update(self.text, &options).map(|update| render::text(&update))
        } else {
            parse_query(self.text, &options).map(|query| render::text(&query))
        };
        let text = found.unwrap_or_else(|error| error.to_string());
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

fn parse(file: &str) -> Vec<Case<'_>> {
    let cases = file.split("=== ").skip(1);
    cases
        .map(|case| {
            let (head, rest) = case.split_once('\n').expect("a case has a text");
            let (text, expected) = rest.split_once("\n---\n").unwrap_or((rest.trim_end().trim_end_matches("---"), ""));
            Case { head, text: text.trim_end(), expected: expected.trim_end() }
        })
        .collect()
}
