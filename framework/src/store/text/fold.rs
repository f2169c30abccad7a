//! Texts without regard to case.

/// Adds the text with each character as the lower case of the upper case of its lower case. Character by character, so that a part of a text is a part of
/// the folded text. `LCASE`, `UCASE` and the flag `i` of a pattern leave the folded text as it is: a final ς is σ, ſ is s, ẞ and ß are ss.
pub(super) fn fold(text: &str, to: &mut String) {
    to.reserve(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            to.push(character.to_ascii_lowercase());
        } else {
            to.extend(character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut folded = String::new();
        fold(text, &mut folded);
        folded
    }

    #[test]
    fn case_does_not_matter_to_any_character() {
        for character in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let text = character.to_string();
            let expected = folded(&text);
            // At the end of a word, too, where a sigma is another one.
            for text in [text.clone(), format!("a{text}"), format!("a{text} b"), format!("{text}b")] {
                assert_eq!(folded(&text.to_lowercase()), folded(&text), "{text:?} in lower case");
                assert_eq!(folded(&text.to_uppercase()), folded(&text), "{text:?} in upper case");
            }
            assert_eq!(folded(&expected), expected, "{text:?} twice");
        }
        assert_eq!(folded("ΟΔΥΣΣΕΎΣ Straẞe ſ K"), "οδυσσεύσ strasse s k");
    }
}
