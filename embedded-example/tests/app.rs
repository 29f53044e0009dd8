//! The settings, and what can be typed.

use raftbare_embedded::app::{
    Command, MAX_KEY, MAX_SETTINGS, MAX_SNAPSHOT, MAX_VALUE, Outcome, Settings,
};
use raftbare_embedded::console::{LineReader, MAX_LINE, Request, Usage};

fn put(settings: &mut Settings, key: &str, value: &str) -> Outcome {
    let command = Command::Put { key, value }.encode().expect("short enough");
    settings.apply(&command)
}

fn delete(settings: &mut Settings, key: &str) -> Outcome {
    settings.apply(&Command::Delete { key }.encode().expect("short enough"))
}

#[test]
fn settings_are_added_changed_and_deleted() {
    let mut settings = Settings::new();
    assert_eq!(put(&mut settings, "a", "1"), Outcome::Added);
    assert_eq!(put(&mut settings, "a", "2"), Outcome::Changed);
    assert_eq!(settings.get("a"), Some("2"));
    assert_eq!(delete(&mut settings, "a"), Outcome::Deleted);
    assert_eq!(delete(&mut settings, "a"), Outcome::Absent);
    assert!(settings.is_empty());
    assert_eq!(settings.apply(&[]), Outcome::Unknown);
    assert_eq!(settings.apply(&[5, b'a']), Outcome::Unknown);
}

#[test]
fn a_full_table_refuses_new_keys_and_nothing_else() {
    let mut settings = Settings::new();
    let (key, value) = ("k".repeat(MAX_KEY - 2), "v".repeat(MAX_VALUE));
    for number in 0..MAX_SETTINGS {
        let key = format!("{key}{number:02}");
        assert_eq!(put(&mut settings, &key, &value), Outcome::Added);
    }
    assert_eq!(put(&mut settings, "new", "1"), Outcome::Full);
    assert_eq!(
        put(&mut settings, &format!("{key}00"), "1"),
        Outcome::Changed
    );
    assert_eq!(delete(&mut settings, &format!("{key}01")), Outcome::Deleted);
    assert_eq!(put(&mut settings, "new", "1"), Outcome::Added);
    assert!(settings.snapshot().len() <= MAX_SNAPSHOT);
}

#[test]
fn snapshots_bring_all_back_and_are_the_same_whatever_the_order() {
    let mut one = Settings::new();
    let mut other = Settings::new();
    for number in 0..20 {
        put(&mut one, &format!("k{number}"), &number.to_string());
        let number = 19 - number;
        put(&mut other, &format!("k{number}"), &number.to_string());
    }
    let snapshot = one.snapshot();
    assert_eq!(snapshot, other.snapshot());
    let mut loaded = Settings::new();
    put(&mut loaded, "old", "1");
    assert!(loaded.load(&snapshot));
    assert_eq!(loaded.snapshot(), snapshot);
    assert_eq!(loaded.get("old"), None);
    for len in 1..snapshot.len() {
        // Cut between two rows, it is the snapshot of fewer.
        let mut cut = Settings::new();
        let is_loaded = cut.load(&snapshot[..len]);
        assert_eq!(is_loaded, cut.snapshot() == snapshot[..len], "{len}");
    }
    assert!(!loaded.load(&[1, b'a', 1, 0xff]));
    assert_eq!(loaded.snapshot(), snapshot, "nothing has changed");
}

#[test]
fn what_is_too_long_is_no_command() {
    let long = "x".repeat(MAX_VALUE + 1);
    assert_eq!(
        Command::Put {
            key: "a",
            value: &long
        }
        .encode(),
        None
    );
    assert_eq!(Command::Delete { key: &long }.encode(), None);
}

#[test]
fn every_line_is_a_request_or_says_what_to_type() {
    let format = |is_certain, voters: &[u8]| Request::Format {
        is_certain,
        voters: voters.iter().copied().collect(),
    };
    let text = |text: &str| text.try_into().expect("it fits");
    let put = |key, value| Request::Put {
        key: text(key),
        value,
    };
    for (line, expected) in [
        (
            "put a b c",
            Ok(put("a", "b c".try_into().expect("it fits"))),
        ),
        (" get a ", Ok(Request::Get(text("a")))),
        ("del a", Ok(Request::Delete(text("a")))),
        ("peers", Ok(Request::Peers)),
        ("remove 15", Ok(Request::Remove(15))),
        ("snapshot", Ok(Request::Snapshot)),
        ("help", Ok(Request::Help)),
        ("format", Ok(format(false, &[]))),
        ("format yes 1 2", Ok(format(true, &[1, 2]))),
        ("put a", Err(Usage::Arguments("put KEY VALUE"))),
        ("get a b", Err(Usage::Arguments("get KEY"))),
        ("status now", Err(Usage::Arguments("status"))),
        ("add 0", Err(Usage::NoNode)),
        ("add 16", Err(Usage::NoNode)),
        ("add one", Err(Usage::NoNode)),
        ("format 1 2 3 4 5 6 7 8", Err(Usage::TooManyVoters)),
        ("get a234567890123456789012345", Err(Usage::KeyTooLong)),
        ("reboot", Err(Usage::NoSuchCommand)),
    ] {
        assert_eq!(Request::parse(line), expected, "{line}");
        if let Err(usage) = expected {
            assert!(!usage.to_string().is_empty());
        }
    }
}

#[test]
fn lines_are_made_of_bytes() {
    let mut reader = LineReader::default();
    let mut lines =
        |text: &[u8]| -> Vec<_> { text.iter().filter_map(|&byte| reader.push(byte)).collect() };
    assert_eq!(
        lines(b"ab\r\n\ncx\x08d\r"),
        [Ok("ab".try_into().unwrap()), Ok("cd".try_into().unwrap())]
    );
    assert_eq!(lines(&[b'x'; MAX_LINE + 1]), []);
    assert_eq!(
        lines(b"\nok\n"),
        [Err(Usage::LineTooLong), Ok("ok".try_into().unwrap())]
    );
    assert_eq!(lines(b"\xff\n"), [Err(Usage::NoText)]);
}
