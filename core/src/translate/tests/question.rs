//! Messages of the gateway's own, and what their replies have to be.

use super::tally::*;
use super::toy::*;
use crate::codec::Protocol;
use crate::message::{Correlation, Kind, Message, Record, Slot, Value};
use crate::translate::*;
use std::sync::Arc;

/// A question: what it sends with which texts, and what it expects, `operation if condition`.
fn spec(file: &mut File, send: &str, set: &[(&str, &str)], expect: &str) -> QuestionSpec {
    let (expect, when) = match expect.split_once(" if ") {
        Some((expect, when)) => (expect, Some(when)),
        None => (expect, None),
    };
    let text = |(name, value): &(&str, &str), file: &mut File| {
        let span = file.source(value).span().clone();
        (file.source(name), SetSpec::Text((*value).to_owned(), span))
    };
    QuestionSpec {
        send: file.source(send),
        set: set.iter().map(|pair| text(pair, file)).collect(),
        expect: (!expect.is_empty()).then(|| file.source(expect)),
        when: when.map(|when| file.source(when)),
        span: 0..0,
    }
}

fn compiled(
    protocol: &Arc<dyn Protocol>,
    send: &str,
    set: &[(&str, &str)],
    expect: &str,
) -> Question {
    let mut file = File::default();
    let spec = spec(&mut file, send, set, expect);
    Question::compile(&spec, protocol).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[track_caller]
fn refused(send: &str, set: &[(&str, &str)], expect: &str, expected: &[(&str, &str)]) -> String {
    let mut file = File::default();
    let spec = spec(&mut file, send, set, expect);
    let errors = Question::compile(&spec, &tally()).expect_err("errors");
    let shown: Vec<_> = errors.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, expected, "{errors:#?}");
    format!("{errors:?}")
}

fn told(status: u16) -> Message {
    let fields = vec![status.into(), "GOOD".into(), Value::Int(2), Value::Null];
    Message::new(Kind::Reply, TOLD, fields)
}

fn sorry() -> Message {
    Message::new(Kind::Reply, SORRY, vec!["no".into()])
}

#[test]
fn a_question_is_a_message_of_constants() {
    let question = compiled(&tally(), "ask", &[("key", "{k}"), ("mood", "cross")], "");
    let message = question.message(7);
    assert_eq!(message.operation(), ASK);
    assert_eq!(message.field(Slot(0)), &Value::from("{k}"));
    assert_eq!(message.field(Slot(1)), &Value::Int(2));
    assert_eq!(message.correlation(), &Correlation::None);
    assert!(question.is_answered());
    assert!(!compiled(&tally(), "note", &[("text", "x")], "").is_answered());
}

#[test]
fn text_is_bytes_where_bytes_are_due_and_ids_are_the_connections() {
    let pay = [("merchant", "M"), ("pan", "4"), ("blob", "\u{e9}")];
    let mut file = File::default();
    let mut spec = spec(&mut file, "pay", &pay, "pay_rsp if status == 0");
    for (name, value) in [("amount", 1), ("colour", 1), ("rate", 1)] {
        spec.set
            .push((file.source(name), SetSpec::Int(value, 0..0)));
    }
    for name in ["items", "limits"] {
        let list = SetSpec::List(Vec::new(), 0..0);
        spec.set.push((file.source(name), list));
    }
    let question = Question::compile(&spec, &toy()).unwrap();
    let message = question.message(3);
    assert_eq!(message.field(pay::BLOB), &Value::Bytes("\u{e9}".into()));
    assert_eq!(message.correlation(), &Correlation::Id(3));
}

#[test]
fn without_an_expectation_any_reply_does_that_is_no_error() {
    let question = compiled(&tally(), "ask", &[("key", "k")], "");
    assert!(question.is_met_by(&told(500)));
    assert!(!question.is_met_by(&sorry()));
}

#[test]
fn a_condition_is_on_the_fields_of_the_reply_that_it_is_for() {
    let ask = |expect| compiled(&tally(), "ask", &[("key", "k")], expect);
    let question = ask("told if status < 300 and mood == mood::cross");
    assert!(question.is_met_by(&told(200)));
    assert!(!question.is_met_by(&told(500)));
    assert!(!question.is_met_by(&sorry()));
    assert!(ask("sorry").is_met_by(&sorry()));
    let absent = Message::new(Kind::Reply, TOLD, Record::new());
    assert!(!question.is_met_by(&absent));
}

#[test]
fn what_cannot_be_asked_is_told_with_its_place() {
    let key = [("key", "k")];
    refused("aks", &key, "", &[("GW2211", "aks")]);
    refused("told", &[], "", &[("GW2224", "told")]);
    refused("ask", &[], "", &[("GW2216", "ask")]);
    refused("ask", &key, "tolt", &[("GW2226", "tolt")]);
    refused("ask", &key, "ask", &[("GW2226", "ask")]);
    refused("ask", &key, " if status == 0", &[("GW2226", "status == 0")]);
    refused("ask", &key, "told if stat == 0", &[("GW2004", "stat")]);
    refused("note", &[("text", "x")], "told", &[("GW2218", "told")]);
    let both = [("GW2211", "aks"), ("GW2226", "tolt")];
    refused("aks", &key, "tolt", &both);
    let mut file = File::default();
    let keys = spec(&mut file, "ask", &key, "");
    let errors = Question::compile(&keys, &keyed()).unwrap_err();
    assert_eq!(file.shown(&errors[0]), ("GW2224", "ask"));
}

#[test]
fn values_have_no_names_and_secrets_are_not_shown() {
    let mut file = File::default();
    let mut named = spec(&mut file, "ask", &[], "");
    let value = SetSpec::Template(file.source("{merchant}"));
    named.set.push((file.source("key"), value));
    let errors = Question::compile(&named, &tally()).unwrap_err();
    assert_eq!(file.shown(&errors[0]), ("GW2004", "merchant"));

    let long = [("key", "SECRET-SECRET")];
    let told = refused("ask", &long, "", &[("GW2215", "SECRET-SECRET")]);
    assert!(!told.contains("SECRET"), "{told}");
    let mood = [("key", "k"), ("mood", "SECRET")];
    let told = refused("ask", &mood, "", &[("GW2215", "SECRET")]);
    assert!(!told.contains("SECRET"), "{told}");
    let question = compiled(&tally(), "ask", &[("key", "SECRET")], "");
    assert!(!format!("{question:?}").contains("SECRET"));
}
